/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_MESSAGE_LINES_BPF_H
#define SCOTTYSCOPE_MESSAGE_LINES_BPF_H

/* How many lines a message of log lines or task output carries, without a look at their text. */

#include "http/head.bpf.h"

/* Lines are counted by their field "sequence", which is in each once; in a line's own text its quotes
 * have backslashes before them. `quence":` is told by eight bytes from each q on. */
#define LINE_CHUNK_BYTES 64

/* Chunks are counted in blocks, blocks in stretches, and stretches up to the limit: loops that the
 * verifier of each kernel can follow to their ends, without bpf_loop(), which Linux 5.17 brought. */
#define LINE_BLOCK_BYTES   ((__u64)64 * LINE_CHUNK_BYTES)
#define LINE_STRETCH_BYTES (64 * LINE_BLOCK_BYTES)
#define LINE_TEXT_LIMIT	   (256 * LINE_STRETCH_BYTES)

static __always_inline __u64 is_line_mark(__u64 address)
{
	__u64 word = 0;

	bpf_probe_read_user(&word, sizeof(word), (void *)address);
	return word == WORD('q', 'u', 'e', 'n', 'c', 'e', '"', ':');
}

/* How many lines the chunk at `offset` of the `length` bytes at `text` ends. This and those below are
 * functions of their own, which the verifier checks once. */
__weak __noinline int lines_in_chunk(__u64 text, __u64 length, __u64 offset)
{
	__u64 words[LINE_CHUNK_BYTES / 8] = {};
	__u64 size;
	int lines = 0;

	if (offset >= length)
		return 0;
	size = length - offset;
	if (size > LINE_CHUNK_BYTES)
		size = LINE_CHUNK_BYTES;
	if (bpf_probe_read_user(words, (__u32)size, (void *)(text + offset)))
		return 0;
	for (int i = 0; i < LINE_CHUNK_BYTES / 8; i++) {
		__u64 marks = bytes_equal(words[i], 'q');

		/* At most eight q in a word, in one word of hundreds. */
		for (int k = 0; k < 8 && marks; k++) {
			lines += (int)is_line_mark(text + offset + (__u64)i * 8 +
						   first_marked(marks));
			marks &= marks - 1;
		}
	}
	return lines;
}

__weak __noinline int lines_in_block(__u64 text, __u64 length, __u64 offset)
{
	int lines = 0;

	for (__u64 i = 0; i < LINE_BLOCK_BYTES && offset + i < length; i += LINE_CHUNK_BYTES)
		lines += lines_in_chunk(text, length, offset + i);
	return lines;
}

__weak __noinline int lines_in_stretch(__u64 text, __u64 length, __u64 offset)
{
	int lines = 0;

	for (__u64 i = 0; i < LINE_STRETCH_BYTES && offset + i < length; i += LINE_BLOCK_BYTES)
		lines += lines_in_block(text, length, offset + i);
	return lines;
}

/* How many lines the `length` bytes at `text` carry, as far as the limit. */
__weak __noinline int lines_in_text(__u64 text, __u64 length)
{
	int lines = 0;

	for (__u64 i = 0; i < LINE_TEXT_LIMIT && i < length; i += LINE_STRETCH_BYTES)
		lines += lines_in_stretch(text, length, i);
	return lines;
}

#endif
