// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* The route template of a request, from axum's MatchedPath when the request lets go of it. */

#include "http/finalize.bpf.h"

/* axum's MatchedPath: an Arc<str>, whose text follows two reference counts. */
struct rust_arc_str {
	__u64 allocation;
	__u64 length;
};
#define ARC_COUNTS_BYTES 16

/* A hash of a template's text of `length` bytes, after which there are zero bytes; never one of the two
 * reserved values. */
static __always_inline __u64 hash_route(const struct route_text *route, __u64 length)
{
	const __u64 *words = (const __u64 *)route->text;
	__u64 hash = 0x9e3779b97f4a7c15ULL;

	for (__u32 i = 0; i < ROUTE_TEXT_BYTES / 8 && i * 8 < length; i++) {
		hash = (hash ^ words[i]) * 0xff51afd7ed558ccdULL;
		hash ^= hash >> 32;
	}
	return hash == ROUTE_UNMATCHED || hash == ROUTE_OVERFLOW ? 1 : hash;
}

SEC("uprobe")
int on_http_route(struct pt_regs *ctx)
{
	__u32 tid = admit(HOOK_HTTP_ROUTE, ACTIVE_ALL);
	struct http_connection *connection;
	struct rust_arc_str path = {};
	struct route_text route = {};
	struct poll_frame *frame;
	__u64 hash;

	if (!tid)
		return 0;
	frame = current_poll(tid);
	connection = frame ? bpf_map_lookup_elem(&http_connections, &frame->header) : NULL;
	/* A path let go by another task, or after the response, is not this request's. */
	if (!connection || !connection->start_ns || (connection->end_ns && connection->route))
		return 0;
	if (bpf_probe_read_user(&path, sizeof(path),
				(void *)read_argument(ctx, ARGUMENT_MATCHED_PATH)) ||
	    !path.length)
		return 0;
	if (path.length > ROUTE_TEXT_BYTES - 1)
		path.length = ROUTE_TEXT_BYTES - 1;
	if (bpf_probe_read_user(route.text, path.length & (ROUTE_TEXT_BYTES - 1),
				(void *)(path.allocation + ARC_COUNTS_BYTES))) {
		lose(LOSS_READ_FAULT);
		return 0;
	}
	/* The reference was let go just before: what another thread freed meanwhile is no template. */
	if (route.text[0] != '/') {
		lose(LOSS_ROUTE_STRANGE);
		return 0;
	}
	hash = hash_route(&route, path.length);
	connection->route = hash;
	if (hash != connection->last_route) {
		if (!bpf_map_lookup_elem(&routes, &hash) &&
		    bpf_map_update_elem(&routes, &hash, &route, BPF_NOEXIST) == -7 /* E2BIG */)
			lose(LOSS_ROUTES_FULL);
		else
			connection->last_route = hash;
	}
	/* It was all that was waited for, if no end of the poll will be seen. */
	if (frame->flags & FRAME_UNSEEN)
		http_settle(connection, frame->header, true);
	return 0;
}
