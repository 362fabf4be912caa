# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The image of scottyscope: two programs, the C library and CA certificates. It has no shell.
# docs/container.md says how to build and run it.

# Any Debian 12 or 13 will do. Where no registry can be reached, name a local image.
ARG BASE=debian:trixie-20260824-slim

FROM ${BASE} AS build
RUN apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
	ca-certificates make
WORKDIR /src
# The packages are a layer of their own: a change of the sources does not install them again.
COPY tests/install/packages.sh tests/install/
RUN sh tests/install/packages.sh build
COPY tests/install/static_libraries.sh tests/install/
RUN sh tests/install/static_libraries.sh build/static/lib
COPY . .
ARG VERSION=unknown
RUN make -j"$(nproc)" VERSION="${VERSION}" static
# The programs need the C library that they were linked with, so the image has that one.
RUN sh tests/install/image_root.sh build/static /root-of-image

FROM scratch
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="scottyscope" \
	org.opencontainers.image.description="Metrics and traces of a running Scotty server, by eBPF" \
	org.opencontainers.image.licenses="BSD-2-Clause OR GPL-2.0-only" \
	org.opencontainers.image.version="${VERSION}" \
	org.opencontainers.image.revision="${REVISION}"
COPY --from=build /root-of-image/ /
# The process that talks to the network changes to user 65534. The kernel gives BPF to root only,
# because Docker grants no ambient capabilities to other users.
USER 0:0
EXPOSE 9464
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=6s --start-period=10s CMD ["/usr/bin/scottyscope", "health"]
ENTRYPOINT ["/usr/bin/scottyscope"]
