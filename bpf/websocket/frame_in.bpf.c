// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* Websocket connections and the messages of their clients, where tungstenite reads frames. A
 * connection belongs to the task that reads from it; a task spawned by that one may write to it. */

#include "websocket/frame_in.bpf.h"

#include "core/admit.bpf.h"
#include "core/registers.bpf.h"
#include "layout/rust.h"
#include "layout/tungstenite.h"

/* Returns the connection that the task of this poll reads from, started if it is new; NULL if the
 * task is unknown or the map is full. */
static __always_inline struct task_session *get_or_start_websocket(const struct poll_frame *frame,
								   __u64 now_ns)
{
	__u64 header = frame->header;
	struct task_session *session = find_session(header);
	struct task *task;

	if (session)
		return session;
	task = bpf_map_lookup_elem(&tasks, &header);
	return task ? start_session(header, task, ROLE_WEBSOCKET, now_ns) : NULL;
}

SEC("uprobe")
int on_websocket_open(struct pt_regs *ctx)
{
	__u32 tid = admit(HOOK_WEBSOCKET_OPEN, ACTIVE_ALL);
	struct poll_frame *frame = tid ? expect_poll(tid) : NULL;

	(void)ctx;
	if (frame)
		get_or_start_websocket(frame, bpf_ktime_get_ns());
	return 0;
}

/* Counts the pending message: tungstenite parses the next frame head only after the whole frame
 * before, and Scotty's handler asks for a message only when it has handled the one before. */
static __always_inline void finish_message(struct task_session *session)
{
	if (!(session->message_flags & MESSAGE_PENDING))
		return;
	session->message_flags &= ~MESSAGE_PENDING;
	if (session->request == REQUEST_LOG_STREAM)
		refuse_request(session);
	session->request = REQUEST_NONE;
	session->received++;
	count_event(EVENT_MESSAGES_RECEIVED);
}

SEC("uprobe")
int on_frame_in(struct pt_regs *ctx)
{
	__u32 tid = admit(HOOK_FRAME_IN, ACTIVE_ALL);
	struct poll_frame *frame = tid ? expect_poll(tid) : NULL;
	struct task_session *session =
		frame ? get_or_start_websocket(frame, bpf_ktime_get_ns()) : NULL;
	struct rust_bytes_mut buffer;
	struct frame_cursor cursor;

	if (!session)
		return 0;
	finish_message(session);
	if (bpf_probe_read_user(&cursor, sizeof(cursor),
				(void *)read_argument(ctx, ARGUMENT_FRAME_CURSOR)) ||
	    bpf_probe_read_user(&buffer, sizeof(buffer), (void *)cursor.buffer)) {
		count_drop(DROP_READ_FAULT);
		return 0;
	}
	if (cursor.position > buffer.length || buffer.length > buffer.capacity) {
		count_drop(DROP_FRAME_STRANGE);
		return 0;
	}
	handle_frame(session, buffer.data + cursor.position, buffer.length - cursor.position);
	return 0;
}

/* Counts a complete message, in builds without a hook on frames. */
static __always_inline void count_message(struct task_session *session)
{
	session->message_flags |= MESSAGE_PENDING;
	finish_message(session);
}

SEC("uprobe")
int on_text_in(struct pt_regs *ctx)
{
	__u32 tid = admit(HOOK_TEXT_IN, ACTIVE_ALL);
	struct poll_frame *frame = tid ? expect_poll(tid) : NULL;
	struct task_session *session =
		frame ? get_or_start_websocket(frame, bpf_ktime_get_ns()) : NULL;
	struct rust_bytes text;
	int type = REQUEST_TYPE_UNREAD;

	if (!session)
		return 0;
	count_message(session);
	if (!bpf_probe_read_user(&text, sizeof(text),
				 (void *)read_argument(ctx, ARGUMENT_TEXT_BYTES)))
		type = request_type_of(text.data, text.length, 0);
	if (type == REQUEST_TYPE_UNREAD)
		count_check(CHECK_REQUEST_UNKNOWN);
	else if (type == REQUEST_TYPE_LOG_STREAM)
		session->request = REQUEST_LOG_STREAM;
	return 0;
}

SEC("uprobe")
int on_fragments_in(struct pt_regs *ctx)
{
	__u32 tid = admit(HOOK_FRAGMENTS_IN, ACTIVE_ALL);
	struct poll_frame *frame = tid ? expect_poll(tid) : NULL;
	struct task_session *session =
		frame ? get_or_start_websocket(frame, bpf_ktime_get_ns()) : NULL;
	__u64 capacity = 0;

	if (!session)
		return 0;
	/* An enum of the collected text, a String, and binary data. */
	if (bpf_probe_read_user(&capacity, sizeof(capacity),
				(void *)read_argument(ctx, ARGUMENT_FRAGMENTS)))
		count_drop(DROP_READ_FAULT);
	else if (capacity != RUST_CAPACITY_NICHE)
		count_message(session);
	return 0;
}
