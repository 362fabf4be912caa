// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* Response heads of HTTP/1.1, where hyper writes them. */

#include "core/admit.bpf.h"
#include "core/registers.bpf.h"
#include "http/link.bpf.h"
#include "http/request.bpf.h"
#include "layout/rust.h"

/* Whether a request of an untracked poll is finished at its response head, with the status in memory:
 * the end of the poll will not be observed. The status is compared while poll probes are attached. If
 * the status is not trusted, or the route may still come, the request waits for its task's next hook. */
static __always_inline bool can_finish_untracked(const struct http_connection *connection)
{
	__u16 status = connection->status;

	return status_is_plausible(status) && status_agreements < AGREEMENTS_NEVER &&
	       (!route_may_come(connection) || status == 404 || status == 405);
}

/* The status of the response head that hyper's `Encode` points to; 0 if a read fails. */
static __always_inline __u16 read_status(__u64 encode)
{
	__u64 head = 0;
	__u16 status = 0;

	/* To the stack: reads into other memory take longer checks (CONFIG_HARDENED_USERCOPY). */
	if (bpf_probe_read_user(&head, sizeof(head),
				(void *)(encode + settings.encode_head_offset)) ||
	    bpf_probe_read_user(&status, sizeof(status),
				(void *)(head + settings.head_status_offset)))
		return 0;
	return status;
}

/* Leaves the response to the end of the poll, when hyper has tried to send the head and the written
 * head can be compared. */
static __always_inline void await_finalization(struct http_connection *connection, __u64 key,
					       struct poll_frame *frame, __u64 output,
					       bool is_compared, __u64 now_ns)
{
	__u64 length = 0, address = output + __builtin_offsetof(struct rust_vec, length);

	if (bpf_probe_read_user(&length, sizeof(length), (void *)address))
		length = OUTPUT_LENGTH_UNKNOWN;
	connection->output = output;
	connection->output_length = length;
	connection->is_compared = is_compared && length != OUTPUT_LENGTH_UNKNOWN;
	connection->delivery = DELIVERY_UNKNOWN;
	connection->end_ns = now_ns;
	ADD_TO_COUNTER(requests_ended, 1);
	if (settings.emit_spans)
		end_request_times(connection, key, now_ns - frame->start_ns);
	if (connection->previous)
		http_move_to_front(frame->header, key);
	frame->flags |= FRAME_HTTP_PENDING;
}

static __always_inline void handle_response(struct http_connection *connection, __u64 key,
					    struct poll_frame *frame, __u64 encode, __u64 output,
					    __u64 now_ns)
{
	bool is_trusted, is_finished = false;
	__u16 status = read_status(encode);

	connection->status = status_hyper_sends(status);
	connection->is_replaced = connection->status != status;
	is_trusted = memory_is_trusted(now_ns) && status_is_plausible(connection->status);
	/* Also while draining: the end of this poll may come after the probes are detached. */
	if (frame->flags & FRAME_UNTRACKED || poll_draining) {
		connection->span.busy_ns = TIMES_UNKNOWN;
		is_finished = can_finish_untracked(connection);
	}
	if (!is_finished) {
		await_finalization(connection, key, frame, output, !is_trusted, now_ns);
		return;
	}
	if (settings.emit_spans)
		end_span_times(&connection->span, NULL, 0);
	count_check(CHECK_STATUS_TRUSTED);
	if (!http_finish_request(connection, key, connection->status, now_ns))
		return;
	connection->output = output;
	connection->output_length = OUTPUT_LENGTH_UNKNOWN;
	connection->delivery = DELIVERY_ASSUMED;
}

/* Counts a response without a request: the head of its request could not be read, its request was
 * counted as dropped, or its request is older than the attachment. */
static __always_inline void count_response_only(struct http_connection *connection, __u64 header)
{
	if (connection && connection->is_unread) {
		count_drop(DROP_HEAD_UNREAD);
		connection->is_unread = 0;
		return;
	}
	if (!http_take_dropped(header))
		count_check(CHECK_RESPONSE_ONLY);
}

SEC("uprobe")
int on_http_encode(struct pt_regs *ctx)
{
	__u64 now_ns = bpf_ktime_get_ns();
	__u32 tid = admit(HOOK_HTTP_ENCODE, ACTIVE_ALL);
	__u64 output = read_argument(ctx, ARGUMENT_ENCODE_OUTPUT), key;
	struct poll_frame *frame = tid ? expect_poll(tid) : NULL;
	struct http_connection *connection;

	if (!frame)
		return 0;
	connection = http_find_writer(frame->header, output, &key);
	if (!connection || !connection->seen_ns) {
		count_response_only(connection, frame->header);
		return 0;
	}
	if (connection->end_ns) {
		http_finalize(connection, key, false);
		count_check(CHECK_RESPONSE_ONLY);
		return 0;
	}
	/* hyper responds to a malformed or too long head before the head is complete. */
	if (!connection->start_ns)
		start_request(connection, frame, connection->seen_ns, NULL);
	handle_response(connection, key, frame, read_argument(ctx, ARGUMENT_ENCODE_HEAD), output,
			now_ns);
	return 0;
}
