/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_BASE_ARENA_H
#define SCOTTYSCOPE_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

/* A bump allocator for trees that live and die together, such as one collection or one OTLP
 * request. Memory comes in blocks; a reset keeps them for the next use. */
struct arena;

/* A new arena that never holds more than `limit_bytes` (0: no limit). NULL when out of memory. */
struct arena *arena__new(size_t limit_bytes);
void arena__free(struct arena *arena);

/* `size` zeroed bytes, aligned for any type, valid until the next reset. NULL when out of memory or
 * over the limit; then arena__failed() stays true until the reset, so that a tree's builder can
 * check once at its end. */
void *arena__alloc(struct arena *arena, size_t size);

/* The same for `count` elements of `size` bytes, checked for overflow. */
void *arena__alloc_array(struct arena *arena, size_t count, size_t size);

/* A copy of `text` (of its first `length` bytes), terminated. */
char *arena__strdup(struct arena *arena, const char *text);
char *arena__strndup(struct arena *arena, const char *text, size_t length);
/* A copy of `count` texts, one after the other. */
char *arena__join(struct arena *arena, const char *const *texts, size_t count);
char *arena__printf(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

bool arena__failed(const struct arena *arena);
void arena__reset(struct arena *arena);

/* Bytes held from the system, for the tool's own metrics. */
size_t arena__held_bytes(const struct arena *arena);

static inline void arena__freep(struct arena **arena)
{
	arena__free(*arena);
}

#endif
