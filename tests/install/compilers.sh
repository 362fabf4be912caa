#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Installs those compilers of "make compilers" that Debian's archive of this release has. What is
# missing then is skipped by the tests.

set -eu

missing=
for package in "$@"; do
	command -v "$package" >/dev/null || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" -ne 0 ]; then
	printf 'compilers: not installed:%s\n' "$missing"
	exit 0
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq || true
for package in $missing; do
	if apt-get install -y -qq --no-install-recommends "$package" >/dev/null 2>&1; then
		printf 'compilers: installed %s\n' "$package"
	else
		printf 'compilers: %s cannot be had\n' "$package"
	fi
done
