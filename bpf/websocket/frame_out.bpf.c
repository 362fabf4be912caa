// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* Messages to websocket clients, where tungstenite writes their frames. */

#include "core/admit.bpf.h"
#include "core/registers.bpf.h"
#include "layout/rust.h"
#include "layout/tungstenite.h"
#include "scotty/message_lines.bpf.h"
#include "scotty/session_outcome.bpf.h"
#include "websocket/verify.bpf.h"

static __always_inline void count_lines(__u64 text, __u64 length, enum event event)
{
	char last = 0;
	int lines;

	/* An unreadable end means an invalid length. */
	if (bpf_probe_read_user(&last, sizeof(last), (void *)(text + length - 1))) {
		count_drop(DROP_READ_FAULT);
		return;
	}
	lines = lines_in_text(text, length);
	if (lines > 0)
		count_events(event, (__u64)lines);
	if (lines < 0 || length > LINE_TEXT_LIMIT)
		count_drop(DROP_LINES_UNCOUNTED);
}

/* The connection that the task of this poll writes to; NULL if unknown. */
static __always_inline struct task_session *connection_of(const struct poll_frame *frame)
{
	struct task *task = bpf_map_lookup_elem(&tasks, &frame->header);
	struct task_session *session = task && task->session ? find_session(task->session) : NULL;

	return session && session->role == ROLE_WEBSOCKET ? session : NULL;
}

/* The task writes a client's frame: this process is a client on another connection. */
static __always_inline void mark_client(const struct poll_frame *frame)
{
	struct task_session *session = find_session(frame->header);

	if (session)
		session->message_flags |= HAS_CLIENT;
}

/* Handles a text message of one frame to a client of the server. */
static __always_inline void handle_text(const struct poll_frame *frame, __u64 text, __u64 length)
{
	struct task_session *connection = connection_of(frame);
	int type;

	count_event(EVENT_MESSAGES_SENT);
	if (connection)
		add(&connection->sent, 1);
	type = message_type_of(text, length);
	if (type == MESSAGE_LOG_LINES)
		count_lines(text, length, EVENT_LOG_LINES);
	else if (type == MESSAGE_TASK_OUTPUT_LINES)
		count_lines(text, length, EVENT_TASK_OUTPUT_LINES);
	else if (type == MESSAGE_UNREAD || settings.messages_by_frame)
		handle_message(NULL, type);
}

/* The first byte on the wire of a frame with this header; 0 if the header is malformed. */
static __always_inline __u8 first_byte_of(const struct frame_header *header)
{
	if (header->is_final > 1 || header->reserved[0] > 1 || header->reserved[1] > 1 ||
	    header->reserved[2] > 1 || header->is_control > 1 || header->opcode > 7 ||
	    header->is_masked > 1)
		return 0;
	return (__u8)(header->is_final << 7 | header->is_control << 3 | header->opcode);
}

/* Stores the expected bytes of the frame, for the verification in the same poll. */
static __always_inline void await_verification(struct thread *thread, __u64 output,
					       __u64 output_length, __u64 payload_length,
					       __u8 first_byte, bool is_masked)
{
	struct written_frame *written = &thread->written;

	written->output = output;
	written->output_length = output_length;
	written->length_byte = payload_length < 126	     ? (__u8)payload_length
			       : payload_length < 1ULL << 16 ? 126
							     : 127;
	written->size = payload_length + (written->length_byte < 126	? 2
					  : written->length_byte == 126 ? 4
									: 10);
	written->first_byte = first_byte;
	written->is_masked = is_masked;
}

SEC("uprobe")
int on_frame_out(struct pt_regs *ctx)
{
	__u32 tid = admit(HOOK_FRAME_OUT, ACTIVE_ALL);
	struct poll_frame *frame = tid ? expect_poll(tid) : NULL;
	struct thread *thread = frame ? find_thread(tid) : NULL;
	__u64 address = read_argument(ctx, ARGUMENT_FRAME);
	__u64 written = read_argument(ctx, ARGUMENT_FRAME_OUTPUT);
	struct frame_header header;
	struct {
		__u64 data, length;
	} payload;
	struct rust_vec output;
	__u8 first_byte;

	if (!thread)
		return 0;
	verify_written_frame(thread);
	if (bpf_probe_read_user(&header, sizeof(header),
				(void *)(address + settings.frame_head_offset)) ||
	    bpf_probe_read_user(&payload, sizeof(payload),
				(void *)(address + settings.frame_payload_offset)) ||
	    bpf_probe_read_user(&output, sizeof(output), (void *)written)) {
		count_drop(DROP_READ_FAULT);
		return 0;
	}
	first_byte = first_byte_of(&header);
	if (!(frame->flags & FRAME_UNTRACKED)) {
		await_verification(thread, written, output.length, payload.length, first_byte,
				   header.is_masked);
		frame->flags |= FRAME_WEBSOCKET_PENDING;
	} else {
		count_unverified(first_byte);
	}
	if (header.is_masked == 1)
		mark_client(frame);
	else if (first_byte == (FRAME_FIN | OPCODE_TEXT))
		handle_text(frame, payload.data, payload.length);
	return 0;
}
