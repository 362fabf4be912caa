/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_HTTP_HEAD_BPF_H
#define SCOTTYSCOPE_HTTP_HEAD_BPF_H

/* Parsing of HTTP/1.1 heads: start and end of a head, status of a response. Unit tests compile this
 * file natively, with a stub of bpf_probe_read_user(). */

#include "core/word.bpf.h"
#include "http/types.h"

/* A head is searched in chunks, in blocks of 8 KiB, and up to HEAD_LIMIT_BYTES together: above the
 * 408 KiB that hyper accepts by default (hyper/src/proto/h1/io.rs, DEFAULT_MAX_BUFFER_SIZE). Nested
 * loops of this length suit the verifier of every kernel. */
#define HEAD_CHUNK_BYTES 256
#define HEAD_BLOCK_BYTES ((__u64)8192)
#define HEAD_LIMIT_BYTES (64 * HEAD_BLOCK_BYTES)

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

/* As head_ends_in_chunk(), for the block at `offset`. */
__weak __noinline int head_ends_in_block(__u64 buffer, __u64 length, __u64 offset)
{
	for (__u64 i = 0; i < HEAD_BLOCK_BYTES; i += HEAD_CHUNK_BYTES) {
		int ends = head_ends_in_chunk(buffer, length, offset + i);

		if (ends)
			return ends;
	}
	return 0;
}

/* Whether the `length` bytes at `buffer`, up to HEAD_LIMIT_BYTES, hold the end of a head: 1, 0 or
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
	for (__u64 offset = 0; offset < HEAD_LIMIT_BYTES; offset += HEAD_BLOCK_BYTES) {
		int ends = head_ends_in_block(buffer, length, offset);

		if (ends)
			return ends == HEAD_BEYOND ? 0 : ends;
	}
	return 0;
}

/* The part is full of empty lines, and more may follow. */
#define LEADING_CONTINUES -1

/* Number of bytes of empty lines at the start of the chunk at `offset` of the `length` bytes at
 * `data`; LEADING_CONTINUES or HEAD_UNREAD. */
__weak __noinline int leading_in_chunk(__u64 data, __u64 length, __u64 offset)
{
	__u64 words[HEAD_CHUNK_BYTES / 8] = {};
	__u64 open = ~0ULL, leading = 0, size;

	if (offset >= length)
		return 0;
	size = length - offset;
	if (size > HEAD_CHUNK_BYTES)
		size = HEAD_CHUNK_BYTES;
	if (bpf_probe_read_user(words, (__u32)size, (void *)(data + offset)))
		return HEAD_UNREAD;
	for (__u32 i = 0; i < HEAD_CHUNK_BYTES / 8; i++) {
		__u64 others =
			~(bytes_equal(words[i], '\r') | bytes_equal(words[i], '\n')) & REPEAT(0x80);

		leading += first_marked(others) & open;
		open &= ones_unless_marked(others);
	}
	return open ? LEADING_CONTINUES : (int)leading;
}

/* As leading_in_chunk(), for the block at `offset`. */
__weak __noinline int leading_in_block(__u64 data, __u64 length, __u64 offset)
{
	for (__u64 i = 0; i < HEAD_BLOCK_BYTES; i += HEAD_CHUNK_BYTES) {
		int leading = leading_in_chunk(data, length, offset + i);

		if (leading != LEADING_CONTINUES)
			return leading < 0 ? leading : (int)i + leading;
	}
	return LEADING_CONTINUES;
}

/* Number of bytes of empty lines before a request at `data` (RFC 9112 section 2.2), up to
 * HEAD_LIMIT_BYTES; HEAD_UNREAD if they cannot be read. */
__weak __noinline int count_leading(__u64 data, __u64 length)
{
	for (__u64 offset = 0; offset < HEAD_LIMIT_BYTES; offset += HEAD_BLOCK_BYTES) {
		int leading = leading_in_block(data, length, offset);

		if (leading != LEADING_CONTINUES)
			return leading < 0 ? leading : (int)offset + leading;
	}
	return (int)HEAD_LIMIT_BYTES;
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
