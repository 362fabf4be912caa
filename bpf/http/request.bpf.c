// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* The start of HTTP/1.1 requests: hyper parses a connection's buffer until the request head is
 * complete. */

#include "http/request.bpf.h"

#include "core/admit.bpf.h"
#include "core/registers.bpf.h"
#include "http/buffer.bpf.h"
#include "http/head.bpf.h"
#include "http/link.bpf.h"
#include "http/trace_context.bpf.h"

/* Stores the path of the request target at `data` for the request's span. Only an origin-form
 * target is stored (RFC 9112 section 3.2): the other forms may hold a user name and a password. */
static __noinline int store_url_path(struct http_connection *connection, __u64 data, __u64 length)
{
	__u64 size = length > URL_PATH_BYTES ? URL_PATH_BYTES : length;

	__builtin_memset(connection->url_path, 0, sizeof(connection->url_path));
	if (bpf_probe_read_user(connection->url_path, (__u32)size, (void *)data))
		count_drop(DROP_READ_FAULT);
	if (connection->url_path[0] != '/')
		connection->url_path[0] = ' ';
	connection->url_path_length = (__u16)cut_url_path((__u64 *)connection->url_path);
	return 0;
}

static __always_inline void store_trace_parent(__u64 value, struct trace_context *caller)
{
	struct trace_parent parent = {};
	int is_valid = read_trace_parent(value, &parent);

	if (is_valid < 0)
		count_drop(DROP_TRACE_HEADERS);
	if (is_valid <= 0)
		return;
	__builtin_memcpy(caller->trace_id, parent.trace_id, sizeof(caller->trace_id));
	__builtin_memcpy(caller->span_id, parent.span_id, sizeof(caller->span_id));
	caller->flags = TRACE_CONTEXT_PRESENT | TRACE_CONTEXT_REMOTE |
			(parent.sampled ? TRACE_CONTEXT_SAMPLED : 0);
}

/* Stores the tracestate for the request's span; returns whether an entry exists. A global function,
 * which the verifier checks once. Before kernel 5.12 such functions take numbers only. */
__weak __noinline int store_trace_state(__u64 key, __u64 value, __u64 end)
{
	struct trace_state *state = get_or_init(&trace_states, &key, &new_trace_state);

	if (!state || !read_trace_state(value, end, state))
		count_drop(DROP_TRACE_HEADERS);
	return state != NULL;
}

/* Reads the trace context of the caller from the headers in the head at `data`. */
static __always_inline void read_caller(struct http_connection *connection, __u64 key, __u64 data,
					__u64 length, struct trace_context *caller)
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
		count_drop(DROP_TRACE_HEADERS);
	/* Several traceparent headers are invalid (W3C Trace Context 3.2). */
	if (search.parents == 1)
		store_trace_parent(search.parent, caller);
	if (search.state)
		connection->has_trace_state =
			(__u8)store_trace_state(key, search.state, data + length);
}

/* Reads the head of a request from the buffer. */
static __always_inline enum buffer_state read_head(struct http_connection *connection, __u64 key,
						   const struct poll_frame *frame, __u64 buffer,
						   __u64 now_ns)
{
	__u64 last_parse_ns = connection->seen_ns, word = 0;
	struct trace_context caller = {};
	struct rust_bytes_mut bytes;
	enum buffer_state state = read_buffer(buffer, &bytes);
	__u32 method_size = 0;
	int is_complete;

	if (state == BUFFER_READ)
		state = skip_leading(&bytes, &word);
	if (state != BUFFER_READ)
		return state;
	is_complete = head_is_complete(bytes.data, bytes.length);
	if (is_complete == HEAD_UNREAD)
		return BUFFER_UNREAD;
	connection->seen_ns = now_ns;
	connection->method = method_of(word, &method_size);
	/* One state for the verifier, not one for each method. */
	if (settings.emit_spans)
		method_size = (__u32)any_value(method_size);
	/* After an incomplete head, hyper parses again only once the head is complete. */
	connection->is_whole = is_complete != 0;
	is_complete |= last_parse_ns && bytes.length > HEAD_CHUNK_LIMIT * HEAD_CHUNK_BYTES;
	if (is_complete) {
		if (settings.emit_spans)
			read_caller(connection, key, bytes.data, bytes.length, &caller);
		start_request(connection, frame, now_ns, &caller);
	}
	/* hyper may reject a request, with a response, before its head is complete. */
	if (settings.emit_spans &&
	    (!is_complete || connection->span.context.flags & TRACE_CONTEXT_SAMPLED))
		store_url_path(
			connection, bytes.data + method_size,
			method_size && bytes.length > method_size ? bytes.length - method_size : 0);
	return BUFFER_READ;
}

static __always_inline void handle_buffer(struct http_connection *connection, __u64 key,
					  const struct poll_frame *frame, __u64 buffer,
					  __u64 now_ns)
{
	enum buffer_state state;

	if (connection->start_ns)
		return;
	state = read_head(connection, key, frame, buffer, now_ns);
	/* Whether the buffer had a whole request is unknown: the response or a later parse tells. */
	if (state != BUFFER_SKIPPED)
		connection->is_unread = state == BUFFER_UNREAD;
	if (state == BUFFER_UNREAD)
		connection->seen_ns = 0;
}

/* Counts a request whose connection has no room in the map, once its whole head is in the buffer. */
static __always_inline void drop_request(__u64 header, __u64 buffer)
{
	struct rust_bytes_mut bytes;
	enum buffer_state state = read_buffer(buffer, &bytes);
	int is_complete = 0;
	__u64 word = 0;

	if (state == BUFFER_READ)
		state = skip_leading(&bytes, &word);
	if (state == BUFFER_READ)
		is_complete = head_is_complete(bytes.data, bytes.length);
	if (state == BUFFER_UNREAD || is_complete == HEAD_UNREAD)
		count_drop(DROP_READ_FAULT);
	else if (is_complete && http_mark_dropped(header))
		count_drop(DROP_CONNECTIONS_FULL);
}

SEC("uprobe")
int on_http_parse(struct pt_regs *ctx)
{
	__u64 now_ns = bpf_ktime_get_ns();
	__u32 tid = admit(HOOK_HTTP_PARSE, ACTIVE_ALL);
	__u64 buffer = read_argument(ctx, ARGUMENT_PARSE_BUFFER), key;
	struct poll_frame *frame = tid ? expect_poll(tid) : NULL;
	struct http_connection *connection;

	if (!frame)
		return 0;
	sample_context(frame, now_ns);
	connection = http_find_reader(frame->header, buffer, &key);
	/* Then the entry of a connection with a key of its own is deleted. */
	if (connection && http_end_before(connection, key, now_ns) && key == buffer)
		connection = http_find_reader(frame->header, buffer, &key);
	if (!connection) {
		drop_request(frame->header, buffer);
		return 0;
	}
	http_set_working(connection, frame, key);
	handle_buffer(connection, key, frame, buffer, now_ns);
	return 0;
}
