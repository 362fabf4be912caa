// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "otlp/attribute.h"

#include <endian.h>
#include <stdbool.h>
#include <string.h>

#include "otlp/wire_type.h"

/* Packs attributes without protobuf-c. For each attribute, protobuf-c walks all possible fields of
 * its messages twice: once for their sizes and once for their bytes. With a dozen attributes per
 * span, this was the largest part of a span's cost. */

#define TAG(number, type) ((uint8_t)((number) << 3 | (type)))

/* The fields of KeyValue and of AnyValue (proto/common.proto). */
#define KEY	TAG(1, WIRE_LENGTH)
#define VALUE	TAG(2, WIRE_LENGTH)
#define STRING	TAG(1, WIRE_LENGTH)
#define BOOLEAN TAG(2, WIRE_VARINT)
#define INTEGER TAG(3, WIRE_VARINT)
#define REAL	TAG(4, WIRE_FIXED64)

static size_t varint_size(uint64_t value)
{
	unsigned int bits = 64 - (unsigned int)__builtin_clzll(value | 1);

	return (bits + 6) / 7;
}

static uint8_t *put_varint(uint8_t *to, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		*to++ = (uint8_t)(value | 0x80);
	*to++ = (uint8_t)value;
	return to;
}

/* Writes the tag and the length of a text or of a nested message. Returns the end of the written
 * bytes. */
static uint8_t *put_head(uint8_t *to, uint8_t tag, size_t length)
{
	*to++ = tag;
	return put_varint(to, length);
}

static size_t head_size(size_t length)
{
	return 1 + varint_size(length);
}

static uint8_t *put_text(uint8_t *to, uint8_t tag, const char *text, size_t length)
{
	to = put_head(to, tag, length);
	memcpy(to, text, length);
	return to + length;
}

static size_t value_size(const struct span_attribute *attribute, size_t text_length)
{
	switch (attribute->kind) {
	case SPAN_ATTRIBUTE_STRING:
		return head_size(text_length) + text_length;
	case SPAN_ATTRIBUTE_INTEGER:
		return 1 + varint_size((uint64_t)attribute->integer);
	case SPAN_ATTRIBUTE_REAL:
		return 1 + sizeof(attribute->real);
	case SPAN_ATTRIBUTE_BOOLEAN:
		return 2;
	}
	return 0;
}

static void put_value(uint8_t *to, const struct span_attribute *attribute, const char *text,
		      size_t text_length)
{
	uint64_t bits;

	switch (attribute->kind) {
	case SPAN_ATTRIBUTE_STRING:
		put_text(to, STRING, text, text_length);
		return;
	case SPAN_ATTRIBUTE_INTEGER:
		*to++ = INTEGER;
		put_varint(to, (uint64_t)attribute->integer);
		return;
	case SPAN_ATTRIBUTE_REAL:
		*to++ = REAL;
		memcpy(&bits, &attribute->real, sizeof(bits));
		bits = htole64(bits);
		memcpy(to, &bits, sizeof(bits));
		return;
	case SPAN_ATTRIBUTE_BOOLEAN:
		*to++ = BOOLEAN;
		*to = attribute->boolean;
		return;
	}
}

ProtobufCBinaryData otlp_pack_attribute(struct arena *arena, const struct span_attribute *attribute)
{
	bool is_string = attribute->kind == SPAN_ATTRIBUTE_STRING;
	const char *text = is_string ? otlp_text(arena, attribute->string) : "";
	size_t text_length = text ? strlen(text) : 0;
	size_t key_length = strlen(attribute->key);
	size_t value = value_size(attribute, text_length);
	size_t size = head_size(key_length) + key_length + head_size(value) + value;
	uint8_t *bytes = arena__alloc(arena, size), *to;

	if (!text || !bytes)
		return (ProtobufCBinaryData){0};
	to = put_text(bytes, KEY, attribute->key, key_length);
	to = put_head(to, VALUE, value);
	put_value(to, attribute, text, text_length);
	return (ProtobufCBinaryData){.len = size, .data = bytes};
}
