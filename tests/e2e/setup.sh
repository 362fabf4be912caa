#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Installs what the end-to-end tests need besides packages.sh: a Go that can build the back ends,
# openssl for certificates, and systemd-analyze and capsh, which check the unit file (no systemd has to
# run). Go from 1.21 on fetches the release that go.mod names. Debian 12 has such a Go in its
# backports, which packages.sh has set up.

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

missing=
is_recent || missing=golang-go
command -v openssl >/dev/null || missing="$missing openssl"
command -v systemd-analyze >/dev/null || missing="$missing systemd"
command -v capsh >/dev/null || missing="$missing libcap2-bin"

if [ -z "$missing" ]; then
	exit 0
fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
	say "not installed: $missing"
	say 'install them (Debian 12: golang-go from its backports), or run this as root'
	exit 1
fi

. /etc/os-release
release=
[ "${VERSION_CODENAME:-}" != bookworm ] || release='-t bookworm-backports'
say "installing: $missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Only Go comes from backports: a newer systemd would replace the machine's own.
# shellcheck disable=SC2086 # a list of words
(
	apt-get update -qq && export DEBIAN_FRONTEND=noninteractive || exit 1
	for package in $missing; do
		from=
		[ "$package" != golang-go ] || from=$release
		apt-get install -y --no-install-recommends $from "$package" || exit 1
	done
) >"$log" 2>&1 || {
	tail -n 20 "$log"
	say 'apt-get failed (its last lines are above)'
	exit 1
}
if ! is_recent; then
	say 'needs Go 1.21 or newer, and another one comes first in PATH:'
	command -v go
	exit 1
fi
