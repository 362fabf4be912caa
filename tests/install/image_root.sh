#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Makes the root directory of the container image: the two programs, the parts of the C library that
# they name, CA certificates, and the licences of all of them.
#
#   image_root.sh DIRECTORY_OF_PROGRAMS ROOT

set -eu

programs=$1
root=$2

mkdir -p "$root/usr/bin" "$root/etc/ssl/certs" "$root/usr/share/doc"
install -m 0755 "$programs/scottyscope" "$programs/scottyscope-otlp" "$root/usr/bin"

# "libc.so.6 => /lib/.../libc.so.6 (0x...)", and the loader alone: "/lib64/ld-....so.2 (0x...)".
ldd "$programs/scottyscope" "$programs/scottyscope-otlp" |
	sed -n 's|^.*[[:space:]]\(/[^ ]*\) (0x.*$|\1|p' | sort -u |
	while read -r library; do
		mkdir -p "$root$(dirname "$library")"
		cp -L "$library" "$root$library"
	done

# gRPC looks for certificates here. The name service of the C library reads its order of sources.
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"

install -m 0644 LICENSE "$root/usr/share/doc/LICENSE"
for package in libc6 ca-certificates libbpf-dev libelf-dev zlib1g-dev liblzma-dev libzstd-dev \
	libprotobuf-c-dev libcap-dev libseccomp-dev libjansson-dev libyaml-dev libmicrohttpd-dev libzydis-dev \
	libiberty-dev libgrpc-dev libssl-dev libre2-dev libc-ares-dev; do
	copyright=/usr/share/doc/$package/copyright
	[ ! -e "$copyright" ] || cp -L "$copyright" "$root/usr/share/doc/$package"
done
