#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Builds, from what Debian's source packages have of upstream, what "make static" links and Debian has
# no archive of that fits: libmicrohttpd, whose archive wants GnuTLS and with it libraries that there
# are no archives of (the tool serves no HTTPS); Zydis; and a part of libelf that its archive needs
# since 0.191, but lacks. They are of the versions that the -dev packages are of.

set -eu

mkdir -p "$1"
directory=$(cd "$1" && pwd)
log=$directory/log
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
	tail -n 20 "$log" >&2
	printf 'static libraries: %s (%s has it all)\n' "$1" "$log" >&2
	exit 1
}

# What is not the code's fault, for those who can do without.
unavailable() {
	printf '%s\n' "$1" >"$directory/unavailable"
	fail "$1"
}

# From where the system has its binary packages, without a change to its own lists.
mkdir -p "$work/lists/partial"
. /etc/os-release
apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Created-By: Packages' | sort -u |
	while read -r codename uri; do
		case $codename in
		"$VERSION_CODENAME" | "$VERSION_CODENAME-backports")
			printf 'deb-src [signed-by=%s] %s %s main\n' \
				/usr/share/keyrings/debian-archive-keyring.gpg "$uri" "$codename"
			;;
		esac
	done >"$work/sources.list"

get() {
	apt-get -q -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=- \
		-o Dir::State::Lists="$work/lists" -o APT::Sandbox::User=root "$@" >>"$log" 2>&1
}

# Gets what upstream wrote (Debian's patches are to documentation and tests) for an installed
# package's version, into a directory of the source package's name.
unpack() {
	get --tar-only source "$1=$(dpkg-query -W -f '${source:Version}' "$2")" ||
		unavailable "the source package $1 cannot be fetched"
	mkdir "$1"
	tar -xf "$1"_*.orig.tar.* -C "$1" --strip-components=1
}

: >"$log"
rm -f "$directory/unavailable"
cd "$work"
get update || unavailable 'source packages cannot be listed'
unpack libmicrohttpd libmicrohttpd-dev
unpack zydis libzydis-dev

# The libraries have the hardening flags of the tool; see the Makefile.
flags='-O2 -g -fPIC -fstack-protector-strong -fstack-clash-protection -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2'
case $(uname -m) in
x86_64) flags="$flags -fcf-protection" ;;
aarch64) flags="$flags -mbranch-protection=standard" ;;
esac

build_libmicrohttpd() {
	cd "$work/libmicrohttpd" &&
		CFLAGS=$flags ./configure --quiet --disable-shared --enable-static --with-pic --disable-https \
			--disable-dauth --disable-bauth --disable-postprocessor --disable-doc \
			--disable-examples --disable-curl --disable-nls &&
		make -s -C src/microhttpd libmicrohttpd.la &&
		cp src/microhttpd/.libs/libmicrohttpd.a "$directory"
}

# shellcheck disable=SC2086 # flags is a list
build_zydis() {
	cd "$work/zydis" &&
		cc $flags -DZYDIS_STATIC_BUILD -Iinclude -Isrc -c src/*.c &&
		ar rcs "$directory/libZydis.a" ./*.o
}

build_libmicrohttpd >>"$log" 2>&1 || fail 'cannot build libmicrohttpd'
build_zydis >>"$log" 2>&1 || fail 'cannot build Zydis'

objects=
if nm "$(cc -print-file-name=libelf.a)" 2>/dev/null | grep -q ' U eu_search_tree_init'; then
	unpack elfutils libelf-dev
	(cd elfutils && cc $flags -D_GNU_SOURCE -Ilib -c lib/eu-search.c) >>"$log" 2>&1 ||
		fail 'cannot build the missing part of libelf'
	objects=elfutils/eu-search.o
fi
# shellcheck disable=SC2086 # a word or none
ar rcs "$directory/libelf_missing.a" $objects
