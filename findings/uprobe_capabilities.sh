#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# CAP_BPF and CAP_PERFMON suffice to attach a uprobe by a uprobe_multi link, but not by a perf event.
#
# capabilities(7) gives CAP_PERFMON the right to "employ various performance-monitoring mechanisms", and
# perf_event_open(2) accepts CAP_PERFMON in place of CAP_SYS_ADMIN for other events. The two ways to
# attach one program to the same function differ:
#
#   uprobe_multi link  (Linux 6.6 and newer)   CAP_BPF and CAP_PERFMON: attached
#   perf event         (PMU "uprobe")          CAP_BPF and CAP_PERFMON: EACCES
#                                              with CAP_SYS_ADMIN: attached
#
# A tool that tests for uprobes with a perf event therefore reports that uprobes are not permitted,
# where a uprobe_multi link works.
#
# Seen on Linux 6.18.44 with github.com/cilium/ebpf v0.20.0. Output seen:
#
#   bpf,perfmon: uprobe_multi attached, perf event permission denied
#   bpf,perfmon,sys_admin: uprobe_multi attached, perf event attached
#
# Needs root, Go 1.24 and setpriv (util-linux). Fails if the behaviour is another one.

set -eu

directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory"

cat >main.go <<'GO'
package main

import (
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/link"
)

// A program that does nothing.
func load(kind ebpf.AttachType) *ebpf.Program {
	program, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Type:         ebpf.Kprobe,
		AttachType:   kind,
		License:      "GPL",
		Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()},
	})
	if err != nil {
		log.Fatal(err)
	}
	return program
}

func outcome(err error) string {
	if errors.Is(err, os.ErrPermission) {
		return "permission denied"
	}
	if err != nil {
		return err.Error()
	}
	return "attached"
}

func main() {
	executable, err := link.OpenExecutable("/proc/self/exe")
	if err != nil {
		log.Fatal(err)
	}
	const function = "main.outcome"
	_, multi := executable.UprobeMulti([]string{function}, load(ebpf.AttachTraceUprobeMulti), nil)
	_, single := executable.Uprobe(function, load(ebpf.AttachNone), nil)
	fmt.Printf("uprobe_multi %s, perf event %s\n", outcome(multi), outcome(single))
}
GO
cat >go.mod <<'GO'
module finding.invalid

go 1.24

require github.com/cilium/ebpf v0.20.0
GO
CGO_ENABLED=0 GOFLAGS=-mod=mod go build -o probe .

try() {
	printf '%s: ' "$1"
	setpriv --bounding-set "-all,+$(echo "$1" | sed 's/,/,+/g')" ./probe
}

{
	try bpf,perfmon
	try bpf,perfmon,sys_admin
} | tee output
diff - output <<'END'
bpf,perfmon: uprobe_multi attached, perf event permission denied
bpf,perfmon,sys_admin: uprobe_multi attached, perf event attached
END
