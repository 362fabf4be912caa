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

/* Whether the mark of a line starts at `address`, in a text that ends at `end`: 1 or 0; -1 if the text
 * cannot be read. */
static __always_inline int is_line_mark(__u64 address, __u64 end)
{
	__u64 word = 0;

	if (address + sizeof(word) > end)
		return 0;
	if (bpf_probe_read_user(&word, sizeof(word), (void *)address))
		return -1;
	return word == WORD('q', 'u', 'e', 'n', 'c', 'e', '"', ':');
}

/* Number of marks that start in the chunk at `offset` of the `length` bytes at `text`; -1 if the text
 * cannot be read. This function and the next ones are global: the verifier checks each once. */
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
		return -1;
	for (int i = 0; i < LINE_CHUNK_BYTES / 8; i++) {
		__u64 marks = bytes_equal(words[i], 'q');

		/* At most eight q in a word; few words have one. */
		for (int k = 0; k < 8 && marks; k++) {
			int found = is_line_mark(text + offset + (__u64)i * 8 + first_marked(marks),
						 text + length);

			if (found < 0)
				return -1;
			lines += found;
			marks &= marks - 1;
		}
	}
	return lines;
}

__weak __noinline int lines_in_block(__u64 text, __u64 length, __u64 offset)
{
	int lines = 0;

	for (__u64 i = 0; i < LINE_BLOCK_BYTES && offset + i < length; i += LINE_CHUNK_BYTES) {
		int found = lines_in_chunk(text, length, offset + i);

		if (found < 0)
			return -1;
		lines += found;
	}
	return lines;
}

__weak __noinline int lines_in_stretch(__u64 text, __u64 length, __u64 offset)
{
	int lines = 0;

	for (__u64 i = 0; i < LINE_STRETCH_BYTES && offset + i < length; i += LINE_BLOCK_BYTES) {
		int found = lines_in_block(text, length, offset + i);

		if (found < 0)
			return -1;
		lines += found;
	}
	return lines;
}

/* Number of lines in the `length` bytes at `text`, up to the limit; -1 if a part of them cannot be
 * read. */
__weak __noinline int lines_in_text(__u64 text, __u64 length)
{
	int lines = 0;

	for (__u64 i = 0; i < LINE_TEXT_LIMIT && i < length; i += LINE_STRETCH_BYTES) {
		int found = lines_in_stretch(text, length, i);

		if (found < 0)
			return -1;
		lines += found;
	}
	return lines;
}

#endif
