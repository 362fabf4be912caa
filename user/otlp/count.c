// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdbool.h>

#include "otlp/decode.h"
#include "otlp/wire_type.h"

/* Counts items in the wire format. The front counts every request, and unpacking a request only for
 * the count would take many times its size. */

struct slice {
	const uint8_t *bytes;
	size_t size;
};

static bool read_varint(struct slice *from, uint64_t *ret_value)
{
	uint64_t value = 0;

	for (unsigned int shift = 0; shift < 64 && from->size > 0; shift += 7) {
		uint8_t byte = *from->bytes;

		from->bytes++;
		from->size--;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80) {
			*ret_value = value;
			return true;
		}
	}
	return false;
}

static bool read_bytes(struct slice *from, uint64_t size, struct slice *ret_bytes)
{
	if (size > from->size)
		return false;
	*ret_bytes = (struct slice){from->bytes, (size_t)size};
	from->bytes += size;
	from->size -= (size_t)size;
	return true;
}

/* Reads the next field. `ret_content` is empty if the field is not length-delimited. */
static bool read_field(struct slice *from, uint64_t *ret_number, struct slice *ret_content)
{
	struct slice skipped;
	uint64_t tag, value;

	*ret_content = (struct slice){0};
	if (!read_varint(from, &tag))
		return false;
	*ret_number = tag >> 3;
	switch (tag & 7) {
	case WIRE_VARINT:
		return read_varint(from, &value);
	case WIRE_FIXED64:
		return read_bytes(from, 8, &skipped);
	case WIRE_FIXED32:
		return read_bytes(from, 4, &skipped);
	case WIRE_LENGTH:
		return read_varint(from, &value) && read_bytes(from, value, ret_content);
	default:
		return false;
	}
}

/* Returns the number of fields at the end of `path`. For each of `depth` levels, `path` has a bit
 * mask of the field numbers to follow. */
static uint64_t count_at(struct slice message, const uint32_t *path, size_t depth)
{
	struct slice content;
	uint64_t count = 0, number;

	while (message.size > 0 && read_field(&message, &number, &content)) {
		if (number >= 32 || !(path[0] & UINT32_C(1) << number))
			continue;
		count += depth == 1 ? 1 : count_at(content, path + 1, depth - 1);
	}
	return count;
}

uint64_t otlp_count_points(const uint8_t *bytes, size_t size)
{
	/* resource_metrics, scope_metrics, metrics, the data, data_points */
	static const uint32_t data = 1 << 5 /* gauge */ | 1 << 7 /* sum */ |
				     1 << 9 /* histogram */ | 1 << 10 /* exponential histogram */;
	const uint32_t path[] = {1 << 1, 1 << 2, 1 << 2, data, 1 << 1};

	return count_at((struct slice){bytes, size}, path, 5);
}

uint64_t otlp_count_spans(const uint8_t *bytes, size_t size)
{
	/* resource_spans, scope_spans, spans */
	static const uint32_t path[] = {1 << 1, 1 << 2, 1 << 2};

	return count_at((struct slice){bytes, size}, path, 3);
}
