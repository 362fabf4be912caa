/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_HTTP_BUFFER_BPF_H
#define SCOTTYSCOPE_HTTP_BUFFER_BPF_H

/* hyper's buffer of the bytes that a connection received. */

#include "core/counters.bpf.h"
#include "http/head.bpf.h"
#include "layout/rust.h"

/* Results of the reads of a buffer. */
enum buffer_state {
	BUFFER_READ,
	BUFFER_SKIPPED, /* nothing but empty lines, or malformed: counted as a drop */
	BUFFER_UNREAD,	/* a read failed */
};

/* Reads the words of hyper's buffer. */
static __always_inline enum buffer_state read_buffer(__u64 buffer, struct rust_bytes_mut *bytes)
{
	if (bpf_probe_read_user(bytes, sizeof(*bytes), (void *)buffer))
		return BUFFER_UNREAD;
	if (bytes->data && bytes->length && bytes->length <= bytes->capacity)
		return BUFFER_READ;
	count_drop(DROP_HEAD_STRANGE);
	return BUFFER_SKIPPED;
}

/* Skips the empty lines before a request (RFC 9112 section 2.2) and reads the first eight bytes
 * after them into `word`. */
static __always_inline enum buffer_state skip_leading(struct rust_bytes_mut *bytes, __u64 *word)
{
	int skip;

	if (bpf_probe_read_user(word, sizeof(*word), (void *)bytes->data))
		return BUFFER_UNREAD;
	if ((char)*word != '\r' && (char)*word != '\n')
		return BUFFER_READ;
	skip = count_leading(bytes->data, bytes->length);
	if (skip < 0)
		return BUFFER_UNREAD;
	if ((__u64)skip >= bytes->length)
		return BUFFER_SKIPPED;
	bytes->data += (__u64)skip;
	bytes->length -= (__u64)skip;
	return bpf_probe_read_user(word, sizeof(*word), (void *)bytes->data) ? BUFFER_UNREAD
									     : BUFFER_READ;
}

/* Finds the head of a request in hyper's buffer. Sets `bytes` to the bytes from the start of the head,
 * `word` to the first eight bytes of the head, and `is_complete` to whether head_is_complete() finds the end
 * of the head. */
static __always_inline enum buffer_state find_head(__u64 buffer, struct rust_bytes_mut *bytes,
						   __u64 *word, bool *is_complete)
{
	enum buffer_state state = read_buffer(buffer, bytes);
	int ends;

	if (state == BUFFER_READ)
		state = skip_leading(bytes, word);
	if (state != BUFFER_READ)
		return state;
	ends = head_is_complete(bytes->data, bytes->length);
	*is_complete = ends == 1;
	return ends == HEAD_UNREAD ? BUFFER_UNREAD : BUFFER_READ;
}

#endif
