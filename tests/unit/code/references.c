// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

#include "code/references.h"
#include "elf/symbols.h"
#include "unit/elf/test_elf.h"

static int take_address(void *context, const struct elf_symbol *symbol)
{
	*(uint64_t *)context = symbol->address;
	return 0;
}

/* Rust's legacy name of the path "a::NAME". */
#define NAMED(name) "_ZN1a4" name "17h0123456789abcdefE"

#define UNIT "\"" NAMED("unit") "\""

struct machine {
	const char *tools; /* what its assembler and linker are called before "as" and "ld" */
	const char *body;  /* of a function */
};

static const struct machine x86_64 = {"", "push %rbp\npop %rbp\nret"};
static const struct machine arm64 = {"aarch64-linux-gnu-", "cbz x0, 1f\n1: ret"};

/* A program of these lines and of a function a::unit, written to `path`. */
static void build(const struct machine *machine, const char *lines, char *path, size_t size)
{
	char source[] = "/tmp/scottyscope-references-XXXXXX.s";
	int fd = mkstemps(source, 2);
	FILE *stream = fdopen(fd, "w");

	fprintf(stream,
		".text\n.globl main\n.type main, @function\nmain: nop\n%s\nret\n"
		".size main, . - main\n.skip 4096\n"
		".type " UNIT ", @function\n" UNIT ": %s\n.size " UNIT ", . - " UNIT "\n"
		".section .note.GNU-stack\n",
		lines, machine->body);
	fclose(stream);
	snprintf(path, size, "%s.out", source);
	test_run("%sas -o %s.o %s && %sld -pie -e main -o %s %s.o 2>/dev/null && rm %s.o",
		 machine->tools, source, source, machine->tools, path, source, source);
	unlink(source);
}

/* Whether a function of that name is used in a program with these other lines. */
static bool is_used_on(const struct machine *machine, const char *name, const char *lines)
{
	char path[64];
	struct elf_image *image = NULL;
	struct elf_symbols *symbols = NULL;
	struct elf_pointers pointers = {0};
	uint64_t entry = 0;
	bool used = false;

	build(machine, lines, path, sizeof(path));
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	cr_assert_eq(elf_image__open(fd, path, &image, NULL), 0);
	cr_assert_eq(elf_symbols__load(image, NULL, &symbols, NULL), 0);
	cr_assert_eq(elf_pointers__load(image, &pointers), 0);
	cr_assert_eq(elf_symbols__find(symbols, name, take_address, &entry), 1);
	code_find_references(image, &pointers, &entry, 1, &used);
	elf_pointers__free(&pointers);
	elf_symbols__free(symbols);
	elf_image__free(image);
	unlink(path);
	return used;
}

static bool is_used(const char *name, const char *lines)
{
	return is_used_on(&x86_64, name, lines);
}

Test(code_references, a_function_that_nothing_refers_to_is_not_used)
{
	cr_assert_not(is_used("a::unit", "nop"));
}

Test(code_references, calls_jumps_addresses_and_pointers_are_uses)
{
	cr_expect(is_used("a::unit", "call \"" NAMED("unit") "\""));
	cr_expect(is_used("a::unit", "jmp \"" NAMED("unit") "\""));
	cr_expect(is_used("a::unit", "jne \"" NAMED("unit") "\""));
	cr_expect(is_used("a::unit", "lea \"" NAMED("unit") "\"(%rip), %rax"));
	cr_expect(is_used("a::unit",
			  ".section .data.rel.ro,\"aw\"\n.quad \"" NAMED("unit") "\"\n.text"));
}

Test(code_references, on_arm64)
{
	cr_expect_not(is_used_on(&arm64, "a::unit", "nop"));
	cr_expect(is_used_on(&arm64, "a::unit", "bl " UNIT));
	cr_expect(is_used_on(&arm64, "a::unit", "b " UNIT));
	cr_expect(is_used_on(&arm64, "a::unit", "adr x0, " UNIT));
	cr_expect(is_used_on(&arm64, "a::unit", "adrp x0, " UNIT "\nnop\nadd x1, x0, :lo12:" UNIT));
	cr_expect(is_used_on(&arm64, "a::unit",
			     ".section .data.rel.ro,\"aw\"\n.quad " UNIT "\n.text"));
}

/* The page alone is that of other things as well, and another register's page is another's. */
Test(code_references, on_arm64_not_by_half_an_address)
{
	cr_expect_not(is_used_on(&arm64, "a::unit", "adrp x0, " UNIT));
	cr_expect_not(is_used_on(&arm64, "a::unit",
				 "adrp x0, " UNIT "\nmov x0, x2\nadd x1, x0, :lo12:" UNIT));
	cr_expect_not(
		is_used_on(&arm64, "a::unit", "adrp x0, " UNIT "\nret\nadd x1, x0, :lo12:" UNIT));
}
