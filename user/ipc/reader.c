// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ipc/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define READER_INITIAL_BYTES ((size_t)64 * 1024)

struct message_reader {
	uint8_t *bytes;
	size_t capacity;
	size_t begin; /* of the bytes that no message has been made of yet */
	size_t end;   /* of the bytes that were received */
};

int message_reader__new(struct message_reader **ret_reader, struct error *error)
{
	struct message_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return error_out_of_memory(error);
	reader->bytes = malloc(READER_INITIAL_BYTES);
	if (!reader->bytes) {
		free(reader);
		return error_out_of_memory(error);
	}
	reader->capacity = READER_INITIAL_BYTES;
	*ret_reader = reader;
	return 0;
}

void message_reader__free(struct message_reader *reader)
{
	if (!reader)
		return;
	free(reader->bytes);
	free(reader);
}

/* Returns 1 and a message that is complete in the buffer, or 0 and the size the buffer needs. */
static int message_reader__take(struct message_reader *reader, struct message *ret_message,
				size_t *ret_needed, struct error *error)
{
	struct message_header header;
	size_t held = reader->end - reader->begin;
	int r;

	*ret_needed = sizeof(header);
	if (held < sizeof(header))
		return 0;
	memcpy(&header, reader->bytes + reader->begin, sizeof(header));
	r = message_header__check(&header, error);
	if (r < 0)
		return r;
	*ret_needed = sizeof(header) + header.payload_size;
	if (held < *ret_needed)
		return 0;
	ret_message->header = header;
	ret_message->payload = reader->bytes + reader->begin + sizeof(header);
	reader->begin += *ret_needed;
	return 1;
}

/* Moves the unread bytes to the start and makes the buffer large enough for `needed` bytes. */
static int message_reader__reserve(struct message_reader *reader, size_t needed,
				   struct error *error)
{
	memmove(reader->bytes, reader->bytes + reader->begin, reader->end - reader->begin);
	reader->end -= reader->begin;
	reader->begin = 0;
	if (needed <= reader->capacity)
		return 0;

	uint8_t *bytes = realloc(reader->bytes, needed);

	if (!bytes)
		return error_out_of_memory(error);
	reader->bytes = bytes;
	reader->capacity = needed;
	return 0;
}

int message_reader__next(struct message_reader *reader, int fd, struct message *ret_message,
			 struct error *error)
{
	for (;;) {
		size_t needed;
		ssize_t got;
		int r = message_reader__take(reader, ret_message, &needed, error);

		if (r != 0)
			return r;
		r = message_reader__reserve(reader, needed, error);
		if (r < 0)
			return r;
		got = recv(fd, reader->bytes + reader->end, reader->capacity - reader->end,
			   MSG_DONTWAIT);
		if (got > 0) {
			reader->end += (size_t)got;
			continue;
		}
		if (got == 0 || errno == ECONNRESET)
			return error_set(error, -EPIPE, "the peer process has ended");
		if (errno == EAGAIN)
			return 0;
		if (errno != EINTR)
			return error_set(error, -errno, "cannot receive from the peer process: %m");
	}
}
