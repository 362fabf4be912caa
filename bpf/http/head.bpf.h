/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_HTTP_HEAD_BPF_H
#define SCOTTYSCOPE_HTTP_HEAD_BPF_H

/* The bytes of HTTP/1.1 heads: where one ends, its method, its path without the query, a response's
 * status. Reads user memory through bpf_probe_read_user() only, so that it also compiles natively,
 * against a stub of that helper, for unit tests. */

#include "wire.h"

/* Heads are searched for their end in chunks, of 8 KiB together. */
#define HEAD_CHUNK_BYTES 256
#define HEAD_CHUNK_LIMIT 32
#define HEAD_LEADING_MAX 64 /* bytes of empty lines before a request, RFC 9112 section 2.2 */

/* Bytes are looked at eight at a time and without branches: fewer instructions to run, and fewer
 * states for the verifier. The 0x80 bit of each byte of the result is set where the byte of `word`
 * is `byte`; after the zero-byte test of Hacker's Delight, section 6-1. */
static __always_inline __u64 bytes_equal(__u64 word, __u8 byte)
{
	const __u64 low_bits = 0x7f7f7f7f7f7f7f7fULL;
	__u64 difference = word ^ (byte * 0x0101010101010101ULL);

	return ~(((difference & low_bits) + low_bits) | difference | low_bits);
}

/* Eight times the same byte. */
#define REPEAT(byte) ((byte)*0x0101010101010101ULL)

/* The index of the first byte that is marked by its 0x80 bit; 8 where none is. */
static __always_inline __u64 first_marked(__u64 marks)
{
	__u64 below = ((marks & -marks) >> 7) - 1;

	return ((below & REPEAT(1)) * REPEAT(1)) >> 56;
}

/* All ones where no byte is marked, else 0. Newer compilers (clang 19) see through the arithmetic and
 * make a branch of it, at which the verifier would follow both ways, word for word. */
static __always_inline __u64 ones_unless_marked(__u64 marks)
{
	__u64 sign = marks | -marks;

	asm volatile("" : "+r"(sign));
	return (sign >> 63) - 1;
}

/* Where line ends were in the eight bytes before. */
struct line_ends {
	__u64 feeds;
	__u64 returns;
};

/* Not 0 where an empty line, "\n\r\n" or "\n\n" (hyper takes both), ends within `word`. */
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

/* Whether a head ends in the chunk at `offset` of the `length` bytes at `buffer`: 1 or 0; -1 where
 * there is no chunk to look at. A function of its own, which the verifier checks once and not for each
 * chunk. */
__weak __noinline int head_ends_in_chunk(__u64 buffer, __u64 length, __u64 offset)
{
	__u64 words[HEAD_CHUNK_BYTES / 8] = {};
	__u64 found = 0, word_before = 0, size;
	struct line_ends before = {};

	if (offset >= length)
		return -1;
	size = length - offset;
	if (size > HEAD_CHUNK_BYTES)
		size = HEAD_CHUNK_BYTES;
	if (bpf_probe_read_user(words, (__u32)size, (void *)(buffer + offset)))
		return -1;
	if (offset >= sizeof(word_before)) {
		bpf_probe_read_user(&word_before, sizeof(word_before),
				    (void *)(buffer + offset - sizeof(word_before)));
		ends_head(word_before, &before);
	}
	for (__u32 i = 0; i < HEAD_CHUNK_BYTES / 8; i++)
		found |= ends_head(words[i], &before);
	return found != 0;
}

/* Whether the `length` bytes at `buffer` hold the end of a head, as far as they are searched. */
__weak __noinline int head_is_whole(__u64 buffer, __u64 length)
{
	struct line_ends before = {};
	__u64 tail = 0;

	/* The usual request has no body and came alone: its head ends where the bytes end. */
	if (length < 4 || bpf_probe_read_user(&tail, 4, (void *)(buffer + length - 4)))
		return 0;
	if (ends_head(tail, &before))
		return 1;
	for (__u32 chunk = 0; chunk < HEAD_CHUNK_LIMIT; chunk++) {
		int ends = head_ends_in_chunk(buffer, length, (__u64)chunk * HEAD_CHUNK_BYTES);

		if (ends)
			return ends > 0;
	}
	return 0;
}

/* A word's first bytes as the little-endian number they make. */
#define WORD(a, b, c, d, e, f, g, h)                                                             \
	((__u64)(a) | (__u64)(b) << 8 | (__u64)(c) << 16 | (__u64)(d) << 24 | (__u64)(e) << 32 | \
	 (__u64)(f) << 40 | (__u64)(g) << 48 | (__u64)(h) << 56)

/* The method that a request line starting with these eight bytes names, and in `ret_length` the
 * length of its token with the space after it (0 for OTHER). */
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

/* Cuts the request target at `path` to its path: from the first space, query, fragment, line end or
 * zero byte on all is zeroed, so that no secret stays. Returns the path's length within the room. */
static __always_inline __u32 cut_url_path(__u64 path[URL_PATH_BYTES / 8])
{
	__u64 open = ~0ULL, length = 0;

	for (int i = 0; i < URL_PATH_BYTES / 8; i++) {
		__u64 word = path[i];
		__u64 ends = bytes_equal(word, ' ') | bytes_equal(word, '?') |
			     bytes_equal(word, '#') | bytes_equal(word, '\r') |
			     bytes_equal(word, '\n') | bytes_equal(word, 0);
		/* The bits below the first end; all of them where there is none. */
		__u64 first = ends & -ends;
		__u64 keep = ((first >> 7) - 1) & open;

		path[i] = word & keep;
		length += ((keep & 0x0101010101010101ULL) * 0x0101010101010101ULL) >> 56;
		/* Closed for good after an end. */
		open &= ones_unless_marked(ends);
	}
	return (__u32)length;
}

/* The status code of a response line "HTTP/1.x NNN", of which 12 bytes are given; 0 when it is not
 * one. */
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
