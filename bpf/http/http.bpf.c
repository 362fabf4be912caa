// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* HTTP/1.1 requests: hyper parses a head from the connection's buffer and later writes a response
 * head. A connection is one task, so its state is kept by the task's header. */

#include "http/request.bpf.h"

SEC("uprobe")
int on_http_parse(struct pt_regs *ctx)
{
	__u64 now_ns = bpf_ktime_get_ns();
	__u32 tid = admit(HOOK_HTTP_PARSE, ACTIVE_ALL);
	struct poll_frame *frame = tid ? expect_poll(tid) : NULL;
	struct http_connection *connection = frame ? meet_connection(frame->header) : NULL;

	if (!connection)
		return 0;
	compare_task_id(frame, now_ns);
	if (connection->end_ns)
		http_settle(connection, frame->header, true);
	see_buffer(connection, frame, read_argument(ctx, ARGUMENT_PARSE_BUFFER), now_ns);
	return 0;
}

SEC("uprobe")
int on_http_encode(struct pt_regs *ctx)
{
	__u64 now_ns = bpf_ktime_get_ns();
	__u32 tid = admit(HOOK_HTTP_ENCODE, ACTIVE_ALL);
	__u64 encode = read_argument(ctx, ARGUMENT_ENCODE_HEAD), head = 0;
	struct http_connection *connection;
	struct rust_vector vector = {};
	struct poll_frame *frame = tid ? expect_poll(tid) : NULL;
	__u16 status = 0;
	bool is_trusted;

	if (!frame)
		return 0;
	connection = bpf_map_lookup_elem(&http_connections, &frame->header);
	if (!connection || !connection->seen_ns) {
		check(CHECK_RESPONSE_ONLY);
		return 0;
	}
	if (connection->end_ns)
		http_settle(connection, frame->header, true);
	/* hyper answers a head that it cannot parse, or that is too long, before it is whole. */
	if (!connection->start_ns)
		start_request(connection, frame, connection->seen_ns, NULL);

	/* Onto the stack: copies to other memory are checked at more length (CONFIG_HARDENED_USERCOPY). */
	bpf_probe_read_user(&head, sizeof(head), (void *)(encode + encode_head_offset));
	bpf_probe_read_user(&status, sizeof(status), (void *)(head + head_status_offset));
	connection->status = status;
	/* So it is at the end of a turn: the poll's own end may come too late. */
	if (frame->flags & FRAME_UNSEEN || polls_are_ending) {
		connection->span.busy_ns = TIMES_UNKNOWN;
		if (finish_unseen(connection, frame->header, now_ns))
			return 0;
	}
	is_trusted = memory_is_trusted(now_ns) && status_is_plausible(status);
	/* What may come after the head: the request's route, and that the poll was a slow one. */
	if (is_trusted && !emit_spans && connection->route != ROUTE_UNMATCHED) {
		check(CHECK_STATUS_TRUSTED);
		finish_request(connection, frame->header, status, now_ns);
		return 0;
	}
	connection->output =
		is_trusted ? OUTPUT_NOT_COMPARED : read_argument(ctx, ARGUMENT_ENCODE_OUTPUT);
	if (!is_trusted)
		bpf_probe_read_user(&vector, sizeof(vector), (void *)connection->output);
	connection->output_length = vector.length;
	connection->end_ns = now_ns;
	COUNT(requests_ended, 1);
	if (emit_spans)
		end_request_times(connection, frame->header, now_ns - frame->start_ns);
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
