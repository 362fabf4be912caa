// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/arena.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

#define BLOCK_BYTES ((size_t)64 * 1024)
#define ALIGNMENT   _Alignof(max_align_t)

struct block {
	struct block *next;
	size_t size;
	size_t used;
	_Alignas(max_align_t) unsigned char bytes[];
};

struct arena {
	struct block *first;
	struct block *current;
	size_t limit_bytes;
	size_t held_bytes;
	bool failed;
};

struct arena *arena__new(size_t limit_bytes)
{
	struct arena *arena = calloc(1, sizeof(*arena));

	if (arena)
		arena->limit_bytes = limit_bytes;
	return arena;
}

void arena__free(struct arena *arena)
{
	if (!arena)
		return;
	for (struct block *block = arena->first; block;) {
		struct block *next = block->next;

		free(block);
		block = next;
	}
	free(arena);
}

/* Selects a block with at least `size` free bytes: a cached later block, or a new one. Returns
 * false when out of memory or over the limit. */
static bool arena__grow(struct arena *arena, size_t size)
{
	struct block **link = arena->current ? &arena->current->next : &arena->first;

	for (; *link; link = &(*link)->next) {
		(*link)->used = 0;
		arena->current = *link;
		if ((*link)->size >= size)
			return true;
	}

	size_t block_size = size > BLOCK_BYTES ? size : BLOCK_BYTES;
	size_t limit = arena->limit_bytes;

	if (block_size > SIZE_MAX - sizeof(struct block))
		return false;
	/* The rest of the limit may be smaller than a usual block, but sufficient. */
	if (limit && block_size > limit - arena->held_bytes)
		block_size = limit - arena->held_bytes;
	if (block_size < size)
		return false;

	struct block *block = malloc(sizeof(*block) + block_size);

	if (!block)
		return false;
	*block = (struct block){.size = block_size};
	*link = block;
	arena->current = block;
	arena->held_bytes += block_size;
	return true;
}

void *arena__alloc(struct arena *arena, size_t size)
{
	if (size > SIZE_MAX - ALIGNMENT) {
		arena->failed = true;
		return NULL;
	}
	size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;

	struct block *block = arena->current;

	if (!block || block->size - block->used < size) {
		if (!arena__grow(arena, size)) {
			arena->failed = true;
			return NULL;
		}
		block = arena->current;
	}

	void *memory = block->bytes + block->used;

	block->used += size;
	return memset(memory, 0, size);
}

void *arena__alloc_array(struct arena *arena, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes)) {
		arena->failed = true;
		return NULL;
	}
	return arena__alloc(arena, bytes);
}

char *arena__strndup(struct arena *arena, const char *text, size_t length)
{
	char *copy = length < SIZE_MAX ? arena__alloc(arena, length + 1) : NULL;

	return copy ? memcpy(copy, text, length) : NULL;
}

char *arena__strdup(struct arena *arena, const char *text)
{
	return arena__strndup(arena, text, strlen(text));
}

const char *arena__utf8(struct arena *arena, const char *text)
{
	char *copy;

	if (utf8_is_valid(text))
		return text;
	copy = arena__alloc(arena, utf8_repaired_size(text));
	if (copy)
		utf8_repair(copy, text);
	return copy;
}

char *arena__join(struct arena *arena, const char *const *texts, size_t count)
{
	size_t length = 0;
	char *text, *end;

	for (size_t i = 0; i < count; i++)
		length += strlen(texts[i]);
	text = end = arena__alloc(arena, length + 1);
	for (size_t i = 0; text && i < count; i++)
		end = stpcpy(end, texts[i]);
	return text;
}

char *arena__printf(struct arena *arena, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length < 0) {
		arena->failed = true;
		return NULL;
	}

	char *text = arena__alloc(arena, (size_t)length + 1);

	if (text) {
		va_start(arguments, format);
		vsnprintf(text, (size_t)length + 1, format, arguments);
		va_end(arguments);
	}
	return text;
}

bool arena__failed(const struct arena *arena)
{
	return arena->failed;
}

void arena__reset(struct arena *arena)
{
	arena->current = NULL;
	arena->failed = false;
	if (arena->first) {
		arena->current = arena->first;
		arena->current->used = 0;
	}
}

size_t arena__held_bytes(const struct arena *arena)
{
	return arena->held_bytes;
}
