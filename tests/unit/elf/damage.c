// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* Executables that are cut short or damaged at random: an error or less to find, never a crash. */

#include <criterion/criterion.h>
#include <errno.h>
#include <stdbool.h>

#include "code/branches.h"
#include "code/site.h"
#include "elf/debug_search.h"
#include "elf/image.h"
#include "elf/pointers.h"
#include "elf/symbols.h"
#include "test_elf.h"

static int use_target(void *context, uint64_t target)
{
	(void)context;
	(void)target;
	return 0;
}

/* Everything the folder does with an executable. Returns whether it could be opened. */
static bool use(int fd, const char *root)
{
	_cleanup_(elf_image__freep) struct elf_image *image = NULL;
	_cleanup_(elf_symbols__freep) struct elf_symbols *symbols = NULL;
	_cleanup_(elf_pointers__free) struct elf_pointers pointers = {0};
	struct error error = {0};
	uint64_t offset;

	if (elf_image__open(fd, "damaged", &image, &error) < 0) {
		cr_assert_neq(error.code, 0);
		return false;
	}
	int r = elf_pointers__load(image, &pointers);
	cr_assert(r == 0 || r == -EBADMSG);
	struct elf_debug_places places = {.root = root};
	const struct elf_debug_finder finder = {elf_debug_search__find, &places};

	if (elf_symbols__load(image, &finder, &symbols, &error) < 0) {
		cr_assert_neq(error.code, 0);
		return true;
	}
	struct test_found found = {0};
	cr_assert_geq(elf_symbols__find(symbols, "demo::core::State::run", test_collect, &found),
		      0);
	for (size_t i = 0; i < elf_symbols__count(symbols); i++) {
		const struct elf_symbol *symbol = elf_symbols__get(symbols, i);
		struct code_site site;

		cr_assert_gt(strlen(symbol->name), 0);
		cr_assert_eq(elf_image__code_offset(image, symbol->address, &offset), 0);
		r = code_find_site(image, symbol->address, symbol->size, 1, true, &site, &error);
		cr_assert(r == 0 || r == -EBADMSG);
		cr_assert(r < 0 || (site.address >= symbol->address &&
				    site.address - symbol->address <= symbol->size));
		code_for_each_target(image, &pointers, symbol->address, symbol->size, use_target,
				     NULL);
		elf_symbols__at(symbols, symbol->address);
	}
	return true;
}

/* A program whose symbols are in .gnu_debugdata, which is the most there is to go wrong. */
static uint8_t *build_sample(const char *flags, size_t *ret_size)
{
	_cleanup_(test_clean) struct test_directory directory = test_directory();

	test_build(&directory, "program", flags);
	test_run("cd '%s' && objcopy --only-keep-debug program mini && xz -k mini && "
		 "objcopy -S --add-section .gnu_debugdata=mini.xz program stripped",
		 directory.path);
	return test_read(&directory, "stripped", ret_size);
}

/* The section headers are at the end of what the linker writes: no cut can go unnoticed. */
Test(elf_image, cut_at_every_length, .timeout = 120)
{
	size_t size;
	_cleanup_free_ uint8_t *bytes = build_sample("-s -pie", &size);
	_cleanup_close_ int fd = test_memory_file(bytes, size);

	cr_assert(use(fd, NULL));
	while (size-- > 0) {
		cr_assert_eq(ftruncate(fd, (off_t)size), 0);
		cr_assert_not(use(fd, NULL), "cut to %zu bytes", size);
	}
}

static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* Half of the flips hit what describes the rest: the headers at the start and at the end. */
static void flip(uint8_t *bytes, size_t size, uint32_t *state)
{
	size_t at = next_random(state) % size;

	switch (next_random(state) % 4) {
	case 0:
		at = next_random(state) % 1024;
		break;
	case 1:
		at = size - 1 - next_random(state) % 2048;
		break;
	}
	bytes[at] = (uint8_t)next_random(state);
}

static void flip_and_use(const char *flags, uint32_t seed)
{
	size_t size;
	_cleanup_free_ uint8_t *bytes = build_sample(flags, &size);
	_cleanup_free_ uint8_t *damaged = malloc(size);
	_cleanup_close_ int fd = test_memory_file(bytes, size);
	int opened = 0, rounds = 3000;

	cr_assert(damaged);
	for (int round = 0; round < rounds; round++) {
		memcpy(damaged, bytes, size);
		for (uint32_t flips = 1 + next_random(&seed) % 6; flips > 0; flips--)
			flip(damaged, size, &seed);
		cr_assert_eq(pwrite(fd, damaged, size, 0), (ssize_t)size);
		opened += use(fd, NULL);
	}
	/* Neither all nor none: else the test would not test what it is for. */
	cr_expect_gt(opened, rounds / 10);
	cr_expect_lt(opened, rounds);
}

Test(elf_image, random_damage_pie, .timeout = 120)
{
	flip_and_use("-pie", 0x5c0771e5);
}

Test(elf_image, random_damage_relr, .timeout = 120)
{
	flip_and_use("-pie -Wl,-z,pack-relative-relocs", 0xdecafbad);
}

Test(elf_image, random_damage_stripped, .timeout = 120)
{
	flip_and_use("-s -no-pie -fno-pie", 0x0badcafe);
}
