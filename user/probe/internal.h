/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PROBE_INTERNAL_H
#define SCOTTYSCOPE_PROBE_INTERNAL_H

/* Internal functions of the probe, for the files of this folder only. */

#include <pthread.h>
#include <stdbool.h>

#include "probe/probe.h"
#include "probe/route_label.h"
#include "scottyscope.skel.h"
#include "snapshot/start_time.h"
#include "tokio/runtimes.h"

struct bpf_link;

/* Slots of a direct-mapped cache of route templates, indexed by hash. Entries of the map never
 * change, so a cached route saves a system call per span. */
#define ROUTE_CACHE_SLOTS 128

struct probe_route {
	uint64_t hash; /* ROUTE_UNMATCHED: an empty slot */
	char label[ROUTE_LABEL_BYTES];
};

/* A value of any per-CPU map. A snapshot reads one map at a time. */
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

/* Detaches a link in a thread. */
struct probe_detacher {
	struct bpf_link *link;
	size_t *pending;
	pthread_t thread;
	bool has_thread;
};

struct probe {
	const struct config *config;
	const struct plan *plan;
	const struct process *target;
	uint64_t load_bias;
	const struct histogram_layout *histograms;
	struct scottyscope *skeleton;
	struct probe_link *links;
	size_t link_count;
	struct probe_detacher *detachers; /* capacity: one per link */
	size_t detacher_count;		  /* started and not joined yet */
	size_t detaching;		  /* number of pending detachers; atomic */
	struct snapshot_attachment attachment;
	struct start_time start; /* of counting: the activation */
	uint64_t initial_tasks[KIND_LIMIT];
	uint64_t initial_dropped; /* live tasks that did not fit into the map */
	uint64_t initial_missed;  /* live tasks that the initial scan did not find */
	struct runtimes runtimes;
	uint64_t next_list; /* tokio's next id of a task list at the last walk through the memory */
	unsigned int walks_wanted;
	uint64_t next_walk_ns;
	uint64_t next_worker_scan_ns; /* 0: at any time */
	uint64_t unreadable_runtimes; /* collections and runtimes without counters */
	uint64_t tasks_agree;	      /* comparisons of tokio's number of live tasks */
	uint64_t tasks_differ;
	int64_t task_difference; /* of the last comparison */
	uint64_t deferred;	 /* responses that hyper had not sent when polls were disabled */
	int cpu_count;		 /* of possible CPUs: the length of a per-CPU value */
	void *per_cpu;		 /* buffer for the values of any per-CPU map */
	struct probe_route routes[ROUTE_CACHE_SLOTS];
};

/* Returns the BPF program of a hook. */
struct bpf_program *probe_program(struct probe *probe, enum hook hook);

/* Attaches a hook's program to its sites. After a failure, some sites may be attached. */
int probe_attach_hook(struct probe *probe, enum hook hook, struct error *error);

/* Waits for pending detachers, then starts to detach the hooks that `is_selected` accepts. The
 * kernel detaches a link after a grace period of tens of milliseconds. Each link has a thread, so
 * that all grace periods run at the same time. */
void probe_detach_hooks(struct probe *probe, bool (*is_selected)(enum hook hook));

/* Waits until no detacher is pending. */
void probe_await_detached(struct probe *probe);

/* Loads the programs and logs, at debug level, the verifier's instruction count or errors for each
 * program. */
int probe_load_verbosely(struct probe *probe);

/* Reads the current counters. */
int probe_read_counters(struct probe *probe, struct counters *ret_counters);

/* Inserts the tasks that were alive at the attachment. */
int probe_scan_tasks(struct probe *probe, struct error *error);

#endif
