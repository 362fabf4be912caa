/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_MESSAGE_LINES_BPF_H
#define SCOTTYSCOPE_MESSAGE_LINES_BPF_H

/* How many lines a message of log lines or task output carries, without a look at their text. */

#include "http_head.bpf.h"

/* Lines are counted by their field "sequence", which is in each once; in a line's own text its quotes
 * have backslashes before them. `quence":` is told by eight bytes from each q on. */
#define LINE_CHUNK_BYTES 64

struct line_count {
	__u64 text;
	__u64 length;
	__u64 lines;
};

static __always_inline __u64 is_line_mark(__u64 address)
{
	__u64 word = 0;

	bpf_probe_read_user(&word, sizeof(word), (void *)address);
	return word == WORD('q', 'u', 'e', 'n', 'c', 'e', '"', ':');
}

/* How many lines chunk `index` of the `length` bytes at `text` ends; -1 behind the last chunk. A
 * function of its own, which the verifier checks once. */
__weak __noinline int lines_in_chunk(__u64 text, __u64 length, __u64 index)
{
	__u64 words[LINE_CHUNK_BYTES / 8] = {};
	__u64 offset = index * LINE_CHUNK_BYTES, size;
	int lines = 0;

	if (offset >= length)
		return -1;
	size = length - offset;
	if (size > LINE_CHUNK_BYTES)
		size = LINE_CHUNK_BYTES;
	if (bpf_probe_read_user(words, (__u32)size, (void *)(text + offset)))
		return -1;
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

/* Counts the lines of chunk `index`; returns 1 behind the last one. For bpf_loop(). */
static __always_inline long count_lines_in_chunk(__u64 index, struct line_count *count)
{
	int lines = lines_in_chunk(count->text, count->length, index);

	if (lines < 0)
		return 1;
	count->lines += (__u64)lines;
	return 0;
}

#endif
