// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "elf/image.h"
#include "base/array.h"
#include "elf/pointers.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdbool.h>

#include "test_elf.h"

static const uint8_t nops[64] = {0x90, 0x90, 0x90, 0xc3};

static int open_bytes(const uint8_t *bytes, size_t size, struct error *error)
{
	_cleanup_(elf_image__freep) struct elf_image *image = NULL;
	_cleanup_close_ int fd = test_memory_file(bytes, size);
	int r = elf_image__open(fd, "sample", &image, error);

	cr_assert_eq(image != NULL, r == 0);
	return r;
}

Test(elf_image, generated)
{
	_cleanup_(elf_image__freep) struct elf_image *image =
		test_generate_image(nops, sizeof(nops), EM_X86_64);
	uint64_t value;

	cr_expect_str_eq(elf_image__path(image), "generated");
	cr_expect_eq(elf_image__machine(image), EM_X86_64);
	cr_expect_not(elf_image__is_pie(image));
	cr_expect_null(elf_image__build_id(image));

	cr_expect_eq(elf_image__code_offset(image, TEST_CODE_ADDRESS + 3, &value), 0);
	cr_expect_eq(value, TEST_CODE_OFFSET + 3);
	cr_expect_eq(elf_image__code_offset(image, TEST_CODE_ADDRESS - 1, &value), -ENOENT);
	cr_expect_eq(elf_image__code_offset(image, TEST_CODE_ADDRESS + 64, &value), -ENOENT);
	cr_expect_eq(elf_image__code_offset(image, UINT64_MAX, &value), -ENOENT);

	const uint8_t *bytes = elf_image__bytes(image, TEST_CODE_ADDRESS + 2, 2);
	cr_assert_not_null(bytes);
	cr_expect_eq(bytes[1], 0xc3);
	cr_expect_not_null(elf_image__bytes(image, TEST_CODE_ADDRESS, 64));
	cr_expect_null(elf_image__bytes(image, TEST_CODE_ADDRESS, 65));
	cr_expect_null(elf_image__bytes(image, TEST_CODE_ADDRESS + 1, SIZE_MAX));
	cr_expect_null(elf_image__bytes(image, TEST_CODE_ADDRESS - 1, 1));
}

struct field {
	size_t offset;
	uint8_t value;
	int expected;
	const char *message;
};

/* One wrong byte of the ELF header each. */
Test(elf_image, wrong_header)
{
	static const struct field fields[] = {
		{0, 'X', -ENOEXEC, "not an ELF file"},
		{EI_CLASS, ELFCLASS32, -ENOTSUP, "64-bit"},
		{EI_DATA, ELFDATA2MSB, -ENOTSUP, "little-endian"},
		{offsetof(Elf64_Ehdr, e_type), ET_REL, -ENOTSUP, "not an executable"},
		{offsetof(Elf64_Ehdr, e_type), ET_CORE, -ENOTSUP, "not an executable"},
		{offsetof(Elf64_Ehdr, e_machine), EM_RISCV, -ENOTSUP, "another machine"},
		{offsetof(Elf64_Ehdr, e_phoff) + 7, 0xff, -EBADMSG, "program headers"},
		{offsetof(Elf64_Ehdr, e_phnum), 0, -EBADMSG, "no segments"},
		{offsetof(Elf64_Ehdr, e_phnum) + 1, 0xff, -EBADMSG, "program headers"},
		{offsetof(Elf64_Ehdr, e_phentsize), 55, -EBADMSG, "program headers"},
		{offsetof(Elf64_Ehdr, e_shoff), 1, -ENOTSUP, "too many sections"},
		{sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_filesz) + 1, 1, -EBADMSG, "segment 0"},
		{sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_memsz), 1, -EBADMSG, "segment 0"},
		{sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_offset) + 7, 0xff, -EBADMSG,
		 "segment 0"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const struct field *field = &fields[i];
		size_t size;
		_cleanup_free_ uint8_t *bytes = test_generate(nops, sizeof(nops), EM_X86_64, &size);
		struct error error = {0};

		cr_assert_eq(open_bytes(bytes, size, NULL), 0);
		bytes[field->offset] = field->value;
		cr_expect_eq(open_bytes(bytes, size, &error), field->expected, "byte %zu: %s",
			     field->offset, error.message);
		cr_expect(strstr(error.message, field->message), "byte %zu: %s", field->offset,
			  error.message);
		cr_expect(strstr(error.message, "sample"), "%s", error.message);
	}
}

Test(elf_image, no_file_to_read)
{
	struct elf_image *image = NULL;
	struct error error = {0};
	int ends[2];

	cr_expect_eq(open_bytes((const uint8_t *)"", 0, &error), -ENOEXEC);
	cr_expect(strstr(error.message, "empty"), "%s", error.message);
	cr_expect_eq(open_bytes((const uint8_t *)"#!/bin/sh\n", 10, &error), -ENOEXEC);
	cr_expect_eq(open_bytes((const uint8_t *)"\177EL", 3, &error), -ENOEXEC);
	cr_expect_eq(open_bytes((const uint8_t *)"\177ELF", 4, &error), -EBADMSG);

	_cleanup_close_ int directory = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	cr_expect_eq(elf_image__open(directory, "/tmp", &image, &error), -ENOEXEC);
	cr_expect(strstr(error.message, "regular file"), "%s", error.message);
	cr_assert_eq(pipe(ends), 0);
	cr_expect_eq(elf_image__open(ends[0], "pipe", &image, &error), -ENOEXEC);
	close(ends[0]);
	close(ends[1]);
	cr_expect_eq(elf_image__open(-1, "closed", &image, &error), -EBADF);
	cr_expect_null(image);
}

struct pointers {
	uint64_t values[64];
	uint64_t addresses[64];
	int count;
	int stop_after;
};

static int collect_pointer(void *context, uint64_t address, uint64_t value)
{
	struct pointers *pointers = context;

	if (pointers->count < 64) {
		pointers->addresses[pointers->count] = address;
		pointers->values[pointers->count] = value;
	}
	pointers->count++;
	return pointers->count == pointers->stop_after ? -ECANCELED : 0;
}

static int count_value(const struct pointers *pointers, uint64_t value)
{
	int count = 0;

	for (int i = 0; i < pointers->count && i < 64; i++)
		count += pointers->values[i] == value;
	return count;
}

/* The program's table of pointers must be there: three adjacent words. */
static void expect_table(const struct elf_image *image)
{
	_cleanup_(elf_symbols__freep) struct elf_symbols *symbols = NULL;
	struct pointers pointers = {0};
	struct test_found run = {0}, other = {0};
	int at = -1;

	cr_assert_eq(elf_symbols__load(image, NULL, &symbols, NULL), 0);
	cr_assert_eq(elf_symbols__find(symbols, "demo::core::State::run", test_collect, &run), 2);
	cr_assert_eq(elf_symbols__find(symbols, "demo::other", test_collect, &other), 1);
	cr_assert_eq(elf_image__for_each_pointer(image, collect_pointer, &pointers), 0);
	cr_assert_leq(pointers.count, 64);
	for (int i = 0; i < pointers.count; i++) {
		if (pointers.values[i] == other.addresses[0])
			at = i;
	}
	cr_assert_geq(at, 2);
	cr_expect_eq(count_value(&pointers, run.addresses[0]), 1);
	cr_expect_eq(pointers.values[at - 1], run.addresses[1]);
	cr_expect_eq(pointers.values[at - 2], run.addresses[0]);
	cr_expect_eq(pointers.addresses[at] - pointers.addresses[at - 2], 16);

	_cleanup_(elf_pointers__free) struct elf_pointers table = {0};
	uint64_t value;

	cr_assert_eq(elf_pointers__load(image, &table), 0);
	cr_expect_eq(table.count, pointers.count);
	cr_assert(elf_pointers__at(&table, pointers.addresses[at], &value));
	cr_expect_eq(value, other.addresses[0]);
	cr_expect_not(elf_pointers__at(&table, pointers.addresses[at] + 1, &value));
	for (size_t i = 1; i < table.count; i++)
		cr_expect_lt(table.items[i - 1].address, table.items[i].address);

	pointers = (struct pointers){.stop_after = 2};
	cr_expect_eq(elf_image__for_each_pointer(image, collect_pointer, &pointers), -ECANCELED);
	cr_expect_eq(pointers.count, 2);
}

static void expect_built(const char *flags, bool is_pie)
{
	_cleanup_(test_clean) struct test_directory directory = test_directory();
	uint64_t offset;

	test_build(&directory, "program", flags);

	_cleanup_(elf_image__freep) struct elf_image *image = test_open(&directory, "program");

	cr_expect_eq(elf_image__is_pie(image), is_pie);
	expect_table(image);

	const Elf64_Ehdr *header =
		(const void *)elf_image__bytes(image, is_pie ? 0 : 0x400000, sizeof(*header));
	cr_assert_not_null(header);
	cr_expect_eq(elf_image__code_offset(image, header->e_entry, &offset), 0);
}

Test(elf_image, pie)
{
	expect_built("-fPIE -pie", true);
}

Test(elf_image, pie_with_relr)
{
	expect_built("-fPIE -pie -Wl,-z,pack-relative-relocs", true);
}

Test(elf_image, fixed_addresses)
{
	expect_built("-fno-pie -no-pie", false);
}

Test(elf_image, build_id)
{
	_cleanup_(test_clean) struct test_directory directory = test_directory();

	test_build(&directory, "with", "-Wl,--build-id=0x0123456789abcdef0f");
	test_build(&directory, "without", "-Wl,--build-id=none");
	test_run(
		"cd '%s' && strip --strip-section-headers -o bare with 2>/dev/null || cp with bare",
		directory.path);

	_cleanup_(elf_image__freep) struct elf_image *with = test_open(&directory, "with");
	_cleanup_(elf_image__freep) struct elf_image *without = test_open(&directory, "without");
	_cleanup_(elf_image__freep) struct elf_image *bare = test_open(&directory, "bare");

	cr_assert_not_null(elf_image__build_id(with));
	cr_expect_str_eq(elf_image__build_id(with), "0123456789abcdef0f");
	cr_expect_null(elf_image__build_id(without));
	cr_assert_not_null(elf_image__build_id(bare));
	cr_expect_str_eq(elf_image__build_id(bare), "0123456789abcdef0f");
}
