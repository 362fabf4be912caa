// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "elf/variable.h"

#include <errno.h>

#include "base/array.h"
#include "test_elf.h"

#define LEGACY "_ZN5tokio7runtime4task2id2Id4next7NEXT_ID17h0123456789abcdefE"
#define V0     "_RNvNvMs_NtNtNtCs7jEWTtVQyro_5tokio7runtime4task2idNtB6_2Id4next7NEXT_ID"

/* Prints the address of its variable, without the load bias. */
static const char program[] = "#include <stdio.h>\n"
			      "extern char __executable_start;\n"
			      "char before = 1;\n"
			      "long counter __asm__(NAME) = 7;\n"
			      "int narrow __asm__(\"x4task2id2Id4next7NEXT_ID\") = 3;\n"
			      "int main(void)\n"
			      "{\n"
			      "	printf(\"%ld\\n\", (long)((char *)&counter - "
			      "&__executable_start) + before - 1);\n"
			      "	return narrow - 3;\n"
			      "}\n";

Test(elf_variable, is_where_the_running_program_has_it)
{
	static const char *const flags[] = {"-DNAME='\"" LEGACY "\"'", "-DNAME='\"" V0 "\"'"};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		struct test_directory directory = test_directory();
		_cleanup_(elf_image__freep) struct elf_image *image = NULL;
		_cleanup_(elf_symbols__freep) struct elf_symbols *symbols = NULL;
		uint64_t address = 0;

		test_write(&directory, program);
		test_build(&directory, "threads", flags[i]);
		image = test_open(&directory, "threads");
		cr_assert_eq(elf_symbols__load(image, NULL, &symbols, NULL), 0);
		cr_assert_eq(
			elf_variable__find(symbols, "4task2id", "2Id4next7NEXT_ID", 8, &address),
			0);
		cr_assert_eq(address, test_output(&directory, "threads"), "%s", flags[i]);
		/* Both parts of the name count. */
		cr_assert_eq(
			elf_variable__find(symbols, "9thread_id", "2Id4next7NEXT_ID", 8, &address),
			-ENOENT);
		cr_assert_eq(elf_variable__find(symbols, "4task2id", "LAST_ID", 8, &address),
			     -ENOENT);
		test_clean(&directory);
	}
}
