/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_BASE_ARENA_H
#define SCOTTYSCOPE_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

/* A bump allocator for objects with a common lifetime, such as one collection or one OTLP request.
 * A reset keeps the memory blocks for later use. */
struct arena;

/* Returns a new arena that never holds more than `limit_bytes` (0: no limit). NULL when out of
 * memory. */
struct arena *arena__new(size_t limit_bytes);
void arena__free(struct arena *arena);

/* Returns `size` zeroed bytes, aligned for any type, valid until the next reset. NULL when out of
 * memory or over the limit; arena__failed() then stays true until the reset, so that the builder of
 * a tree can check once at its end. */
void *arena__alloc(struct arena *arena, size_t size);

/* Returns an array of `count` elements of `size` bytes, like arena__alloc(). NULL also if the
 * product overflows. */
void *arena__alloc_array(struct arena *arena, size_t count, size_t size);

/* Returns a terminated copy of `text`; arena__strndup() copies its first `length` bytes. */
char *arena__strdup(struct arena *arena, const char *text);
char *arena__strndup(struct arena *arena, const char *text, size_t length);

/* Returns `text` itself if it is UTF-8, else a copy by utf8_repair(). */
const char *arena__utf8(struct arena *arena, const char *text);

/* Returns the concatenation of `count` texts. */
char *arena__join(struct arena *arena, const char *const *texts, size_t count);
char *arena__printf(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

bool arena__failed(const struct arena *arena);
void arena__reset(struct arena *arena);

/* Returns the number of bytes allocated from the system, for the tool's own metrics. */
size_t arena__held_bytes(const struct arena *arena);

static inline void arena__freep(struct arena **arena)
{
	arena__free(*arena);
}

#endif
