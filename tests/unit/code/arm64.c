// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "code/arm64.h"

#include <errno.h>
#include <stdbool.h>

#include "base/array.h"
#include "code/branches.h"
#include "code/site.h"
#include "unit/elf/test_elf.h"

/* Instructions as GNU as for aarch64 makes them. */
#define NOP	     0xd503201f
#define RET	     0xd65f03c0
#define SUB_SP	     0xd10083ff /* sub sp, sp, #0x20 */
#define STP_PUSH     0xa9bd7bfd /* stp x29, x30, [sp, #-48]! */
#define MOV_X19_X0   0xaa0003f3
#define MOV_X0_X1    0xaa0103e0
#define MOV_X7_X0    0xaa0003e7
#define LDR_X8_X0    0xf9400008 /* ldr x8, [x0] */
#define LDR_X0_X1    0xf9400020 /* ldr x0, [x1] */
#define LDP_X4_X5_SP 0xa94017e4 /* ldp x4, x5, [sp] */
#define STR_X0	     0xf9000008 /* str x8, [x0] */
#define STR_X0_POST  0xf8008408 /* str x8, [x0], #8 */
#define STR_SP	     0x3d8007e0 /* str q0, [sp, #16] */
#define LDADD	     0xf8200041 /* ldadd x0, x1, [x2] */
#define LDAR_X20_X0  0xc8dffc14
#define STLR_X0_X1   0xc89ffc20
#define LDXR_X0_X1   0xc85f7c20
#define MRS_X8	     0xd53bd048 /* mrs x8, tpidr_el0 */
#define FMOV_X0	     0x9e660000 /* fmov x0, d0 */
#define CBZ_X0_2     0xb4000040 /* cbz x0, .+8 */
#define TBNZ_BACK_1  0x371fffe1 /* tbnz w1, #3, .-4 */
#define B_2	     0x14000002 /* b .+8 */
#define BL_BACK_1    0x97ffffff /* bl .-4 */
#define BR_X8	     0xd61f0100
#define ADRP_X8	     0x90000008
#define UDF	     0x00000000
#define CODE(...)    (const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__})

/* The kernel: arm_probe_decode_insn(), with a handler and no slot. */
Test(code_arm64, simulated)
{
	static const uint32_t simulated[] = {
		B_2,
		BL_BACK_1,
		0x54000080 /* b.eq */,
		CBZ_X0_2,
		0x35000043 /* cbnz */,
		0x36180041 /* tbz */,
		TBNZ_BACK_1,
		BR_X8,
		0xd63f0100 /* blr x8 */,
		0x10000020 /* adr */,
		ADRP_X8,
	};

	for (size_t i = 0; i < ARRAY_SIZE(simulated); i++)
		cr_expect_eq(arm64_cost(simulated[i]), CODE_COST_EMULATED, "%08x", simulated[i]);
}

Test(code_arm64, single_stepped)
{
	static const uint32_t stepped[] = {
		SUB_SP,	    STP_PUSH, MOV_X19_X0, LDR_X8_X0, STR_X0,
		STR_SP,	    LDADD,    FMOV_X0,	  NOP,	     0xd503233f, /* paciasp */
		0xd503245f,						 /* bti c */
		0xd5033bbf,						 /* dmb ish */
	};

	for (size_t i = 0; i < ARRAY_SIZE(stepped); i++)
		cr_expect_eq(arm64_cost(stepped[i]), CODE_COST_SINGLE_STEP, "%08x", stepped[i]);
}

Test(code_arm64, forbidden)
{
	static const uint32_t forbidden[] = {
		RET,	    0xd65f0bff, /* retaa */
		0xd71f0801,		/* braa x0, x1 */
		0xd4000001,		/* svc #0 */
		0xd4200020,		/* brk #1 */
		UDF,	    0xd53bd040, /* mrs x0, tpidr_el0 */
		0xd51bd040,		/* msr tpidr_el0, x0 */
		0xd503205f,		/* wfe */
		0xd50323bf,		/* autiasp */
		0x58000040,		/* ldr x0, .+8 */
		0x9c000080,		/* ldr q0, .+16 */
		0xc85f7c20,		/* ldxr x0, [x1] */
		0xc89ffc20,		/* stlr x0, [x1] */
	};

	for (size_t i = 0; i < ARRAY_SIZE(forbidden); i++)
		cr_expect_eq(arm64_cost(forbidden[i]), CODE_COST_FORBIDDEN, "%08x", forbidden[i]);
}

static struct code_site find(const uint32_t *code, size_t size, unsigned int keep, bool repeat_ok)
{
	_cleanup_(elf_image__freep) struct elf_image *image =
		test_generate_image((const uint8_t *)code, size, EM_AARCH64);
	struct error error = {0};
	struct code_site site;

	cr_assert_eq(code_find_site(image, TEST_CODE_ADDRESS, size, keep, repeat_ok, &site, &error),
		     0, "%s", error.message);
	cr_assert_eq(site.entry, TEST_CODE_ADDRESS);
	return site;
}

/* The number of the instruction that the site is at. */
static uint64_t slide(const uint32_t *code, size_t size, unsigned int keep)
{
	return (find(code, size, keep, false).address - TEST_CODE_ADDRESS) / 4;
}

Test(code_arm64, a_cheap_entry_is_the_site)
{
	struct code_site site = find(CODE(CBZ_X0_2, RET, RET), CODE_REGISTER_RDI, false);

	cr_expect_eq(site.address, TEST_CODE_ADDRESS);
	cr_expect_eq(site.cost, CODE_COST_EMULATED);
	cr_expect_str_eq(site.instruction, "cbz 0x401008");
	cr_expect_not(site.may_repeat);
}

Test(code_arm64, slides_along_the_straight_path)
{
	struct code_site site =
		find(CODE(SUB_SP, STP_PUSH, MOV_X19_X0, LDR_X8_X0, NOP, ADRP_X8, RET),
		     CODE_REGISTER_RDI | CODE_REGISTER_RSI | CODE_MEMORY, false);

	cr_expect_eq(site.address, TEST_CODE_ADDRESS + 20);
	cr_expect_eq(site.cost, CODE_COST_EMULATED);
	cr_expect_eq(site.entry_cost, CODE_COST_SINGLE_STEP);
	cr_expect_str_eq(site.instruction, "adr 0x90000008");
	cr_expect_eq(slide(CODE(STP_PUSH, B_2, RET, RET), 0), 1);
}

/* The registers, memory, and what is not known to leave them alone. */
Test(code_arm64, does_not_slide_past_what_changes)
{
	const unsigned int x0 = CODE_REGISTER_RDI, x1 = CODE_REGISTER_RSI;
	const unsigned int x5 = CODE_REGISTER_R9;

	cr_expect_eq(slide(CODE(MOV_X0_X1, B_2, RET, RET), x0), 0);
	cr_expect_eq(slide(CODE(MOV_X0_X1, B_2, RET, RET), x1), 1);
	cr_expect_eq(slide(CODE(LDR_X0_X1, B_2, RET, RET), x0), 0);
	cr_expect_eq(slide(CODE(LDR_X0_X1, B_2, RET, RET), x1), 1);
	cr_expect_eq(slide(CODE(LDP_X4_X5_SP, B_2, RET, RET), x5), 0);
	cr_expect_eq(slide(CODE(LDP_X4_X5_SP, B_2, RET, RET), x0), 1);
	cr_expect_eq(slide(CODE(STR_X0, B_2, RET, RET), x0 | CODE_MEMORY), 0);
	cr_expect_eq(slide(CODE(STR_X0, B_2, RET, RET), x0), 1);
	cr_expect_eq(slide(CODE(STR_X0_POST, B_2, RET, RET), x0), 0);
	cr_expect_eq(slide(CODE(STR_X0_POST, B_2, RET, RET), x1), 1);
	cr_expect_eq(slide(CODE(STR_SP, B_2, RET, RET), CODE_MEMORY), 1);
	cr_expect_eq(slide(CODE(MOV_X7_X0, B_2, RET, RET), CODE_REGISTER_X7), 0);
	cr_expect_eq(slide(CODE(MOV_X7_X0, B_2, RET, RET), CODE_REGISTER_X6), 1);
	cr_expect_eq(slide(CODE(SUB_SP, B_2, RET, RET), CODE_STACK_POINTER), 0);
	cr_expect_eq(slide(CODE(STP_PUSH, B_2, RET, RET), CODE_STACK_POINTER), 0);
	cr_expect_eq(slide(CODE(STR_SP, MOV_X0_X1, B_2, RET, RET), CODE_STACK_POINTER), 2);
	cr_expect_eq(slide(CODE(LDADD, B_2, RET, RET), 0), 0);
	cr_expect_eq(slide(CODE(FMOV_X0, B_2, RET, RET), 0), 0);
	cr_expect_eq(slide(CODE(NOP, RET, B_2, RET, RET), 0), 0);
}

Test(code_arm64, jumps_onto_the_path)
{
	struct code_site site;

	/* Back to the site, to the entry, and perhaps anywhere. */
	cr_expect_eq(slide(CODE(NOP, CBZ_X0_2, TBNZ_BACK_1, RET), 0), 0);
	site = find(CODE(NOP, CBZ_X0_2, TBNZ_BACK_1, RET), 0, true);
	cr_expect_eq(site.address, TEST_CODE_ADDRESS + 4);
	cr_expect(site.may_repeat);
	site = find(CODE(NOP, TBNZ_BACK_1, RET), 0, false);
	cr_expect_eq(site.address, TEST_CODE_ADDRESS);
	cr_expect(site.may_repeat);
	cr_expect_eq(slide(CODE(NOP, CBZ_X0_2, RET, BR_X8), 0), 0);
	/* A call of itself is none. */
	cr_expect_not(find(CODE(NOP, BL_BACK_1, RET), 0, 0).may_repeat);
}

Test(code_arm64, not_whole_or_not_code)
{
	_cleanup_(elf_image__freep) struct elf_image *image = test_generate_image(
		(const uint8_t *)(const uint32_t[]){NOP, B_2, RET}, 12, EM_AARCH64);
	struct code_site site;

	cr_assert_eq(code_find_site(image, TEST_CODE_ADDRESS, 0, 0, 1, &site, NULL), 0);
	cr_expect_eq(site.address, TEST_CODE_ADDRESS);
	cr_expect_eq(site.cost, CODE_COST_SINGLE_STEP);
	cr_assert_eq(code_find_site(image, TEST_CODE_ADDRESS, 2, 0, 1, &site, NULL), 0);
	cr_expect_eq(site.cost, CODE_COST_FORBIDDEN);
	cr_assert_eq(code_find_site(image, TEST_CODE_ADDRESS + 2, 4, 0, 1, &site, NULL), 0);
	cr_expect_eq(site.cost, CODE_COST_FORBIDDEN);
}

struct targets {
	uint64_t found[8];
	int count;
};

static int take_target(void *context, uint64_t target)
{
	struct targets *targets = context;

	targets->found[targets->count++] = target;
	return targets->count == 8 ? 1 : 0;
}

static struct targets targets_of(const uint32_t *code, size_t size, uint64_t known_size)
{
	_cleanup_(elf_image__freep) struct elf_image *image =
		test_generate_image((const uint8_t *)code, size, EM_AARCH64);
	static const struct elf_pointers no_pointers;
	struct targets targets = {0};

	cr_assert_eq(code_for_each_target(image, &no_pointers, TEST_CODE_ADDRESS, known_size,
					  take_target, &targets),
		     0);
	return targets;
}

Test(code_arm64, targets)
{
	struct targets targets =
		targets_of(CODE(BL_BACK_1, NOP, BL_BACK_1, CBZ_X0_2, NOP, B_2), 24);

	cr_assert_eq(targets.count, 3);
	cr_expect_eq(targets.found[0], TEST_CODE_ADDRESS - 4);
	cr_expect_eq(targets.found[1], TEST_CODE_ADDRESS + 4);
	cr_expect_eq(targets.found[2], TEST_CODE_ADDRESS + 28);

	/* Of unknown size: to the first that nothing gets past. */
	cr_expect_eq(targets_of(CODE(BL_BACK_1, B_2, BL_BACK_1, RET), 0).count, 2);
	cr_expect_eq(targets_of(CODE(BL_BACK_1, RET, BL_BACK_1, RET), 0).count, 1);
	cr_expect_eq(targets_of(CODE(BL_BACK_1, UDF, BL_BACK_1, RET), 0).count, 1);
}

/* An ordered load and the thread's pointer are passed on the way, though they are no sites. */
Test(code_arm64, slides_past_what_cannot_be_probed)
{
	cr_expect_eq(slide(CODE(SUB_SP, LDAR_X20_X0, B_2, RET, RET), CODE_REGISTER_RDI), 2);
	cr_expect_eq(slide(CODE(SUB_SP, MRS_X8, B_2, RET, RET), CODE_REGISTER_RDI), 2);
	cr_expect_eq(slide(CODE(SUB_SP, STLR_X0_X1, B_2, RET, RET), CODE_MEMORY), 0);
	/* Not between the halves of an exclusive access. */
	cr_expect_eq(slide(CODE(SUB_SP, LDXR_X0_X1, B_2, RET, RET), 0), 0);
}

static bool takes_result(const char *text)
{
	size_t size;
	_cleanup_free_ uint8_t *code = test_assemble_arm64(text, &size);
	_cleanup_(elf_image__freep) struct elf_image *image =
		test_generate_image(code, size, EM_AARCH64);

	return code_takes_result(image, TEST_CODE_ADDRESS, size);
}

Test(code_arm64, takes_the_address_of_its_result)
{
	cr_expect(takes_result("sub sp, sp, #32\nmov x19, x8\nret"));
	cr_expect(takes_result("cbz x0, . + 8\nstr x8, [sp, #8]\nret"));
	cr_expect(takes_result("stp x1, x8, [sp]\nret"));
	cr_expect(takes_result("str x0, [x8, #8]\nret"));
	cr_expect(takes_result("add x9, x8, #16\nret"));
}

Test(code_arm64, does_not_take_it)
{
	cr_expect_not(takes_result("ret"));
	cr_expect_not(takes_result("add x8, sp, #8\nmov x19, x8\nret"));
	cr_expect_not(takes_result("ldr x8, [x0]\nmov x19, x8\nret"));
	cr_expect_not(takes_result("bl .\nmov x19, x8\nret"));
	cr_expect_not(takes_result("mov w8, #8\nmov x19, x8\nret"));
	cr_expect_not(takes_result("adrp x8, .\nmov x19, x8\nret"));
}
