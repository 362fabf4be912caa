/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_MESSAGE_LINES_BPF_H
#define SCOTTYSCOPE_MESSAGE_LINES_BPF_H

/* Counts the lines in a message with log lines or task output. Unit tests compile this file
 * natively. */

#include "core/word.bpf.h"

/* Each line has one field "sequence"; the quotes in a line's text are escaped. So lines are counted
 * by the eight bytes `quence":`, searched from each q on. */
#define LINE_CHUNK_BYTES 64

/* Nested loops over chunks, blocks and stretches: short enough for the verifier of every kernel.
 * bpf_loop() needs Linux 5.17. */
#define LINE_BLOCK_BYTES   ((__u64)64 * LINE_CHUNK_BYTES)
#define LINE_STRETCH_BYTES (64 * LINE_BLOCK_BYTES)
#define LINE_TEXT_LIMIT	   (256 * LINE_STRETCH_BYTES)

static __always_inline __u64 is_line_mark(__u64 address)
{
	__u64 word = 0;

	bpf_probe_read_user(&word, sizeof(word), (void *)address);
	return word == WORD('q', 'u', 'e', 'n', 'c', 'e', '"', ':');
}

/* Number of marks that start in the chunk at `offset` of the `length` bytes at `text`. This
 * function and the next ones are global: the verifier checks each once. */
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

		/* At most eight q in a word; few words have one. */
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

/* Number of lines in the `length` bytes at `text`, up to the limit. */
__weak __noinline int lines_in_text(__u64 text, __u64 length)
{
	int lines = 0;

	for (__u64 i = 0; i < LINE_TEXT_LIMIT && i < length; i += LINE_STRETCH_BYTES)
		lines += lines_in_stretch(text, length, i);
	return lines;
}

#endif
