/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_FRAME_IN_BPF_H
#define SCOTTYSCOPE_FRAME_IN_BPF_H

/* Parsing of the frames that clients send (RFC 6455 section 5.2). */

#include "scotty/request_type.bpf.h"
#include "scotty/session.bpf.h"
#include "websocket/frame.h"

struct frame_head {
	__u8 first_byte;
	__u32 size; /* including the mask */
	__u32 mask;
	__u64 payload_length;
};

/* The payload length in the eight bytes after the first two. */
static __always_inline __u64 long_length(const __u8 bytes[16])
{
	__u64 length;

	__builtin_memcpy(&length, bytes + 2, sizeof(length));
	return __builtin_bswap64(length);
}

/* Parses the head at `data`; `available` bytes have arrived. Returns false if the head is
 * incomplete. */
static __always_inline bool parse_frame_head(__u64 data, __u64 available, struct frame_head *head)
{
	__u8 bytes[16] = {};
	__u32 extended, length;

	if (available < 2)
		return false;
	if (bpf_probe_read_user(bytes, available < 14 ? (__u32)available & 15 : 14, (void *)data)) {
		count_drop(DROP_READ_FAULT);
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
		head->payload_length = long_length(bytes);
	head->mask = 0;
	if (!(bytes[1] & 0x80) ||
	    !bpf_probe_read_user(&head->mask, sizeof(head->mask), (void *)(data + 2 + extended)))
		return true;
	count_drop(DROP_READ_FAULT);
	return false;
}

#define ASCII_BYTES 128 /* length of the longest payload that is searched for other characters */

/* Whether the masked payload of `length` bytes at `payload` is ASCII, which is valid UTF-8. False for
 * long payloads. A global function, which the verifier checks once. */
__weak __noinline int payload_is_ascii(__u64 payload, __u64 length, __u32 mask)
{
	__u64 words[ASCII_BYTES / 8] = {};
	__u64 masks = (__u64)mask << 32 | mask, high = 0;

	if (length > sizeof(words) || bpf_probe_read_user(words, (__u32)length, (void *)payload))
		return 0;
	for (__u32 i = 0; i < ASCII_BYTES / 8 && i * 8 < length; i++) {
		__u64 rest = length - i * 8;

		words[i] ^= masks;
		high |= rest < 8 ? words[i] << ((8 - rest) * 8) : words[i];
	}
	return !(high & REPEAT(0x80));
}

/* What is known of the message whose last frame this is. */
static __always_inline __u8 message_state(const struct frame_head *head, __u64 payload,
					  __u64 available)
{
	if (available < head->payload_length || !head->mask)
		return MESSAGE_PENDING;
	if ((head->first_byte & 0x0f) == OPCODE_TEXT &&
	    payload_is_ascii(payload, head->payload_length, head->mask))
		return MESSAGE_PENDING | MESSAGE_WHOLE | MESSAGE_VALID;
	return MESSAGE_PENDING | MESSAGE_WHOLE;
}

/* Handles the start of a text message: finds out whether it asks for a log stream, which Scotty may
 * refuse. A complete message without a type asks for nothing. */
static __always_inline void handle_request(struct task_session *session, __u64 payload,
					   __u64 length, __u32 mask, bool is_complete)
{
	int type = request_type_of(payload, length, mask);

	session->request = type == REQUEST_TYPE_LOG_STREAM ? REQUEST_LOG_STREAM : REQUEST_NONE;
	if (type == REQUEST_TYPE_UNKNOWN || type == REQUEST_TYPE_UNREAD ||
	    (type == REQUEST_TYPE_MISSING && !(is_complete && length <= REQUEST_BYTES)))
		count_check(CHECK_REQUEST_UNKNOWN);
}

/* As handle_request(), for the first frame of a text message; `available` bytes of the payload have
 * arrived. */
static __always_inline void handle_first_frame(struct task_session *session, __u64 payload,
					       __u64 available, const struct frame_head *head)
{
	if (available < head->payload_length && available < REQUEST_BYTES) {
		session->request = REQUEST_NONE;
		count_check(CHECK_REQUEST_UNKNOWN);
		return;
	}
	handle_request(session, payload, head->payload_length, head->mask,
		       head->first_byte & FRAME_FIN);
}

/* Handles the frame at `data`; `available` bytes have arrived. Marks the message as
 * pending at the last frame of a text message. */
static __always_inline void handle_frame(struct task_session *session, __u64 data, __u64 available)
{
	struct frame_head head;
	bool is_within;
	__u8 opcode;

	if (!parse_frame_head(data, available, &head))
		return;
	opcode = head.first_byte & 0x0f;
	if (head.first_byte & FRAME_RESERVED || opcode > OPCODE_BINARY)
		return; /* a control frame, or an invalid one */
	/* A message within another one is invalid, if all frames were observed. */
	is_within = opcode != OPCODE_CONTINUED && session->message_flags & FRAGMENTS;
	session->message_flags &= ~(MESSAGE_WHOLE | MESSAGE_VALID);
	session->message_flags |= FRAGMENTS;
	if (opcode == OPCODE_TEXT) {
		handle_first_frame(session, data + head.size, available - head.size, &head);
		session->message_flags |= FRAGMENTS_TEXT;
	} else if (opcode == OPCODE_BINARY) {
		session->message_flags &= ~FRAGMENTS_TEXT;
	}
	if (head.first_byte & FRAME_FIN) {
		if (session->message_flags & FRAGMENTS_TEXT)
			session->message_flags |= is_within ? MESSAGE_PENDING
							    : message_state(&head, data + head.size,
									    available - head.size);
		session->message_flags &= ~(FRAGMENTS | FRAGMENTS_TEXT);
	}
}

#endif
