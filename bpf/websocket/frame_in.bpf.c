// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* Websocket connections and their messages, where tungstenite reads and writes frames. A connection is
 * the task that reads from it; what is written to it may come from another task that it spawned. */

#include "scotty/session.bpf.h"
#include "websocket/verify.bpf.h"

#include "websocket/frame_in.bpf.h"

/* The connection that the task of this poll reads from; it is opened by the first look at it. */
static __always_inline struct task_session *meet_websocket(const struct poll_frame *frame,
							   __u64 now_ns)
{
	__u64 header = frame->header;
	struct task_session *session = find_session(header);
	struct task *task;

	if (session)
		return session;
	task = bpf_map_lookup_elem(&tasks, &header);
	return task ? begin_session(header, task, ROLE_WEBSOCKET, now_ns) : NULL;
}

SEC("uprobe")
int on_websocket_open(struct pt_regs *ctx)
{
	__u32 tid = admit(HOOK_WEBSOCKET_OPEN, ACTIVE_ALL);
	struct poll_frame *frame = tid ? expect_poll(tid) : NULL;

	(void)ctx;
	if (frame)
		meet_websocket(frame, bpf_ktime_get_ns());
	return 0;
}

/* tungstenite looks for a frame's head only when it has all of the frame before, and a server's
 * handler asks for a message only when it is done with the one before. */
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
	struct task_session *session = frame ? meet_websocket(frame, bpf_ktime_get_ns()) : NULL;
	/* A cursor into a BytesMut, as laid out by the compilers seen; what it gives is checked. */
	struct {
		__u64 buffer, position;
	} cursor;
	struct {
		__u64 data, length, capacity;
	} buffer;

	if (!session)
		return 0;
	finish_message(session);
	if (bpf_probe_read_user(&cursor, sizeof(cursor),
				(void *)read_argument(ctx, ARGUMENT_FRAME_CURSOR)) ||
	    bpf_probe_read_user(&buffer, sizeof(buffer), (void *)cursor.buffer)) {
		lose(LOSS_READ_FAULT);
		return 0;
	}
	if (cursor.position > buffer.length || buffer.length > buffer.capacity) {
		lose(LOSS_FRAME_STRANGE);
		return 0;
	}
	see_frame(session, buffer.data + cursor.position, buffer.length - cursor.position);
	return 0;
}

/* Where frames in are not seen: whole messages. */
static __always_inline void take_message(struct task_session *session)
{
	session->message_flags |= MESSAGE_PENDING;
	finish_message(session);
}

SEC("uprobe")
int on_text_in(struct pt_regs *ctx)
{
	__u32 tid = admit(HOOK_TEXT_IN, ACTIVE_ALL);
	struct poll_frame *frame = tid ? expect_poll(tid) : NULL;
	struct task_session *session = frame ? meet_websocket(frame, bpf_ktime_get_ns()) : NULL;
	struct {
		__u64 vtable, data, length;
	} text;

	if (!session)
		return 0;
	take_message(session);
	if (bpf_probe_read_user(&text, sizeof(text),
				(void *)read_argument(ctx, ARGUMENT_TEXT_BYTES)))
		lose(LOSS_READ_FAULT);
	else if (request_type_of(text.data, text.length, 0) == REQUEST_TYPE_LOG_STREAM)
		session->request = REQUEST_LOG_STREAM;
	return 0;
}

SEC("uprobe")
int on_fragments_in(struct pt_regs *ctx)
{
	__u32 tid = admit(HOOK_FRAGMENTS_IN, ACTIVE_ALL);
	struct poll_frame *frame = tid ? expect_poll(tid) : NULL;
	struct task_session *session = frame ? meet_websocket(frame, bpf_ktime_get_ns()) : NULL;
	__u64 capacity = 0;

	if (!session)
		return 0;
	/* Text is collected in a String, whose capacity cannot be this number: that marks binary. */
	if (bpf_probe_read_user(&capacity, sizeof(capacity),
				(void *)read_argument(ctx, ARGUMENT_FRAGMENTS)))
		lose(LOSS_READ_FAULT);
	else if (capacity != 1ULL << 63)
		take_message(session);
	return 0;
}
