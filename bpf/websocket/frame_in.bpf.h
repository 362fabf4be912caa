/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_WEBSOCKET_FRAME_BPF_H
#define SCOTTYSCOPE_WEBSOCKET_FRAME_BPF_H

/* Frames as clients send them (RFC 6455 section 5.2): which of them end a text message. */

#include "scotty/message.bpf.h"
#include "websocket/verify.bpf.h"

/* A frame's head, as far as it matters. */
struct frame_head {
	__u8 first_byte;
	__u32 size; /* with the mask */
	__u32 mask;
	__u64 payload_length;
};

/* Reads the head at `data`, of which `available` bytes are there; false where it is not whole. */
static __always_inline bool read_head(__u64 data, __u64 available, struct frame_head *head)
{
	__u8 bytes[16] = {};
	__u32 extended, length;

	if (available < 2)
		return false;
	if (bpf_probe_read_user(bytes, available < 14 ? (__u32)available & 15 : 14, (void *)data)) {
		lose(LOSS_READ_FAULT);
		return false;
	}
	head->first_byte = bytes[0];
	length = bytes[1] & 0x7f;
	extended = length == 127 ? 8 : length == 126 ? 2 : 0;
	head->size = 2 + extended + (bytes[1] & 0x80 ? 4 : 0);
	if (available < head->size)
		return false;
	head->payload_length = length;
	if (length == 126)
		head->payload_length = (__u64)bytes[2] << 8 | bytes[3];
	else if (length == 127)
		head->payload_length = 1ULL << 32; /* long, no more matters */
	head->mask = 0;
	if (bytes[1] & 0x80)
		bpf_probe_read_user(&head->mask, sizeof(head->mask), (void *)(data + 2 + extended));
	return true;
}

/* The beginning of a text message: whether it asks for what may be refused. Of one that is shorter
 * than what is looked at, all is known. */
static __always_inline void note_request(struct task_session *session, __u64 payload,
					 __u64 available, const struct frame_head *head)
{
	__u64 length = head->payload_length;
	bool is_whole = head->first_byte & FRAME_FIN && length <= REQUEST_BYTES;
	int type;

	session->request = REQUEST_NONE;
	if (available < length && available < REQUEST_BYTES) {
		check(CHECK_REQUEST_UNKNOWN);
		return;
	}
	type = request_type_of(payload, length, head->mask);
	if (type == REQUEST_TYPE_LOG_STREAM)
		session->request = REQUEST_LOG_STREAM;
	else if (type == REQUEST_TYPE_UNKNOWN && !is_whole)
		check(CHECK_REQUEST_UNKNOWN);
}

static __always_inline void see_frame(struct task_session *session, __u64 data, __u64 available)
{
	struct frame_head head;
	__u8 opcode;

	if (!read_head(data, available, &head))
		return;
	opcode = head.first_byte & 0x0f;
	if (head.first_byte & FRAME_RESERVED || opcode > OPCODE_BINARY)
		return; /* a control frame, or one that is refused */
	if (opcode == OPCODE_TEXT) {
		note_request(session, data + head.size, available - head.size, &head);
		session->message_flags |= FRAGMENTS_TEXT;
	} else if (opcode == OPCODE_BINARY) {
		session->message_flags &= ~FRAGMENTS_TEXT;
	}
	if (head.first_byte & FRAME_FIN) {
		if (session->message_flags & FRAGMENTS_TEXT)
			session->message_flags |= MESSAGE_PENDING;
		session->message_flags &= ~FRAGMENTS_TEXT;
	}
}

#endif
