#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# rustc's strip option changes the build id, so the debug file of the same build without it does not fit.
#
# The build id is said to stay the same when an executable is stripped: strip(1) and objcopy(1) keep the note, and
# .build-id/xx/yyyy.debug is found by it. rustc's `-C strip=symbols` (cargo's `strip = "symbols"` or `strip = true`)
# does not strip a linked executable: rustc tells the linker to leave the symbols out, and the linker hashes what it
# writes. A debug file that is made later, from a build without the option, has another build id, though both builds
# have the same bytes of code.
#
# Seen with rustc 1.95.0, its own lld 22.1.2 and GNU ld 2.40. Output seen:
#
#   ld.lld: symbols kept e79e5446, strip=symbols f35ee5cb, strip=debuginfo bb0cdc33, objcopy e79e5446
#   ld.bfd: symbols kept 093fbb08, strip=symbols 25c6dd23, strip=debuginfo c83fa0a2, objcopy 093fbb08
#
# Remedy: build without the option, then `objcopy --only-keep-debug` and `objcopy --strip-all`.
#
# Needs rustc with its own lld or Debian's package lld, and binutils. Fails if the behaviour is another one.

set -eu

directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory"

echo 'fn main() { println!("{} arguments", std::env::args().count()); }' >main.rs

build() {
	output=$1 linker=$2
	shift 2
	rustc -O -C link-arg=-fuse-ld="$linker" "$@" -o "$output" main.rs
}

id() {
	readelf -n "$1" | sed -n 's/.*Build ID: \(........\).*/\1/p'
}

for linker in lld bfd; do
	build kept $linker
	build symbols $linker -C strip=symbols
	build debuginfo $linker -C strip=debuginfo
	objcopy --strip-all kept copied
	echo "ld.$linker: symbols kept $(id kept), strip=symbols $(id symbols)," \
		"strip=debuginfo $(id debuginfo), objcopy $(id copied)"
	[ -n "$(id kept)" ]
	[ "$(id kept)" = "$(id copied)" ]
	[ "$(id kept)" != "$(id symbols)" ]
	[ "$(id kept)" != "$(id debuginfo)" ]
	for executable in kept symbols; do
		objcopy --only-section=.text -O binary $executable $executable.text
	done
	cmp kept.text symbols.text
done
