// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "probe/probe.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/wire_names.h"
#include "probe/internal.h"
#include "probe/refusal.h"
#include "probe/settings.h"

/* The inode of the initial pid namespace (PROC_PID_INIT_INO, include/linux/proc_ns.h). In this
 * namespace, process ids equal the kernel's global ids. */
/* tokio starts at most 512 blocking threads besides its workers. Only threads that poll
 * asynchronous tasks have an entry, and each snapshot deletes the entries of ended threads. */
#define MAX_THREADS 1024

/* Paths of nest_service() in the map of route templates: these are part of templates, and no label. */
#define MAX_NESTS 256

/* Connections to make room for, if no option says how many: 20 MB at most. A process may have no use
 * for a high limit of open files. */
#define MIN_CONNECTIONS 1024
#define MAX_CONNECTIONS 32768

/* Pending requests with a tracestate: one KiB each. */
#define MAX_TRACE_STATES 2048

/* Time for polls in progress at the first step of the activation to end, also on a machine that is
 * short of CPUs. */
#define ACTIVATION_GAP_NS (100 * NS_PER_MS)

struct bpf_program *probe_program(struct probe *probe, enum hook hook)
{
	return bpf_object__find_program_by_name(probe->skeleton->obj, wire_hook_program(hook));
}

/* Stores the current resident memory, which is the value until the first reported change. */
static void write_resident(struct probe *probe)
{
	struct process_resident resident;

	if (process__resident(probe->target, &resident) < 0)
		return;
	probe->skeleton->bss->resident_bytes[MEMBER_FILE] = resident.file_bytes;
	probe->skeleton->bss->resident_bytes[MEMBER_ANONYMOUS] = resident.anonymous_bytes;
	probe->skeleton->bss->resident_bytes[MEMBER_SHARED] = resident.shared_bytes;
}

/* Returns the number of connections to make room for. The kernel allocates all entries at once. */
static uint32_t connection_limit(const struct probe *probe)
{
	uint64_t files = process__file_limit(probe->target);

	if (probe->config->max_connections)
		return probe->config->max_connections;
	if (files < MIN_CONNECTIONS)
		return MIN_CONNECTIONS;
	return files < MAX_CONNECTIONS ? (uint32_t)files : MAX_CONNECTIONS;
}

static int size_maps(struct probe *probe)
{
	const struct config *config = probe->config;
	const uint32_t connections = connection_limit(probe);
	const struct {
		struct bpf_map *map;
		uint32_t entries;
	} sizes[] = {
		{probe->skeleton->maps.threads, MAX_THREADS},
		{probe->skeleton->maps.tasks, config->max_tasks},
		{probe->skeleton->maps.task_headers,
		 plan__can_detach_polls(probe->plan) ? config->max_tasks : 1},
		{probe->skeleton->maps.vtables, (uint32_t)probe->plan->tokio.vtable_count + 1},
		{probe->skeleton->maps.http_connections, connections},
		{probe->skeleton->maps.sessions, connections},
		{probe->skeleton->maps.trace_states,
		 config->otlp.traces_target ? MAX_TRACE_STATES : 1},
		{probe->skeleton->maps.http_series, config->max_series + 1},
		{probe->skeleton->maps.routes, config->max_series + MAX_NESTS},
		{probe->skeleton->maps.records, config->ring_bytes},
	};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		int r = bpf_map__set_max_entries(sizes[i].map, sizes[i].entries);

		if (r < 0)
			return r;
	}
	return 0;
}

/* Loads the programs of wanted hooks only. */
static void choose_programs(struct probe *probe)
{
	for (int i = 0; i < HOOK_COUNT; i++) {
		struct bpf_program *program = probe_program(probe, (enum hook)i);
		bool wanted = probe->plan->hooks[i].wanted;

		bpf_program__set_autoload(program, wanted);
		if (wanted && !catalogue_hook__is_tracepoint((enum hook)i) &&
		    probe->plan->kernel.uprobe_multi)
			bpf_program__set_expected_attach_type(program, BPF_TRACE_UPROBE_MULTI);
	}
}

int probe__new(const struct config *config, const struct plan *plan, const struct process *target,
	       uint64_t load_bias, struct probe **ret_probe, struct error *error)
{
	_cleanup_(probe__freep) struct probe *probe = calloc(1, sizeof(*probe));
	int r;

	if (!probe)
		return error_out_of_memory(error);
	probe->config = config;
	probe->plan = plan;
	probe->target = target;
	probe->runtimes.target = target;
	probe->load_bias = load_bias;
	probe->histograms = config->histograms == HISTOGRAMS_EXPONENTIAL
				    ? &histogram_layout_exponential
				    : &histogram_layout_explicit;
	probe->cpu_count = libbpf_num_possible_cpus();
	if (probe->cpu_count < 0)
		return error_set(error, probe->cpu_count, "cannot count the possible CPUs: %m");
	probe->per_cpu = calloc((size_t)probe->cpu_count, sizeof(union per_cpu_value));
	/* Each site may need a link; a tracepoint needs one. */
	probe->links = calloc(plan->site_count + HOOK_COUNT, sizeof(*probe->links));
	probe->detachers = calloc(plan->site_count + HOOK_COUNT, sizeof(*probe->detachers));
	if (!probe->per_cpu || !probe->links || !probe->detachers)
		return error_out_of_memory(error);

	probe->skeleton = scottyscope__open();
	if (!probe->skeleton)
		return error_set(error, -errno, "cannot open the BPF object: %m");
	choose_programs(probe);
	probe_write_settings(&probe->skeleton->rodata->settings, config, plan, probe->histograms,
			     target->pid);
	r = size_maps(probe);
	if (r < 0)
		return error_set(error, r, "cannot size the BPF maps: %m");
	*ret_probe = TAKE_PTR(probe);
	return 0;
}

static int fill_vtables(struct probe *probe)
{
	for (size_t i = 0; i < probe->plan->tokio.vtable_count; i++) {
		uint64_t address = probe->plan->tokio.vtables[i].address + probe->load_bias;
		struct task_kind kind = probe->plan->tokio.vtables[i].kind;
		int r = bpf_map__update_elem(probe->skeleton->maps.vtables, &address,
					     sizeof(address), &kind, sizeof(kind), BPF_ANY);

		if (r < 0)
			return r;
	}
	return 0;
}

/* Inserts the overflow label set before the map can be full. */
static int insert_overflow_series(struct probe *probe)
{
	struct http_key key = {.route = ROUTE_OVERFLOW};
	size_t size = (size_t)probe->cpu_count * sizeof(struct histogram_counts);

	memset(probe->per_cpu, 0, size);
	return bpf_map__update_elem(probe->skeleton->maps.http_series, &key, sizeof(key),
				    probe->per_cpu, size, BPF_ANY);
}

/* Returns about what the maps take: their entries without the kernel's bookkeeping. */
static uint64_t memory_bytes(const struct probe *probe)
{
	uint64_t sum = 0;
	struct bpf_map *map;

	bpf_object__for_each_map(map, probe->skeleton->obj)
	{
		enum bpf_map_type type = bpf_map__type(map);
		uint64_t copies =
			type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_PERCPU_HASH
				? (uint64_t)probe->cpu_count
				: 1;

		sum += type == BPF_MAP_TYPE_RINGBUF
			       ? bpf_map__max_entries(map)
			       : (bpf_map__key_size(map) + bpf_map__value_size(map) * copies) *
					 bpf_map__max_entries(map);
	}
	return sum;
}

int probe__load(struct probe *probe, struct error *error)
{
	int r = log_level() >= LOG_LEVEL_DEBUG ? probe_load_verbosely(probe)
					       : scottyscope__load(probe->skeleton);

	if (r < 0)
		return refusal_explain(r, "the BPF maps and programs", memory_bytes(probe), error);
	r = fill_vtables(probe);
	if (r >= 0)
		r = insert_overflow_series(probe);
	if (r < 0)
		return error_set(error, r, "cannot fill the BPF maps: %m");
	return 0;
}

int probe__activate(struct probe *probe, struct error *error)
{
	struct timespec gap = {.tv_nsec = (long)ACTIVATION_GAP_NS};
	int r;

	probe->start = (struct start_time){clock_monotonic_ns(), clock_realtime_ns()};
	write_resident(probe);
	probe->skeleton->bss->poll_epoch_ns = clock_monotonic_ns();
	__atomic_store_n(&probe->skeleton->bss->activation, ACTIVE_POLLS, __ATOMIC_RELEASE);
	nanosleep(&gap, NULL);
	__atomic_store_n(&probe->skeleton->bss->activation, ACTIVE_ALL, __ATOMIC_RELEASE);
	r = probe_scan_tasks(probe, error);
	__atomic_store_n(&probe->skeleton->bss->activation, ACTIVE_SCANNED, __ATOMIC_RELEASE);
	return r;
}

void probe__free(struct probe *probe)
{
	if (!probe)
		return;
	if (probe->skeleton)
		probe__detach(probe);
	scottyscope__destroy(probe->skeleton);
	runtimes__done(&probe->runtimes);
	free(probe->links);
	free(probe->detachers);
	free(probe->per_cpu);
	free(probe);
}

int probe__ring_fd(const struct probe *probe)
{
	return bpf_map__fd(probe->skeleton->maps.records);
}

const struct histogram_layout *probe__layout(const struct probe *probe)
{
	return probe->histograms;
}

struct snapshot_attachment probe__attachment(const struct probe *probe)
{
	return probe->attachment;
}
