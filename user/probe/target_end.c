// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "probe/target_end.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/histogram.h"
#include "probe/internal.h"
#include "probe/map_keys.h"

/* What the handlers of map_keys__visit() get. */
struct walk {
	struct probe *probe;
	struct ending *ending;
};

/* Reads the value of a header's address. Returns `value`; NULL if the map has no such key. */
static void *find(struct bpf_map *map, uint64_t header, void *value, size_t size)
{
	return bpf_map__lookup_elem(map, &header, sizeof(header), value, size, 0) == 0 ? value
										       : NULL;
}

static int store(struct bpf_map *map, uint64_t header, const void *value, size_t size)
{
	return bpf_map__update_elem(map, &header, sizeof(header), value, size, BPF_EXIST);
}

/* Ends a poll: in its task's times, and in the span of a request or a session. */
static int end_poll(struct probe *probe, struct ending *ending, const struct poll_frame *poll)
{
	struct bpf_map *connections = probe->skeleton->maps.http_connections;
	struct bpf_map *sessions = probe->skeleton->maps.sessions;
	struct http_connection connection = {0};
	struct task_session session = {0};
	struct span_state *span = NULL;
	struct task task;
	struct task *known = find(probe->skeleton->maps.tasks, poll->header, &task, sizeof(task));
	int r = 0;

	if (find(connections, poll->header, &connection, sizeof(connection)) && connection.start_ns)
		span = &connection.span;
	else if (find(sessions, poll->header, &session, sizeof(session)))
		span = &session.span;
	ending__poll(ending, poll, known, span);
	if (known)
		r = store(probe->skeleton->maps.tasks, poll->header, &task, sizeof(task));
	if (r >= 0 && span == &connection.span)
		r = store(connections, poll->header, &connection, sizeof(connection));
	else if (r >= 0 && span)
		r = store(sessions, poll->header, &session, sizeof(session));
	return r;
}

static int end_thread(void *context, const void *key)
{
	struct probe *probe = ((const struct walk *)context)->probe;
	struct ending *ending = ((const struct walk *)context)->ending;
	const struct poll_frame *polls[FRAME_LIMIT];
	struct thread thread;
	size_t count;
	int r = bpf_map__lookup_elem(probe->skeleton->maps.threads, key, sizeof(uint32_t), &thread,
				     sizeof(thread), 0);

	if (r < 0)
		return r;
	count = ending__thread(ending, &thread, polls);
	for (size_t i = 0; r >= 0 && i < count; i++)
		r = end_poll(probe, ending, polls[i]);
	/* Its polls have ended, and must not end again. */
	return r < 0 ? r
		     : bpf_map__delete_elem(probe->skeleton->maps.threads, key, sizeof(uint32_t),
					    0);
}

/* Reads the counts of a label set on all CPUs into the probe's buffer. Inserts the label set if
 * absent. Uses the overflow label set if the map is full. */
static int find_series(struct probe *probe, struct ending *ending, struct http_key *key,
		       struct histogram_counts **ret_counts, size_t *ret_bytes)
{
	struct bpf_map *map = probe->skeleton->maps.http_series;
	size_t bytes = (size_t)probe->cpu_count * sizeof(**ret_counts);
	int r = bpf_map__lookup_elem(map, key, sizeof(*key), probe->per_cpu, bytes, 0);

	if (r == -ENOENT) {
		memset(probe->per_cpu, 0, bytes);
		r = bpf_map__update_elem(map, key, sizeof(*key), probe->per_cpu, bytes,
					 BPF_NOEXIST);
	}
	if (r == -E2BIG) {
		ending->counters.drops[DROP_SERIES_FULL]++;
		*key = (struct http_key){.route = ROUTE_OVERFLOW};
		r = bpf_map__lookup_elem(map, key, sizeof(*key), probe->per_cpu, bytes, 0);
	}
	*ret_counts = probe->per_cpu;
	*ret_bytes = bytes;
	return r;
}

static int count_request(struct probe *probe, struct ending *ending, struct http_key key,
			 uint64_t duration_ns)
{
	struct histogram_counts *counts;
	size_t bytes;
	int r = find_series(probe, ending, &key, &counts, &bytes);

	if (r < 0)
		return r;
	counts->sum_ns += duration_ns;
	counts->buckets[histogram_bucket(ending->settings->http_bounds_ns, HISTOGRAM_BOUNDS,
					 duration_ns)]++;
	return bpf_map__update_elem(probe->skeleton->maps.http_series, &key, sizeof(key), counts,
				    bytes, BPF_EXIST);
}

static int end_connection(void *context, const void *key)
{
	struct probe *probe = ((const struct walk *)context)->probe;
	struct ending *ending = ((const struct walk *)context)->ending;
	struct bpf_map *map = probe->skeleton->maps.http_connections;
	struct http_connection connection;
	struct trace_state state;
	struct http_key series;
	uint64_t header, end_ns;
	struct task task;
	int r;

	memcpy(&header, key, sizeof(header));
	if (!find(map, header, &connection, sizeof(connection)))
		return 0;
	if (!ending__request(ending, &connection,
			     find(probe->skeleton->maps.tasks, header, &task, sizeof(task)),
			     &series, &end_ns))
		return 0;
	r = count_request(probe, ending, series, end_ns - connection.start_ns);
	if (r >= 0)
		r = ending__send_request(ending, &connection, end_ns,
					 connection.has_trace_state
						 ? find(probe->skeleton->maps.trace_states, header,
							&state, sizeof(state))
						 : NULL);
	connection.start_ns = connection.end_ns = 0;
	return r < 0 ? r : store(map, header, &connection, sizeof(connection));
}

static int end_task(void *context, const void *key)
{
	struct probe *probe = ((const struct walk *)context)->probe;
	struct ending *ending = ((const struct walk *)context)->ending;
	struct bpf_map *tasks = probe->skeleton->maps.tasks;
	struct task_session session;
	uint64_t header;
	struct task task;
	int r;

	memcpy(&header, key, sizeof(header));
	if (!find(tasks, header, &task, sizeof(task)) || task.kind.role < ROLE_WEBSOCKET ||
	    task.kind.role >= ROLE_COUNT)
		return 0;
	r = ending__session(
		ending, &task,
		find(probe->skeleton->maps.sessions, header, &session, sizeof(session)));
	/* The session has ended, and must not end again. */
	task.kind.role = ROLE_NONE;
	return r < 0 ? r : store(tasks, header, &task, sizeof(task));
}

/* Adds words to the value of the first CPU. */
static int add_to_value(struct probe *probe, struct bpf_map *map, uint32_t key, const void *added,
			size_t bytes)
{
	size_t size = (size_t)probe->cpu_count * bytes;
	uint64_t *words = probe->per_cpu;
	int r = bpf_map__lookup_elem(map, &key, sizeof(key), words, size, 0);

	if (r < 0)
		return r;
	for (size_t i = 0; i < bytes / sizeof(*words); i++)
		words[i] += ((const uint64_t *)added)[i];
	return bpf_map__update_elem(map, &key, sizeof(key), words, size, BPF_EXIST);
}

static int add_counts(struct probe *probe, const struct ending *ending)
{
	struct scottyscope *skeleton = probe->skeleton;
	int r = add_to_value(probe, skeleton->maps.counters, 0, &ending->counters,
			     sizeof(ending->counters));

	for (uint32_t i = 0; r >= 0 && i < ROLE_COUNT; i++)
		r = add_to_value(probe, skeleton->maps.session_totals, i, &ending->sessions[i],
				 sizeof(ending->sessions[i]));
	for (uint32_t i = 0; r >= 0 && i < probe->plan->tokio.task_type_count; i++)
		r = add_to_value(probe, skeleton->maps.task_totals, i, &ending->tasks[i],
				 sizeof(ending->tasks[i]));
	return r;
}

/* OAuth sessions are in the target's memory only. */
static void end_oauth_sessions(struct probe *probe)
{
	for (size_t i = 0; i < OAUTH_FLOW_COUNT; i++) {
		if (probe->skeleton->bss->oauth_sessions[i])
			probe->skeleton->bss->oauth_sessions[i] = 1;
	}
}

uint64_t probe__exec_ns(const struct probe *probe)
{
	return __atomic_load_n(&probe->skeleton->bss->exec_ns, __ATOMIC_RELAXED);
}

int probe__end_target(struct probe *probe, uint64_t end_ns, probe_record_sink sink, void *context,
		      struct error *error)
{
	_cleanup_free_ struct ending *ending = calloc(1, sizeof(*ending));
	struct scottyscope *skeleton = probe->skeleton;
	int r = 0;

	if (!ending)
		return error_out_of_memory(error);
	ending->settings = &skeleton->rodata->settings;
	ending->end_ns = end_ns;
	ending->poll_epoch_ns = skeleton->bss->poll_draining ? 0 : skeleton->bss->poll_epoch_ns;
	ending->sink = sink;
	ending->context = context;

	struct walk walk = {probe, ending};

	/* Polls first: their times belong to requests and sessions. */
	if (end_ns)
		r = map_keys__visit(skeleton->maps.threads, end_thread, &walk);
	if (r >= 0)
		r = map_keys__visit(skeleton->maps.http_connections, end_connection, &walk);
	if (r >= 0 && end_ns)
		r = map_keys__visit(skeleton->maps.tasks, end_task, &walk);
	if (r >= 0 && end_ns)
		end_oauth_sessions(probe);
	if (r >= 0)
		r = add_counts(probe, ending);
	return r < 0 ? error_set(error, r, "cannot count what the target left open: %m") : 0;
}
