// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "elf/exit.h"

#include <errno.h>

#include "test_elf.h"

#define BYTES(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

static struct code_site sites[CODE_EXIT_LIMIT];

static int exits_of(const uint8_t *code, size_t size, uint16_t machine)
{
	_cleanup_(elf_image__freep) struct elf_image *image =
		test_generate_image(code, size, machine);
	struct error error = {0};

	return code_find_exits(image, TEST_CODE_ADDRESS, size, sites, &error);
}

static uint32_t store_of(const uint8_t *code, size_t size)
{
	_cleanup_(elf_image__freep) struct elf_image *image =
		test_generate_image(code, size, EM_X86_64);
	struct error error = {0};
	uint32_t offset = 99;

	cr_assert_eq(code_find_byte_store(image, TEST_CODE_ADDRESS, size, &offset, &error), 0);
	return offset;
}

Test(elf_exit, one_return)
{
	/* push rbx; mov rbx, rdi; mov rax, rbx; pop rbx; ret; ud2 */
	cr_expect_eq(
		exits_of(BYTES(0x53, 0x48, 0x89, 0xfb, 0x48, 0x89, 0xd8, 0x5b, 0xc3, 0x0f, 0x0b),
			 EM_X86_64),
		1);
	cr_expect_eq(sites[0].address, TEST_CODE_ADDRESS + 7);
	cr_expect_eq(sites[0].entry, TEST_CODE_ADDRESS);
	cr_expect_eq(sites[0].cost, CODE_COST_SINGLE_STEP);
	cr_expect_str_eq(sites[0].instruction, "pop rbx");
}

Test(elf_exit, several_returns)
{
	/* push rbx; je +2; pop rbx; ret; pop rbx; ret */
	cr_expect_eq(exits_of(BYTES(0x53, 0x74, 0x02, 0x5b, 0xc3, 0x5b, 0xc3), EM_X86_64), 2);
	cr_expect_eq(sites[0].address, TEST_CODE_ADDRESS + 3);
	cr_expect_eq(sites[1].address, TEST_CODE_ADDRESS + 5);
}

Test(elf_exit, uncertain_returns)
{
	/* add rsp, 8; ret: nothing is restored before it */
	cr_expect_eq(exits_of(BYTES(0x48, 0x83, 0xc4, 0x08, 0xc3), EM_X86_64), 0);
	/* je +1; pop rbx; ret: the jump passes the site by */
	cr_expect_eq(exits_of(BYTES(0x74, 0x01, 0x5b, 0xc3), EM_X86_64), 0);
	/* je +2; pop rbx; ret; jmp far away: a tail call */
	cr_expect_eq(
		exits_of(BYTES(0x74, 0x02, 0x5b, 0xc3, 0xe9, 0x00, 0x10, 0x00, 0x00), EM_X86_64),
		0);
	/* jmp [rip]: another */
	cr_expect_eq(exits_of(BYTES(0x5b, 0xc3, 0xff, 0x25, 0x00, 0x00, 0x00, 0x00), EM_X86_64), 0);
	/* ud2: none at all */
	cr_expect_eq(exits_of(BYTES(0x0f, 0x0b), EM_X86_64), 0);
	/* no instruction (06) */
	cr_expect_eq(exits_of(BYTES(0x06, 0x5b, 0xc3), EM_X86_64), 0);
	cr_expect_eq(exits_of(BYTES(0x5b, 0xc3), EM_AARCH64), 0);
}

Test(elf_exit, outside)
{
	_cleanup_(elf_image__freep) struct elf_image *image =
		test_generate_image(BYTES(0x5b, 0xc3), EM_X86_64);
	struct error error = {0};
	uint32_t offset;

	cr_expect_eq(code_find_exits(image, TEST_CODE_ADDRESS, 1 << 20, sites, &error), -EBADMSG);
	cr_expect_eq(code_find_byte_store(image, 16, 2, &offset, &error), -EBADMSG);
}

Test(elf_exit, byte_store)
{
	/* mov r15, rdi; call +0; mov [r15+0x1d0], r14b; mov dword [r15+0x1c0], 0; ret */
	cr_expect_eq(
		store_of(BYTES(0x49, 0x89, 0xff, 0xe8, 0, 0, 0, 0, 0x45, 0x88, 0xb7, 0xd0, 0x01, 0,
			       0, 0x41, 0xc7, 0x87, 0xc0, 0x01, 0, 0, 0, 0, 0, 0, 0xc3)),
		0x1d0);
	/* mov [rdi+0xa0], bpl; mov byte [rdi+0xa0], 2 */
	cr_expect_eq(store_of(BYTES(0x40, 0x88, 0xaf, 0xa0, 0, 0, 0, 0xc6, 0x87, 0xa0, 0, 0, 0, 2)),
		     0xa0);
}

Test(elf_exit, no_single_byte_store)
{
	/* mov [rdi+8], al; mov [rdi+9], al: two fields */
	cr_expect_eq(store_of(BYTES(0x88, 0x47, 0x08, 0x88, 0x47, 0x09)), 0);
	/* call +0; mov [rdi+8], al: no longer the argument */
	cr_expect_eq(store_of(BYTES(0xe8, 0, 0, 0, 0, 0x88, 0x47, 0x08)), 0);
	/* mov rbx, rdi; mov rbx, rax; mov [rbx+8], al */
	cr_expect_eq(store_of(BYTES(0x48, 0x89, 0xfb, 0x48, 0x89, 0xc3, 0x88, 0x43, 0x08)), 0);
	/* mov [rdi+rax+8], al; mov [rdi+8], rax; mov [rsi+8], al */
	cr_expect_eq(
		store_of(BYTES(0x88, 0x44, 0x07, 0x08, 0x48, 0x89, 0x47, 0x08, 0x88, 0x46, 0x08)),
		0);
}
