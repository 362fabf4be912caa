/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_VMLINUX_H
#define SCOTTYSCOPE_VMLINUX_H

/* The kernel types that bpf/ uses. CO-RE finds fields by name in the running kernel's BTF, so that
 * only the names have to be right. */

/* Makes libbpf's bpf_tracing.h use the kernel's names of registers (di, si, ...). */
#define __VMLINUX_H__

#include <linux/types.h>

typedef _Bool bool;
#define true 1
#define false 0

/* The context of a uprobe. Its layout is user-visible ABI (core dumps, ptrace) and needs no
 * relocation. */
#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax;
	unsigned long ip, cs, flags, sp, ss;
};
#elif defined(__TARGET_ARCH_arm64)
struct user_pt_regs {
	__u64 regs[31], sp, pc, pstate;
};
struct pt_regs {
	struct user_pt_regs user_regs;
};
#else
#error "unsupported architecture"
#endif

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/* Tracepoint kmem:rss_stat (kernel commit e4dcad204d3a, "rss_stat: add support to detect RSS
 * updates of external mm"). */
struct trace_event_raw_rss_stat {
	unsigned int mm_id;
	unsigned int curr;
	int member;
	long size;
};

/* Tracepoints syscalls:sys_enter_* and sys_exit_* (include/trace/events/syscalls.h). */
struct trace_event_raw_sys_enter {
	long id;
	unsigned long args[6];
};

struct trace_event_raw_sys_exit {
	long id;
	long ret;
};

/* The thread pointer, as the kernel stored it when the thread was created. */
#if defined(__TARGET_ARCH_x86)
struct thread_struct {
	unsigned long fsbase;
};
#define THREAD_POINTER thread.fsbase
#else
struct thread_struct {
	struct {
		unsigned long tp_value;
	} uw;
};
#define THREAD_POINTER thread.uw.tp_value
#endif

struct files_struct;

struct task_struct {
	struct thread_struct thread;
	struct files_struct *files;
};

/* The files of a process by descriptor (include/linux/fdtable.h). */
struct file {
	void *private_data;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

/* A socket and its two ends (include/linux/net.h, include/net/sock.h). */
struct in6_addr {
	union {
		__u8 u6_addr8[16];
	} in6_u;
};

struct sock_common {
	__u32 skc_daddr; /* of the peer, in network byte order */
	__u16 skc_dport; /* of the peer, in network byte order */
	__u16 skc_num;	 /* local port, in host byte order */
	unsigned short skc_family;
	struct in6_addr skc_v6_daddr;
};

struct sock {
	struct sock_common __sk_common;
};

struct socket {
	struct file *file;
	struct sock *sk;
};

#pragma clang attribute pop

#endif
