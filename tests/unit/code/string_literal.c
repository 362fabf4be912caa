// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "code/string_literal.h"

#include "unit/elf/test_elf.h"

/* lea rax, [rip + n], where the address is counted from the code's start. */
#define LEA(at, target) 0x48, 0x8d, 0x05, (target) - (at)-7, 0, 0, 0
/* mov qword [rsp + 8], n */
#define STORE(number) 0x48, 0xc7, 0x44, 0x24, 0x08, (number), 0, 0, 0
/* mov esi, n */
#define MOVE(number) 0xbe, (number), 0, 0, 0

static char texts[128];

static int collect(void *context, const char *text, size_t length)
{
	int *limit = context;

	strncat(texts, text, length);
	strcat(texts, ".");
	return *limit > 0 && --*limit == 0 ? 7 : 0;
}

static int texts_of(const uint8_t *code, size_t size, uint64_t function_size, uint16_t machine,
		    int limit)
{
	_cleanup_(elf_image__freep) struct elf_image *image =
		test_generate_image(code, size, machine);

	texts[0] = '\0';
	return code_for_each_string_literal(image, TEST_CODE_ADDRESS, function_size, collect,
					    &limit);
}

#define EXPECT_TEXTS(expected, limit, result, function_size, ...)                           \
	do {                                                                                \
		const uint8_t code[] = {__VA_ARGS__};                                       \
		cr_expect_eq(texts_of(code, sizeof(code), function_size, EM_X86_64, limit), \
			     result);                                                       \
		cr_expect_str_eq(texts, expected);                                          \
	} while (0)

Test(code_string_literal, an_address_and_the_length_behind_it)
{
	EXPECT_TEXTS("0.3.3.", 0, 0, 17, LEA(0, 17), STORE(5), 0xc3, '0', '.', '3', '.', '3', 'x');
	EXPECT_TEXTS("ab.", 0, 0, 13, LEA(0, 13), MOVE(2), 0xc3, 'a', 'b', 'c');
}

Test(code_string_literal, each_number_may_be_the_length)
{
	EXPECT_TEXTS("ab.a.abc.", 0, 0, 23, LEA(0, 23), MOVE(2), MOVE(1), MOVE(3), 0xc3, 'a', 'b',
		     'c');
	EXPECT_TEXTS("ab.a.", 2, 7, 23, LEA(0, 23), MOVE(2), MOVE(1), MOVE(3), 0xc3, 'a', 'b', 'c');
}

Test(code_string_literal, numbers_far_away_too_large_or_before_any_address_are_none)
{
	EXPECT_TEXTS("", 0, 0, 13, MOVE(2), LEA(5, 13), 0xc3, 'a', 'b');
	EXPECT_TEXTS("", 0, 0, 13, LEA(0, 13), MOVE(100), 0xc3, 'a', 'b');
	EXPECT_TEXTS("", 0, 0, 13, LEA(0, 13), MOVE(0), 0xc3, 'a', 'b');
	EXPECT_TEXTS("", 0, 0, 19, LEA(0, 19), 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, MOVE(2), 0xc3,
		     'a', 'b');
}

Test(code_string_literal, only_the_functions_own_code_counts)
{
	EXPECT_TEXTS("", 0, 0, 7, LEA(0, 13), MOVE(2), 0xc3, 'a', 'b');
	/* Longer than the file, or not decodable. */
	EXPECT_TEXTS("", 0, 0, 1000, LEA(0, 13), MOVE(2), 0xc3, 'a', 'b');
	EXPECT_TEXTS("", 0, 0, 14, LEA(0, 14), 0x06, MOVE(2), 0xc3, 'a', 'b');
}

#define ARM64_TEXTS(expected, ...)                                                           \
	do {                                                                                 \
		const uint32_t code[] = {__VA_ARGS__, 0x332e302e /* .0.3 */, 0x0000332e};    \
		cr_expect_eq(texts_of((const uint8_t *)code, sizeof(code), sizeof(code) - 8, \
				      EM_AARCH64, 0),                                        \
			     0);                                                             \
		cr_expect_str_eq(texts, expected);                                           \
	} while (0)

#define ADRP_X8	    0x90000008
#define ADD_X8_X8   0x91005108 /* add x8, x8, #20, where the text begins: five instructions */
#define ADR_X1	    0x100000a1 /* adr x1, .+20 */
#define MOV_W9_5    0x528000a9
#define MOV_X9_2    0xd2800049
#define MOV_X9_5_16 0xd2a000a9 /* mov x9, #5 << 16 */
#define MOV_X8_X1   0xaa0103e8
#define NOP	    0xd503201f
#define RET	    0xd65f03c0

Test(code_string_literal, on_arm64)
{
	ARM64_TEXTS(".0.3..", ADRP_X8, ADD_X8_X8, MOV_W9_5, NOP, RET);
	ARM64_TEXTS(".0.", ADR_X1, NOP, MOV_X9_2, NOP, RET);
}

Test(code_string_literal, on_arm64_half_an_address_is_none)
{
	ARM64_TEXTS("", ADRP_X8, NOP, MOV_W9_5, NOP, RET);
	ARM64_TEXTS("", ADRP_X8, MOV_X8_X1, ADD_X8_X8, MOV_W9_5, RET);
	ARM64_TEXTS("", ADRP_X8, ADD_X8_X8, MOV_X9_5_16, NOP, RET);
}
