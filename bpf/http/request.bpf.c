// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* The start of HTTP/1.1 requests: hyper parses a connection's buffer until the request head is
 * complete. */

#include "http/request.bpf.h"

#include "core/admit.bpf.h"
#include "core/registers.bpf.h"
#include "http/buffer.bpf.h"
#include "http/caller.bpf.h"
#include "http/head.bpf.h"
#include "http/link.bpf.h"
#include "http/request_line.bpf.h"
#include "http/socket.bpf.h"

/* Returns `value` as a number unknown to the verifier: states that differ in this value only are
 * equal. */
__weak __noinline __u64 any_value(__u64 value)
{
	return value;
}

/* Stores the token of an OTHER method at `data` for the request's span. Returns the length of the token
 * with the space after it; 0 if the token does not end within the buffer. */
static __always_inline __u64 store_method(struct http_connection *connection, __u64 data,
					  __u64 length)
{
	__u64 size = length > METHOD_TEXT_BYTES ? METHOD_TEXT_BYTES : length;

	__builtin_memset(connection->method_text, 0, sizeof(connection->method_text));
	bpf_probe_read_user(connection->method_text, (__u32)size, (void *)data);
	connection->method_length = (__u8)cut_method((__u64 *)connection->method_text);
	return connection->method_length > METHOD_TEXT_BYTES || !connection->method_length
		       ? 0
		       : (__u64)connection->method_length + 1;
}

/* Stores the path of the request target at `target` for the request's span: never the authority, the
 * query or the fragment. Returns an enum target_path if there is none. */
static __always_inline int store_url_path(struct http_connection *connection, __u64 target,
					  __u64 length)
{
	int at = path_in_target(target, length);
	__u64 size;

	/* An empty path is the root's (RFC 9110 section 4.2.3), except for OPTIONS, which then
	 * asks for the whole server. */
	if (at == TARGET_EMPTY_PATH && connection->method != METHOD_OPTIONS) {
		connection->url_path[0] = '/';
		connection->url_path_length = 1;
		return 0;
	}
	if (at < 0 || connection->method == METHOD_CONNECT)
		return at < 0 ? at : TARGET_WITHOUT_PATH;
	target += (__u64)at;
	length -= (__u64)at;
	size = length > URL_PATH_BYTES ? URL_PATH_BYTES : length;
	if (bpf_probe_read_user(connection->url_path, (__u32)size, (void *)target))
		return TARGET_PATH_FAR;
	connection->url_path_length = (__u16)cut_url_path((__u64 *)connection->url_path);
	if (connection->url_path_length == URL_PATH_BYTES && length > URL_PATH_BYTES &&
	    !ends_path(byte_at(target + URL_PATH_BYTES)))
		connection->url_path_length++;
	return 0;
}

/* Stores method and path of the request line at `data` for the request's span. `method_size`: of a
 * known method with the space after it; 0 for others. A global function, which the verifier checks
 * once. */
__weak __noinline int store_request_line(__u64 key, __u64 data, __u64 length, __u64 method_size,
					 __u64 is_complete)
{
	struct http_connection *connection = http_find_connection(key);
	int at = TARGET_PATH_FAR;

	if (!connection)
		return 0;
	__builtin_memset(connection->url_path, 0, sizeof(connection->url_path));
	connection->url_path_length = 0;
	connection->method_length = 0;
	if (!method_size)
		method_size = any_value(store_method(connection, data, length));
	if (method_size && method_size < length)
		at = store_url_path(connection, data + method_size, length - method_size);
	if (at == TARGET_PATH_FAR && is_complete)
		count_drop(DROP_URL_PATH);
	return 0;
}

/* Reads the head of a request from the buffer. */
static __always_inline enum buffer_state read_head(struct http_connection *connection, __u64 key,
						   const struct poll_frame *frame, __u64 buffer,
						   __u64 now_ns)
{
	__u64 last_parse_ns = connection->seen_ns, word = 0;
	struct trace_context caller = {};
	bool is_complete = false;
	struct rust_bytes_mut bytes;
	enum buffer_state state = find_head(buffer, &bytes, &word, &is_complete);
	__u32 method_size = 0;

	if (state != BUFFER_READ)
		return state;
	connection->seen_ns = now_ns;
	connection->method = method_of(word, &method_size);
	/* One state for the verifier, not one for each method. */
	if (settings.emit_spans)
		method_size = (__u32)any_value(method_size);
	connection->is_whole = is_complete;
	/* After an incomplete head, hyper parses again only once the head is complete. */
	is_complete |= last_parse_ns && bytes.length > HEAD_LIMIT_BYTES;
	if (is_complete) {
		if (settings.emit_spans)
			read_caller(connection, key, bytes.data, bytes.length, &caller);
		start_request(connection, frame, now_ns, &caller);
	}
	/* hyper may reject a request, with a response, before its head is complete. */
	if (settings.emit_spans &&
	    (!is_complete || connection->span.context.flags & TRACE_CONTEXT_SAMPLED))
		store_request_line(key, bytes.data, bytes.length, method_size, is_complete);
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
	bool is_complete = false;
	__u64 word = 0;

	if (find_head(buffer, &bytes, &word, &is_complete) == BUFFER_UNREAD)
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
	store_socket(connection, frame, buffer);
	handle_buffer(connection, key, frame, buffer, now_ns);
	return 0;
}
