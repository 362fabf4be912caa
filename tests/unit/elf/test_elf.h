/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_TESTS_UNIT_ELF_TEST_ELF_H
#define SCOTTYSCOPE_TESTS_UNIT_ELF_TEST_ELF_H

/* Executables to read: generated ones in memory, and small C programs built on the spot. */

#include <criterion/criterion.h>
#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "elf/image.h"
#include "elf/symbols.h"

#define TEST_CODE_ADDRESS UINT64_C(0x401000)
#define TEST_CODE_OFFSET  ((size_t)0x1000)

/* Names of the functions of the program below, in both manglings. */
#define TEST_LEGACY "_ZN4demo4core5State3run17h0123456789abcdefE"
#define TEST_V0	    "_RNvMNtCsgS0eDBJFJRB_4demo4coreNtB2_5State3run"
#define TEST_OTHER  "_ZN4demo5other17hfedcba9876543210E"

/* Three functions and a table of pointers to them. */
static const char test_program[] =
	"void run1(void) __asm__(\"" TEST_LEGACY "\");\n"
	"void run2(void) __asm__(\"" TEST_V0 "\");\n"
	"void other(void) __asm__(\"" TEST_OTHER "\");\n"
	"volatile int sink;\n"
	"__attribute__((noinline)) void run1(void) { sink = 1; }\n"
	"__attribute__((noinline)) void run2(void) { sink = 2; }\n"
	"__attribute__((noinline)) void other(void) { sink = 3; }\n"
	"void (*const table[])(void) = {run1, run2, other};\n"
	"int main(int argc, char **argv) { (void)argv; table[argc % 3](); return 0; }\n";

/* A file in memory that holds `size` bytes. */
static inline int test_memory_file(const void *bytes, size_t size)
{
	int fd = memfd_create("scottyscope-test", MFD_CLOEXEC);

	cr_assert(fd >= 0);
	cr_assert_eq(write(fd, bytes, size), (ssize_t)size);
	return fd;
}

/* An executable of one segment, which holds `code` at TEST_CODE_ADDRESS; malloc'ed. */
static inline uint8_t *test_generate(const uint8_t *code, size_t code_size, uint16_t machine,
				     size_t *ret_size)
{
	size_t size = TEST_CODE_OFFSET + code_size;
	uint8_t *bytes = calloc(1, size);
	Elf64_Ehdr header = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			    EV_CURRENT},
		.e_type = ET_EXEC,
		.e_machine = machine,
		.e_version = EV_CURRENT,
		.e_entry = TEST_CODE_ADDRESS,
		.e_phoff = sizeof(header),
		.e_ehsize = sizeof(header),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 1,
	};
	Elf64_Phdr segment = {
		.p_type = PT_LOAD,
		.p_flags = PF_R | PF_X,
		.p_offset = TEST_CODE_OFFSET,
		.p_vaddr = TEST_CODE_ADDRESS,
		.p_filesz = code_size,
		.p_memsz = code_size,
		.p_align = 0x1000,
	};

	cr_assert(bytes);
	memcpy(bytes, &header, sizeof(header));
	memcpy(bytes + sizeof(header), &segment, sizeof(segment));
	memcpy(bytes + TEST_CODE_OFFSET, code, code_size);
	*ret_size = size;
	return bytes;
}

static inline struct elf_image *test_generate_image(const uint8_t *code, size_t code_size,
						    uint16_t machine)
{
	struct elf_image *image = NULL;
	struct error error = {0};
	size_t size;
	_cleanup_free_ uint8_t *bytes = test_generate(code, code_size, machine, &size);
	_cleanup_close_ int fd = test_memory_file(bytes, size);

	cr_assert_eq(elf_image__open(fd, "generated", &image, &error), 0, "%s", error.message);
	return image;
}

/* Runs a shell command; skips the test where the shell says that a tool is missing. */
static inline void test_run(const char *format, ...) __attribute__((format(printf, 1, 2)));

static inline void test_run(const char *format, ...)
{
	char command[4096];
	va_list arguments;

	va_start(arguments, format);
	int length = vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	cr_assert(length > 0 && (size_t)length < sizeof(command));

	int status = system(command);

	if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
		fprintf(stderr, "SKIPPED, a tool is missing: %s\n", command);
		cr_skip_test("a tool is missing: %s", command);
	}
	cr_assert_eq(status, 0, "failed: %s", command);
}

/* Machine code of 64-bit Arm (GNU as); malloc'ed. */
static inline uint8_t *test_assemble_arm64(const char *text, size_t *ret_size)
{
	char source[] = "/tmp/scottyscope-arm64-XXXXXX.s", output[64];
	_cleanup_close_ int fd = mkstemps(source, 2);
	struct stat status;
	uint8_t *code;

	cr_assert_geq(dprintf(fd, "%s\n", text), 0);
	snprintf(output, sizeof(output), "%s.bin", source);
	test_run("aarch64-linux-gnu-as -o %s %s && aarch64-linux-gnu-objcopy -O binary %s", output,
		 source, output);
	_cleanup_close_ int result = open(output, O_RDONLY | O_CLOEXEC);
	cr_assert(result >= 0 && fstat(result, &status) == 0);
	code = malloc((size_t)status.st_size);
	cr_assert_eq(read(result, code, (size_t)status.st_size), (ssize_t)status.st_size);
	*ret_size = (size_t)status.st_size;
	unlink(source);
	unlink(output);
	return code;
}

/* A directory for one test, with the program above in "program.c"; removed by test_clean(). */
struct test_directory {
	char path[64];
};

/* Replaces "program.c" by `program`. */
static inline void test_write(const struct test_directory *directory, const char *program)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/program.c", directory->path);
	_cleanup_file_ FILE *file = fopen(path, "w");
	cr_assert(file && fputs(program, file) >= 0);
}

static inline struct test_directory test_directory(void)
{
	struct test_directory directory = {"/tmp/scottyscope-elf-XXXXXX"};

	cr_assert(mkdtemp(directory.path));
	test_write(&directory, test_program);
	return directory;
}

static inline void test_clean(struct test_directory *directory)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", directory->path);
	if (system(command) != 0)
		fprintf(stderr, "cannot remove %s\n", directory->path);
}

/* Builds the program as `name` with further flags. */
static inline void test_build(const struct test_directory *directory, const char *name,
			      const char *flags)
{
	test_run("cd '%s' && cc -O1 %s -o '%s' program.c", directory->path, flags, name);
}

/* The number that the built program `name` prints. */
static inline long test_output(const struct test_directory *directory, const char *name)
{
	char command[PATH_MAX], line[64] = "";

	snprintf(command, sizeof(command), "%s/%s", directory->path, name);
	FILE *stream = popen(command, "r");

	cr_assert(stream && fgets(line, sizeof(line), stream));
	pclose(stream);
	return strtol(line, NULL, 10);
}

static inline struct elf_image *test_open(const struct test_directory *directory, const char *name)
{
	struct elf_image *image = NULL;
	struct error error = {0};
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", directory->path, name);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	cr_assert(fd >= 0, "%s", path);
	cr_assert_eq(elf_image__open(fd, path, &image, &error), 0, "%s", error.message);
	return image;
}

/* The whole of a file; malloc'ed. */
static inline uint8_t *test_read(const struct test_directory *directory, const char *name,
				 size_t *ret_size)
{
	char path[PATH_MAX];
	struct stat status;

	snprintf(path, sizeof(path), "%s/%s", directory->path, name);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	cr_assert(fd >= 0 && fstat(fd, &status) == 0);
	uint8_t *bytes = malloc((size_t)status.st_size);
	cr_assert(bytes);
	cr_assert_eq(read(fd, bytes, (size_t)status.st_size), (ssize_t)status.st_size);
	*ret_size = (size_t)status.st_size;
	return bytes;
}

/* Collects what elf_symbols__find() gives, up to eight. */
struct test_found {
	uint64_t addresses[8];
	const char *names[8];
	int count;
};

static inline int test_collect(void *context, const struct elf_symbol *symbol)
{
	struct test_found *found = context;

	if (found->count < 8) {
		found->addresses[found->count] = symbol->address;
		found->names[found->count] = symbol->name;
	}
	found->count++;
	return 0;
}

#endif
