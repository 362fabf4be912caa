#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Sees to a Go that can build the back ends: any from 1.21 on, which fetches the release that go.mod
# names as it fetches modules. Debian 12 has one in its backports, which packages.sh has set up.

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

if is_recent; then
	exit 0
fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
	say 'needs Go 1.21 or newer to build the Collector, Prometheus and Jaeger; there is none'
	say 'install it (Debian: golang-go, of 12 from its backports), or run this as root'
	exit 1
fi

. /etc/os-release
release=
[ "${VERSION_CODENAME:-}" != bookworm ] || release='-t bookworm-backports'
say 'installing: golang-go'
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086 # a list of words
{
	apt-get update -qq &&
		DEBIAN_FRONTEND=noninteractive \
			apt-get install -y --no-install-recommends $release golang-go
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
