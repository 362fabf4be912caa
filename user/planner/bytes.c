// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "planner/bytes.h"

#include <stdlib.h>
#include <string.h>

#define NO_TEXT UINT32_MAX

static void write_bytes(struct byte_writer *writer, const void *bytes, size_t size)
{
	if (writer->capacity - writer->size < size) {
		size_t capacity = (writer->size + size) * 2;
		uint8_t *grown = realloc(writer->bytes, capacity);

		if (!grown) {
			writer->failed = true;
			return;
		}
		writer->bytes = grown;
		writer->capacity = capacity;
	}
	memcpy(writer->bytes + writer->size, bytes, size);
	writer->size += size;
}

void byte_writer__u8(struct byte_writer *writer, uint8_t value)
{
	write_bytes(writer, &value, sizeof(value));
}

void byte_writer__u32(struct byte_writer *writer, uint32_t value)
{
	write_bytes(writer, &value, sizeof(value));
}

void byte_writer__u64(struct byte_writer *writer, uint64_t value)
{
	write_bytes(writer, &value, sizeof(value));
}

void byte_writer__text(struct byte_writer *writer, const char *text)
{
	byte_writer__u32(writer, text ? (uint32_t)strlen(text) : NO_TEXT);
	if (text && *text)
		write_bytes(writer, text, strlen(text));
}

static const uint8_t *take(struct byte_reader *reader, size_t size)
{
	const uint8_t *bytes = reader->at;

	if (reader->failed || size > reader->left) {
		reader->failed = true;
		return NULL;
	}
	reader->at += size;
	reader->left -= size;
	return bytes;
}

uint64_t byte_reader__number(struct byte_reader *reader, size_t size, uint64_t most)
{
	const uint8_t *bytes = take(reader, size);
	uint64_t value = 0;

	/* Little-endian, as all machines that the tool runs on. */
	if (bytes)
		memcpy(&value, bytes, size);
	if (value > most) {
		reader->failed = true;
		return 0;
	}
	return value;
}

bool byte_reader__flag(struct byte_reader *reader)
{
	return byte_reader__u8(reader, 1) == 1;
}

char *byte_reader__text(struct byte_reader *reader, size_t most)
{
	uint32_t length = byte_reader__u32(reader, UINT32_MAX);
	const uint8_t *bytes;
	char *text;

	if (reader->failed || length == NO_TEXT)
		return NULL;
	bytes = length <= most ? take(reader, length) : NULL;
	text = bytes && !memchr(bytes, '\0', length) ? strndup((const char *)bytes, length) : NULL;
	reader->failed |= !text;
	return text;
}
