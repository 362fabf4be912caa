/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PLAN_PLAN_H
#define SCOTTYSCOPE_PLAN_PLAN_H

/* What will be hooked where in one executable, and why: made from the catalogue, the symbols and
 * the kernel's features, before anything is attached. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "code/code.h"
#include "config/config.h"
#include "elf/image.h"
#include "elf/symbols.h"
#include "plan/catalogue.h"
#include "tokio/tokio.h"

/* Why tracepoints cannot be named. */
enum plan_tracefs {
	TRACEFS_READABLE,
	TRACEFS_ABSENT, /* not mounted, and this process cannot mount it */
	TRACEFS_DENIED, /* mounted, but not for this user */
};

/* What the running kernel offers, as found by trying (probe/features.h). */
struct plan_kernel {
	bool btf;	       /* /sys/kernel/btf/vmlinux */
	bool ring_buffer;      /* BPF_MAP_TYPE_RINGBUF */
	bool uprobe;	       /* uprobes, by perf events or by links for many sites */
	bool uprobe_multi;     /* one link for many sites */
	bool multi_by_process; /* its pid filter takes whole processes, not single threads */
	bool rss_stat;	       /* tracepoint kmem:rss_stat can be reached */
	bool socket_accept;    /* tracepoints syscalls:sys_{enter,exit}_accept4 can */
	enum plan_tracefs tracefs;
	/* What a hit of a uprobe takes, with a program that only counts: at an instruction that the kernel
	 * emulates, and at one that it has the CPU step over. */
	uint64_t trap_ns;
	uint64_t step_ns;
	char why_not[256]; /* the first of the above that is missing and matters, and what to do */
};

struct plan_site {
	enum hook hook;
	uint64_t file_offset; /* of the instruction */
	struct code_site code;
};

struct plan_hook {
	bool wanted;	      /* a chosen way needs it */
	size_t found;	      /* copies of its functions in the executable */
	const char *function; /* of its sites; without any, one that is there, or else the first
			       * looked for. NULL: a tracepoint */
	size_t first_site;    /* its sites are consecutive in the plan's */
	size_t site_count;
	bool has_expensive_site;
};

struct plan_instrumentation {
	const struct catalogue_strategy *strategy; /* NULL: missing */
	char reason[200];			   /* why it is missing */
	char remedy[160];			   /* what would mend it; "" where nothing would */
	bool disabled_by_level;			   /* by the level: it could be had */
};

struct plan {
	struct plan_kernel kernel;
	char *executable_path;
	char *build_id; /* NULL: none */
	char *version;	/* of Scotty; NULL: the executable does not tell */
	enum elf_symbol_source symbol_source;
	size_t function_count;

	struct plan_hook hooks[HOOK_COUNT];
	struct plan_site *sites;
	size_t site_count;
	struct plan_instrumentation instrumentations[INSTR_COUNT];

	struct tokio tokio;

	/* Layouts of hyper's response head and of tungstenite's frame (facts of the compilers seen,
	 * checked as it runs). */
	uint32_t encode_head_offset;
	uint32_t head_status_offset;
	uint32_t frame_payload_offset;
	uint32_t frame_head_offset;
	uint32_t app_status_offset; /* in Scotty's AppData, from its code; 0: not known */
	/* Where the exits of AppData::new have the address of what it made up; see elf/exit.h. */
	uint32_t app_result_register;
};

/* Makes the plan. A signal that cannot be had is no error but said in the plan; -ENOEXEC when the
 * executable holds none of tokio's functions at all, with the reason (stripped, not Rust, ...). */
int plan__build(const struct elf_image *image, const struct elf_symbols *symbols,
		const struct plan_kernel *kernel, enum config_level level, struct plan **ret_plan,
		struct error *error);
void plan__free(struct plan *plan);

/* Whether a strategy was found for the instrumentation. */
static inline bool plan__has(const struct plan *plan, enum instrumentation_id id)
{
	return plan->instrumentations[id].strategy != NULL;
}

/* The number of instrumentations that have a strategy, and of those that the level disables. */
size_t plan__available(const struct plan *plan);
size_t plan__disabled(const struct plan *plan);

/* Whether what happens in a task is known for that task's without its polls being watched. */
bool plan__can_detach_polls(const struct plan *plan);

/* The plan for its reader: which way each signal is had, at which sites, at what cost; what is
 * missing, why, and what would mend it. */
void plan__print_text(const struct plan *plan, FILE *stream);
void plan__print_json(const struct plan *plan, FILE *stream);

static inline void plan__freep(struct plan **plan)
{
	plan__free(*plan);
}

#endif
