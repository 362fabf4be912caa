/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_HTTP_TRACE_STATE_BPF_H
#define SCOTTYSCOPE_HTTP_TRACE_STATE_BPF_H

/* The list of a request's tracestate lines: several lines are one list, in their order (W3C Trace
 * Context level 1, section 3.3.1.1; RFC 9110 section 5.3). User space validates the list. Unit tests
 * compile this file natively. */

#include "http/trace_context.bpf.h"
#include "http/types.h"

#define TRACE_STATE_CHUNK_BYTES 64

/* Number of bytes before the end of the line in the 64 bytes at `text`, `size` of them in the head;
 * 64 if the line goes on; -1 if they cannot be read. */
__weak __noinline int line_length_in_chunk(__u64 text, __u64 size)
{
	__u64 words[TRACE_STATE_CHUNK_BYTES / 8] = {};
	__u64 open = ~0ULL, length = 0;

	if (size > sizeof(words))
		size = sizeof(words);
	if (bpf_probe_read_user(words, (__u32)size, (void *)text))
		return -1;
	for (__u32 i = 0; i < TRACE_STATE_CHUNK_BYTES / 8; i++) {
		__u64 ends = bytes_equal(words[i], '\r') | bytes_equal(words[i], '\n') |
			     bytes_equal(words[i], 0);

		length += first_marked(ends) & open;
		open &= ones_unless_marked(ends);
	}
	return (int)length;
}

/* Length of the line at `text` in a head that ends at `end`; more than TRACE_STATE_BYTES if the line
 * is longer than that; -1 if it cannot be read. */
__weak __noinline int line_length(__u64 text, __u64 end)
{
	int length = 0;

	for (__u64 i = 0; i <= TRACE_STATE_BYTES && text + i < end; i += TRACE_STATE_CHUNK_BYTES) {
		int more = line_length_in_chunk(text + i, end - text - i);

		if (more < 0)
			return more;
		length += more;
		if (more < TRACE_STATE_CHUNK_BYTES)
			break;
	}
	return length;
}

/* Appends the tracestate line at `value` in a head that ends at `end` to the list; an empty line adds
 * nothing. Returns false, with an empty list from then on, if the line cannot be read or the list is
 * longer than TRACE_STATE_BYTES: a participant that shortens a list has to know all of it, because
 * it removes the longest members first (section 3.3.1.5). */
static __attribute__((noinline, unused)) int append_trace_state(__u64 value, __u64 end,
								struct trace_state *state)
{
	__u64 at = state->length;
	int length;

	value = skip_spaces(value);
	length = line_length(value, end);
	if (!length || state->is_cut)
		return !state->is_cut;
	at += at != 0;
	if (length < 0 || at + (__u64)length > TRACE_STATE_BYTES || is_space(byte_at(value)))
		goto cut;
	/* The bounds for the verifier, which does not know the sum's. */
	at &= TRACE_STATE_BYTES - 1;
	length &= 2 * TRACE_STATE_BYTES - 1;
	if (length > TRACE_STATE_BYTES ||
	    bpf_probe_read_user(state->text + at, (__u32)length, (void *)value))
		goto cut;
	if (at)
		state->text[at - 1] = ',';
	state->length = (__u32)at + (__u32)length;
	return 1;
cut:
	__builtin_memset(state->text, 0, sizeof(state->text));
	state->length = 0;
	state->is_cut = 1;
	return 0;
}

#endif
