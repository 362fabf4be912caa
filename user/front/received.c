// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "front/received.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define SNAPSHOT_LIMIT_BYTES ((size_t)64 * 1024 * 1024)

void received__add(struct received *received, const uint8_t *request, size_t size)
{
	struct prom_request *requests;
	uint8_t *copy;

	if (received->code < 0)
		return;
	if (size > SNAPSHOT_LIMIT_BYTES - received->bytes) {
		received->code = -EMSGSIZE;
		return;
	}
	copy = malloc(size);
	requests = reallocarray(received->requests, received->count + 1, sizeof(*requests));
	if (requests)
		received->requests = requests;
	if (!requests || !copy) {
		free(copy);
		received->code = -ENOMEM;
		return;
	}
	memcpy(copy, request, size);
	requests[received->count++] = (struct prom_request){copy, size};
	received->bytes += size;
}

int received__print(const struct received *received, enum prom_format format, char **ret_text,
		    size_t *ret_size)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	FILE *stream;
	int r;

	if (received->code < 0)
		return received->code;
	stream = open_memstream(&text, &size);
	if (!stream)
		return -errno;
	r = prom_write_text(stream, format, received->requests, received->count, NULL);
	if (fclose(stream) != 0 && r == 0)
		r = -ENOMEM;
	if (r < 0)
		return r;
	*ret_text = TAKE_PTR(text);
	*ret_size = size;
	return 0;
}

void received__clear(struct received *received)
{
	for (size_t i = 0; i < received->count; i++)
		free((void *)(uintptr_t)received->requests[i].bytes);
	free(received->requests);
	*received = (struct received){NULL};
}
