// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "code/exit.h"

#include <errno.h>

#include "unit/elf/test_elf.h"

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

Test(code_exit, one_return)
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

Test(code_exit, several_returns)
{
	/* push rbx; je +2; pop rbx; ret; pop rbx; ret */
	cr_expect_eq(exits_of(BYTES(0x53, 0x74, 0x02, 0x5b, 0xc3, 0x5b, 0xc3), EM_X86_64), 2);
	cr_expect_eq(sites[0].address, TEST_CODE_ADDRESS + 3);
	cr_expect_eq(sites[1].address, TEST_CODE_ADDRESS + 5);
}

/* As functions of more registers, and of older compilers, end. */
Test(code_exit, kinds_of_returns)
{
	/* push r14; push rbx; pop rbx; pop r14; ret: the last of them is the site */
	cr_expect_eq(exits_of(BYTES(0x41, 0x56, 0x53, 0x5b, 0x41, 0x5e, 0xc3), EM_X86_64), 1);
	cr_expect_eq(sites[0].address, TEST_CODE_ADDRESS + 4);
	cr_expect_eq(sites[0].entry_cost, CODE_COST_SINGLE_STEP);
	cr_expect_not(sites[0].may_repeat);
	cr_expect_str_eq(sites[0].instruction, "pop r14");
	/* pop rbx; ret 8 */
	cr_expect_eq(exits_of(BYTES(0x5b, 0xc2, 0x08, 0x00), EM_X86_64), 1);
	cr_expect_str_eq(sites[0].instruction, "pop rbx");
	/* pop rbx; rep ret */
	cr_expect_eq(exits_of(BYTES(0x5b, 0xf3, 0xc3), EM_X86_64), 1);
	cr_expect_eq(sites[0].address, TEST_CODE_ADDRESS);
	/* pop rbx; ret; call +0; ud2: what panics does not return */
	cr_expect_eq(exits_of(BYTES(0x5b, 0xc3, 0xe8, 0, 0, 0, 0, 0x0f, 0x0b), EM_X86_64), 1);
}

Test(code_exit, jumps_within)
{
	/* jmp +0 to pop rbx; ret: it passes the site */
	cr_expect_eq(exits_of(BYTES(0xeb, 0x00, 0x5b, 0xc3), EM_X86_64), 1);
	/* pop rbx; ret; jmp -4 back to the first pop */
	cr_expect_eq(exits_of(BYTES(0x5b, 0xc3, 0xeb, 0xfc), EM_X86_64), 1);
	/* jmp rax, and jmp [8*rax+0]: jump tables, which stay within; then pop rbx; ret */
	cr_expect_eq(exits_of(BYTES(0xff, 0xe0, 0x5b, 0xc3), EM_X86_64), 1);
	cr_expect_eq(
		exits_of(BYTES(0xff, 0x24, 0xc5, 0x00, 0x00, 0x00, 0x00, 0x5b, 0xc3), EM_X86_64),
		1);
}

/* `count` times "pop rbx; ret". */
static int exits_of_many(size_t count)
{
	uint8_t code[2 * (CODE_EXIT_LIMIT + 1)];

	for (size_t i = 0; i < count; i++) {
		code[2 * i] = 0x5b;
		code[2 * i + 1] = 0xc3;
	}
	return exits_of(code, 2 * count, EM_X86_64);
}

Test(code_exit, limit)
{
	cr_expect_eq(exits_of_many(CODE_EXIT_LIMIT), CODE_EXIT_LIMIT);
	cr_expect_eq(sites[CODE_EXIT_LIMIT - 1].address,
		     TEST_CODE_ADDRESS + 2 * (CODE_EXIT_LIMIT - 1));
	cr_expect_eq(exits_of_many(CODE_EXIT_LIMIT + 1), 0);
}

Test(code_exit, uncertain_returns)
{
	/* add rsp, 8; ret: nothing is restored before it */
	cr_expect_eq(exits_of(BYTES(0x48, 0x83, 0xc4, 0x08, 0xc3), EM_X86_64), 0);
	/* je +1; pop rbx; ret: the jump passes the site by */
	cr_expect_eq(exits_of(BYTES(0x74, 0x01, 0x5b, 0xc3), EM_X86_64), 0);
	/* je far away; pop rbx; ret: another function's return */
	cr_expect_eq(exits_of(BYTES(0x0f, 0x84, 0x00, 0x10, 0x00, 0x00, 0x5b, 0xc3), EM_X86_64), 0);
	/* je -16; pop rbx; ret: one before it */
	cr_expect_eq(exits_of(BYTES(0x74, 0xf0, 0x5b, 0xc3), EM_X86_64), 0);
	/* je +2; pop rbx; ret; jmp far away: a tail call */
	cr_expect_eq(
		exits_of(BYTES(0x74, 0x02, 0x5b, 0xc3, 0xe9, 0x00, 0x10, 0x00, 0x00), EM_X86_64),
		0);
	/* jmp [rip]: another */
	cr_expect_eq(exits_of(BYTES(0x5b, 0xc3, 0xff, 0x25, 0x00, 0x00, 0x00, 0x00), EM_X86_64), 0);
	/* pop rbx; ret; jmp [rax+24]: one through a vtable */
	cr_expect_eq(exits_of(BYTES(0x5b, 0xc3, 0xff, 0x60, 0x18), EM_X86_64), 0);
	/* pop rbx; ret; add rsp, 8; ret: not both restore */
	cr_expect_eq(exits_of(BYTES(0x5b, 0xc3, 0x48, 0x83, 0xc4, 0x08, 0xc3), EM_X86_64), 0);
	/* ret at once, with nothing before it */
	cr_expect_eq(exits_of(BYTES(0xc3), EM_X86_64), 0);
	/* ud2: none at all */
	cr_expect_eq(exits_of(BYTES(0x0f, 0x0b), EM_X86_64), 0);
	/* no instruction (06) */
	cr_expect_eq(exits_of(BYTES(0x06, 0x5b, 0xc3), EM_X86_64), 0);
}

Test(code_exit, outside)
{
	_cleanup_(elf_image__freep) struct elf_image *image =
		test_generate_image(BYTES(0x5b, 0xc3), EM_X86_64);
	struct error error = {0};
	uint32_t offset = 99;

	cr_expect_eq(code_find_exits(image, TEST_CODE_ADDRESS, 1 << 20, sites, &error), -EBADMSG);
	cr_expect(strstr(error.message, "the function at 0x401000 is not within its code"), "%s",
		  error.message);
	cr_expect_eq(code_find_exits(image, TEST_CODE_ADDRESS + 2, 1, sites, &error), -EBADMSG);
	cr_expect_eq(code_find_byte_store(image, 16, 2, &offset, &error), -EBADMSG);
	cr_expect_eq(offset, 0);
}

/* Where the symbol says no size, no return is known to be the function's. */
Test(code_exit, unknown_size)
{
	_cleanup_(elf_image__freep) struct elf_image *image =
		test_generate_image(BYTES(0x88, 0x47, 0x08, 0x5b, 0xc3), EM_X86_64);
	struct error error = {0};
	uint32_t offset = 99;

	cr_expect_eq(code_find_exits(image, TEST_CODE_ADDRESS, 0, sites, &error), 0);
	cr_expect_eq(code_find_byte_store(image, TEST_CODE_ADDRESS, 0, &offset, &error), 0);
	cr_expect_eq(offset, 0);
}

Test(code_exit, byte_store)
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

Test(code_exit, no_single_byte_store)
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

Test(code_exit, byte_store_through_copies)
{
	/* mov rbx, rdi; mov r12, rbx; xor edi, edi; mov byte [r12+0x10], 1 */
	cr_expect_eq(store_of(BYTES(0x48, 0x89, 0xfb, 0x49, 0x89, 0xdc, 0x31, 0xff, 0x41, 0xc6,
				    0x44, 0x24, 0x10, 0x01)),
		     0x10);
	/* mov rbx, rdi; push rbx; mov [rbx+0x10], al: what is only read stays one */
	cr_expect_eq(store_of(BYTES(0x48, 0x89, 0xfb, 0x53, 0x88, 0x43, 0x10)), 0x10);
	/* mov ebx, edi; mov [rbx+0x10], al: half of the pointer is none */
	cr_expect_eq(store_of(BYTES(0x89, 0xfb, 0x88, 0x43, 0x10)), 0);
	/* lea rdi, [rdi+8]; mov [rdi+8], al: it has moved on */
	cr_expect_eq(store_of(BYTES(0x48, 0x8d, 0x7f, 0x08, 0x88, 0x47, 0x08)), 0);
	/* mov rbx, rdi; pop rbx; mov [rbx+8], al */
	cr_expect_eq(store_of(BYTES(0x48, 0x89, 0xfb, 0x5b, 0x88, 0x43, 0x08)), 0);
}

Test(code_exit, byte_store_at_no_offset_of_a_field)
{
	/* mov [rdi], al: 0 says that it is not known */
	cr_expect_eq(store_of(BYTES(0x88, 0x07)), 0);
	/* mov [rdi-8], al */
	cr_expect_eq(store_of(BYTES(0x88, 0x47, 0xf8)), 0);
	/* mov [rdi+0xffff], al, and mov [rdi+0x10000], al: no value is so large */
	cr_expect_eq(store_of(BYTES(0x88, 0x87, 0xff, 0xff, 0x00, 0x00)), 0xffff);
	cr_expect_eq(store_of(BYTES(0x88, 0x87, 0x00, 0x00, 0x01, 0x00)), 0);
	/* mov [rdi+8], al; mov [rdi], al: one that is a field's and one that is none */
	cr_expect_eq(store_of(BYTES(0x88, 0x47, 0x08, 0x88, 0x07)), 0);
	/* the same the other way round */
	cr_expect_eq(store_of(BYTES(0x88, 0x07, 0x88, 0x47, 0x08)), 0);
	/* mov [rsp+8], al; mov [rip+8], al */
	cr_expect_eq(store_of(BYTES(0x88, 0x44, 0x24, 0x08, 0x88, 0x05, 0x08, 0, 0, 0)), 0);
	/* nothing at all */
	cr_expect_eq(store_of(BYTES(0xc3)), 0);
}
