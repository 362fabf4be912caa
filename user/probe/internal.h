/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PROBE_INTERNAL_H
#define SCOTTYSCOPE_PROBE_INTERNAL_H

/* The probe's parts, for the files of this stage only. */

#include <pthread.h>
#include <stdbool.h>

#include "probe/probe.h"
#include "scottyscope.skel.h"

struct bpf_link;

/* Routes are looked up for each span, and of those that are there none changes or leaves: they are
 * kept, each in the place of its hash, so that a busy server's take no system call each. */
#define ROUTES_KEPT 128

struct probe_route {
	uint64_t hash; /* ROUTE_UNMATCHED: nothing here yet */
	struct route_text text;
};

/* What the per-CPU maps hold: a collection reads one of them at a time. */
union per_cpu_value {
	struct counters counters;
	struct task_totals tasks;
	struct schedule_totals schedule;
	struct session_totals sessions;
	struct histogram_counts histogram;
	struct memory_peak memory;
};

struct probe_link {
	struct bpf_link *link;
	enum hook hook;
};

/* Lets go of a link in a thread of its own. */
struct probe_detacher {
	struct bpf_link *link;
	size_t *under_way;
	pthread_t thread;
	bool has_thread;
};

struct probe {
	const struct config *config;
	const struct plan *plan;
	const struct process *target;
	uint64_t load_bias;
	const struct probe_histograms *histograms;
	struct scottyscope *skeleton;
	struct probe_link *links;
	size_t link_count;
	struct probe_detacher *detachers; /* room for one a link */
	size_t detacher_count;		  /* that were started and not awaited */
	size_t detaching;		  /* of these, how many are under way: atomic */
	struct probe_attachment attachment;
	uint64_t start_ns;
	uint64_t census_kinds[KIND_LIMIT];
	uint64_t census_lost; /* found no room */
	int cpu_count;	      /* possible ones: the length of a per-CPU value */
	void *per_cpu;	      /* room for that of any map */
	struct probe_route routes[ROUTES_KEPT];
};

/* The program that serves a hook. */
struct bpf_program *probe_program(struct probe *probe, enum hook hook);

/* Attaches a hook's program to its sites. On failure some may be attached. */
int probe_attach_hook(struct probe *probe, enum hook hook, struct error *error);

/* Begins to let go of the hooks that `is_meant` says, after those that are being let go of. The kernel does
 * so only after a grace period of tens of milliseconds: all links wait for theirs at the same time, each in a
 * thread. */
void probe_begin_detaching(struct probe *probe, bool (*is_meant)(enum hook hook));

/* Waits until they are, if any still is. */
void probe_await_detached(struct probe *probe);

/* Loads the programs, and says what checking each of them took, or what is wrong with it, for those
 * who want to hear more. */
int probe_load_telling(struct probe *probe);

/* What was counted so far. */
int probe_read_counters(struct probe *probe, struct counters *ret_counters);

/* Enters the tasks that were alive at the attachment. */
int probe_scan_tasks(struct probe *probe, struct error *error);

#endif
