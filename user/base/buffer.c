// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/buffer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int buffer__append(struct buffer *buffer, const char *bytes, size_t length)
{
	if (length > BUFFER_BYTES_MAX - buffer->length)
		return -E2BIG;
	if (buffer->length + length >= buffer->capacity) {
		size_t capacity = (buffer->length + length + 1) * 2;
		char *grown = realloc(buffer->bytes, capacity);

		if (!grown)
			return -ENOMEM;
		buffer->bytes = grown;
		buffer->capacity = capacity;
	}
	if (length > 0)
		memcpy(buffer->bytes + buffer->length, bytes, length);
	buffer->length += length;
	buffer->bytes[buffer->length] = '\0';
	return 0;
}

void buffer__truncate(struct buffer *buffer, size_t length)
{
	buffer->length = length;
	if (buffer->bytes)
		buffer->bytes[length] = '\0';
}

void buffer__done(struct buffer *buffer)
{
	free(buffer->bytes);
	*buffer = (struct buffer){0};
}
