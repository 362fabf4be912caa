// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* The route template of a request. axum stores it in the request when its router matches the path,
 * before the handler runs. Where the compiler inlined that function, the drop of the stored
 * MatchedPath shows the template. */

#include "core/admit.bpf.h"
#include "core/registers.bpf.h"
#include "http/link.bpf.h"
#include "http/route_lookup.bpf.h"
#include "http/route_path.bpf.h"

/* A request and the task that works for it. */
struct working {
	struct http_connection *connection;
	const struct poll_frame *frame;
	bool is_linked; /* the task is not the connection's, but was spawned for the request */
};

/* Finds the request that the poll in progress works for. Returns whether a route of it may be set;
 * counts a drop if the request is unknown. */
static __always_inline bool find_working(__u32 tid, struct working *working)
{
	struct http_connection *connection;
	bool is_unknown = true;

	working->frame = current_poll(tid);
	connection = working->frame ? http_find_connection(working->frame->header) : NULL;
	working->is_linked = !connection;
	if (connection && connection->next)
		connection = http_find_working(connection, working->frame);
	else if (!connection && working->frame)
		connection = http_find_linked(working->frame->header, &is_unknown);
	working->connection = connection;
	if (!connection && is_unknown)
		count_drop(DROP_ROUTE_UNLINKED);
	return connection && connection->start_ns &&
	       !(connection->end_ns && request_route(connection) != ROUTE_UNMATCHED);
}

static __always_inline bool has_linked_route(const struct http_connection *connection)
{
	return connection->linked.start_ns == connection->start_ns;
}

/* The hash of the path that was matched last for the request, private or not; 0: none. */
static __always_inline __u64 matched_before(const struct http_connection *connection)
{
	const struct linked_route *linked = &connection->linked;

	if (has_linked_route(connection) && (linked->nest || linked->route))
		return linked->nest ? linked->nest : linked->route;
	return connection->nest ? connection->nest : connection->route;
}

/* Whether `before`, the path that was matched last, is the private one of a nest_service(). */
static __always_inline bool is_matched_nest(const struct http_connection *connection, __u64 before)
{
	return before == connection->nest ||
	       (has_linked_route(connection) && before == connection->linked.nest);
}

/* Sets the path that was matched for the request. A private one is the start of a template only. */
static __always_inline void set_matched(const struct working *working, __u64 hash, bool is_nest)
{
	struct http_connection *connection = working->connection;
	struct linked_route *linked = &connection->linked;

	if (!working->is_linked) {
		connection->nest = is_nest ? hash : 0;
		if (is_nest)
			return;
		connection->route = hash;
		if (hash < ROUTE_UNKNOWN)
			connection->last_route = hash;
		return;
	}
	if (!has_linked_route(connection))
		linked->route = ROUTE_UNMATCHED;
	linked->nest = is_nest ? hash : 0;
	if (!is_nest)
		linked->route = hash;
	linked->start_ns = connection->start_ns;
}

static __always_inline __u64 unknown_if_none(__u64 hash)
{
	return hash ? hash : ROUTE_UNKNOWN;
}

/* Reads the template of a path that is matched for the request. Returns its hash; ROUTE_UNKNOWN if
 * the template cannot be read; 0 if the path was matched for a request that the server made itself. */
static __always_inline __u64 read_matched(const struct http_connection *connection,
					  const struct rust_arc_str *path, __u64 extensions)
{
	__u64 before = matched_before(connection), prefix;
	const struct route_text *outer;
	int holds;

	if (!before)
		return unknown_if_none(read_route(connection->last_route, path));
	outer = bpf_map_lookup_elem(&routes, &before);
	holds = outer ? extensions_hold_path(extensions, before, outer->length) : 0;
	if (holds < 0) {
		count_drop(DROP_ROUTE_STRANGE);
		return ROUTE_UNKNOWN;
	}
	if (!outer || !holds)
		return 0;
	prefix = outer->length - (is_matched_nest(connection, before) ? AXUM_NEST_TAIL_BYTES : 0);
	return unknown_if_none(read_inner_route(outer, before, prefix, path));
}

SEC("uprobe")
int on_http_match(struct pt_regs *ctx)
{
	__u32 tid = admit(HOOK_HTTP_MATCH, ACTIVE_ALL);
	struct axum_path_bucket bucket = {};
	struct working working;
	__u64 hash;

	if (!tid || !find_working(tid, &working))
		return 0;
	if (!find_path(read_argument(ctx, ARGUMENT_ROUTE_PATHS),
		       (__u32)read_argument(ctx, ARGUMENT_ROUTE_ID), &bucket) ||
	    !bucket.path.length) {
		count_drop(DROP_ROUTE_STRANGE);
		if (!matched_before(working.connection))
			set_matched(&working, ROUTE_UNKNOWN, false);
		return 0;
	}
	hash = read_matched(working.connection, &bucket.path,
			    read_argument(ctx, ARGUMENT_REQUEST_EXTENSIONS));
	/* The last route of a connection is no private path. */
	if (hash)
		set_matched(&working, hash,
			    hash != working.connection->last_route && is_nest_path(&bucket.path));
	return 0;
}

/* Whether the path that is dropped can be a template: the router keeps a reference to each of its
 * own. The compiler may have folded this drop with that of another type. */
static __always_inline bool is_kept(const struct rust_arc_str *path)
{
	__u64 references = 0;

	return !bpf_probe_read_user(&references, sizeof(references), (void *)path->allocation) &&
	       references && !is_nest_path(path);
}

/* Reads the template of the path at `address` that is dropped. Returns its hash; ROUTE_UNKNOWN if a
 * read fails and no other path was dropped; 0 for another text. */
static __always_inline __u64 read_dropped(const struct http_connection *connection, __u64 address)
{
	struct rust_arc_str path = {};

	if (bpf_probe_read_user(&path, sizeof(path), (void *)address)) {
		count_drop(DROP_READ_FAULT);
		return request_route(connection) == ROUTE_UNMATCHED ? ROUTE_UNKNOWN : 0;
	}
	return path.length && is_kept(&path) ? read_route(connection->last_route, &path) : 0;
}

SEC("uprobe")
int on_http_route(struct pt_regs *ctx)
{
	__u32 tid = admit(HOOK_HTTP_ROUTE, ACTIVE_ALL);
	struct http_connection *connection;
	struct working working;
	__u64 hash;

	if (!tid || !find_working(tid, &working))
		return 0;
	connection = working.connection;
	hash = read_dropped(connection, read_argument(ctx, ARGUMENT_MATCHED_PATH));
	if (!hash)
		return 0;
	set_matched(&working, hash, false);
	/* The response waited for the route only: the end of an untracked poll is not observed. */
	if (!working.is_linked && working.frame->flags & FRAME_UNTRACKED && connection->end_ns)
		http_finalize(connection,
			      connection->previous ? connection->buffer : working.frame->header,
			      false);
	return 0;
}
