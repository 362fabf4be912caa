// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "elf/code_map.h"

#include <criterion/criterion.h>
#include <errno.h>

#include "base/array.h"
#include "test_elf.h"

static const uint8_t code[64] = {0x90};

Test(code_map, has_the_executable_segment)
{
	size_t size;
	_cleanup_free_ uint8_t *bytes = test_generate(code, sizeof(code), EM_X86_64, &size);
	_cleanup_close_ int fd = test_memory_file(bytes, size);
	struct elf_code_map map;

	cr_assert_eq(elf_code_map__read(&map, fd, NULL), 0);
	cr_expect_eq(map.count, 1);
	cr_expect(elf_code_map__has(&map, TEST_CODE_ADDRESS, TEST_CODE_OFFSET));
	cr_expect(elf_code_map__has(&map, TEST_CODE_ADDRESS + 63, TEST_CODE_OFFSET + 63));
	cr_expect_not(elf_code_map__has(&map, TEST_CODE_ADDRESS + 64, TEST_CODE_OFFSET + 64));
	cr_expect_not(elf_code_map__has(&map, TEST_CODE_ADDRESS, TEST_CODE_OFFSET + 1));
	cr_expect_not(elf_code_map__has(&map, TEST_CODE_ADDRESS - 1, TEST_CODE_OFFSET - 1));
	cr_expect_not(elf_code_map__has(&map, 0, 0));
	cr_expect(elf_code_map__has_address(&map, TEST_CODE_ADDRESS + 63));
	cr_expect_not(elf_code_map__has_address(&map, UINT64_MAX));
}

Test(code_map, refuses_headers_that_exceed_the_file)
{
	static const struct {
		size_t offset;
		uint8_t value;
	} fields[] = {
		{offsetof(Elf64_Ehdr, e_phoff) + 7, 0xff},
		{offsetof(Elf64_Ehdr, e_phoff) + 6, 0x7f},
		{offsetof(Elf64_Ehdr, e_phnum) + 1, 0xff},
		{offsetof(Elf64_Ehdr, e_phnum), CODE_MAP_SEGMENTS_MAX + 1},
		{offsetof(Elf64_Ehdr, e_phentsize), 55},
		{sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_filesz) + 1, 1},
		{sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_offset) + 7, 0xff},
		{sizeof(Elf64_Ehdr) + offsetof(Elf64_Phdr, p_filesz) + 7, 0xff},
	};

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		size_t size;
		_cleanup_free_ uint8_t *bytes = test_generate(code, sizeof(code), EM_X86_64, &size);
		struct error error = {0};
		struct elf_code_map map;

		bytes[fields[i].offset] = fields[i].value;

		_cleanup_close_ int fd = test_memory_file(bytes, size);

		cr_expect_eq(elf_code_map__read(&map, fd, &error), -EBADMSG, "%zu", i);
		cr_expect(strstr(error.message, "damaged"), "%s", error.message);
	}
}

Test(code_map, refuses_what_is_too_short)
{
	_cleanup_close_ int fd = test_memory_file("\177ELF", 4);
	struct elf_code_map map;

	cr_expect_eq(elf_code_map__read(&map, fd, NULL), -EBADMSG);
	cr_expect_eq(map.count, 0);
}
