/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_WEBSOCKET_SETTLE_BPF_H
#define SCOTTYSCOPE_WEBSOCKET_SETTLE_BPF_H

/* Frames that were written: what memory said of a frame is compared with the bytes that came of it,
 * at the next hook of the same poll. */

#include "tokio/current.bpf.h"

/* A frame's first byte (RFC 6455 section 5.2). */
#define FRAME_FIN	 0x80
#define FRAME_RESERVED	 0x70
#define OPCODE_CONTINUED 0
#define OPCODE_TEXT	 1
#define OPCODE_BINARY	 2

/* The client did not get the log stream that it asked for. */
static __always_inline void refuse_request(struct task_session *session)
{
	session->request = REQUEST_NONE;
	count_event(EVENT_LOG_STREAM_REFUSED);
}

static __always_inline void websocket_settle(struct thread *thread)
{
	struct written_frame *written = &thread->written;
	struct {
		__u64 capacity, data, length;
	} vector;
	__u8 head[2] = {};

	if (!written->output)
		return;
	/* The frame's head is still there if all was written since, or nothing; but another worker may
	 * have put a frame in the place of one that is written: then mostly one of another length. */
	if (bpf_probe_read_user(&vector, sizeof(vector), (void *)written->output) ||
	    (vector.length && vector.length != written->output_length + written->size) ||
	    bpf_probe_read_user(head, sizeof(head),
				(void *)(vector.data + written->output_length)) ||
	    head[1] != written->length_byte) {
		if (written->first_byte)
			check(CHECK_FRAME_UNCHECKED);
		else
			lose(LOSS_FRAME_STRANGE);
	} else if (written->first_byte) {
		check(head[0] == written->first_byte ? CHECK_FRAME_AGREES : CHECK_FRAME_DIFFERS);
	} else {
		check(CHECK_FRAME_DIFFERS);
		if (head[0] == (FRAME_FIN | OPCODE_TEXT))
			count_event(EVENT_MESSAGES_SENT);
	}
	written->output = 0;
}

#endif
