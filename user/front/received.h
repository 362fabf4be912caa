/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_FRONT_RECEIVED_H
#define SCOTTYSCOPE_FRONT_RECEIVED_H

/* The packed requests of a snapshot that the front receives from the agent. */

#include <stddef.h>
#include <stdint.h>

#include "prom/format.h"
#include "prom/text.h"

/* Zeroed: empty. */
struct received {
	struct prom_request *requests;
	size_t count;
	size_t bytes;
	int code; /* 0, or the errno of the first request that could not be added */
};

/* Adds a copy of one request. Stores -EMSGSIZE in `code` above 64 MiB, or -ENOMEM; later requests are
 * then ignored. */
void received__add(struct received *received, const uint8_t *request, size_t size);

/* Makes the exposition of all requests, which the caller frees. Errors: those of `code`; -EPROTO for a
 * malformed request; -ENOMEM. */
int received__print(const struct received *received, enum prom_format format, char **ret_text,
		    size_t *ret_size);

/* Frees all requests. */
void received__clear(struct received *received);

#endif
