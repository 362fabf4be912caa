/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_BASE_BUFFER_H
#define SCOTTYSCOPE_BASE_BUFFER_H

/* A growing text buffer. The text is terminated after the first append. A zeroed buffer is empty
 * and holds no memory. */

#include <stddef.h>

#define BUFFER_BYTES_MAX ((size_t)1024 * 1024)

struct buffer {
	char *bytes; /* NULL until the first append */
	size_t length;
	size_t capacity;
};

/* Appends `length` bytes, which must not be the buffer's own; NULL for none. Returns 0; -E2BIG if the text would
 * be longer than BUFFER_BYTES_MAX; -ENOMEM. After an error the text is unchanged. */
int buffer__append(struct buffer *buffer, const char *bytes, size_t length);

/* Shortens the text to its first `length` bytes; `length` is at most the text's. */
void buffer__truncate(struct buffer *buffer, size_t length);

/* Frees the memory and leaves an empty buffer. */
void buffer__done(struct buffer *buffer);

#endif
