// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "code/site.h"

#include <errno.h>
#include <stdbool.h>

#include "code/branches.h"
#include "unit/elf/test_elf.h"

/* The bytes of a function, and what is expected of it. */
#define BYTES(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

static struct code_site find(const uint8_t *code, size_t size, unsigned int keep, bool repeat_ok)
{
	_cleanup_(elf_image__freep) struct elf_image *image =
		test_generate_image(code, size, EM_X86_64);
	struct error error = {0};
	struct code_site site;

	cr_assert_eq(code_find_site(image, TEST_CODE_ADDRESS, size, keep, repeat_ok, &site, &error),
		     0, "%s", error.message);
	cr_assert_eq(site.entry, TEST_CODE_ADDRESS);
	return site;
}

static enum code_cost cost_of(const uint8_t *code, size_t size)
{
	return find(code, size, 0, false).entry_cost;
}

#define EXPECT_COST(cost, ...) cr_expect_eq(cost_of(BYTES(__VA_ARGS__)), cost, #__VA_ARGS__)

/* arch/x86/kernel/uprobes.c: branch_setup_xol_ops(), push_setup_xol_ops(). */
Test(code_site, emulated)
{
	EXPECT_COST(CODE_COST_EMULATED, 0x50);				     /* push rax */
	EXPECT_COST(CODE_COST_EMULATED, 0x57);				     /* push rdi */
	EXPECT_COST(CODE_COST_EMULATED, 0x41, 0x57);			     /* push r15 */
	EXPECT_COST(CODE_COST_EMULATED, 0x41, 0x50);			     /* push r8 */
	EXPECT_COST(CODE_COST_EMULATED, 0x90);				     /* nop */
	EXPECT_COST(CODE_COST_EMULATED, 0xe9, 0xcb, 0x64, 0xd5, 0xff);	     /* jmp rel32 */
	EXPECT_COST(CODE_COST_EMULATED, 0xeb, 0x10);			     /* jmp rel8 */
	EXPECT_COST(CODE_COST_EMULATED, 0xe8, 0, 0, 0, 0);		     /* call rel32 */
	EXPECT_COST(CODE_COST_EMULATED, 0x74, 0x10);			     /* je rel8 */
	EXPECT_COST(CODE_COST_EMULATED, 0x7f, 0x10);			     /* jg rel8 */
	EXPECT_COST(CODE_COST_EMULATED, 0x0f, 0x84, 0x7c, 0x00, 0x00, 0x00); /* je rel32 */
	EXPECT_COST(CODE_COST_EMULATED, 0x0f, 0x8f, 0x7c, 0x00, 0x00, 0x00); /* jg rel32 */
}

Test(code_site, single_stepped)
{
	EXPECT_COST(CODE_COST_SINGLE_STEP, 0x48, 0x83, 0xec, 0x18);	  /* sub rsp, 24 */
	EXPECT_COST(CODE_COST_SINGLE_STEP, 0x48, 0x89, 0xfe);		  /* mov rsi, rdi */
	EXPECT_COST(CODE_COST_SINGLE_STEP, 0x48, 0x50);			  /* rex.w push rax */
	EXPECT_COST(CODE_COST_SINGLE_STEP, 0x66, 0x50);			  /* push ax */
	EXPECT_COST(CODE_COST_SINGLE_STEP, 0x6a, 0x01);			  /* push 1 */
	EXPECT_COST(CODE_COST_SINGLE_STEP, 0xff, 0x37);			  /* push [rdi] */
	EXPECT_COST(CODE_COST_SINGLE_STEP, 0xff, 0xd0);			  /* call rax */
	EXPECT_COST(CODE_COST_SINGLE_STEP, 0xff, 0x25, 0, 0, 0, 0);	  /* jmp [rip] */
	EXPECT_COST(CODE_COST_SINGLE_STEP, 0xe3, 0x10);			  /* jrcxz */
	EXPECT_COST(CODE_COST_SINGLE_STEP, 0x0f, 0x1f, 0x44, 0x00, 0x00); /* nop, 5 bytes */
	EXPECT_COST(CODE_COST_SINGLE_STEP, 0xf3, 0x0f, 0x1e, 0xfa);	  /* endbr64 */
	EXPECT_COST(CODE_COST_SINGLE_STEP, 0xf3, 0x90);			  /* pause */
	EXPECT_COST(CODE_COST_SINGLE_STEP, 0x64, 0x48, 0x8b, 0x04, 0x25, 0, 0, 0, 0); /* fs: */
}

Test(code_site, forbidden)
{
	EXPECT_COST(CODE_COST_FORBIDDEN, 0xc3);			  /* ret */
	EXPECT_COST(CODE_COST_FORBIDDEN, 0xf3, 0xc3);		  /* rep ret */
	EXPECT_COST(CODE_COST_FORBIDDEN, 0xcc);			  /* int3 */
	EXPECT_COST(CODE_COST_FORBIDDEN, 0x0f, 0x0b);		  /* ud2 */
	EXPECT_COST(CODE_COST_FORBIDDEN, 0x0f, 0x05);		  /* syscall */
	EXPECT_COST(CODE_COST_FORBIDDEN, 0xf4);			  /* hlt */
	EXPECT_COST(CODE_COST_FORBIDDEN, 0xf0, 0x48, 0xff, 0x08); /* lock dec [rax] */
	EXPECT_COST(CODE_COST_FORBIDDEN, 0x2e, 0x90);		  /* cs nop */
	EXPECT_COST(CODE_COST_FORBIDDEN, 0x3e, 0xff, 0xe0);	  /* notrack jmp rax */
	EXPECT_COST(CODE_COST_FORBIDDEN, 0x66, 0x90);		  /* nop, 2 bytes */
	EXPECT_COST(CODE_COST_FORBIDDEN, 0x66, 0xe8, 0, 0, 0, 0); /* data16 call */
	EXPECT_COST(CODE_COST_FORBIDDEN, 0x49, 0x90);		  /* xchg rax, r8 */
	EXPECT_COST(CODE_COST_FORBIDDEN, 0xc5, 0xf8, 0x77);	  /* vzeroupper: 77 */
	EXPECT_COST(CODE_COST_FORBIDDEN, 0xc5, 0xf9, 0xeb, 0xc1); /* vpor: eb */
	EXPECT_COST(CODE_COST_FORBIDDEN, 0x8e, 0xd0);		  /* mov ss, eax */
	EXPECT_COST(CODE_COST_FORBIDDEN, 0x06);			  /* no instruction */
}

/* tokio's State::transition_to_idle in Scotty 0.3.3: sub rsp ... test; je at +0x22; its
 * compare-and-swap jumps back to +0x20. */
static const uint8_t transition_to_idle[] = {
	0x48, 0x83, 0xec, 0x18, 0x48, 0x8b, 0x07, 0x48, 0x8d, 0x54, 0x24, 0x08, 0x48, 0x8d, 0x74,
	0x24, 0x10, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x2e, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00,
	0x00, 0x00, 0xa8, 0x01, 0x0f, 0x84, 0x7c, 0x00, 0x00, 0x00, 0xa8, 0x20, 0x75, 0x24, 0x49,
	0x89, 0xc0, 0x49, 0x83, 0xe0, 0xde, 0xa8, 0x04, 0x75, 0x39, 0x48, 0x83, 0xf8, 0x3f, 0x0f,
	0x86, 0x7c, 0x00, 0x00, 0x00, 0x49, 0x83, 0xc0, 0xc0, 0x49, 0x83, 0xf8, 0x40, 0x0f, 0x92,
	0xc1, 0x00, 0xc9, 0xeb, 0x2b, 0xb1, 0x03, 0x49, 0x89, 0xd1, 0x45, 0x31, 0xc0, 0x4d, 0x89,
	0x01, 0x83, 0x7c, 0x24, 0x08, 0x01, 0x74, 0x2f, 0xeb, 0x39, 0x66, 0x66, 0x66, 0x2e, 0x0f,
	0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00, 0x48, 0x85, 0xc0, 0x78, 0x61, 0x49, 0x83, 0xc0,
	0x40, 0xb1, 0x01, 0x48, 0xc7, 0x44, 0x24, 0x08, 0x01, 0x00, 0x00, 0x00, 0x49, 0x89, 0xf1,
	0x4d, 0x89, 0x01, 0x83, 0x7c, 0x24, 0x08, 0x01, 0x75, 0x0c, 0x4c, 0x8b, 0x44, 0x24, 0x10,
	0xf0, 0x4c, 0x0f, 0xb1, 0x07, 0x75, 0x83, 0x89, 0xc8, 0x48, 0x83, 0xc4, 0x18, 0xc3,
};

Test(code_site, transition_to_idle)
{
	const uint8_t *code = transition_to_idle;
	size_t size = sizeof(transition_to_idle);
	struct code_site site = find(code, size, CODE_REGISTER_RDI, true);

	cr_expect_eq(site.address, TEST_CODE_ADDRESS + 0x22);
	cr_expect_eq(site.cost, CODE_COST_EMULATED);
	cr_expect_eq(site.entry_cost, CODE_COST_SINGLE_STEP);
	cr_expect(site.may_repeat);
	cr_expect_eq(strncmp(site.instruction, "jz ", 3), 0, "%s", site.instruction);

	/* Its loop passes the site again. */
	site = find(code, size, CODE_REGISTER_RDI, false);
	cr_expect_eq(site.address, TEST_CODE_ADDRESS);
	cr_expect_eq(site.cost, CODE_COST_SINGLE_STEP);
	cr_expect_not(site.may_repeat);

	/* It needs rsi and rdx for itself before. */
	cr_expect_eq(find(code, size, CODE_REGISTER_RSI, 1).address, TEST_CODE_ADDRESS);
	cr_expect_eq(find(code, size, CODE_REGISTER_RDX, 1).address, TEST_CODE_ADDRESS);
	cr_expect_eq(find(code, size, CODE_REGISTER_RCX, 1).address, TEST_CODE_ADDRESS + 0x22);
	/* It writes nothing but its stack before. */
	cr_expect_eq(find(code, size, CODE_MEMORY, 1).address, TEST_CODE_ADDRESS + 0x22);
}

/* drop_in_place<MatchedPath>: what rdi points to has been released where the site is. */
Test(code_site, memory)
{
	static const uint8_t code[] = {0x48, 0x8b, 0x07, 0xf0, 0x48, 0xff, 0x08, 0x75,
				       0x06, 0xff, 0x25, 0xb9, 0x07, 0x69, 0x00, 0xc3};
	struct code_site site = find(code, sizeof(code), CODE_REGISTER_RDI, false);

	cr_expect_eq(site.address, TEST_CODE_ADDRESS + 7);
	cr_expect_not(site.may_repeat);
	site = find(code, sizeof(code), CODE_REGISTER_RDI | CODE_MEMORY, false);
	cr_expect_eq(site.address, TEST_CODE_ADDRESS);
}

static uint64_t slide(const uint8_t *code, size_t size, unsigned int keep)
{
	return find(code, size, keep, false).address - TEST_CODE_ADDRESS;
}

#define WITH_PUSH(...) BYTES(0x48, 0x83, 0xec, 0x18, __VA_ARGS__, 0x50, 0xc3)
#define SLIDE(keep, ...)                                  \
	cr_expect_eq(slide(WITH_PUSH(__VA_ARGS__), keep), \
		     4 + sizeof((const uint8_t[]){__VA_ARGS__}), #keep " " #__VA_ARGS__)
/* Because of what is to be kept, and of nothing else. */
#define NO_SLIDE(keep, ...)                                                                   \
	do {                                                                                  \
		cr_expect_eq(slide(WITH_PUSH(__VA_ARGS__), keep), 0, #keep " " #__VA_ARGS__); \
		SLIDE(0, __VA_ARGS__);                                                        \
	} while (0)

Test(code_site, moves_of_the_stack_pointer)
{
	/* sub rsp, 8; push rbx */
	cr_expect_eq(slide(BYTES(0x48, 0x83, 0xec, 0x08, 0x53, 0x5b, 0xc3), CODE_STACK_POINTER), 0);
	/* pop rdx; push rbx */
	cr_expect_eq(slide(BYTES(0x5a, 0x53, 0x5b, 0xc3), CODE_STACK_POINTER), 0);
	/* mov [rsp+8], rax; push rbx */
	cr_expect_eq(
		slide(BYTES(0x48, 0x89, 0x44, 0x24, 0x08, 0x53, 0x5b, 0xc3), CODE_STACK_POINTER),
		5);
}

Test(code_site, writes_to_registers)
{
	NO_SLIDE(CODE_REGISTER_RDI, 0x48, 0x89, 0xc7);			/* mov rdi, rax */
	NO_SLIDE(CODE_REGISTER_RDI, 0x40, 0xb7, 0x01);			/* mov dil, 1 */
	NO_SLIDE(CODE_REGISTER_RCX, 0xb5, 0x01);			/* mov ch, 1 */
	NO_SLIDE(CODE_REGISTER_RDI, 0x48, 0x0f, 0x44, 0xf8);		/* cmove rdi, rax */
	NO_SLIDE(CODE_REGISTER_RDX, 0x48, 0xf7, 0xe1);			/* mul rcx */
	NO_SLIDE(CODE_REGISTER_RDX, 0x48, 0x99);			/* cqo */
	NO_SLIDE(CODE_REGISTER_RDI, 0xf3, 0x48, 0xab);			/* rep stosq */
	NO_SLIDE(CODE_REGISTER_RCX, 0xf3, 0x48, 0xab);			/* rep stosq */
	NO_SLIDE(CODE_REGISTER_RSI, 0x48, 0xa5);			/* movsq */
	NO_SLIDE(CODE_REGISTER_RDX, 0x48, 0x0f, 0xc7, 0x0f);		/* cmpxchg16b [rdi] */
	NO_SLIDE(CODE_REGISTER_RDI, 0x48, 0x87, 0xf8);			/* xchg rax, rdi */
	NO_SLIDE(CODE_REGISTER_R8, 0x41, 0x58);				/* pop r8 */
	NO_SLIDE(CODE_REGISTER_R9, 0x4c, 0x8d, 0x4c, 0x24, 0x08);	/* lea r9, [rsp+8] */
	NO_SLIDE(CODE_REGISTER_RCX, 0x0f, 0xa2);			/* cpuid */
	NO_SLIDE(CODE_MEMORY, 0x48, 0x89, 0x07);			/* mov [rdi], rax */
	SLIDE(CODE_REGISTER_RDI, 0x48, 0x89, 0x07);			/* mov [rdi], rax */
	SLIDE(CODE_MEMORY, 0x48, 0x89, 0x44, 0x24, 0x08);		/* mov [rsp+8], rax */
	SLIDE(CODE_REGISTER_RDI | CODE_REGISTER_RSI, 0x48, 0x89, 0xf8); /* mov rax, rdi */
	SLIDE(CODE_REGISTER_RDI, 0x48, 0x39, 0xc7);			/* cmp rdi, rax */
	SLIDE(CODE_REGISTER_RDI, 0xc5, 0xf8, 0x77);			/* vzeroupper */
	SLIDE(CODE_REGISTER_RDI, 0xf0, 0x48, 0x0f, 0xb1, 0x0e); /* lock cmpxchg [rsi], rcx */
}

Test(code_site, branches)
{
	/* sub rsp; jrcxz +1; push: not every call passes the push. */
	cr_expect_eq(slide(BYTES(0x48, 0x83, 0xec, 0x18, 0xe3, 0x01, 0x50, 0xc3), 0), 0);
	/* sub rsp; call rax; push: arguments are gone, and the call may not return. */
	cr_expect_eq(slide(BYTES(0x48, 0x83, 0xec, 0x18, 0xff, 0xd0, 0x50, 0xc3), 0), 0);
	/* sub rsp; ud2; push */
	cr_expect_eq(slide(BYTES(0x48, 0x83, 0xec, 0x18, 0x0f, 0x0b, 0x50, 0xc3), 0), 0);
	/* sub rsp; call rel32: a site itself. */
	cr_expect_eq(slide(BYTES(0x48, 0x83, 0xec, 0x18, 0xe8, 0, 0, 0, 0, 0xc3), 0), 4);
	/* mov rsi, rdi; jmp rel32: a site itself. */
	cr_expect_eq(slide(BYTES(0x48, 0x89, 0xfe, 0xe9, 0, 1, 0, 0), CODE_REGISTER_RDI), 3);
	/* The path ends with the function. */
	cr_expect_eq(slide(BYTES(0x48, 0x83, 0xec, 0x18), 0), 0);
}

Test(code_site, jumps_into_the_path)
{
	struct code_site site;

	/* sub; test; je +2; dec; jne back to the test */
	site = find(
		BYTES(0x48, 0x83, 0xec, 0x18, 0x85, 0xc0, 0x74, 0x04, 0xff, 0xc8, 0x75, 0xf8, 0xc3),
		0, false);
	cr_expect_eq(site.address, TEST_CODE_ADDRESS);
	cr_expect_not(site.may_repeat);
	/* The same, back to the je itself, where that is allowed. */
	site = find(
		BYTES(0x48, 0x83, 0xec, 0x18, 0x85, 0xc0, 0x74, 0x04, 0xff, 0xc8, 0x75, 0xfa, 0xc3),
		0, true);
	cr_expect_eq(site.address, TEST_CODE_ADDRESS + 6);
	cr_expect(site.may_repeat);
	/* Back to behind the site: no repetition. */
	site = find(
		BYTES(0x48, 0x83, 0xec, 0x18, 0x85, 0xc0, 0x74, 0x04, 0xff, 0xc8, 0x75, 0xfc, 0xc3),
		0, false);
	cr_expect_eq(site.address, TEST_CODE_ADDRESS + 6);
	cr_expect_not(site.may_repeat);
	/* Back to the entry, which is cheap, or not. */
	site = find(BYTES(0x50, 0x85, 0xc0, 0x75, 0xfb, 0xc3), 0, false);
	cr_expect_eq(site.address, TEST_CODE_ADDRESS);
	cr_expect(site.may_repeat);
	site = find(BYTES(0x85, 0xc0, 0x75, 0xfc, 0xc3), 0, false);
	cr_expect_eq(site.address, TEST_CODE_ADDRESS);
	cr_expect(site.may_repeat);
	/* A call of itself is another call. */
	site = find(BYTES(0x50, 0xe8, 0xfa, 0xff, 0xff, 0xff, 0xc3), 0, false);
	cr_expect_not(site.may_repeat);
	/* A jump table that is not found may lead anywhere; a call through a vtable leads out. */
	site = find(BYTES(0x48, 0x83, 0xec, 0x18, 0x74, 0x02, 0xff, 0xe0, 0xc3), 0, false);
	cr_expect_eq(site.address, TEST_CODE_ADDRESS);
	site = find(BYTES(0x48, 0x83, 0xec, 0x18, 0x74, 0x03, 0xff, 0x60, 0x18, 0xc3), 0, false);
	cr_expect_eq(site.address, TEST_CODE_ADDRESS + 4);
	/* Bytes that are no instruction: what jumps where cannot be told. */
	site = find(BYTES(0x48, 0x83, 0xec, 0x18, 0x74, 0x01, 0x06, 0xc3), 0, true);
	cr_expect_eq(site.address, TEST_CODE_ADDRESS);
}

/* A jump spares the kernel what a push takes: a write to the stack. */
Test(code_site, cheaper_than_a_push)
{
	/* push rbp; mov rax, rdi; jne */
	static const uint8_t code[] = {0x55, 0x48, 0x89, 0xf8, 0x75, 0x01, 0x90, 0xc3};
	struct code_site site = find(code, sizeof(code), CODE_REGISTER_RDI | CODE_MEMORY, false);

	cr_expect_eq(site.address, TEST_CODE_ADDRESS + 4);
	cr_expect_eq(site.cost, CODE_COST_EMULATED);
	cr_expect_eq(site.entry_cost, CODE_COST_EMULATED);
	cr_expect_not(site.may_repeat);
	/* What is on the stack is where it was only at the entry. */
	cr_expect_eq(slide(code, sizeof(code), CODE_STACK_POINTER), 0);
	/* push rbp; mov rdi, rax; jne */
	cr_expect_eq(slide(BYTES(0x55, 0x48, 0x89, 0xc7, 0x75, 0x00, 0xc3), CODE_REGISTER_RDI), 0);
	/* push rbp; push rbx; call: none is cheaper. */
	cr_expect_eq(slide(BYTES(0x55, 0x53, 0xe8, 0, 0, 0, 0, 0xc3), 0), 0);
	/* push rbp; dec; jne back to the dec: once a call is better, whatever is allowed. */
	cr_expect_eq(find(BYTES(0x55, 0xff, 0xc8, 0x75, 0xfc, 0xc3), 0, 1).address,
		     TEST_CODE_ADDRESS);
	/* sub rsp; push rbx; jne: the same behind an expensive entry. */
	cr_expect_eq(slide(BYTES(0x48, 0x83, 0xec, 0x18, 0x53, 0x75, 0x00, 0xc3), 0), 5);
}

/* push rax; test; je to the ret; lea rcx, [rip + 10]; movsxd rax, [rcx + 4 * rax]; add rax, rcx;
 * jmp rax; ret; then the table. */
#define WITH_TABLE(...)                                                                           \
	BYTES(0x50, 0x85, 0xc0, 0x74, 0x10, 0x48, 0x8d, 0x0d, 0x0a, 0x00, 0x00, 0x00, 0x48, 0x63, \
	      0x04, 0x81, 0x48, 0x01, 0xc8, 0xff, 0xe0, 0xc3, __VA_ARGS__)
#define TABLE_OFFSET 22
#define ENTRY(to)    (uint8_t)((to)-TABLE_OFFSET), 0xff, 0xff, 0xff

static uint64_t slide_before_table(const uint8_t *code, size_t size)
{
	_cleanup_(elf_image__freep) struct elf_image *image =
		test_generate_image(code, size, EM_X86_64);
	struct code_site site;

	cr_assert_eq(code_find_site(image, TEST_CODE_ADDRESS, TABLE_OFFSET, 0, 0, &site, NULL), 0);
	return site.address - TEST_CODE_ADDRESS;
}

Test(code_site, jump_tables)
{
	cr_expect_eq(slide_before_table(WITH_TABLE(ENTRY(21), ENTRY(12), ENTRY(4))), 3);
	/* Into the path: behind the entry, or to the site itself. */
	cr_expect_eq(slide_before_table(WITH_TABLE(ENTRY(21), ENTRY(1))), 0);
	cr_expect_eq(slide_before_table(WITH_TABLE(ENTRY(3), ENTRY(21))), 0);
	/* What leads out of the function is behind the table's end. */
	cr_expect_eq(slide_before_table(WITH_TABLE(ENTRY(21), 0, 1, 0, 0, ENTRY(1))), 3);
	/* The file ends with it, or within it. */
	cr_expect_eq(slide_before_table(WITH_TABLE(ENTRY(21), 0xeb, 0xff)), 3);
}

Test(code_site, unknown_size)
{
	size_t size = sizeof(transition_to_idle);
	_cleanup_(elf_image__freep) struct elf_image *image =
		test_generate_image(transition_to_idle, size, EM_X86_64);
	struct code_site site;

	cr_assert_eq(code_find_site(image, TEST_CODE_ADDRESS, 0, 0, 1, &site, NULL), 0);
	cr_expect_eq(site.address, TEST_CODE_ADDRESS);
	cr_expect_eq(site.cost, CODE_COST_SINGLE_STEP);
}

Test(code_site, not_in_the_code)
{
	_cleanup_(elf_image__freep) struct elf_image *image =
		test_generate_image(BYTES(0x50, 0xc3), EM_X86_64);
	struct error error = {0};
	struct code_site site;

	cr_expect_eq(code_find_site(image, 0x1000, 1, 0, 0, &site, &error), -EBADMSG);
	cr_expect(strstr(error.message, "0x1000"), "%s", error.message);
	cr_expect_eq(code_find_site(image, TEST_CODE_ADDRESS, 3, 0, 0, &site, NULL), -EBADMSG);
	cr_expect_eq(code_find_site(image, TEST_CODE_ADDRESS + 2, 0, 0, 0, &site, NULL), -EBADMSG);
	cr_expect_eq(code_find_site(image, UINT64_MAX, 1, 0, 0, &site, NULL), -EBADMSG);
	cr_expect_eq(code_find_site(image, TEST_CODE_ADDRESS + 1, UINT64_MAX, 0, 0, &site, NULL),
		     -EBADMSG);
}

static const struct elf_pointers no_pointers;

struct targets {
	int64_t offsets[8];
	int count;
	int stop_after;
};

static int collect_target(void *context, uint64_t target)
{
	struct targets *targets = context;

	cr_assert(targets->count < 8);
	targets->offsets[targets->count++] = (int64_t)(target - TEST_CODE_ADDRESS);
	return targets->count == targets->stop_after ? 42 : 0;
}

/* call +0x100; je within; je out; call rax; jmp back out */
static const uint8_t calls[] = {0xe8, 0xfb, 0x00, 0x00, 0x00, 0x74, 0x00, 0x0f, 0x84, 0xf3,
				0x01, 0x00, 0x00, 0xff, 0xd0, 0xe9, 0xec, 0xfe, 0xff, 0xff};

Test(code_site, targets)
{
	_cleanup_(elf_image__freep) struct elf_image *image =
		test_generate_image(calls, sizeof(calls), EM_X86_64);
	struct targets targets = {0};

	cr_assert_eq(code_for_each_target(image, &no_pointers, TEST_CODE_ADDRESS, sizeof(calls),
					  collect_target, &targets),
		     0);
	cr_assert_eq(targets.count, 3);
	cr_expect_eq(targets.offsets[0], 0x100);
	cr_expect_eq(targets.offsets[1], 0x200);
	cr_expect_eq(targets.offsets[2], -0x100);

	targets = (struct targets){.stop_after = 2};
	cr_expect_eq(code_for_each_target(image, &no_pointers, TEST_CODE_ADDRESS, sizeof(calls),
					  collect_target, &targets),
		     42);
	cr_expect_eq(targets.count, 2);
	cr_expect_eq(code_for_each_target(image, &no_pointers, 0x1000, 4, collect_target, &targets),
		     -EBADMSG);
}

/* Of unknown size: a thunk's jump leads out even where code follows. */
Test(code_site, targets_of_a_thunk)
{
	_cleanup_(elf_image__freep) struct elf_image *image = test_generate_image(
		BYTES(0xe9, 0x02, 0x00, 0x00, 0x00, 0xcc, 0xcc, 0xe8, 0, 0, 0, 0, 0xc3), EM_X86_64);
	struct targets targets = {0};

	cr_assert_eq(code_for_each_target(image, &no_pointers, TEST_CODE_ADDRESS, 0, collect_target,
					  &targets),
		     0);
	cr_assert_eq(targets.count, 1);
	cr_expect_eq(targets.offsets[0], 7);
}

/* call [rip + 0x10]; jmp [rip + 0x20]: through slots at +0x16 and +0x2c, of which one is known. */
Test(code_site, targets_through_pointers)
{
	_cleanup_(elf_image__freep) struct elf_image *image = test_generate_image(
		BYTES(0xff, 0x15, 0x10, 0, 0, 0, 0xff, 0x25, 0x20, 0, 0, 0), EM_X86_64);
	struct elf_pointer slot = {.address = TEST_CODE_ADDRESS + 0x2c,
				   .value = TEST_CODE_ADDRESS + 0x300};
	const struct elf_pointers pointers = {.items = &slot, .count = 1};
	struct targets targets = {0};

	cr_assert_eq(code_for_each_target(image, &pointers, TEST_CODE_ADDRESS, 12, collect_target,
					  &targets),
		     0);
	cr_assert_eq(targets.count, 1);
	cr_expect_eq(targets.offsets[0], 0x300);
}
