#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Prepares the tests of the container image: a Docker daemon, a base image, the tool's image and an
# image of the sample server. What cannot be had is written to DIRECTORY/unavailable; the tests then
# skip with this reason.
#
#   setup.sh start DIRECTORY SERVER    uses a daemon that answers, or installs and starts one
#   setup.sh stop DIRECTORY            ends the daemon that start started

set -eu

action=$1
mkdir -p "$2"
directory=$(cd "$2" && pwd)
release=trixie
log=$directory/log

say() {
	printf 'container: %s\n' "$1"
}

unavailable() {
	say "$1"
	printf '%s\n' "$1" >"$directory/unavailable"
	exit 0
}

answers() {
	docker info --format '{{.ServerVersion}}' 2>/dev/null | grep -q '^[0-9]'
}

stop() {
	[ -s "$directory/pid" ] || return 0
	pid=$(cat "$directory/pid")
	kill "$pid" 2>/dev/null || true
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		kill -0 "$pid" 2>/dev/null || break
		sleep 1
	done
	rm -f "$directory/pid" "$directory/host"
}

install_missing() {
	missing=
	command -v dockerd >/dev/null || missing="$missing docker.io"
	command -v docker >/dev/null || [ "${VERSION_ID:-}" = 12 ] || missing="$missing docker-cli"
	command -v debootstrap >/dev/null || missing="$missing debootstrap"
	[ -n "$missing" ] || return 0
	say "installing:$missing"
	# shellcheck disable=SC2086 # a list of words
	apt-get update -qq >>"$log" 2>&1 && DEBIAN_FRONTEND=noninteractive \
		apt-get install -y --no-install-recommends $missing >>"$log" 2>&1
}

# Bridges and packet filters need kernel modules that small machines lack: all containers of the tests
# use the host's network. tracefs is mounted for the daemon alone where the host has none.
start_daemon() {
	unshare -m --propagation private sh -c '
		[ -e /sys/kernel/tracing/events ] || mount -t tracefs tracefs /sys/kernel/tracing
		exec dockerd --iptables=false --ip6tables=false --bridge=none --data-root "$1/docker" \
			--exec-root "$1/exec" --pidfile "$1/pid" -H "unix://$1/socket"
	' daemon "$directory" >"$directory/dockerd.log" 2>&1 &
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
		answers && return 0
		sleep 1
	done
	return 1
}

# The base of the Dockerfile, or where no registry can be reached an image made by debootstrap.
find_base() {
	base=$(sed -n 's/^ARG BASE=//p' Dockerfile)
	if docker image inspect "$base" >/dev/null 2>&1 || docker pull -q "$base" >>"$log" 2>&1; then
		return 0
	fi
	base=scottyscope-test/debian:$release
	if docker image inspect "$base" >/dev/null 2>&1; then
		return 0
	fi
	say "no registry has the base image: debootstrap makes one of $release"
	rm -rf "$directory/root"
	mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep '/debian/$' | head -n 1)
	debootstrap --variant=minbase "$release" "$directory/root" "$mirror" >>"$log" 2>&1 || return 1
	tar -C "$directory/root" -c . | docker import - "$base" >>"$log"
	rm -rf "$directory/root"
}

# The sample server, called scotty, with a shell for its tasks: on the same base.
make_server_image() {
	context=$directory/server
	rm -rf "$context"
	mkdir -p "$context/root"
	cp "$1" "$context/root/scotty"
	# The libraries of this machine, in a directory of their own.
	mkdir "$context/root/scotty-lib"
	ldd "$1" | sed -n 's|^.*[[:space:]]\(/[^ ]*\) (0x.*$|\1|p' | while read -r library; do
		cp -L "$library" "$context/root/scotty-lib"
	done
	loader=$(basename "$(ldd "$1" | sed -n 's|^[[:space:]]*\(/[^ ]*ld-linux[^ ]*\) .*|\1|p')")
	# The executable stays the one that /proc/PID/exe names, so its loader must be in place.
	place=$(ldd "$1" | sed -n 's|^[[:space:]]*\(/[^ ]*ld-linux[^ ]*\) .*|\1|p')
	mkdir -p "$context/root$(dirname "$place")"
	mv "$context/root/scotty-lib/$loader" "$context/root$place"
	tar -C "$context/root" -c . | docker import \
		--change 'ENV LD_LIBRARY_PATH=/scotty-lib' --change 'ENTRYPOINT ["/scotty"]' \
		--change 'USER 1000:1000' - scottyscope-test/server >>"$log"
}

if [ "$action" = stop ]; then
	stop
	exit 0
fi

rm -f "$directory/unavailable"
: >"$log"
. /etc/os-release
[ "$(id -u)" -eq 0 ] || unavailable 'root is needed to start a Docker daemon and to attach uprobes'
if ! answers; then
	export DOCKER_HOST="unix://$directory/socket"
	command -v apt-get >/dev/null || unavailable 'no Docker daemon answers, and Debian has to install one'
	install_missing || unavailable 'the packages docker.io and debootstrap cannot be installed'
	start_daemon || unavailable "dockerd does not start: see $directory/dockerd.log"
fi
printf '%s\n' "${DOCKER_HOST:-}" >"$directory/host"
find_base || unavailable "no base image: neither a registry nor debootstrap gives one (see $log)"
start=$(date +%s)
say 'building the image'
DOCKER_BUILDKIT=0 docker build --network host --build-arg BASE="$base" \
	--build-arg VERSION="$(git describe --tags --always --dirty 2>/dev/null || echo unknown)" \
	-t scottyscope:test . >>"$log" 2>&1 || {
	tail -n 20 "$log"
	say "the image cannot be built: see $log"
	stop
	exit 1
}
say "built in $(($(date +%s) - start)) s"
make_server_image "$3"
