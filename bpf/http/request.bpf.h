/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_HTTP_REQUEST_BPF_H
#define SCOTTYSCOPE_HTTP_REQUEST_BPF_H

/* The beginning of a request: when its head is whole, its method, its path, and its caller's trace. */

#include "http/finalize.bpf.h"
#include "http/trace_context.bpf.h"

/* The start of bytes::BytesMut as laid out by the compilers seen; what is read through it is
 * checked. */
struct rust_bytes {
	__u64 data;
	__u64 length;
	__u64 capacity;
};

/* How many of the bytes at `data` are empty lines before the request. */
__weak __noinline int count_leading(__u64 data, __u64 length)
{
	char bytes[HEAD_LEADING_MAX] = {};
	__u32 skip = 0;

	if (length > sizeof(bytes))
		length = sizeof(bytes);
	if (bpf_probe_read_user(bytes, (__u32)length, (void *)data))
		return 0;
	while (skip < HEAD_LEADING_MAX && (bytes[skip] == '\r' || bytes[skip] == '\n'))
		skip++;
	return (int)skip;
}

/* Keeps the path of the request target at `data`, for the request's span. Only an origin-form target
 * is one (RFC 9112 section 3.2): the others may hold a user's name and password. */
static __noinline int keep_url_path(struct http_connection *connection, __u64 data, __u64 length)
{
	__u64 size = length > URL_PATH_BYTES ? URL_PATH_BYTES : length;

	__builtin_memset(connection->url_path, 0, sizeof(connection->url_path));
	if (bpf_probe_read_user(connection->url_path, (__u32)size, (void *)data))
		lose(LOSS_READ_FAULT);
	if (connection->url_path[0] != '/')
		connection->url_path[0] = ' ';
	connection->url_path_length = (__u16)cut_url_path((__u64 *)connection->url_path);
	return 0;
}

static __always_inline void keep_trace_parent(__u64 value, struct trace_context *caller)
{
	struct trace_parent parent = {};

	if (!read_trace_parent(value, &parent))
		return;
	__builtin_memcpy(caller->trace_id, parent.trace_id, sizeof(caller->trace_id));
	__builtin_memcpy(caller->span_id, parent.span_id, sizeof(caller->span_id));
	caller->flags = CONTEXT_PRESENT | CONTEXT_REMOTE | (parent.sampled ? CONTEXT_SAMPLED : 0);
}

/* A function of its own, which the verifier checks once. Older ones take numbers only. */
__weak __noinline int keep_trace_state(__u64 header, __u64 value, __u64 end)
{
	struct trace_state *state;
	__u32 zero = 0;
	void *fresh = bpf_map_lookup_elem(&new_trace_state, &zero);

	if (!fresh || bpf_map_update_elem(&trace_states, &header, fresh, BPF_ANY)) {
		lose(LOSS_TRACE_HEADERS);
		return 0;
	}
	state = bpf_map_lookup_elem(&trace_states, &header);
	if (state && !read_trace_state(value, end, state))
		lose(LOSS_TRACE_HEADERS);
	return 1;
}

/* The caller's trace, from the headers of the head at `data`. */
static __always_inline void read_caller(struct http_connection *connection, __u64 header,
					__u64 data, __u64 length, struct trace_context *caller)
{
	struct trace_search search = {
		.head = data,
		.length = length,
		.from = any_value(0),
		.parent = any_value(0),
		.parents = any_value(0),
		.state = any_value(0),
	};
	int more = 1;

	for (int i = 0; i < TRACE_LINE_LIMIT && more > 0; i++)
		more = search_trace_headers(&search);
	if (more)
		lose(LOSS_TRACE_HEADERS);
	/* More than one is none (W3C Trace Context 3.2). */
	if (search.parents == 1)
		keep_trace_parent(search.parent, caller);
	if (search.state)
		connection->has_trace_state =
			(__u8)keep_trace_state(header, search.state, data + length);
}

static __always_inline void start_request(struct http_connection *connection,
					  const struct poll_frame *frame, __u64 now_ns,
					  const struct trace_context *caller)
{
	const struct task *task = NULL;

	connection->start_ns = now_ns;
	connection->route = ROUTE_UNMATCHED;
	COUNT(requests_started, 1);
	if (!emit_spans)
		return;
	/* Where polls are not seen, a task's times are not known. */
	if (!(frame->flags & FRAME_UNSEEN))
		task = bpf_map_lookup_elem(&tasks, &frame->header);
	start_span(&connection->span, now_ns, caller, task);
	/* The poll in progress is not the request's but from now on. */
	if (frame->flags & FRAME_UNSEEN)
		connection->span.busy_ns = TIMES_UNKNOWN;
	else
		connection->span.busy_ns += now_ns - frame->start_ns;
}

static __always_inline void see_buffer(struct http_connection *connection,
				       const struct poll_frame *frame, __u64 buffer, __u64 now_ns)
{
	struct trace_context caller = {};
	__u32 method_size = 0;
	struct rust_bytes bytes;
	bool looked_before, is_whole;
	__u64 word = 0;

	if (bpf_probe_read_user(&bytes, sizeof(bytes), (void *)buffer)) {
		lose(LOSS_READ_FAULT);
		return;
	}
	if (!bytes.data || !bytes.length || bytes.length > bytes.capacity) {
		lose(LOSS_HEAD_STRANGE);
		return;
	}
	if (connection->start_ns)
		return;
	/* Once hyper has seen a part of a head, it looks again only when the head is whole. */
	looked_before = connection->seen_ns != 0;
	bpf_probe_read_user(&word, sizeof(word), (void *)bytes.data);
	if ((char)word == '\r' || (char)word == '\n') {
		__u64 skip = (__u64)count_leading(bytes.data, bytes.length);

		if (skip >= bytes.length)
			return;
		bytes.data += skip;
		bytes.length -= skip;
		bpf_probe_read_user(&word, sizeof(word), (void *)bytes.data);
	}
	connection->seen_ns = now_ns;
	connection->method = method_of(word, &method_size);
	is_whole = head_is_whole(bytes.data, bytes.length) ||
		   (looked_before && bytes.length > HEAD_CHUNK_LIMIT * HEAD_CHUNK_BYTES);
	if (is_whole) {
		if (emit_spans)
			read_caller(connection, frame->header, bytes.data, bytes.length, &caller);
		start_request(connection, frame, now_ns, &caller);
	}
	/* One that hyper refuses may get its answer before it is whole. */
	if (emit_spans && (!is_whole || connection->span.context.flags & CONTEXT_SAMPLED))
		keep_url_path(connection, bytes.data + method_size,
			      method_size && bytes.length > method_size ? bytes.length - method_size
									: 0);
}

#endif
