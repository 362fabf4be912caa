// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* HTTP/1.1 requests: hyper parses a head from the connection's buffer and later writes a response
 * head. A connection is one task, so its state is kept by the task's header. */

#include "http_settle.bpf.h"

/* The start of bytes::BytesMut as laid out by the compilers seen; what is read through it is
 * checked. */
struct rust_bytes {
	__u64 data;
	__u64 length;
	__u64 capacity;
};

static __always_inline struct http_connection *meet_connection(__u64 header)
{
	struct http_connection *connection = bpf_map_lookup_elem(&http_connections, &header);
	__u32 zero = 0;
	void *fresh;

	if (connection)
		return connection;
	fresh = bpf_map_lookup_elem(&new_connection, &zero);
	if (!fresh || bpf_map_update_elem(&http_connections, &header, fresh, BPF_NOEXIST))
		lose(LOSS_CONNECTIONS_FULL);
	return bpf_map_lookup_elem(&http_connections, &header);
}

/* The poll that this hook's thread is in; NULL, and counted, when its start was not seen. */
static __always_inline struct poll_frame *poll_of(__u32 tid)
{
	struct thread *thread = find_thread(tid);
	struct poll_frame *frame = thread ? current_frame(thread) : NULL;

	if (!frame)
		lose(LOSS_NO_TASK);
	return frame;
}

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
__weak __noinline int keep_url_path(struct http_connection *connection, __u64 data, __u64 length)
{
	__u64 size = length > URL_PATH_BYTES ? URL_PATH_BYTES : length;

	if (!connection)
		return 0;
	__builtin_memset(connection->url_path, 0, sizeof(connection->url_path));
	if (bpf_probe_read_user(connection->url_path, (__u32)size, (void *)data))
		lose(LOSS_READ_FAULT);
	if (connection->url_path[0] != '/')
		connection->url_path[0] = ' ';
	connection->url_path_length = (__u16)cut_url_path((__u64 *)connection->url_path);
	return 0;
}

static __always_inline void start_request(struct http_connection *connection, __u64 now_ns)
{
	struct http_totals *total = http_total();

	connection->start_ns = now_ns;
	connection->route = ROUTE_UNMATCHED;
	if (total)
		add(&total->started, 1);
}

static __always_inline void see_buffer(struct http_connection *connection, __u64 buffer,
				       __u64 now_ns)
{
	__u32 method_size = 0;
	struct rust_bytes bytes;
	bool looked_before;
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
	if (emit_spans)
		keep_url_path(connection, bytes.data + method_size,
			      method_size && bytes.length > method_size ? bytes.length - method_size
									: 0);
	if (head_is_whole(bytes.data, bytes.length) ||
	    (looked_before && bytes.length > HEAD_CHUNK_LIMIT * HEAD_CHUNK_BYTES))
		start_request(connection, now_ns);
}

SEC("uprobe")
int on_http_parse(struct pt_regs *ctx)
{
	__u64 now_ns = bpf_ktime_get_ns();
	__u32 tid = admit(HOOK_HTTP_PARSE, ACTIVE_ALL);
	struct poll_frame *frame = tid ? poll_of(tid) : NULL;
	struct http_connection *connection = frame ? meet_connection(frame->header) : NULL;

	if (!connection)
		return 0;
	http_settle(connection, frame->header, true);
	see_buffer(connection, PT_REGS_PARM2(ctx), now_ns);
	return 0;
}

SEC("uprobe")
int on_http_encode(struct pt_regs *ctx)
{
	__u64 now_ns = bpf_ktime_get_ns();
	__u32 tid = admit(HOOK_HTTP_ENCODE, ACTIVE_ALL);
	__u64 encode = PT_REGS_PARM2(ctx), head = 0;
	struct http_connection *connection;
	struct rust_vector vector = {};
	struct poll_frame *frame = tid ? poll_of(tid) : NULL;

	if (!frame)
		return 0;
	connection = bpf_map_lookup_elem(&http_connections, &frame->header);
	if (!connection || !connection->seen_ns) {
		check(CHECK_RESPONSE_ONLY);
		return 0;
	}
	http_settle(connection, frame->header, true);
	/* hyper answers a head that it cannot parse, or that is too long, before it is whole. */
	if (!connection->start_ns)
		start_request(connection, connection->seen_ns);

	connection->status = 0;
	bpf_probe_read_user(&head, sizeof(head), (void *)(encode + encode_head_offset));
	bpf_probe_read_user(&connection->status, sizeof(connection->status),
			    (void *)(head + head_status_offset));
	connection->output = PT_REGS_PARM3(ctx);
	bpf_probe_read_user(&vector, sizeof(vector), (void *)connection->output);
	connection->output_length = vector.length;
	connection->end_ns = now_ns;
	frame->flags |= FRAME_HTTP_PENDING;
	return 0;
}

/* Requests over HTTP/2 are not looked into, but not passed over in silence either. */
SEC("uprobe")
int on_http2_stream(struct pt_regs *ctx)
{
	(void)ctx;
	if (admit(HOOK_HTTP2_STREAM, ACTIVE_ALL))
		lose(LOSS_HTTP2);
	return 0;
}
