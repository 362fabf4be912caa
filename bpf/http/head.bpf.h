/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_HTTP_HEAD_BPF_H
#define SCOTTYSCOPE_HTTP_HEAD_BPF_H

/* Parsing of HTTP/1.1 heads: end of the head, method, path without the query, status of a response.
 * Unit tests compile this file natively, with a stub of bpf_probe_read_user(). */

#include "core/word.bpf.h"
#include "http/types.h"

/* The end of a head is searched in 32 chunks, 8 KiB together. */
#define HEAD_CHUNK_BYTES 256
#define HEAD_CHUNK_LIMIT 32
#define HEAD_LEADING_MAX 64 /* bytes of empty lines before a request, RFC 9112 section 2.2 */

/* Line ends in the previous eight bytes: marks of line feeds and carriage returns. */
struct line_ends {
	__u64 feeds;
	__u64 returns;
};

/* Marks the ends of empty lines in `word`, "\n\r\n" or "\n\n" (hyper accepts both). */
static __always_inline __u64 ends_head(__u64 word, struct line_ends *before)
{
	__u64 feeds = bytes_equal(word, '\n'), returns = bytes_equal(word, '\r');
	__u64 feed_1_before = feeds << 8 | before->feeds >> 56;
	__u64 feed_2_before = feeds << 16 | before->feeds >> 48;
	__u64 return_1_before = returns << 8 | before->returns >> 56;

	before->feeds = feeds;
	before->returns = returns;
	return feeds & (feed_1_before | (return_1_before & feed_2_before));
}

/* Results of a search for the end of a head, besides 0 (the head continues) and 1. */
#define HEAD_BEYOND -1 /* the buffer has no such chunk */
#define HEAD_UNREAD -2 /* the chunk cannot be read */

/* Whether a head ends in the chunk at `offset` of the `length` bytes at `buffer`: 1, 0, HEAD_BEYOND or
 * HEAD_UNREAD. A global function: the verifier checks it once, not for each chunk. */
__weak __noinline int head_ends_in_chunk(__u64 buffer, __u64 length, __u64 offset)
{
	__u64 words[HEAD_CHUNK_BYTES / 8] = {};
	__u64 found = 0, word_before = 0, size;
	struct line_ends before = {};

	if (offset >= length)
		return HEAD_BEYOND;
	size = length - offset;
	if (size > HEAD_CHUNK_BYTES)
		size = HEAD_CHUNK_BYTES;
	if (bpf_probe_read_user(words, (__u32)size, (void *)(buffer + offset)))
		return HEAD_UNREAD;
	if (offset >= sizeof(word_before)) {
		if (bpf_probe_read_user(&word_before, sizeof(word_before),
					(void *)(buffer + offset - sizeof(word_before))))
			return HEAD_UNREAD;
		ends_head(word_before, &before);
	}
	for (__u32 i = 0; i < HEAD_CHUNK_BYTES / 8; i++)
		found |= ends_head(words[i], &before);
	return found != 0;
}

/* Whether the first 8 KiB of the `length` bytes at `buffer` hold the end of a head: 1, 0 or
 * HEAD_UNREAD. */
__weak __noinline int head_is_complete(__u64 buffer, __u64 length)
{
	struct line_ends before = {};
	__u64 tail = 0;

	/* A typical request has no body and no successor: its head ends at the last byte. */
	if (length < 4)
		return 0;
	if (bpf_probe_read_user(&tail, 4, (void *)(buffer + length - 4)))
		return HEAD_UNREAD;
	if (ends_head(tail, &before))
		return 1;
	for (__u32 chunk = 0; chunk < HEAD_CHUNK_LIMIT; chunk++) {
		int ends = head_ends_in_chunk(buffer, length, (__u64)chunk * HEAD_CHUNK_BYTES);

		if (ends)
			return ends == HEAD_BEYOND ? 0 : ends;
	}
	return 0;
}

/* The method of a request line that starts with these eight bytes. Sets `ret_length` to the length
 * of the token with the space after it (0 for OTHER). */
static __always_inline __u8 method_of(__u64 word, __u32 *ret_length)
{
#define METHOD(method, size, ...)                                         \
	if ((word & (~0ULL >> (64 - 8 * (size)))) == WORD(__VA_ARGS__)) { \
		*ret_length = size;                                       \
		return method;                                            \
	}
	METHOD(METHOD_GET, 4, 'G', 'E', 'T', ' ', 0, 0, 0, 0)
	METHOD(METHOD_POST, 5, 'P', 'O', 'S', 'T', ' ', 0, 0, 0)
	METHOD(METHOD_HEAD, 5, 'H', 'E', 'A', 'D', ' ', 0, 0, 0)
	METHOD(METHOD_PUT, 4, 'P', 'U', 'T', ' ', 0, 0, 0, 0)
	METHOD(METHOD_DELETE, 7, 'D', 'E', 'L', 'E', 'T', 'E', ' ', 0)
	METHOD(METHOD_OPTIONS, 8, 'O', 'P', 'T', 'I', 'O', 'N', 'S', ' ')
	METHOD(METHOD_PATCH, 6, 'P', 'A', 'T', 'C', 'H', ' ', 0, 0)
	METHOD(METHOD_CONNECT, 8, 'C', 'O', 'N', 'N', 'E', 'C', 'T', ' ')
	METHOD(METHOD_TRACE, 6, 'T', 'R', 'A', 'C', 'E', ' ', 0, 0)
#undef METHOD
	*ret_length = 0;
	return METHOD_OTHER;
}

/* Truncates the request target at `path` to its path: zeroes everything from the first space,
 * query, fragment, line end or zero byte on, which may hold secrets. Returns the path's length
 * within the buffer. */
static __always_inline __u32 cut_url_path(__u64 path[URL_PATH_BYTES / 8])
{
	__u64 open = ~0ULL, length = 0;

	for (int i = 0; i < URL_PATH_BYTES / 8; i++) {
		__u64 word = path[i];
		__u64 ends = bytes_equal(word, ' ') | bytes_equal(word, '?') |
			     bytes_equal(word, '#') | bytes_equal(word, '\r') |
			     bytes_equal(word, '\n') | bytes_equal(word, 0);
		/* The bits below the first end; all bits if there is none. */
		__u64 first = ends & -ends;
		__u64 keep = ((first >> 7) - 1) & open;

		path[i] = word & keep;
		length += ((keep & REPEAT(1)) * REPEAT(1)) >> 56;
		/* Stays closed after the first end. */
		open &= ones_unless_marked(ends);
	}
	return (__u32)length;
}

/* The status code of a response line that starts with these 12 bytes, "HTTP/1.x NNN"; 0 for other
 * text. */
static __always_inline __u16 status_of_line(const __u8 line[12])
{
	__u32 hundreds = line[9] - '0', tens = line[10] - '0', ones = line[11] - '0';

	if (line[0] != 'H' || line[1] != 'T' || line[2] != 'T' || line[3] != 'P' ||
	    line[4] != '/' || line[8] != ' ')
		return 0;
	if (hundreds < 1 || hundreds > 9 || tens > 9 || ones > 9)
		return 0;
	return (__u16)(hundreds * 100 + tens * 10 + ones);
}

#endif
