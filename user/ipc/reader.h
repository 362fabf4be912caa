/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_IPC_READER_H
#define SCOTTYSCOPE_IPC_READER_H

/* A buffer that assembles messages from the bytes available on a socket. */

#include <stdint.h>

#include "base/error.h"
#include "ipc/message.h"

struct message_reader;

struct message {
	struct message_header header;
	const uint8_t *payload; /* not aligned; valid until the next call on the reader */
};

/* The caller owns `*ret_reader`. -ENOMEM. */
int message_reader__new(struct message_reader **ret_reader, struct error *error);
void message_reader__free(struct message_reader *reader);

/* Returns 1 and the next complete message of `fd`, or 0 when more bytes are needed; never blocks.
 * -EPIPE at the end of the stream; -EPROTO for a malformed header; -ENOMEM. */
int message_reader__next(struct message_reader *reader, int fd, struct message *ret_message,
			 struct error *error);

static inline void message_reader__freep(struct message_reader **reader)
{
	message_reader__free(*reader);
}

#endif
