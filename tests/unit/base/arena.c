// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"

#define BLOCK 65536 /* what the arena takes from the system at a time */

Test(base_arena, memory_is_zeroed_and_aligned)
{
	struct arena *arena = arena__new(0);

	for (size_t size = 0; size < 100; size++) {
		unsigned char *memory = arena__alloc(arena, size);

		cr_assert_not_null(memory);
		cr_assert_eq((uintptr_t)memory % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			cr_assert_eq(memory[i], 0);
		memset(memory, 0xff, size);
	}
	cr_assert_not(arena__failed(arena));
	arena__free(arena);
}

Test(base_arena, allocations_do_not_overlap)
{
	struct arena *arena = arena__new(0);
	unsigned char *memory[1000];

	/* Some of them need a block of their own. */
	for (size_t i = 0; i < 1000; i++) {
		size_t size = i % 100 == 99 ? 2 * BLOCK : i;

		memory[i] = arena__alloc(arena, size);
		cr_assert_not_null(memory[i]);
		memset(memory[i], (int)(i % 251), size);
	}
	for (size_t i = 0; i < 1000; i++) {
		size_t size = i % 100 == 99 ? 2 * BLOCK : i;

		for (size_t j = 0; j < size; j++)
			cr_assert_eq(memory[i][j], i % 251);
	}
	arena__free(arena);
}

Test(base_arena, reset_keeps_the_blocks)
{
	struct arena *arena = arena__new(0);
	size_t held = 0;

	cr_assert_eq(arena__held_bytes(arena), 0);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 10; i++) {
			unsigned char *memory = arena__alloc(arena, BLOCK / 2 + 100);

			cr_assert_not_null(memory);
			cr_assert_eq(memory[0], 0, "not zeroed again");
			memset(memory, 0xff, BLOCK / 2 + 100);
		}
		if (round == 0)
			held = arena__held_bytes(arena);
		cr_assert_eq(arena__held_bytes(arena), held);
		arena__reset(arena);
		cr_assert_eq(arena__held_bytes(arena), held);
	}
	cr_assert_geq(held, 10 * (BLOCK / 2 + 100));
	arena__free(arena);
}

/* After a reset the kept small blocks come first; a large request goes past them. */
Test(base_arena, large_after_reset)
{
	struct arena *arena = arena__new(0);

	for (int i = 0; i < 3; i++)
		cr_assert_not_null(arena__alloc(arena, BLOCK));
	arena__reset(arena);

	unsigned char *large = arena__alloc(arena, 4 * BLOCK);

	cr_assert_not_null(large);
	memset(large, 1, 4 * BLOCK);

	unsigned char *small = arena__alloc(arena, 16);

	cr_assert_not_null(small);
	memset(small, 2, 16);
	for (size_t i = 0; i < 4 * BLOCK; i++)
		cr_assert_eq(large[i], 1);
	arena__free(arena);
}

Test(base_arena, limit)
{
	struct arena *arena = arena__new(2 * BLOCK);

	cr_assert_not_null(arena__alloc(arena, BLOCK));
	cr_assert_not_null(arena__alloc(arena, BLOCK));
	cr_assert_not(arena__failed(arena));
	cr_assert_null(arena__alloc(arena, 1));
	cr_assert(arena__failed(arena));
	cr_assert_leq(arena__held_bytes(arena), 2 * BLOCK);

	arena__reset(arena);
	cr_assert_not(arena__failed(arena));
	cr_assert_not_null(arena__alloc(arena, BLOCK));
	cr_assert_null(arena__alloc(arena, 3 * BLOCK));
	cr_assert(arena__failed(arena));
	arena__free(arena);
}

Test(base_arena, sizes_that_overflow)
{
	struct arena *arena = arena__new(BLOCK);

	cr_assert_null(arena__alloc_array(arena, SIZE_MAX / 2, 4));
	cr_assert(arena__failed(arena));
	arena__reset(arena);
	cr_assert_null(arena__alloc(arena, SIZE_MAX));
	cr_assert(arena__failed(arena));
	arena__reset(arena);
	cr_assert_null(arena__alloc(arena, SIZE_MAX - 64));
	cr_assert(arena__failed(arena));
	cr_assert_not_null(arena__alloc_array(arena, 3, 8));
	arena__free(arena);
}

Test(base_arena, texts)
{
	struct arena *arena = arena__new(0);
	static const char unterminated[3] = {'a', 'b', 'c'};

	cr_assert_str_eq(arena__strdup(arena, "text"), "text");
	cr_assert_str_eq(arena__strdup(arena, ""), "");
	cr_assert_str_eq(arena__strndup(arena, unterminated, 3), "abc");
	cr_assert_str_eq(arena__strndup(arena, unterminated, 0), "");
	cr_assert_str_eq(arena__join(arena, (const char *[]){"a", "", "bc"}, 3), "abc");
	cr_assert_str_eq(arena__join(arena, NULL, 0), "");
	cr_assert_str_eq(arena__printf(arena, "%d-%s", 42, "x"), "42-x");

	char *wide = arena__printf(arena, "%*d", 2 * BLOCK, 7);

	cr_assert_eq(strlen(wide), 2 * BLOCK);
	cr_assert_eq(wide[2 * BLOCK - 1], '7');
	arena__free(arena);
}
