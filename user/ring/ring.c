// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ring/ring.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"

struct ring {
	struct ring_buffer *buffer;
	ring_callback callback;
	void *context;
	uint64_t malformed;
};

static int handle_record(void *context, void *data, size_t size)
{
	struct ring *ring = context;
	struct ring_record record;

	if (ring_decode(data, size, &record) < 0) {
		ring->malformed++;
		return 0;
	}
	return ring->callback(ring->context, &record);
}

int ring__new(int map_fd, ring_callback callback, void *context, struct ring **ret_ring,
	      struct error *error)
{
	_cleanup_free_ struct ring *ring = calloc(1, sizeof(*ring));

	if (!ring)
		return error_out_of_memory(error);
	ring->callback = callback;
	ring->context = context;
	ring->buffer = ring_buffer__new(map_fd, handle_record, ring, NULL);
	if (!ring->buffer)
		return error_set(error, -errno, "cannot map the ring buffer: %m");
	*ret_ring = TAKE_PTR(ring);
	return 0;
}

void ring__free(struct ring *ring)
{
	if (!ring)
		return;
	ring_buffer__free(ring->buffer);
	free(ring);
}

int ring__fd(const struct ring *ring)
{
	return ring_buffer__epoll_fd(ring->buffer);
}

int ring__drain(struct ring *ring)
{
	return ring_buffer__consume(ring->buffer);
}

uint64_t ring__malformed(const struct ring *ring)
{
	return ring->malformed;
}
