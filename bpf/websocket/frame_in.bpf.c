// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* Websocket connections and the messages of their clients, where tungstenite reads frames. A
 * connection belongs to the task that reads from it; a task spawned by that one may write to it. */

#include "websocket/frame_in.bpf.h"

#include "core/admit.bpf.h"
#include "core/registers.bpf.h"
#include "layout/rust.h"
#include "layout/tungstenite.h"

/* Returns the connection that the task of this poll reads from, or NULL. A connection that is new is
 * started if the task is of axum's type for websockets or if `is_server`: the task reads the frames of a
 * client. Other tasks may be clients. */
static __always_inline struct task_session *find_websocket(const struct poll_frame *frame,
							   bool is_server)
{
	__u64 header = frame->header;
	struct task_session *session = find_session(header);
	struct task *task;

	if (session)
		return session;
	task = bpf_map_lookup_elem(&tasks, &header);
	if (!task || (!is_server && task->kind.role != ROLE_WEBSOCKET))
		return NULL;
	return start_session(header, task, ROLE_WEBSOCKET, bpf_ktime_get_ns());
}

SEC("uprobe")
int on_websocket_open(struct pt_regs *ctx)
{
	__u32 tid = admit(HOOK_WEBSOCKET_OPEN, ACTIVE_ALL);
	struct poll_frame *frame = tid ? expect_poll(tid) : NULL;
	__u8 role = (__u8)read_argument(ctx, ARGUMENT_WEBSOCKET_ROLE);

	/* Where all callers are servers, the compiler may have removed the argument; the pointer in its
	 * place is even. */
	if (frame)
		find_websocket(frame, role != WEBSOCKET_ROLE_CLIENT);
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

/* Whether the input at `buffer` belongs to a client's connection to the server, `session`: known by the
 * mask, or by the buffer before a frame has arrived. */
static __always_inline bool is_input_of_client(struct task_session *session, __u64 buffer,
					       __u64 data, __u64 available)
{
	__u8 head[2] = {};

	if (available < sizeof(head) || bpf_probe_read_user(head, sizeof(head), (void *)data))
		return session->input == buffer || !(session->message_flags & HAS_CLIENT);
	if (head[1] & FRAME_MASKED) {
		session->input = buffer;
		return true;
	}
	/* tungstenite refuses an unmasked frame of a client. */
	if (session->input != buffer)
		session->message_flags |= HAS_CLIENT;
	return session->input == buffer;
}

/* Whether the `available` bytes at `data` are the start of a client's frame. */
static __always_inline bool starts_masked(__u64 data, __u64 available)
{
	__u8 head[2] = {};

	return available >= sizeof(head) &&
	       !bpf_probe_read_user(head, sizeof(head), (void *)data) && head[1] & FRAME_MASKED;
}

static __always_inline void handle_input(const struct poll_frame *frame, __u64 address,
					 const struct rust_bytes_mut *buffer, __u64 position)
{
	__u64 data = buffer->data + position, available = buffer->length - position;
	struct task_session *session = find_websocket(frame, starts_masked(data, available));

	if (!session || !is_input_of_client(session, address, data, available))
		return;
	finish_message(session);
	handle_frame(session, data, available);
}

SEC("uprobe")
int on_frame_in(struct pt_regs *ctx)
{
	__u32 tid = admit(HOOK_FRAME_IN, ACTIVE_ALL);
	struct poll_frame *frame = tid ? expect_poll(tid) : NULL;
	struct rust_bytes_mut buffer;
	struct frame_cursor cursor;

	if (!frame)
		return 0;
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
	handle_input(frame, cursor.buffer, &buffer, cursor.position);
	return 0;
}

/* The connection that receives a message, in builds without a hook on frames: a message shows no mask.
 * NULL if this process may receive the message as a client. */
static __always_inline struct task_session *connection_of_message(const struct poll_frame *frame)
{
	struct task_session *session = find_websocket(frame, false);

	if (session && !(session->message_flags & HAS_CLIENT))
		return session;
	count_check(CHECK_WEBSOCKET_ROLE_UNKNOWN);
	return NULL;
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
	struct task_session *session = frame ? connection_of_message(frame) : NULL;
	struct rust_bytes text;

	if (!session)
		return 0;
	count_message(session);
	if (bpf_probe_read_user(&text, sizeof(text),
				(void *)read_argument(ctx, ARGUMENT_TEXT_BYTES)))
		count_check(CHECK_REQUEST_UNKNOWN);
	else
		handle_request(session, text.data, text.length, 0, true);
	return 0;
}

SEC("uprobe")
int on_fragments_in(struct pt_regs *ctx)
{
	__u32 tid = admit(HOOK_FRAGMENTS_IN, ACTIVE_ALL);
	struct poll_frame *frame = tid ? expect_poll(tid) : NULL;
	struct task_session *session = frame ? connection_of_message(frame) : NULL;
	struct rust_vec text;

	if (!session)
		return 0;
	/* An enum of the collected text, a String, and binary data. */
	if (bpf_probe_read_user(&text, sizeof(text),
				(void *)read_argument(ctx, ARGUMENT_FRAGMENTS))) {
		count_drop(DROP_READ_FAULT);
		return 0;
	}
	if (text.capacity == RUST_CAPACITY_NICHE)
		return 0;
	count_message(session);
	handle_request(session, text.address, text.length, 0, true);
	return 0;
}
