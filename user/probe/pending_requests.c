// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "core/histogram.h"
#include "http/status.h"
#include "probe/internal.h"

/* Reads the counts of a label set on all CPUs into the probe's buffer. Inserts the label set if
 * absent. Uses the overflow label set if the map is full. */
static int find_series(struct probe *probe, struct http_key *key,
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
		*key = (struct http_key){.route = ROUTE_OVERFLOW};
		r = bpf_map__lookup_elem(map, key, sizeof(*key), probe->per_cpu, bytes, 0);
	}
	*ret_counts = probe->per_cpu;
	*ret_bytes = bytes;
	return r;
}

/* Counts the connection's request, whose response was pending finalization. */
static int flush_request(struct probe *probe, const struct http_connection *connection)
{
	struct http_key key = http_key_of(connection, status_from_memory(connection));
	uint64_t duration_ns = connection->end_ns - connection->start_ns;
	struct histogram_counts *counts;
	size_t bytes;
	int r = find_series(probe, &key, &counts, &bytes);

	if (r < 0)
		return r;
	counts->sum_ns += duration_ns;
	counts->buckets[histogram_bucket(probe->skeleton->rodata->settings.http_bounds_ns,
					 HISTOGRAM_BOUNDS, duration_ns)]++;
	return bpf_map__update_elem(probe->skeleton->maps.http_series, &key, sizeof(key), counts,
				    bytes, BPF_EXIST);
}

int probe__flush_requests(struct probe *probe, struct error *error)
{
	struct bpf_map *map = probe->skeleton->maps.http_connections;
	uint64_t key, next;
	bool more = bpf_map__get_next_key(map, NULL, &next, sizeof(next)) == 0;

	while (more) {
		struct http_connection connection;
		int r;

		key = next;
		more = bpf_map__get_next_key(map, &key, &next, sizeof(next)) == 0;
		r = bpf_map__lookup_elem(map, &key, sizeof(key), &connection, sizeof(connection),
					 0);
		if (r >= 0 && connection.end_ns) {
			r = flush_request(probe, &connection);
			connection.end_ns = connection.start_ns = 0;
			if (r >= 0)
				r = bpf_map__update_elem(map, &key, sizeof(key), &connection,
							 sizeof(connection), BPF_EXIST);
		}
		if (r < 0)
			return error_set(error, r, "cannot count the pending requests: %m");
	}
	return 0;
}
