// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* The route template of a request, from axum's MatchedPath at its drop. */

#include "core/admit.bpf.h"
#include "core/registers.bpf.h"
#include "http/finalize.bpf.h"
#include "layout/rust.h"

#define E2BIG 7

/* Hash of a template of `length` bytes, padded with zero bytes; never one of the reserved values. */
static __always_inline __u64 hash_route(const struct route_text *route, __u64 length)
{
	const __u64 *words = (const __u64 *)route->text;
	__u64 hash = 0x9e3779b97f4a7c15ULL;

	for (__u32 i = 0; i < ROUTE_TEXT_BYTES / 8 && i * 8 < length; i++) {
		hash = (hash ^ words[i]) * 0xff51afd7ed558ccdULL;
		hash ^= hash >> 32;
	}
	return hash == ROUTE_UNMATCHED || hash >= ROUTE_UNKNOWN ? 1 : hash;
}

/* Reads the template of the MatchedPath at `address` and returns its hash; ROUTE_UNKNOWN if a read
 * fails, 0 for another text. */
static __always_inline __u64 read_route(__u64 address, struct route_text *route)
{
	struct rust_arc_str path = {};

	if (bpf_probe_read_user(&path, sizeof(path), (void *)address)) {
		count_drop(DROP_READ_FAULT);
		return ROUTE_UNKNOWN;
	}
	if (!path.length)
		return 0;
	if (path.length > ROUTE_TEXT_BYTES - 1)
		path.length = ROUTE_TEXT_BYTES - 1;
	if (bpf_probe_read_user(route->text, path.length & (ROUTE_TEXT_BYTES - 1),
				(void *)(path.allocation + RUST_ARC_COUNTS_BYTES))) {
		count_drop(DROP_READ_FAULT);
		return ROUTE_UNKNOWN;
	}
	/* The path dropped its reference already: another thread may have freed and reused the
	 * text. */
	if (route->text[0] != '/') {
		count_drop(DROP_ROUTE_STRANGE);
		return 0;
	}
	return hash_route(route, path.length);
}

static __always_inline void set_route(struct http_connection *connection, __u64 hash,
				      const struct route_text *route)
{
	connection->route = hash;
	if (hash == connection->last_route || hash == ROUTE_UNKNOWN)
		return;
	if (!bpf_map_lookup_elem(&routes, &hash) &&
	    bpf_map_update_elem(&routes, &hash, route, BPF_NOEXIST) == -E2BIG)
		count_drop(DROP_ROUTES_FULL);
	else
		connection->last_route = hash;
}

SEC("uprobe")
int on_http_route(struct pt_regs *ctx)
{
	__u32 tid = admit(HOOK_HTTP_ROUTE, ACTIVE_ALL);
	struct http_connection *connection;
	struct route_text route = {};
	struct poll_frame *frame;
	__u64 hash;

	if (!tid)
		return 0;
	frame = current_poll(tid);
	connection = frame ? bpf_map_lookup_elem(&http_connections, &frame->header) : NULL;
	/* A path that another task drops, or one after the response, belongs to no request of this
	 * task. */
	if (!connection || !connection->start_ns || (connection->end_ns && connection->route))
		return 0;
	hash = read_route(read_argument(ctx, ARGUMENT_MATCHED_PATH), &route);
	if (!hash)
		return 0;
	set_route(connection, hash, &route);
	/* The response waited for the route only: the end of an untracked poll is not observed. */
	if (frame->flags & FRAME_UNTRACKED && connection->end_ns)
		http_finalize(connection, frame->header, false);
	return 0;
}
