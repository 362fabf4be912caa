// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tokio/task_header.h"

#include <stdbool.h>
#include <stdlib.h>

#define REFERENCE_LIMIT (UINT64_C(1) << 16)
#define CELL_LIMIT	(UINT64_C(1) << 24)

/* The list can change while it is read. */
#define ATTEMPTS 3

static int compare_vtables(const void *key, const void *item)
{
	uint64_t address = *(const uint64_t *)key;
	uint64_t vtable = ((const struct tokio_vtable *)item)->address;

	return (address > vtable) - (address < vtable);
}

const struct tokio_vtable *task_memory__find_vtable(const struct task_memory *memory,
						    uint64_t address)
{
	const struct tokio *tokio = memory->tokio;
	uint64_t relative = address - memory->load_bias;

	if (tokio->vtable_count == 0 || relative < tokio->vtables[0].address ||
	    relative > tokio->vtables[tokio->vtable_count - 1].address)
		return NULL;
	return bsearch(&relative, tokio->vtables, tokio->vtable_count, sizeof(*tokio->vtables),
		       compare_vtables);
}

static bool state_is_alive(uint64_t state, bool is_queued)
{
	uint64_t references = state >> STATE_REFERENCE_SHIFT;

	if (state & STATE_COMPLETE || references == 0 || references >= REFERENCE_LIMIT)
		return false;
	/* A waker without join interest cannot be. */
	if (state & STATE_JOIN_WAKER && !(state & STATE_JOIN_INTEREST))
		return false;
	/* A queued task is notified, and leaves the queue before it runs. */
	return !is_queued || (state & (STATE_NOTIFIED | STATE_RUNNING)) == STATE_NOTIFIED;
}

bool task_header__is_alive(const struct task_header *header, const struct task_memory *memory)
{
	const struct tokio_vtable *vtable = task_memory__find_vtable(memory, header->vtable);

	return vtable && vtable->kind.class != TASK_BLOCKING && header->owner_id != 0 &&
	       state_is_alive(header->state, header->queue_next != 0);
}

/* Reads the trailer of the task at `address`; false if there is no header of a task. */
static bool read_trailer(const struct task_memory *memory, uint64_t address,
			 uint64_t words[TRAILER_WORDS])
{
	const struct process *target = memory->target;
	size_t size = TRAILER_WORDS * sizeof(uint64_t);
	struct task_header header;
	uint64_t offset;

	return process__read_memory(target, address, &header, sizeof(header)) == sizeof(header) &&
	       task_memory__find_vtable(memory, header.vtable) &&
	       process__read_memory(target,
				    header.vtable + VTABLE_TRAILER_OFFSET * VTABLE_WORD_BYTES,
				    &offset, sizeof(offset)) == sizeof(offset) &&
	       offset < CELL_LIMIT &&
	       process__read_memory(target, address + offset, words, size) == (ssize_t)size;
}

/* Whether the word `index` of the trailer of the task at `neighbour` is `header`. */
static bool points_back(const struct task_memory *memory, uint64_t neighbour, size_t index,
			uint64_t header)
{
	uint64_t words[TRAILER_WORDS];

	return neighbour && neighbour != header && read_trailer(memory, neighbour, words) &&
	       words[index] == header;
}

bool task_is_linked(const struct task_memory *memory, uint64_t header)
{
	uint64_t words[TRAILER_WORDS];

	for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
		if (!read_trailer(memory, header, words))
			return false;
		for (size_t i = 0; i + 1 < TRAILER_WORDS; i++) {
			/* The next pointer of the previous task, or the previous pointer of the next one. */
			if (points_back(memory, words[i], i + 1, header) ||
			    points_back(memory, words[i + 1], i, header))
				return true;
		}
	}
	return false;
}

static bool read_alive(const struct task_memory *memory, uint64_t header, uint64_t vtable,
		       struct task_header *ret_header)
{
	return process__read_memory(memory->target, header, ret_header, sizeof(*ret_header)) ==
		       sizeof(*ret_header) &&
	       ret_header->vtable == vtable && task_header__is_alive(ret_header, memory);
}

bool task_is_alive(const struct task_memory *memory, uint64_t header, uint64_t vtable)
{
	struct task_header now;

	return read_alive(memory, header, vtable, &now);
}

bool task_is_running(const struct task_memory *memory, uint64_t header, uint64_t vtable)
{
	struct task_header now;

	return read_alive(memory, header, vtable, &now) && now.state & STATE_RUNNING;
}
