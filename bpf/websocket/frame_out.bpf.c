// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* Messages to websocket clients, where their frames are written. */

#include "scotty/session_outcome.bpf.h"

#include "scotty/message_lines.bpf.h"

/* How tungstenite's Frame ends, in the compilers' layout: FIN, three reserved bits, then the opcode as
 * two bytes, whether it is a control frame's and which. */
struct frame_header {
	__u8 is_final;
	__u8 reserved[3];
	__u8 is_control;
	__u8 opcode;
};

static __always_inline void count_lines(__u64 text, __u64 length, enum event event)
{
	char last = 0;

	/* A length that leads nowhere is not followed. */
	if (bpf_probe_read_user(&last, sizeof(last), (void *)(text + length - 1))) {
		lose(LOSS_READ_FAULT);
		return;
	}
	count_events(event, (__u64)lines_in_text(text, length));
	if (length > LINE_TEXT_LIMIT)
		lose(LOSS_LINES_UNCOUNTED);
}

/* The connection that the task of this poll writes to, if it is known. */
static __always_inline struct task_session *connection_of(const struct poll_frame *frame)
{
	struct task *task = bpf_map_lookup_elem(&tasks, &frame->header);
	struct task_session *session = task && task->session ? find_session(task->session) : NULL;

	return session && session->role == ROLE_WEBSOCKET ? session : NULL;
}

static __always_inline void see_text(const struct poll_frame *frame, __u64 text, __u64 length)
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
	else if (messages_by_frame)
		see_outcome(NULL, type);
}

/* The first byte of the frame with this header, 0 where it is not one. A server masks nothing. */
static __always_inline __u8 first_byte_of(const struct frame_header *header)
{
	if (header->is_final > 1 || header->reserved[0] > 1 || header->reserved[1] > 1 ||
	    header->reserved[2] > 1 || header->is_control > 1 || header->opcode > 7)
		return 0;
	return (__u8)(header->is_final << 7 | header->is_control << 3 | header->opcode);
}

/* What will be written, to be compared with what memory says of it, `first_byte`, in the same poll. */
static __always_inline void await_written(struct thread *thread, __u64 output, __u64 output_length,
					  __u64 payload_length, __u8 first_byte)
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
	struct {
		__u64 capacity, data, length;
	} output;
	__u8 first_byte;

	if (!thread)
		return 0;
	websocket_settle(thread);
	if (bpf_probe_read_user(&header, sizeof(header), (void *)(address + frame_head_offset)) ||
	    bpf_probe_read_user(&payload, sizeof(payload),
				(void *)(address + frame_payload_offset)) ||
	    bpf_probe_read_user(&output, sizeof(output), (void *)written)) {
		lose(LOSS_READ_FAULT);
		return 0;
	}
	first_byte = first_byte_of(&header);
	if (!(frame->flags & FRAME_UNSEEN)) {
		await_written(thread, written, output.length, payload.length, first_byte);
		frame->flags |= FRAME_WEBSOCKET_PENDING;
	} else if (first_byte) {
		check(CHECK_FRAME_UNCHECKED);
	} else {
		lose(LOSS_FRAME_STRANGE);
	}
	if (first_byte == (FRAME_FIN | OPCODE_TEXT))
		see_text(frame, payload.data, payload.length);
	return 0;
}
