// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <fcntl.h>
#include <unistd.h>

#include "elf/references.h"
#include "elf/symbols.h"
#include "test_elf.h"

static int take_address(void *context, const struct elf_symbol *symbol)
{
	*(uint64_t *)context = symbol->address;
	return 0;
}

/* Rust's legacy name of the path "a::NAME". */
#define NAMED(name) "_ZN1a4" name "17h0123456789abcdefE"

/* Whether a function of that name is used in a program with these other lines. */
static _Bool is_used(const char *name, const char *lines)
{
	char source[] = "/tmp/scottyscope-references-XXXXXX.s", command[256], path[64];
	int fd = mkstemps(source, 2);
	FILE *stream = fdopen(fd, "w");
	struct elf_image *image = NULL;
	struct elf_symbols *symbols = NULL;
	struct elf_pointers pointers = {0};
	uint64_t entry = 0;
	_Bool used = 0;

	fprintf(stream,
		".text\n.globl main\n.type main, @function\nmain: nop\n%s\nret\n.size main, . - "
		"main\n"
		".skip 4096, 0x90\n.type \"" NAMED("unit") "\", @function\n\"" NAMED(
			"unit") "\": push %%rbp\npop %%rbp\nret\n.size \"" NAMED("unit") "\", . - "
											 "\"" NAMED(
												 "u"
												 "n"
												 "i"
												 "t") "\"\n"
												      ".section .note.GNU-stack\n",
		lines);
	fclose(stream);
	snprintf(path, sizeof(path), "%s.out", source);
	snprintf(command, sizeof(command), "cc -nostdlib -pie -Wl,-e,main -o %s %s 2>/dev/null",
		 path, source);
	cr_assert_eq(system(command), 0, "cannot build a test program: %s", command);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	cr_assert_eq(elf_image__open(fd, path, &image, NULL), 0);
	cr_assert_eq(elf_symbols__load(image, NULL, &symbols, NULL), 0);
	cr_assert_eq(elf_pointers__load(image, &pointers), 0);
	cr_assert_eq(elf_symbols__find(symbols, name, take_address, &entry), 1);
	code_find_references(image, &pointers, &entry, 1, &used);
	elf_pointers__free(&pointers);
	elf_symbols__free(symbols);
	elf_image__free(image);
	close(fd);
	unlink(source);
	unlink(path);
	return used;
}

Test(elf_references, a_function_that_nothing_refers_to_is_not_used)
{
	cr_assert_not(is_used("a::unit", "nop"));
}

Test(elf_references, calls_jumps_addresses_and_pointers_are_uses)
{
	cr_expect(is_used("a::unit", "call \"" NAMED("unit") "\""));
	cr_expect(is_used("a::unit", "jmp \"" NAMED("unit") "\""));
	cr_expect(is_used("a::unit", "jne \"" NAMED("unit") "\""));
	cr_expect(is_used("a::unit", "lea \"" NAMED("unit") "\"(%rip), %rax"));
	cr_expect(is_used("a::unit",
			  ".section .data.rel.ro,\"aw\"\n.quad \"" NAMED("unit") "\"\n.text"));
}
