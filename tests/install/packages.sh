#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Installs what building, the demo and the tests need, from Debian's packages: Debian 12 (with its
# backports, for libbpf and bpftool) and 13. Does nothing where all of it is there.
#
#   packages.sh          all packages
#   packages.sh build    only the packages that `make` and `make static` need

set -eu

packages='build-essential clang llvm libelf-dev zlib1g-dev liblzma-dev libprotobuf-c-dev
	protobuf-c-compiler protobuf-compiler libgrpc-dev libmicrohttpd-dev libcap-dev libseccomp-dev
	libjansson-dev libyaml-dev libzydis-dev libiberty-dev pkg-config xz-utils binutils'
if [ "${1:-all}" != build ]; then
	packages="$packages clang-format clang-tidy libclang-rt-dev libcriterion-dev curl openssl nghttp2-client prometheus
		qemu-system-x86 python3 python3-venv binutils-aarch64-linux-gnu iproute2 lld"
fi
newer='libbpf-dev bpftool' # from backports on Debian 12

. /etc/os-release

say() {
	printf 'packages: %s\n' "$1"
}

is_installed() {
	dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q '^install ok installed$'
}

missing=
for package in $packages; do
	is_installed "$package" || missing="$missing $package"
done
for package in $newer; do
	is_installed "$package" || missing="$missing $package"
done
if is_installed libbpf-dev && dpkg --compare-versions "$(dpkg-query -W -f '${Version}' libbpf-dev)" lt 1:1.3; then
	missing="$missing $newer"
fi
if [ "${1:-all}" != build ]; then
	command -v cargo >/dev/null || missing="$missing cargo"
fi

if [ -z "$missing" ]; then
	exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
	say "not installed:$missing"
	say 'run this as root (sudo make deps), or install them by hand'
	exit 1
fi
case ${ID:-}-${VERSION_ID:-} in
debian-12 | debian-13) ;;
*) say "this is ${PRETTY_NAME:-unknown}; Debian 12 and 13 are known to have all of:$missing" ;;
esac

export DEBIAN_FRONTEND=noninteractive
say "installing:$missing"
apt-get update -qq

release=
if [ "${VERSION_CODENAME:-}" = bookworm ]; then
	release='-t bookworm-backports'
	targets=$(apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Created-By: Packages')
	if ! printf '%s\n' "$targets" | grep -q '^bookworm-backports '; then
		# From where the system has its other packages.
		uri=$(printf '%s\n' "$targets" | awk '$1 == "bookworm" { print $2; exit }')
		printf 'deb [signed-by=%s] %s bookworm-backports main\n' \
			/usr/share/keyrings/debian-archive-keyring.gpg "$uri" \
			>/etc/apt/sources.list.d/scottyscope-backports.list
		apt-get update -qq
	fi
fi

# What the release itself has, then what only its backports have new enough.
stable=
backported=
for package in $missing; do
	case " $newer " in
	*" $package "*) backported="$backported $package" ;;
	*)
		# A Rust that is recent enough is called cargo-web on Debian 12.
		if [ "$package" = cargo ] && [ "${VERSION_CODENAME:-}" = bookworm ]; then
			package='cargo-web rustc-web'
		fi
		stable="$stable $package"
		;;
	esac
done
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086 # lists of words
{
	[ -z "$backported" ] || apt-get install -y --no-install-recommends $release $backported
	[ -z "$stable" ] || apt-get install -y --no-install-recommends $stable
} >"$log" 2>&1 || {
	tail -n 20 "$log"
	say 'apt-get failed (its last lines are above)'
	exit 1
}
say 'done'
