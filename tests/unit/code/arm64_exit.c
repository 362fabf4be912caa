// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/array.h"
#include "code/exit.h"
#include "unit/elf/test_elf.h"

#define LEAVE "ldp x20, x19, [sp, #16]\nldp x29, x30, [sp], #32\nret\n"

static struct code_site sites[CODE_EXIT_LIMIT];
static uint32_t result;

/* The number of exits, -EBADMSG and the like. */
static int exits_of(const char *text)
{
	size_t size;
	_cleanup_free_ uint8_t *code = test_assemble_arm64(text, &size);
	_cleanup_(elf_image__freep) struct elf_image *image =
		test_generate_image(code, size, EM_AARCH64);
	struct error error = {0};

	return code_find_exits(image, TEST_CODE_ADDRESS, size, sites, &error);
}

static int result_of(const char *text)
{
	size_t size;
	_cleanup_free_ uint8_t *code = test_assemble_arm64(text, &size);
	_cleanup_(elf_image__freep) struct elf_image *image =
		test_generate_image(code, size, EM_AARCH64);
	struct error error = {0};

	return code_find_result(image, TEST_CODE_ADDRESS, size, &result, &error);
}

static uint32_t store_of(const char *text)
{
	size_t size;
	uint32_t offset = 99;
	_cleanup_free_ uint8_t *code = test_assemble_arm64(text, &size);
	_cleanup_(elf_image__freep) struct elf_image *image =
		test_generate_image(code, size, EM_AARCH64);
	struct error error = {0};

	cr_assert_eq(code_find_byte_store(image, TEST_CODE_ADDRESS, size, &offset, &error), 0);
	return offset;
}

/* That there is one, at that instruction. */
static void expect_exit(const char *text, uint64_t number)
{
	cr_expect_eq(exits_of(text), 1, "%s", text);
	cr_expect_eq(sites[0].address, TEST_CODE_ADDRESS + 4 * number, "%s", text);
	cr_expect_eq(sites[0].entry, TEST_CODE_ADDRESS);
	cr_expect_eq(sites[0].cost, CODE_COST_SINGLE_STEP);
}

Test(code_arm64_exit, before_the_first_register_is_restored)
{
	expect_exit("nop\n" LEAVE, 1);
	expect_exit("nop\nldp x20, x19, [sp, #16]\nldr x30, [sp]\nadd sp, sp, #32\nret", 1);
	expect_exit("ldr d8, [sp], #16\nldr x30, [sp], #16\nret", 0);
	/* What is not restored but read. */
	expect_exit("ldr x8, [sp, #8]\n" LEAVE, 1);
	expect_exit("ldr x19, [x20]\n" LEAVE, 1);
	expect_exit(LEAVE "bl .\nbrk #1", 0);
}

Test(code_arm64_exit, several_returns)
{
	cr_expect_eq(exits_of("cbz x0, 1f\n" LEAVE "1:" LEAVE), 2);
	cr_expect_eq(sites[0].address, TEST_CODE_ADDRESS + 4);
	cr_expect_eq(sites[1].address, TEST_CODE_ADDRESS + 16);
	cr_expect_eq(exits_of(LEAVE LEAVE LEAVE LEAVE LEAVE LEAVE LEAVE LEAVE), CODE_EXIT_LIMIT);
	cr_expect_eq(exits_of(LEAVE LEAVE LEAVE LEAVE LEAVE LEAVE LEAVE LEAVE LEAVE), 0);
}

Test(code_arm64_exit, what_is_jumped_to_amid_restoring_is_the_site)
{
	expect_exit("cbz x0, 1f\nldp x20, x19, [sp, #16]\n1: ldp x29, x30, [sp], #32\nret", 2);
	expect_exit("b 1f\n1: " LEAVE, 1);
}

Test(code_arm64_exit, jump_tables_stay_within)
{
	expect_exit("br x8\n" LEAVE, 1);
}

Test(code_arm64_exit, uncertain_returns)
{
	static const char *const texts[] = {
		"ret",					  /* nothing is restored */
		"add sp, sp, #16\nret",			  /* nor here */
		LEAVE "nop\nret",			  /* nor there */
		"cbz x0, 1f\nldr x30, [sp], #16\n1: ret", /* passes the site by */
		"cbz x0, 1f\nldr x30, [sp]\n1: add sp, sp, #16\nret",
		LEAVE "b . - 4096", /* a tail call */
		"tbz w0, #1, . + 4096\n" LEAVE,
		"ldp x29, x30, [sp], #16\nbr x8\n" LEAVE, /* one through a vtable */
		"brk #1",				  /* none at all */
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		cr_expect_eq(exits_of(texts[i]), 0, "%s", texts[i]);
}

Test(code_arm64_exit, the_register_that_keeps_the_address_of_the_result)
{
	cr_expect_eq(result_of("mov x19, x8\nbl .\n" LEAVE), 1);
	cr_expect_eq(result, 19);
	cr_expect_eq(result_of("mov x20, x8\ncbz x0, 1f\n" LEAVE "1: bl .\n" LEAVE), 1);
	cr_expect_eq(result, 20);
	cr_expect_eq(result_of("mov x9, x8\nmov x28, x9\n" LEAVE "mov x28, x0\nbrk #1"), 1);
	cr_expect_eq(result, 28);
}

Test(code_arm64_exit, no_register_that_keeps_it)
{
	static const char *const texts[] = {
		LEAVE, "mov x9, x8\n" LEAVE, /* not over calls */
		"bl .\nmov x19, x8\n" LEAVE, "mov w19, w8\n" LEAVE,
		"mov x19, x8\nmov x19, x0\n" LEAVE,
		"mov x19, x8\nldr x19, [sp, #8]\nnop\n" LEAVE, /* not what is restored */
		/* Another at each exit. */
		"mov x19, x8\n" LEAVE "mov x20, x19\nmov x19, x0\n" LEAVE,
		/* It has been restored at the site. */
		"mov x19, x8\ncbz x0, 1f\nldp x20, x19, [sp, #16]\n1: ldr x30, [sp], #32\nret",
		"mov x19, x8\nret", /* no exits */
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		cr_expect_eq(result_of(texts[i]), 0, "%s", texts[i]);
}

Test(code_arm64_exit, byte_store)
{
	cr_expect_eq(store_of("mov x23, x8\nbl .\nstrb w28, [x23, #160]\nstr wzr, [x23, #144]"),
		     160);
	cr_expect_eq(store_of("strb wzr, [x8, #16]\nsturb w9, [x8, #16]"), 16);
	cr_expect_eq(store_of("strb w1, [x0, #16]\nstrb w1, [x8, #8]\nstrb w1, [sp, #4]"), 8);
}

Test(code_arm64_exit, no_single_byte_store)
{
	static const char *const texts[] = {
		"strb w0, [x8, #8]\nstrb w0, [x8, #9]", /* two fields */
		"strb w0, [x8]",			/* 0 says that it is not known */
		"sturb w0, [x8, #-8]",
		"strb w0, [x8, x1]",
		"strb w0, [x8, #8]!",
		"bl .\nstrb w0, [x8, #8]", /* no longer the address */
		"mov x19, x8\nmov x19, x0\nstrb w0, [x19, #8]",
		"ret",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		cr_expect_eq(store_of(texts[i]), 0, "%s", texts[i]);
}
