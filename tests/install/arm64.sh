#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Makes a directory to link programs for 64-bit Arm with, and to take from what they need to run: some
# of Debian's arm64 packages, of the release that this machine runs, unpacked there, and in its python/
# the packages of a requirements file, the second argument. Also installs the cross compiler, QEMU, and
# Rust's library for Arm.
#
# Where something cannot be had, the file "unavailable" beside the directory says what, and the status
# is 0: then what needs it is skipped.

set -eu

tools='gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-system-arm'
# To be linked with, and to be run.
packages='libc6-dev libelf-dev zlib1g-dev liblzma-dev libprotobuf-c-dev
	libgrpc-dev libmicrohttpd-dev libcap-dev libseccomp-dev libjansson-dev
	libyaml-dev libzydis-dev libiberty-dev
	python3 libpython3-stdlib dash coreutils'

. /etc/os-release
compiler=12
newer=libbpf-dev
case $VERSION_CODENAME in
bookworm) newer='libbpf-dev/bookworm-backports linux-libc-dev/bookworm-backports' ;; # as in packages.sh
trixie) compiler=14 ;;
esac
packages="$packages libgcc-$compiler-dev libstdc++-$compiler-dev $newer"

root=$1
requirements=$2
parent=$(dirname "$root")
mkdir -p "$parent"
log=$(cd "$parent" && pwd)/log
rm -f "$parent/unavailable"
: >"$log"

unavailable() {
	printf 'arm64: %s (%s has more)\n' "$1" "$log"
	printf '%s\n' "$1" >"$parent/unavailable"
	exit 0
}

missing=
for package in $tools; do
	dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' ||
		missing="$missing $package"
done
if [ -n "$missing" ]; then
	[ "$(id -u)" -eq 0 ] || unavailable "not installed, and not root to do so:$missing"
	export DEBIAN_FRONTEND=noninteractive
	# shellcheck disable=SC2086 # a list of words
	{ apt-get update -qq && apt-get install -y --no-install-recommends $missing; } >>"$log" 2>&1 ||
		unavailable "cannot be installed:$missing"
fi

target=aarch64-unknown-linux-gnu
if [ ! -d "$(rustc --print sysroot)/lib/rustlib/$target/lib" ]; then
	command -v rustup >/dev/null || unavailable "Rust's library for $target is not installed"
	rustup target add "$target" >>"$log" 2>&1 ||
		unavailable "Rust's library for $target cannot be had"
fi

[ ! -e "$root/done" ] || exit 0

# From where the system has its own packages, by an apt of its own state.
apt=$(cd "$parent" && pwd)/apt
mkdir -p "$apt/state/lists/partial" "$apt/cache/archives/partial"
: >"$apt/state/status"
apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Created-By: Packages' | sort -u |
	while read -r codename uri; do
		case $codename in
		"$VERSION_CODENAME" | "$VERSION_CODENAME"-*)
			printf 'deb [signed-by=%s] %s %s main\n' \
				/usr/share/keyrings/debian-archive-keyring.gpg "$uri" "$codename"
			;;
		esac
	done >"$apt/sources.list"
cat >"$apt/configuration" <<END
APT::Architecture "arm64";
APT::Architectures {"arm64";};
APT::Sandbox::User "root";
APT::Install-Recommends "false";
Acquire::Languages "none";
Dir::Etc::SourceList "$apt/sources.list";
Dir::Etc::SourceParts "-";
Dir::State "$apt/state";
Dir::State::status "$apt/state/status";
Dir::Cache "$apt/cache";
END

get() {
	APT_CONFIG=$apt/configuration apt-get -qq -y "$@" >>"$log" 2>&1
}

get update || unavailable 'arm64 packages cannot be listed'
rm -f "$apt"/cache/archives/*.deb
# shellcheck disable=SC2086 # a list of words
get --download-only install $packages || unavailable 'arm64 packages cannot be had'

rm -rf "$root"
mkdir -p "$root"
for package in "$apt"/cache/archives/*.deb; do
	dpkg-deb -x "$package" "$root"
done
python=$(find "$root/usr/lib" -maxdepth 1 -name 'python3.*' -printf '%f\n' | head -n 1)
"${PIP:-pip}" install --quiet --disable-pip-version-check --target "$root/python" \
	--python-version "${python#python}" --implementation cp --only-binary=:all: \
	--platform manylinux2014_aarch64 --platform manylinux_2_28_aarch64 \
	-r "$requirements" >>"$log" 2>&1 || unavailable "Python's packages for arm64 cannot be had"
touch "$root/done"
