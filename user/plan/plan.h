/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PLAN_PLAN_H
#define SCOTTYSCOPE_PLAN_PLAN_H

/* The plan for one executable: which hooks are attached at which sites, and what is missing and why. The plan
 * is built before anything is attached, in two steps (build.h): the first one finds sites in the executable, the
 * second one chooses strategies, and depends on the sites and the kernel's features only. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "code/code.h"
#include "elf/symbols.h"
#include "plan/catalogue.h"
#include "tokio/tokio.h"

/* Access to tracefs, which has the tracepoints. */
enum plan_tracefs {
	TRACEFS_READABLE,
	TRACEFS_ABSENT, /* not mounted, and this process cannot mount it */
	TRACEFS_DENIED, /* mounted, but this user may not read it */
};

/* The features of the running kernel, found by trial (probe/features.h). */
struct plan_kernel {
	bool locked_down;      /* lockdown=confidentiality: no trial was made, all below is false */
	bool btf;	       /* /sys/kernel/btf/vmlinux */
	bool ring_buffer;      /* BPF_MAP_TYPE_RINGBUF */
	bool uprobe;	       /* uprobes, by perf events or by links for many sites */
	bool uprobe_multi;     /* one link for many sites */
	bool multi_by_process; /* the pid filter of such a link selects a process, not a thread */
	bool rss_stat;	       /* tracepoint kmem:rss_stat */
	enum plan_tracefs tracefs;
	/* Time of one hit of a uprobe in a loop, with a program that only counts; 0: unknown. trap_ns: at an
	 * instruction that the kernel emulates; step_ns: at an instruction that the CPU single-steps. */
	uint64_t trap_ns;
	uint64_t step_ns;
	char why_not[400]; /* the first missing feature that matters, and its remedy; "": none */
	int why_code;	   /* a negative errno: -EPERM if a permission is missing; 0: none */
};

struct plan_site {
	enum hook hook;
	uint64_t file_offset; /* of the instruction */
	struct code_site code;
};

struct plan_hook {
	bool wanted;  /* a chosen strategy has the hook */
	size_t found; /* copies of its functions in the executable */
	const char
		*function; /* of its sites; without sites, a function that exists, else the first of
			       * the catalogue. NULL: a tracepoint */
	bool function_exists; /* the executable has `function` */
	size_t first_site;    /* its sites are consecutive in the plan */
	size_t site_count;
	bool has_expensive_site; /* a site is single-stepped */
};

struct plan_instrumentation {
	const struct catalogue_strategy *strategy; /* NULL: missing */
	char reason[200];			   /* why the instrumentation is missing */
	char remedy[160];	/* what would make it available; "": nothing would */
	bool disabled_by_level; /* missing at this level only */
};

struct plan {
	struct plan_kernel kernel;
	char *executable_path;
	char *build_id; /* NULL: none */
	char *version;	/* of Scotty; NULL: unknown */
	enum elf_symbol_source symbol_source;
	size_t function_count;

	struct plan_hook hooks[HOOK_COUNT];
	struct plan_site *sites;
	size_t site_count;
	struct plan_instrumentation instrumentations[INSTR_COUNT];

	bool strategy_path_exists[CATALOGUE_STRATEGY_LIMIT]; /* the executable has the `path` */
	bool has_worker_loop;				     /* of tokio's multi-thread scheduler */

	struct tokio tokio;
	/* The kinds of schedulers whose wake-ups the sites of HOOK_SCHEDULE_SINGLE see. */
	bool single_has_current_thread;
	bool single_has_local_set;
	/* The kinds of schedulers whose wake-ups are observed. */
	bool schedules_multi_thread;
	bool schedules_current_thread;
	bool schedules_local_set;

	/* Layouts of hyper's response head and of tungstenite's frame. The BPF programs check these offsets
	 * while they count. */
	uint32_t encode_head_offset;
	uint32_t head_status_offset;
	uint32_t frame_payload_offset;
	uint32_t frame_head_offset;
	uint32_t app_status_offset; /* in Scotty's AppData, from its code; 0: unknown */
	/* The register that holds the address of the result at the exits of AppData::new; see code/exit.h. */
	uint32_t app_result_register;
};

/* Returns a plan without sites; NULL when out of memory. */
struct plan *plan__new(void);
void plan__free(struct plan *plan);

/* Whether a strategy was found for the instrumentation. */
static inline bool plan__has(const struct plan *plan, enum instrumentation_id id)
{
	return plan->instrumentations[id].strategy != NULL;
}

/* Returns the number of instrumentations that have a strategy. */
size_t plan__available(const struct plan *plan);

/* Returns the number of instrumentations that the level disables. */
size_t plan__disabled(const struct plan *plan);

/* Whether the poll probes can be detached: the running task is then known from tokio's context. */
bool plan__can_detach_polls(const struct plan *plan);

/* Whether a wanted hook has a site in the executable. */
bool plan__has_sites(const struct plan *plan);

/* Marks everything that needs hooks as missing, because the kernel refuses the programs: `code` is the
 * errno, `reason` a sentence. */
void plan__withdraw(struct plan *plan, int code, const char *reason);

/* Whether the kernel attaches the probes to every process that runs the file: a uprobe_multi link before Linux
 * 6.10. A perf event has a filter on all kernels. */
static inline bool plan__reaches_other_processes(const struct plan *plan)
{
	return plan->kernel.uprobe_multi && !plan->kernel.multi_by_process;
}

static inline void plan__freep(struct plan **plan)
{
	plan__free(*plan);
}

#endif
