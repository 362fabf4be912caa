// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "probe/internal.h"
#include "probe/map_keys.h"
#include "probe/runtimes.h"
#include "tokio/task_scan.h"
#include "tokio/worker_scan.h"

static struct task_kind kind_of(const struct probe *probe, uint64_t vtable)
{
	struct task_kind kind = {.index = KIND_OTHER, .class = TASK_ASYNC, .role = ROLE_NONE};

	bpf_map__lookup_elem(probe->skeleton->maps.vtables, &vtable, sizeof(vtable), &kind,
			     sizeof(kind), 0);
	return kind;
}

/* Returns the id of the task at `header`, which identifies the task while poll probes are disabled;
 * 0 if unknown. */
static uint64_t read_id(const struct probe *probe, uint64_t header, struct task_kind kind)
{
	uint64_t id = 0;

	if (!probe->skeleton->rodata->settings.context_offset || !kind.id_word)
		return 0;
	if (process__read_memory(probe->target, header + kind.id_word * sizeof(id), &id,
				 sizeof(id)) != sizeof(id))
		return 0;
	return id;
}

/* Inserts a task and its id. Returns 1 if the task is new. The side that deletes a task also
 * deletes the id. If the kernel side deletes the task before the id is inserted, the id stays;
 * tokio never uses an id again, so the entry matches no later task. */
static int add_task(void *context, uint64_t header, uint64_t vtable)
{
	struct probe *probe = context;
	struct bpf_map *tasks = probe->skeleton->maps.tasks;
	struct task task = {
		.vtable = vtable,
		.kind = kind_of(probe, vtable),
		.flags = TASK_PREEXISTING,
	};
	int r;

	task.id = read_id(probe, header, task.kind);
	r = bpf_map__update_elem(tasks, &header, sizeof(header), &task, sizeof(task), BPF_NOEXIST);
	if (r >= 0 && task.id)
		bpf_map__update_elem(probe->skeleton->maps.task_headers, &task.id, sizeof(task.id),
				     &header, sizeof(header), BPF_ANY);
	if (r == -EEXIST)
		return 0; /* polled since the activation: the kernel side counts the task */
	if (r == -E2BIG) {
		probe->initial_dropped++;
		return 0;
	}
	if (r < 0)
		return r;
	probe->initial_tasks[task.kind.index]++;
	return 1;
}

/* Deletes a task. The side that deletes the entry counts the end: if the kernel side was first,
 * there is nothing to undo. */
static void remove_task(void *context, uint64_t header)
{
	struct probe *probe = context;
	struct bpf_map *tasks = probe->skeleton->maps.tasks;
	struct task task;

	if (bpf_map__lookup_elem(tasks, &header, sizeof(header), &task, sizeof(task), 0) == 0 &&
	    bpf_map__delete_elem(tasks, &header, sizeof(header), 0) == 0) {
		probe->initial_tasks[task.kind.index]--;
		bpf_map__delete_elem(probe->skeleton->maps.task_headers, &task.id, sizeof(task.id),
				     0);
	}
}

static void add_runtime(void *context, uint64_t list)
{
	struct probe *probe = context;

	/* Without memory the runtime stays unknown. */
	runtimes__add(&probe->runtimes, list);
}

/* Tells the programs where new tasks begin: a lower id belongs to an older task. */
static void write_first_new_id(struct probe *probe)
{
	uint64_t address = probe->plan->tokio.next_id_address, id = 0;

	if (address && process__read_memory(probe->target, address + probe->load_bias, &id,
					    sizeof(id)) == sizeof(id))
		probe->skeleton->bss->first_new_task_id = id;
}

/* Pauses between comparisons of tokio's counts with those of the scan: a task may be spawned or end meanwhile. */
#define COMPARISONS	    5
#define COMPARISON_PAUSE_NS (2 * NS_PER_MS)

/* Counts the live tasks that the scan did not find, by tokio's own counters. */
static int count_missed(struct probe *probe, struct error *error)
{
	struct timespec pause = {.tv_nsec = (long)COMPARISON_PAUSE_NS};
	struct snapshot_totals totals;

	for (int i = 0; i < COMPARISONS && probe->tasks_agree + probe->tasks_differ == 0; i++) {
		int r = probe_read_runtimes(probe);

		if (r < 0)
			return error_out_of_memory(error);
		r = probe__read_totals(probe, &totals, error);
		if (r < 0)
			return r;
		probe_compare_tasks(probe, &totals);
		nanosleep(&pause, NULL);
	}
	return 0;
}

static void log_missed(const struct probe *probe, const struct memory_skipped *skipped)
{
	uint64_t bytes = skipped->swapped_bytes + skipped->failed_bytes;

	if (probe->initial_missed > 0)
		log_warning("the initial scan did not find %llu of the tasks that tokio counts: "
			    "they are missing in the numbers of active sessions until they are "
			    "polled (scottyscope_lost_total{cause=\"tasks_not_found\"})",
			    (unsigned long long)probe->initial_missed);
	if (bytes > 0)
		log_info(
			"the initial scan did not read %llu KiB of the server's memory that are in "
			"swap, and %llu KiB that could not be read",
			(unsigned long long)skipped->swapped_bytes / 1024,
			(unsigned long long)skipped->failed_bytes / 1024);
}

/* Besides live tasks, headers of freed ones look alive. */
#define CANDIDATE_FACTOR 4

/* Scans within a budget. Returns 0; 1 if the budget was exceeded: the scan counts as not made. */
static int scan_tasks(struct probe *probe, struct memory_skipped *skipped, struct error *error)
{
	const struct task_sink sink = {add_task, remove_task, add_runtime, probe};
	struct budget budget;
	struct error reason;
	int r;

	budget__init(&budget);
	budget.limits[BUDGET_NANOSECONDS] = MEMORY_WALK_LIMIT_NS;
	if (budget.limits[BUDGET_CANDIDATES] <
	    CANDIDATE_FACTOR * (uint64_t)probe->config->max_tasks)
		budget.limits[BUDGET_CANDIDATES] =
			CANDIDATE_FACTOR * (uint64_t)probe->config->max_tasks;
	r = tokio_scan_tasks(probe->target, &probe->plan->tokio, probe->load_bias, &sink, &budget,
			     skipped, &reason);
	if (r != -EDQUOT)
		return r < 0 ? error_set(error, r, "%s", reason.message) : 0;
	log_warning("%s: the tasks that are alive now are missing in the numbers of active "
		    "sessions until they are polled "
		    "(scottyscope_lost_total{cause=\"tasks_not_found\"})",
		    reason.message);
	return 1;
}

int probe_scan_tasks(struct probe *probe, struct error *error)
{
	struct memory_skipped skipped;
	bool is_complete;
	int r;

	if (!plan__has(probe->plan, INSTR_TOKIO_TASKS))
		return 0;
	write_first_new_id(probe);
	probe_note_lists(probe);
	r = scan_tasks(probe, &skipped, error);
	is_complete = r == 0;
	probe_end_initial_lists(probe);
	if (r >= 0)
		r = count_missed(probe, error);
	if (r < 0)
		return error_prefix(error, r, "initial scan of tasks");
	log_missed(probe, &skipped);
	/* Where tokio's own counters are not known, some tasks were missed. */
	if (!is_complete && probe->initial_missed == 0)
		probe->initial_missed = 1;
	return 0;
}

static uint64_t last_stack_pointer(void *context, pid_t tid)
{
	struct probe *probe = context;
	uint32_t key = (uint32_t)tid;
	struct thread thread;

	if (bpf_map__lookup_elem(probe->skeleton->maps.threads, &key, sizeof(key), &thread,
				 sizeof(thread), 0) < 0)
		return 0;
	return thread.stack_pointer;
}

/* A server has some hundred threads. A look at one thread takes some microseconds. Above the limit of a scan, no other
 * scan begins before the end of the pause. */
#define WORKER_SCAN_LIMIT_NS (500 * NS_PER_MS)
#define WORKER_SCAN_PAUSE_NS (60 * NS_PER_S)

int probe__count_workers(struct probe *probe, struct error *error)
{
	uint64_t now_ns = clock_monotonic_ns();
	struct budget budget;
	struct error reason;
	int r;

	if (!plan__has(probe->plan, INSTR_TOKIO_WORKERS))
		return error_set(error, -ENOENT, "worker threads cannot be identified");
	if (now_ns < probe->next_worker_scan_ns)
		return 0;
	budget__init(&budget);
	budget.limits[BUDGET_NANOSECONDS] = WORKER_SCAN_LIMIT_NS;
	r = tokio_scan_workers(probe->target, &probe->plan->tokio, probe->load_bias,
			       last_stack_pointer, probe, &budget, &reason);
	if (r != -EDQUOT)
		return r < 0 ? error_set(error, r, "%s", reason.message) : r;
	if (probe->next_worker_scan_ns == 0)
		log_warning("%s: the number of workers is unknown for a minute", reason.message);
	probe->next_worker_scan_ns = clock_monotonic_ns() + WORKER_SCAN_PAUSE_NS;
	return 0;
}

/* Returns -ESRCH to end the walk. */
static int forget_if_dead(void *context, const void *key)
{
	struct probe *probe = context;
	const uint32_t *tid = key;

	/* The map holds threads of this process only, so no check of the id's process is needed. */
	if (tgkill(probe->target->pid, (pid_t)*tid, 0) == 0 || errno != ESRCH)
		return 0;
	/* The polls of a program that has ended are counted by probe__end_target(). */
	if (process__check(probe->target) < 0)
		return -ESRCH;
	bpf_map__delete_elem(probe->skeleton->maps.threads, tid, sizeof(*tid), 0);
	return 0;
}

void probe__forget_dead_threads(struct probe *probe)
{
	map_keys__visit(probe->skeleton->maps.threads, forget_if_dead, probe);
}
