/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PLANNER_BYTES_H
#define SCOTTYSCOPE_PLANNER_BYTES_H

/* Numbers and texts in a row of bytes. Writer and reader are the same program on the same machine. An error sticks:
 * a caller checks once, at the end. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct byte_writer {
	uint8_t *bytes; /* malloc'ed */
	size_t size;
	size_t capacity;
	bool failed; /* out of memory */
};

void byte_writer__u8(struct byte_writer *writer, uint8_t value);
void byte_writer__u32(struct byte_writer *writer, uint32_t value);
void byte_writer__u64(struct byte_writer *writer, uint64_t value);

/* Writes a text with its length; NULL: no text. */
void byte_writer__text(struct byte_writer *writer, const char *text);

/* Reads from bytes that another process wrote: nothing about them is trusted. */
struct byte_reader {
	const uint8_t *at;
	size_t left;
	bool failed; /* the bytes ended too early, or a value is out of its range */
};

/* Return the next value. A value above `most`, a flag other than 0 and 1, and the end of the bytes are failures,
 * which return 0. */
uint64_t byte_reader__number(struct byte_reader *reader, size_t size, uint64_t most);
bool byte_reader__flag(struct byte_reader *reader);

static inline uint8_t byte_reader__u8(struct byte_reader *reader, uint8_t most)
{
	return (uint8_t)byte_reader__number(reader, sizeof(uint8_t), most);
}

static inline uint32_t byte_reader__u32(struct byte_reader *reader, uint32_t most)
{
	return (uint32_t)byte_reader__number(reader, sizeof(uint32_t), most);
}

static inline uint64_t byte_reader__u64(struct byte_reader *reader)
{
	return byte_reader__number(reader, sizeof(uint64_t), UINT64_MAX);
}

/* Returns the next text, malloc'ed; NULL without one. A text of more than `most` bytes, or with a zero byte, is a
 * failure. */
char *byte_reader__text(struct byte_reader *reader, size_t most);

#endif
