/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_HTTP_TRACE_CONTEXT_BPF_H
#define SCOTTYSCOPE_HTTP_TRACE_CONTEXT_BPF_H

/* The trace context of a request's caller: the headers `traceparent` and `tracestate` (W3C Trace
 * Context level 1, sections 3.2 and 3.3) of a head in user memory. No other header is read. Unit
 * tests compile this file natively. */

#include "http/head.bpf.h"

#define TRACE_CHUNK_BYTES 128
#define TRACE_CHUNK_LIMIT 64
#define TRACE_LINE_LIMIT  16 /* searched lines of a head that start with t or T */

/* Results of a search besides a position in the head. */
enum trace_line {
	TRACE_LINE_NONE = -1,  /* the head ends first */
	TRACE_LINE_FAR = -2,   /* the head is longer than the searched part, or cannot be read */
	TRACE_LINE_LATER = -3, /* neither a line nor the end of the head in this chunk */
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

/* Position of the first line at or after `from` in the head at `buffer` that starts with t or T, or
 * an enum trace_line. */
__weak __noinline int next_trace_line(__u64 buffer, __u64 length, __u64 from)
{
	for (__u32 chunk = 0; chunk < TRACE_CHUNK_LIMIT; chunk++) {
		__u64 offset = from + (__u64)chunk * TRACE_CHUNK_BYTES;
		int position = trace_line_in_chunk(buffer, length, offset);

		if (position != TRACE_LINE_LATER)
			return position < 0 ? position : (int)offset + position;
	}
	return TRACE_LINE_FAR;
}

enum trace_header {
	TRACE_HEADER_UNREAD = -1,
	TRACE_HEADER_NONE,
	TRACE_HEADER_PARENT,
	TRACE_HEADER_STATE,
};

/* Which of the two headers the line at `line` holds: an enum trace_header. */
__weak __noinline int trace_header_at(__u64 line)
{
	__u64 name[2] = {};
	__u64 second;

	/* Header names are case-insensitive (RFC 9110 section 5.1). */
	if (bpf_probe_read_user(name, 12, (void *)line))
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

/* Returns `value` as a number unknown to the verifier: states that differ in this value only are
 * equal. */
__weak __noinline __u64 any_value(__u64 value)
{
	return value;
}

/* A search for the two headers in a head. */
struct trace_search {
	__u64 head;
	__u64 length;
	__u64 from;    /* position of the next line to look at, or before */
	__u64 parent;  /* address of the last traceparent's value; 0: none */
	__u64 parents; /* number of traceparent headers */
	__u64 state;   /* address of the first tracestate's value; 0: none */
};

/* Moves on to the next line that starts with t or T. Returns 1, 0 at the end of the head, -1 at the
 * end of the searched part or if the head cannot be read. */
static __always_inline int search_trace_headers(struct trace_search *search)
{
	int line, kind;
	__u64 value;

	line = next_trace_line(search->head, search->length, search->from);
	if (line < 0)
		return line == TRACE_LINE_FAR ? -1 : 0;
	search->from = (__u64)line + 1;
	value = search->head + (__u64)line;
	kind = trace_header_at(value);
	if (kind == TRACE_HEADER_UNREAD)
		return -1;
	if (kind == TRACE_HEADER_PARENT) {
		search->parent = value + sizeof("traceparent");
		search->parents = any_value(search->parents + 1);
	} else if (kind == TRACE_HEADER_STATE && !search->state) {
		search->state = value + sizeof("tracestate");
	}
	return 1;
}

/* Address of a header's value, after the white space at `value`: at most eight bytes are
 * skipped; none if the read fails, as then the read of the value fails too. */
static __always_inline __u64 skip_spaces(__u64 value)
{
	__u64 word = 0, spaces;

	if (bpf_probe_read_user(&word, sizeof(word), (void *)value))
		return value;
	spaces = bytes_equal(word, ' ') | bytes_equal(word, '\t');
	return value + first_marked(~spaces & REPEAT(0x80));
}

/* Whether the line ends at `rest`, after at most 7 bytes of white space. */
static __always_inline bool line_ends(__u64 rest)
{
	for (int i = 0; i < 8; i++) {
		char byte = 0;

		if (bpf_probe_read_user(&byte, sizeof(byte), (void *)(rest + (__u64)i)))
			return false;
		if (byte == '\r' || byte == '\n')
			return true;
		if (byte != ' ' && byte != '\t')
			return false;
	}
	return false;
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

/* Parses the traceparent at `value`. Returns 1 if it is valid (version 00, or a later version with the
 * same first fields; ids not all zero), 0 if not, -1 if it cannot be read. */
static __attribute__((noinline, unused)) int read_trace_parent(__u64 value,
							       struct trace_parent *parent)
{
	__u64 hex[7] = {}, bad = 0, version_word = 0;
	char text[56] = {};
	__u32 version, flags;

	value = skip_spaces(value);
	if (bpf_probe_read_user(text, sizeof(text), (void *)value))
		return -1;
	if (text[2] != '-' || text[35] != '-' || text[52] != '-')
		return 0;
	if (bpf_probe_read_user(&hex[0], 32, (void *)(value + 3)) ||
	    bpf_probe_read_user(&hex[4], 16, (void *)(value + 36)))
		return -1;
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
	if (bad || version == 0xff)
		return 0;
	/* Version 00 ends here; later versions may continue after a dash. */
	if (!(version && text[55] == '-') && !line_ends(value + 55))
		return 0;
	return (parent->trace_id[0] | parent->trace_id[1] | parent->trace_id[2] |
		parent->trace_id[3]) &&
	       (parent->span_id[0] | parent->span_id[1]);
}

/* Stores the tracestate at `value` in a head that ends at `end`: the whole line or, if the line is
 * longer than the buffer or unreadable, nothing. Returns whether it was stored, even if empty. */
static __attribute__((noinline, unused)) int read_trace_state(__u64 value, __u64 end,
							      struct trace_state *state)
{
	__u64 open = ~0ULL, length = 0, size, *words;

	state->length = 0;
	__builtin_memset(state->text, 0, sizeof(state->text));
	value = skip_spaces(value);
	if (value >= end)
		return 0;
	size = end - value;
	if (size > TRACE_STATE_BYTES)
		size = TRACE_STATE_BYTES;
	if (bpf_probe_read_user(state->text, (__u32)size, (void *)value))
		return 0;
	words = (__u64 *)state->text;
	for (int i = 0; i < TRACE_STATE_BYTES / 8; i++) {
		__u64 ends = bytes_equal(words[i], '\r') | bytes_equal(words[i], '\n') |
			     bytes_equal(words[i], 0);
		__u64 keep = (((ends & -ends) >> 7) - 1) & open;

		/* Bytes after the line belong to other headers and are not stored. */
		words[i] &= keep;
		length += ((keep & REPEAT(1)) * REPEAT(1)) >> 56;
		open &= ones_unless_marked(ends);
	}
	/* A value that fills the buffer has to end right after it. */
	if (open && !line_ends(value + TRACE_STATE_BYTES)) {
		__builtin_memset(state->text, 0, sizeof(state->text));
		return 0;
	}
	state->length = length;
	return 1;
}

#endif
