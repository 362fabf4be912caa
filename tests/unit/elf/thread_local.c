// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "elf/thread_local.h"

#include <errno.h>

#include "base/array.h"
#include "test_elf.h"

#define MARK "5tokio7runtime7context7CONTEXT"

/* Prints where its variable is, from the thread pointer. */
static const char program[] =
	"#include <stdio.h>\n"
	"static __thread char before[3] = \"ab\";\n"
	"__thread long context[WORDS] __asm__(\"_ZN" MARK "17h0123456789abcdefE\") = {1};\n"
	"__thread char after[1000] __attribute__((aligned(ALIGN)));\n"
	"int main(int argc, char **argv)\n"
	"{\n"
	"	(void)argv;\n"
	"	before[0] = after[argc] = (char)argc;\n"
	"	printf(\"%ld\\n\", (long)((char *)context - (char *)__builtin_thread_pointer()));\n"
	"	return 0;\n"
	"}\n";

static int find(const struct elf_image *image, const struct elf_symbols *symbols,
		struct elf_thread_local variable, int64_t *ret_offset)
{
	int r = elf_thread_local__find(image, symbols, &variable);

	*ret_offset = variable.offset;
	return r < 0 ? r : (int)variable.size;
}

#define CONTEXT(minimum, maximum)                                           \
	(struct elf_thread_local)                                           \
	{                                                                   \
		.part = MARK, .size_min = (minimum), .size_max = (maximum), \
	}

Test(elf_thread_local, is_where_the_running_program_has_it)
{
	static const char *const flags[] = {
		"-DWORDS=10 -DALIGN=1",		 "-DWORDS=10 -DALIGN=64",
		"-DWORDS=10 -DALIGN=4096",	 "-DWORDS=10 -DALIGN=1 -no-pie",
		"-DWORDS=10 -DALIGN=32 -static", "-DWORDS=13 -DALIGN=1",
	};

	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		struct test_directory directory = test_directory();
		_cleanup_(elf_image__freep) struct elf_image *image = NULL;
		_cleanup_(elf_symbols__freep) struct elf_symbols *symbols = NULL;
		int64_t offset = 0;

		test_write(&directory, program);
		test_build(&directory, "threads", flags[i]);
		image = test_open(&directory, "threads");
		cr_assert_eq(elf_symbols__load(image, NULL, &symbols, NULL), 0);
		cr_assert_eq(find(image, symbols, CONTEXT(80, 128), &offset),
			     strstr(flags[i], "WORDS=13") ? 104 : 80);
		cr_assert_eq(offset, test_output(&directory, "threads"), "%s", flags[i]);
		/* By its size, and by no other part of a name. */
		cr_assert_eq(find(image, symbols, CONTEXT(112, 128), &offset), -ENOENT);
		cr_assert_eq(find(image, symbols, CONTEXT(64, 72), &offset), -ENOENT);
		cr_assert_eq(find(image, symbols,
				  (struct elf_thread_local){.part = "5tokio4CORE", .size_max = 128},
				  &offset),
			     -ENOENT);
		test_clean(&directory);
	}
}

Test(elf_thread_local, is_not_where_there_is_none)
{
	struct test_directory directory = test_directory();
	_cleanup_(elf_image__freep) struct elf_image *image = NULL;
	_cleanup_(elf_symbols__freep) struct elf_symbols *symbols = NULL;
	int64_t offset;

	test_build(&directory, "none", "");
	image = test_open(&directory, "none");
	cr_assert_eq(elf_symbols__load(image, NULL, &symbols, NULL), 0);
	cr_assert_eq(find(image, symbols, CONTEXT(80, 128), &offset), -ENOENT);
	test_clean(&directory);
}
