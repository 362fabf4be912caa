/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_HTTP_TRACE_CONTEXT_BPF_H
#define SCOTTYSCOPE_HTTP_TRACE_CONTEXT_BPF_H

/* The trace context of a request's caller: the headers `traceparent` and `tracestate` (W3C Trace
 * Context level 1, sections 3.2 and 3.3) of a head in user memory. No other header is read. Unit
 * tests compile this file natively. */

#include "http/head.bpf.h"

#define TRACE_CHUNK_BYTES 128
#define TRACE_LINE_LIMIT  128 /* searched lines that start with t or T; hyper accepts 100 headers */
#define TRACE_SPACE_LIMIT 256 /* bytes of white space before or after a value */

/* Results of a search besides a position in the head. */
enum trace_line {
	TRACE_LINE_NONE = -1,  /* the head ends first */
	TRACE_LINE_FAR = -2,   /* given up before the end of the head: too long, or a failed read */
	TRACE_LINE_LATER = -3, /* neither a line nor the end of the head in this part */
};

/* Searches the chunk at `offset` of the head at `buffer` for a line that starts with t or T.
 * Returns the line's position in the chunk or an enum trace_line. A global function: the verifier
 * checks it once, not for each chunk. */
__weak __noinline int trace_line_in_chunk(__u64 buffer, __u64 length, __u64 offset)
{
	__u64 words[TRACE_CHUNK_BYTES / 8] = {};
	__u64 position = 0, is_end = 0, open = ~0ULL, word_before = 0, size;
	struct line_ends before = {};

	if (offset >= length)
		return TRACE_LINE_NONE;
	size = length - offset;
	if (size > TRACE_CHUNK_BYTES)
		size = TRACE_CHUNK_BYTES;
	if (bpf_probe_read_user(words, (__u32)size, (void *)(buffer + offset)))
		return TRACE_LINE_FAR;
	if (offset >= sizeof(word_before)) {
		if (bpf_probe_read_user(&word_before, sizeof(word_before),
					(void *)(buffer + offset - sizeof(word_before))))
			return TRACE_LINE_FAR;
		ends_head(word_before, &before);
	}
	for (__u32 i = 0; i < TRACE_CHUNK_BYTES / 8; i++) {
		__u64 feed_before = before.feeds >> 56;
		__u64 ends = ends_head(words[i], &before);
		__u64 lines = bytes_equal(words[i] | REPEAT(0x20), 't') &
			      (before.feeds << 8 | feed_before);
		__u64 marks = ends | lines;
		__u64 first = marks & -marks;

		/* Without branches: sums up until the first mark. */
		position += first_marked(marks) & open;
		is_end |= (ends & first) & open;
		open &= ones_unless_marked(marks);
	}
	if (open)
		return TRACE_LINE_LATER;
	return is_end ? TRACE_LINE_NONE : (int)position;
}

/* As trace_line_in_chunk(), for the block at `offset`; returns a position in the head. */
__weak __noinline int trace_line_in_block(__u64 buffer, __u64 length, __u64 offset)
{
	for (__u64 i = 0; i < HEAD_BLOCK_BYTES; i += TRACE_CHUNK_BYTES) {
		int position = trace_line_in_chunk(buffer, length, offset + i);

		if (position != TRACE_LINE_LATER)
			return position < 0 ? position : (int)(offset + i) + position;
	}
	return TRACE_LINE_LATER;
}

/* Position of the first line at or after `from` in the head at `buffer` that starts with t or T, or
 * an enum trace_line. */
__weak __noinline int next_trace_line(__u64 buffer, __u64 length, __u64 from)
{
	for (__u64 i = 0; i < HEAD_LIMIT_BYTES; i += HEAD_BLOCK_BYTES) {
		int position = trace_line_in_block(buffer, length, from + i);

		if (position != TRACE_LINE_LATER)
			return position;
	}
	return TRACE_LINE_FAR;
}

enum trace_header {
	TRACE_HEADER_NONE,
	TRACE_HEADER_PARENT,
	TRACE_HEADER_STATE,
	TRACE_HEADER_UNREAD, /* the name cannot be read */
};

#define TRACE_NAME_BYTES \
	12 /* of both names with their colons, and a line end after the shorter one */

/* Which of the two headers the line at `line`, `size` bytes before the end of the head, holds: an enum
 * trace_header. */
__weak __noinline int trace_header_at(__u64 line, __u64 size)
{
	__u64 name[2] = {};
	__u64 second;

	if (size < TRACE_NAME_BYTES)
		return TRACE_HEADER_NONE;
	/* Header names are case-insensitive (RFC 9110 section 5.1). */
	if (bpf_probe_read_user(name, TRACE_NAME_BYTES, (void *)line))
		return TRACE_HEADER_UNREAD;
	if ((name[0] | REPEAT(0x20)) == WORD('t', 'r', 'a', 'c', 'e', 'p', 'a', 'r')) {
		second = name[1] | WORD(0x20, 0x20, 0x20, 0, 0, 0, 0, 0);
		return second == WORD('e', 'n', 't', ':', 0, 0, 0, 0) ? TRACE_HEADER_PARENT
								      : TRACE_HEADER_NONE;
	}
	if ((name[0] | REPEAT(0x20)) == WORD('t', 'r', 'a', 'c', 'e', 's', 't', 'a')) {
		second = (name[1] | WORD(0x20, 0x20, 0, 0, 0, 0, 0, 0)) & 0xffffff;
		return second == WORD('t', 'e', ':', 0, 0, 0, 0, 0) ? TRACE_HEADER_STATE
								    : TRACE_HEADER_NONE;
	}
	return TRACE_HEADER_NONE;
}

/* A header's line in a head, as one number: a global function returns no more. */
#define TRACE_FOUND(line, header) ((int)((line) << 2 | (header)))
#define TRACE_FOUND_LINE(found)	  ((__u64)(found) >> 2)
#define TRACE_FOUND_HEADER(found) ((found)&3)

/* The first of the two headers at or after `from` in the head at `buffer` as TRACE_FOUND(), or an
 * enum trace_line. */
__weak __noinline int next_trace_header(__u64 buffer, __u64 length, __u64 from)
{
	for (__u32 i = 0; i < TRACE_LINE_LIMIT; i++) {
		int header, line = next_trace_line(buffer, length, from);

		if (line < 0)
			return line;
		header = trace_header_at(buffer + (__u64)line, length - (__u64)line);
		if (header == TRACE_HEADER_UNREAD)
			return TRACE_LINE_FAR;
		if (header != TRACE_HEADER_NONE)
			return TRACE_FOUND(line, header);
		from = (__u64)line + 1;
	}
	return TRACE_LINE_FAR;
}

/* The byte at `address`; 0 if it cannot be read. */
static __always_inline char byte_at(__u64 address)
{
	char byte = 0;

	bpf_probe_read_user(&byte, sizeof(byte), (void *)address);
	return byte;
}

static __always_inline bool is_space(char byte)
{
	return byte == ' ' || byte == '\t';
}

/* Address of the first byte at or after `value` that is no white space; of white space if more than
 * TRACE_SPACE_LIMIT bytes are. */
__weak __noinline __u64 skip_spaces(__u64 value)
{
	for (__u32 i = 0; i < TRACE_SPACE_LIMIT && is_space(byte_at(value)); i++)
		value++;
	return value;
}

/* Converts eight lower-case hexadecimal digits to four bytes. Sets bits in `bad` if one is no
 * digit. */
static __always_inline __u32 bytes_of_hex(__u64 digits, __u64 *bad)
{
	/* Range tests by carries into the 0x80 bit, which ASCII does not use. */
	__u64 ascii = digits & REPEAT(0x7f);
	__u64 decimal = (ascii + REPEAT(0x80 - '0')) & ~(ascii + REPEAT(0x7f - '9'));
	__u64 letter = (ascii + REPEAT(0x80 - 'a')) & ~(ascii + REPEAT(0x7f - 'f'));
	__u64 nibbles = (digits & REPEAT(0x0f)) + 9 * ((digits >> 6) & REPEAT(1));
	__u64 pairs = (nibbles << 4 | nibbles >> 8) & 0x00ff00ff00ff00ffULL;

	*bad |= (~(decimal | letter) | digits) & REPEAT(0x80);
	pairs = (pairs | pairs >> 8) & 0x0000ffff0000ffffULL;
	return (__u32)(pairs | pairs >> 16);
}

/* The fields of a traceparent. */
struct trace_parent {
	__u32 trace_id[4]; /* in the order of the bytes */
	__u32 span_id[2];
	__u32 sampled;
	__u32 reserved;
};

enum trace_parent_result {
	TRACE_PARENT_INVALID,
	TRACE_PARENT_VALID,
	TRACE_PARENT_UNREAD, /* too much white space, or a failed read */
};

/* Whether the line ends at `rest`, after white space: an enum trace_parent_result. */
static __always_inline int line_ends(__u64 rest)
{
	char byte = 0;

	if (bpf_probe_read_user(&byte, sizeof(byte), (void *)skip_spaces(rest)))
		return TRACE_PARENT_UNREAD;
	if (byte == '\r' || byte == '\n')
		return TRACE_PARENT_VALID;
	return is_space(byte) ? TRACE_PARENT_UNREAD : TRACE_PARENT_INVALID;
}

/* Parses the traceparent at `value` in a head that ends at `end`. Returns an enum
 * trace_parent_result; valid is version 00, or a later version with the same first fields, with ids
 * that are not all zero. */
static __attribute__((noinline, unused)) int read_trace_parent(__u64 value, __u64 end,
							       struct trace_parent *parent)
{
	__u64 hex[7] = {}, bad = 0, version_word = 0;
	char text[56] = {};
	__u32 version, flags;

	value = skip_spaces(value);
	if (is_space(byte_at(value)))
		return TRACE_PARENT_UNREAD;
	if (value + sizeof(text) > end)
		return TRACE_PARENT_INVALID;
	if (bpf_probe_read_user(text, sizeof(text), (void *)value))
		return TRACE_PARENT_UNREAD;
	if (text[2] != '-' || text[35] != '-' || text[52] != '-')
		return TRACE_PARENT_INVALID;
	__builtin_memcpy(&hex[0], text + 3, 32);
	__builtin_memcpy(&hex[4], text + 36, 16);
	/* The digits of version and flags in one word, padded with valid digits. */
	version_word = WORD('0', '0', '0', '0', text[0], text[1], text[53], text[54]);
	flags = bytes_of_hex(version_word, &bad);
	version = flags >> 16 & 0xff;
	flags >>= 24;
	for (int i = 0; i < 4; i++)
		parent->trace_id[i] = bytes_of_hex(hex[i], &bad);
	for (int i = 0; i < 2; i++)
		parent->span_id[i] = bytes_of_hex(hex[4 + i], &bad);
	parent->sampled = flags & 1;
	if (bad || version == 0xff ||
	    !(parent->trace_id[0] | parent->trace_id[1] | parent->trace_id[2] |
	      parent->trace_id[3]) ||
	    !(parent->span_id[0] | parent->span_id[1]))
		return TRACE_PARENT_INVALID;
	/* Version 00 ends here; later versions may continue after a dash. */
	return version && text[55] == '-' ? TRACE_PARENT_VALID : line_ends(value + 55);
}

#endif
