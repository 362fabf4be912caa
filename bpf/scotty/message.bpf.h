/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_MESSAGE_BPF_H
#define SCOTTYSCOPE_MESSAGE_BPF_H

/* Scotty's websocket messages: JSON text, {"type":…,"data":…}. Only the type is looked at, how a
 * shell session ended, and how many lines there are; nothing of the text is kept. Reads user memory
 * through bpf_probe_read_user() only, so that it also compiles natively. */

#include "http/head.bpf.h"

enum message_type {
	MESSAGE_OTHER,
	MESSAGE_ERROR,
	MESSAGE_AUTHENTICATION_FAILED,
	MESSAGE_SHELL_ERROR,
	MESSAGE_SHELL_ENDED,
	MESSAGE_SHELL_TIMED_OUT, /* an end, too */
	MESSAGE_LOG_ERROR,
	MESSAGE_LOG_LINES,
	MESSAGE_TASK_OUTPUT_LINES,
};

/* Scotty writes its own messages without spaces and the type first (serde_json, adjacently tagged). */
#define TYPE_PREFIX_BYTES 9

/* Whether the text from `text` to `end` ends in `Session timeout"}}`: the reason is an end's last field. */
static __always_inline bool tells_timeout(__u64 text, __u64 length)
{
	__u64 tail[2] = {};

	if (length < sizeof(tail) ||
	    bpf_probe_read_user(tail, sizeof(tail), (void *)(text + length - sizeof(tail))))
		return false;
	return tail[0] == WORD('s', 's', 'i', 'o', 'n', ' ', 't', 'i') &&
	       tail[1] == WORD('m', 'e', 'o', 'u', 't', '"', '}', '}');
}

/* The type of the message of `length` bytes at `text`, which is on its way to a client. */
__weak __noinline int message_type_of(__u64 text, __u64 length)
{
	__u64 prefix[2] = {}, name[3] = {};

	/* The shortest with a type and data is longer than this. */
	if (length < TYPE_PREFIX_BYTES + sizeof(name) ||
	    bpf_probe_read_user(prefix, TYPE_PREFIX_BYTES, (void *)text) ||
	    bpf_probe_read_user(name, sizeof(name), (void *)(text + TYPE_PREFIX_BYTES)))
		return MESSAGE_OTHER;
	if (prefix[0] != WORD('{', '"', 't', 'y', 'p', 'e', '"', ':') || prefix[1] != '"')
		return MESSAGE_OTHER;
#define FIRST(bytes) (~0ULL >> (64 - 8 * (bytes)))
	if (name[0] == WORD('L', 'o', 'g', 's', 'S', 't', 'r', 'e')) {
		if ((name[1] & FIRST(7)) == WORD('a', 'm', 'D', 'a', 't', 'a', '"', 0))
			return MESSAGE_LOG_LINES;
		if (name[1] == WORD('a', 'm', 'E', 'r', 'r', 'o', 'r', '"'))
			return MESSAGE_LOG_ERROR;
	}
	if ((name[0] & FIRST(6)) == WORD('E', 'r', 'r', 'o', 'r', '"', 0, 0))
		return MESSAGE_ERROR;
	if (name[0] == WORD('T', 'a', 's', 'k', 'O', 'u', 't', 'p') &&
	    (name[1] & FIRST(7)) == WORD('u', 't', 'D', 'a', 't', 'a', '"', 0))
		return MESSAGE_TASK_OUTPUT_LINES;
	if (name[0] == WORD('S', 'h', 'e', 'l', 'l', 'S', 'e', 's')) {
		if (name[1] == WORD('s', 'i', 'o', 'n', 'E', 'r', 'r', 'o') &&
		    (name[2] & FIRST(2)) == WORD('r', '"', 0, 0, 0, 0, 0, 0))
			return MESSAGE_SHELL_ERROR;
		if (name[1] == WORD('s', 'i', 'o', 'n', 'E', 'n', 'd', 'e') &&
		    (name[2] & FIRST(2)) == WORD('d', '"', 0, 0, 0, 0, 0, 0))
			return tells_timeout(text, length) ? MESSAGE_SHELL_TIMED_OUT
							   : MESSAGE_SHELL_ENDED;
	}
	if (name[0] == WORD('A', 'u', 't', 'h', 'e', 'n', 't', 'i') &&
	    name[1] == WORD('c', 'a', 't', 'i', 'o', 'n', 'F', 'a') &&
	    (name[2] & FIRST(5)) == WORD('i', 'l', 'e', 'd', '"', 0, 0, 0))
		return MESSAGE_AUTHENTICATION_FAILED;
#undef FIRST
	return MESSAGE_OTHER;
}

/* How far into a client's message its type is looked for. */
#define REQUEST_BYTES 96

/* 1 where two bytes are equal, else 0. */
static __always_inline __u64 is_byte(__u64 byte, __u64 other)
{
	return ((byte ^ other) - 1) >> 63;
}

/* A client's text as far as it was read: where in the JSON it is, and its last 24 bytes without the
 * white space between tokens. */
struct request_scan {
	__u64 last[3];
	__u64 depth;
	__u64 in_string;
	__u64 escaped;
	__u64 in_type;	/* the outermost object's field "type": was seen, its value's end not yet */
	__u64 has_type; /* all of its value was seen, whichever it is */
};

/* Takes the next byte. Returns whether it completes the field "type":"StartLogStream" of the outermost
 * object. Without branches: the verifier follows it for each byte. */
static __noinline int take_request_byte(struct request_scan *scan, __u64 byte)
{
	__u64 outside, keep, miss, space, quote, ends;

	quote = is_byte(byte, '"') & ~scan->escaped;
	space = is_byte(byte, ' ') | is_byte(byte, '\t') | is_byte(byte, '\n') |
		is_byte(byte, '\r');
	scan->escaped = is_byte(byte, '\\') & scan->in_string & ~scan->escaped & 1;
	ends = (quote & scan->in_string) | is_byte(byte, ',') | is_byte(byte, '}');
	scan->in_string ^= quote & 1;
	outside = scan->in_string ^ 1;
	scan->has_type |= scan->in_type & ends & outside;
	scan->depth += is_byte(byte, '{') & outside;
	scan->depth -= is_byte(byte, '}') & outside;

	keep = (space & outside) - 1;
	scan->last[0] =
		(scan->last[0] & ~keep) | ((scan->last[0] >> 8 | scan->last[1] << 56) & keep);
	scan->last[1] =
		(scan->last[1] & ~keep) | ((scan->last[1] >> 8 | scan->last[2] << 56) & keep);
	scan->last[2] = (scan->last[2] & ~keep) | ((scan->last[2] >> 8 | byte << 56) & keep);

	miss = (scan->depth ^ 1) |
	       ((scan->last[2] >> 8) ^ WORD('"', 't', 'y', 'p', 'e', '"', ':', 0));
	scan->in_type |= ~(miss | -miss) >> 63;
	miss = (scan->depth ^ 1) | (keep ^ ~0ULL) |
	       ((scan->last[0] >> 8) ^ WORD('"', 't', 'y', 'p', 'e', '"', ':', 0)) |
	       (scan->last[1] ^ WORD('"', 'S', 't', 'a', 'r', 't', 'L', 'o')) |
	       (scan->last[2] ^ WORD('g', 'S', 't', 'r', 'e', 'a', 'm', '"'));
	return (int)(~(miss | -miss) >> 63);
}

/* What the masked payload of `length` bytes at `payload` says of itself. Clients may write white space,
 * and fields in any order. */
enum request_type {
	REQUEST_TYPE_OTHER,
	REQUEST_TYPE_LOG_STREAM,
	REQUEST_TYPE_UNKNOWN, /* its type is not, or not all of it, among the first bytes */
};

__weak __noinline int request_type_of(__u64 payload, __u64 length, __u32 mask)
{
	union {
		__u64 words[REQUEST_BYTES / 8];
		__u8 bytes[REQUEST_BYTES];
	} text = {};
	__u64 masks = (__u64)mask << 32 | mask;
	__u64 size = length > REQUEST_BYTES ? REQUEST_BYTES : length;
	struct request_scan scan = {};
	int found = 0;

	if (bpf_probe_read_user(text.bytes, (__u32)size, (void *)payload))
		return REQUEST_TYPE_UNKNOWN;
	for (int i = 0; i < REQUEST_BYTES / 8; i++)
		text.words[i] ^= masks;
	/* Without branches: behind the text's end there is nothing but zero bytes. */
	for (__u32 i = 0; i < REQUEST_BYTES; i++) {
		__u64 below = i - size;

		/* Or the compiler makes a branch of it. */
		__asm__ volatile("" : "+r"(below));
		found |= take_request_byte(&scan, text.bytes[i] & -(below >> 63));
	}
	if (found)
		return REQUEST_TYPE_LOG_STREAM;
	return scan.has_type ? REQUEST_TYPE_OTHER : REQUEST_TYPE_UNKNOWN;
}

#endif
