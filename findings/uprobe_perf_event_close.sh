#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Closing uprobes that are perf events takes as long in parallel as one after another.
#
# Closing a uprobe waits for grace periods of RCU, and grace periods overlap: 32 threads that close one
# uprobe_multi link each take little longer than one. It is natural to expect the same of perf events
# (PMU "uprobe"), the only kind before Linux 6.6. But the kernel waits for the grace periods under the
# global event_mutex (perf_uprobe_destroy() and perf_trace_event_unreg() in kernel/trace/
# trace_event_perf.c), and so closes one event after another:
#
#   one event                     some 100 ms
#   32 events, a thread each      32 times that
#   32 links, a thread each       little more than one
#
# A process with n such events, even a killed one, therefore does not end for n times 100 ms: its
# parent waits for it, unless another process has the descriptors too.
#
# Seen on Linux 6.18.44 with github.com/cilium/ebpf v0.20.0. Output seen:
#
#   32 perf events: 2855 ms, 32 uprobe_multi links: 68 ms
#
# Needs root and Go 1.24. Fails if the behaviour is another one.

set -eu

directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory"

cat >main.go <<'GO'
package main

import (
	"fmt"
	"log"
	"os"
	"sync"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/link"
)

const count = 32

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

// Attaches n times to a function of this executable, in this process only.
func attach(n int, once func(*link.Executable) (link.Link, error)) []link.Link {
	executable, err := link.OpenExecutable("/proc/self/exe")
	if err != nil {
		log.Fatal(err)
	}
	links := make([]link.Link, n)
	for i := range links {
		if links[i], err = once(executable); err != nil {
			log.Fatal(err)
		}
	}
	return links
}

// Returns how long it takes to close all links, each in a goroutine with a thread of its own.
func closeAll(links []link.Link) time.Duration {
	begin := time.Now()
	var group sync.WaitGroup
	for _, one := range links {
		group.Add(1)
		go func() {
			defer group.Done()
			one.Close()
		}()
	}
	group.Wait()
	return time.Since(begin)
}

func main() {
	single, multi := load(ebpf.AttachNone), load(ebpf.AttachTraceUprobeMulti)
	event := func(executable *link.Executable) (link.Link, error) {
		return executable.Uprobe("main.main", single, &link.UprobeOptions{PID: os.Getpid()})
	}
	group := func(executable *link.Executable) (link.Link, error) {
		return executable.UprobeMulti([]string{"main.main"}, multi,
			&link.UprobeMultiOptions{PID: uint32(os.Getpid())})
	}
	events := closeAll(attach(count, event))
	links := closeAll(attach(count, group))
	fmt.Printf("%d perf events: %d ms, %d uprobe_multi links: %d ms\n", count,
		events.Milliseconds(), count, links.Milliseconds())
	if events < 5*links {
		os.Exit(1)
	}
}
GO
cat >go.mod <<'GO'
module finding.invalid

go 1.24

require github.com/cilium/ebpf v0.20.0
GO
CGO_ENABLED=0 GOFLAGS=-mod=mod go build -o probe .
./probe
