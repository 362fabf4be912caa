// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* Attached to the tool itself, to find out which features the kernel has. */

#include "vmlinux.h"

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

__u64 hits = 0;

SEC("uprobe")
int on_trial(struct pt_regs *ctx)
{
	(void)ctx;
	__sync_fetch_and_add(&hits, 1);
	return 0;
}

char _license[] SEC("license") = "Dual BSD/GPL";
