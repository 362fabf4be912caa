#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Builds the first inputs of the fuzz target elf_plan: small executables with functions and vtables that are
# named as rustc names them.
#
#   elf_seeds.sh DIRECTORY

set -eu

directory=$1
mkdir -p "$directory"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

hash=17h0123456789abcdefE
task=_ZN5tokio7runtime4task
server='_ZN85_$LT$hyper..proto..h1..role..Server$u20$as$u20$hyper..proto..h1..Http1Transaction$GT$'
drop='_ZN4core3ptr61drop_in_place$LT$axum..extract..matched_path..MatchedPath$GT$'

# function NAME [BODY]: a function, and a pointer to it, without which the plan ignores the function.
function() {
	cat <<END
.text
.globl "$1"
.type "$1", %function
"$1":
${2:-$plain}
.size "$1", . - "$1"
.section .data.rel.ro,"aw"
.balign 8
.quad "$1"
END
}

program() {
	function "${task}5state5State21transition_to_running$hash"
	function "${task}5state5State18transition_to_idle$hash"
	function "${task}5state5State22transition_to_complete$hash"
	function "${server}5parse$hash"
	function "${server}6encode$hash"
	function "$drop$hash"
	function _RNvMNtCsgS0eDBJFJRB_4demo4coreNtB2_5State3run "$calling"
	function "_ZN5axum5serve17handle_connection28_\$u7b\$\$u7b\$closure\$u7d\$\$u7d\$$hash"
	function "${task}3raw4poll$hash" "$calling"
	function "${task}3raw8schedule$hash" "$calling"
	cat <<END
.section .data.rel.ro,"aw"
.balign 8
.quad "${task}3raw4poll$hash", "${task}3raw8schedule$hash", 0, 0, 0, 0, 0, 48, 40, 32
.section .note.GNU-stack
END
}

# build NAME PREFIX FLAGS: assembles and links the program.
build() {
	name=$1 prefix=$2
	shift 2
	program >"$work/$name.s"
	"${prefix}as" -o "$work/$name.o" "$work/$name.s"
	"${prefix}ld" -e 0 -z max-page-size=4096 -z noseparate-code --build-id "$@" -o "$work/$name" \
		"$work/$name.o"
	cp "$work/$name" "$directory/$name"
}

plain='push %rbp
mov %rsp, %rbp
pop %rbp
ret'
calling='push %rbp
cmp $1, %rdi
je 1f
call "_RNvMNtCsgS0eDBJFJRB_4demo4coreNtB2_5State3run"
1: lea 1b(%rip), %rax
pop %rbp
ret'
if [ "$(uname -m)" = x86_64 ]; then
	build pie '' -pie
	build relr '' -pie -z pack-relative-relocs
	build fixed '' -no-pie
	objcopy --only-keep-debug "$work/pie" "$work/mini"
	xz -k "$work/mini"
	objcopy -S --add-section .gnu_debugdata="$work/mini.xz" "$work/pie" "$directory/debugdata"
	strip -o "$directory/stripped" "$work/pie"
fi

plain='stp x29, x30, [sp, #-16]!
ldp x29, x30, [sp], #16
ret'
calling='stp x29, x30, [sp, #-16]!
cbz x0, 1f
bl "_RNvMNtCsgS0eDBJFJRB_4demo4coreNtB2_5State3run"
1: ldp x29, x30, [sp], #16
ret'
if command -v aarch64-linux-gnu-as >/dev/null; then
	build arm64 aarch64-linux-gnu- -pie
fi
