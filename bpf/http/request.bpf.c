// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* The start of HTTP/1.1 requests: hyper parses a connection's buffer until the request head is
 * complete. A connection is one task, so its state is stored by the task's header. */

#include "http/request.bpf.h"

#include "core/admit.bpf.h"
#include "core/registers.bpf.h"
#include "http/caller.bpf.h"
#include "http/head.bpf.h"
#include "http/request_line.bpf.h"
#include "http/socket.bpf.h"
#include "layout/rust.h"

/* Returns `value` as a number unknown to the verifier: states that differ in this value only are
 * equal. */
__weak __noinline __u64 any_value(__u64 value)
{
	return value;
}

/* Stores the ends of the connection's socket, once. */
static __always_inline void store_socket(struct http_connection *connection, __u64 buffer)
{
	int descriptor;

	if (!settings.emit_spans || connection->has_socket)
		return;
	connection->has_socket = 1;
	descriptor = find_descriptor(buffer);
	if (descriptor >= 0 && read_socket((__u32)descriptor, &connection->peer)) {
		count_check(CHECK_SOCKET_FOUND);
		return;
	}
	connection->peer.family = 0;
	count_check(CHECK_SOCKET_UNKNOWN);
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
__weak __noinline int store_request_line(__u64 header, __u64 data, __u64 length, __u64 method_size,
					 __u64 is_complete)
{
	struct http_connection *connection = bpf_map_lookup_elem(&http_connections, &header);
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

/* Reads the words of hyper's buffer. Returns whether they are valid; counts a drop if not. */
static __always_inline bool read_buffer(__u64 buffer, struct rust_bytes_mut *bytes)
{
	if (bpf_probe_read_user(bytes, sizeof(*bytes), (void *)buffer)) {
		count_drop(DROP_READ_FAULT);
		return false;
	}
	if (!bytes->data || !bytes->length || bytes->length > bytes->capacity) {
		count_drop(DROP_HEAD_STRANGE);
		return false;
	}
	return true;
}

/* Skips the empty lines before a request (RFC 9112 section 2.2) and reads the first eight bytes
 * after them into `word`. Returns false if nothing is left. */
static __always_inline bool skip_leading(struct rust_bytes_mut *bytes, __u64 *word)
{
	__u64 skip;

	bpf_probe_read_user(word, sizeof(*word), (void *)bytes->data);
	if ((char)*word != '\r' && (char)*word != '\n')
		return true;
	skip = (__u64)count_leading(bytes->data, bytes->length);
	if (skip >= bytes->length)
		return false;
	bytes->data += skip;
	bytes->length -= skip;
	bpf_probe_read_user(word, sizeof(*word), (void *)bytes->data);
	return true;
}

static __always_inline void handle_buffer(struct http_connection *connection,
					  const struct poll_frame *frame, __u64 buffer,
					  __u64 now_ns)
{
	__u64 last_parse_ns = connection->seen_ns, word = 0;
	struct trace_context caller = {};
	struct rust_bytes_mut bytes;
	__u32 method_size = 0;
	bool is_complete;

	if (!read_buffer(buffer, &bytes) || connection->start_ns || !skip_leading(&bytes, &word))
		return;
	connection->seen_ns = now_ns;
	connection->method = method_of(word, &method_size);
	/* One state for the verifier, not one for each method. */
	if (settings.emit_spans)
		method_size = (__u32)any_value(method_size);
	/* After an incomplete head, hyper parses again only once the head is complete. */
	is_complete = head_is_complete(bytes.data, bytes.length) ||
		      (last_parse_ns && bytes.length > HEAD_LIMIT_BYTES);
	if (is_complete) {
		if (settings.emit_spans)
			read_caller(connection, frame->header, bytes.data, bytes.length, &caller);
		start_request(connection, frame, now_ns, &caller);
	}
	/* hyper may reject a request, with a response, before its head is complete. */
	if (settings.emit_spans &&
	    (!is_complete || connection->span.context.flags & TRACE_CONTEXT_SAMPLED))
		store_request_line(frame->header, bytes.data, bytes.length, method_size,
				   is_complete);
}

SEC("uprobe")
int on_http_parse(struct pt_regs *ctx)
{
	__u64 now_ns = bpf_ktime_get_ns();
	__u32 tid = admit(HOOK_HTTP_PARSE, ACTIVE_ALL);
	struct poll_frame *frame = tid ? expect_poll(tid) : NULL;
	struct http_connection *connection = frame ? get_or_init_connection(frame->header) : NULL;
	__u64 buffer;

	if (!connection)
		return 0;
	sample_context(frame, now_ns);
	if (connection->end_ns)
		http_finalize(connection, frame->header, true);
	buffer = read_argument(ctx, ARGUMENT_PARSE_BUFFER);
	store_socket(connection, buffer);
	handle_buffer(connection, frame, buffer, now_ns);
	return 0;
}

/* A request over HTTP/2 is not measured, but counted as dropped. */
SEC("uprobe")
int on_http2_stream(struct pt_regs *ctx)
{
	(void)ctx;
	if (admit(HOOK_HTTP2_STREAM, ACTIVE_ALL))
		count_drop(DROP_HTTP2);
	return 0;
}
