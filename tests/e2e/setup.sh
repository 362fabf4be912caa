#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Installs a Go that can build the back ends, and openssl. Go from 1.21 on fetches the release that
# go.mod names. Debian 12 has such a Go in its backports, which packages.sh has set up.

set -eu

say() {
	printf 'e2e: %s\n' "$1"
}

is_recent() {
	version=$(go env GOVERSION 2>/dev/null) || return 1
	version=${version#go}
	major=${version%%.*}
	rest=${version#*.}
	minor=${rest%%[!0-9]*}
	[ "$major" -gt 1 ] || [ "$minor" -ge 21 ]
}

packages=
is_recent || packages=golang-go
# Certificates of the tests.
command -v openssl >/dev/null || packages="$packages openssl"
[ -n "$packages" ] || exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
	say "needs Go 1.21 or newer to build the back ends, and openssl; missing: $packages"
	say 'install them (Debian 12: golang-go from its backports), or run this as root'
	exit 1
fi

. /etc/os-release
release=
[ "${VERSION_CODENAME:-}" != bookworm ] || release='-t bookworm-backports'
say "installing: $packages"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086 # lists of words
{
	apt-get update -qq &&
		DEBIAN_FRONTEND=noninteractive \
			apt-get install -y --no-install-recommends $release $packages
} >"$log" 2>&1 || {
	tail -n 20 "$log"
	say 'apt-get failed (its last lines are above)'
	exit 1
}
if ! is_recent; then
	say 'needs Go 1.21 or newer, and another one comes first in PATH:'
	command -v go
	exit 1
fi
