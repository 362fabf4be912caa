// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* An executable, up to the plan. The input: the bytes of the file. A mutator of its own changes fields of headers,
 * symbols and relocations, which random bytes seldom reach. */

#include "fuzz.h"

#include <elf.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "elf/image.h"
#include "elf/symbols.h"
#include "plan/build.h"
#include "unit/plan/kernel.h"

size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t most);
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t most, unsigned int seed);

/* A probe site is in the code that the kernel maps. */
static void check_plan(const struct elf_image *image, const struct plan *plan)
{
	for (size_t i = 0; i < plan->site_count; i++) {
		uint64_t offset = 0;
		int r = elf_image__code_offset(image, plan->sites[i].code.address, &offset);

		fuzz_check(r == 0 && fuzz_answer(offset) == plan->sites[i].file_offset,
			   "site %zu is not in code", i);
	}
	for (size_t i = 0; i < HOOK_COUNT; i++)
		fuzz_check(plan->hooks[i].first_site + plan->hooks[i].site_count <=
				   plan->site_count,
			   "hook %zu has sites outside the plan", i);
	for (size_t i = 0; i < plan->tokio.vtable_count; i++)
		fuzz_check(plan->tokio.vtables[i].kind.index < plan->tokio.task_type_count,
			   "vtable %zu has no type", i);
}

static void check_image(const struct elf_image *image)
{
	struct elf_symbols *symbols = NULL;
	struct plan *plan = NULL;
	struct error error = {0};
	int r = elf_symbols__load(image, NULL, &symbols, &error);

	fuzz_check(r == 0 || (r == error.code && *error.message), "an error without a message");
	if (r == 0)
		r = plan__build(image, symbols, &full_kernel, LEVEL_FULL, &plan, &error);
	fuzz_check(r == 0 || (r == error.code && *error.message), "an error without a message");
	if (plan)
		check_plan(image, plan);
	plan__free(plan);
	elf_symbols__free(symbols);
}

void fuzz_one(const uint8_t *data, size_t size)
{
	struct elf_image *image = NULL;
	struct error error = {0};
	int fd = memfd_create("executable", MFD_CLOEXEC);
	int r;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	r = elf_image__open(fd, "executable", &image, &error);
	close(fd);
	fuzz_check(r == 0 || (r == error.code && *error.message), "an error without a message");
	if (r == 0)
		check_image(image);
	elf_image__free(image);
}

static unsigned int next_random(unsigned int *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* A table in the file: headers, symbols or relocations. */
struct table {
	uint64_t offset;
	uint64_t size;
	uint64_t entry_size;
};

/* Chooses a table; the whole file if the choice has none. */
static struct table choose_table(const uint8_t *bytes, size_t size, unsigned int *state)
{
	struct table table = {0, size, 8};
	unsigned int choice = next_random(state) % 4;
	Elf64_Ehdr header;
	Elf64_Shdr section;

	memcpy(&header, bytes, sizeof(header));
	if (choice == 0)
		return (struct table){0, sizeof(header), sizeof(header)};
	if (choice == 1)
		table = (struct table){header.e_phoff, header.e_phnum * sizeof(Elf64_Phdr),
				       sizeof(Elf64_Phdr)};
	else if (choice == 2)
		table = (struct table){header.e_shoff, header.e_shnum * sizeof(section),
				       sizeof(section)};
	else if (header.e_shnum > 0 && header.e_shoff <= size &&
		 header.e_shnum * sizeof(section) <= size - header.e_shoff) {
		memcpy(&section,
		       bytes + header.e_shoff +
			       next_random(state) % header.e_shnum * sizeof(section),
		       sizeof(section));
		table = (struct table){section.sh_offset, section.sh_size,
				       section.sh_entsize ? section.sh_entsize : 8};
	}
	if (table.offset > size || table.size > size - table.offset || table.size < 8)
		return (struct table){0, size, 8};
	return table;
}

/* Writes a number of two, four or eight bytes that is a border case, or the number of another place. */
static void change_field(uint8_t *bytes, const struct table *table, size_t size,
			 unsigned int *state)
{
	static const uint64_t borders[] = {0,
					   1,
					   2,
					   7,
					   8,
					   64,
					   4096,
					   0xffff,
					   INT32_MAX,
					   UINT32_MAX,
					   INT64_MAX,
					   UINT64_MAX,
					   (uint64_t)1 << 40};
	size_t width = (size_t)2 << next_random(state) % 3;
	size_t at = table->offset + next_random(state) % (table->size - 7) / width * width;
	uint64_t value = borders[next_random(state) % (sizeof(borders) / sizeof(*borders))];

	switch (next_random(state) % 4) {
	case 0:
		value = size - next_random(state) % 64;
		break;
	case 1:
		memcpy(&value, bytes + next_random(state) % (size - 7), sizeof(value));
		break;
	case 2:
		memcpy(&value, bytes + at, width);
		value += next_random(state) % 17 - 8;
		break;
	}
	memcpy(bytes + at, &value, width);
}

/* Repeats an entry in the place of the next ones: several dynamic segments, many equal symbols. */
static void repeat_entry(uint8_t *bytes, const struct table *table, unsigned int *state)
{
	uint64_t count = table->entry_size > 0 ? table->size / table->entry_size : 0;
	uint64_t from = count > 1 ? next_random(state) % (count - 1) : 0;

	for (uint64_t to = from + 1; count > 1 && to < count && next_random(state) % 8; to++)
		memcpy(bytes + table->offset + to * table->entry_size,
		       bytes + table->offset + from * table->entry_size, table->entry_size);
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t most, unsigned int seed)
{
	unsigned int state = seed;

	if (size < sizeof(Elf64_Ehdr) || next_random(&state) % 4 == 0)
		return LLVMFuzzerMutate(bytes, size, most);
	for (unsigned int changes = 1 + next_random(&state) % 4; changes > 0; changes--) {
		struct table table = choose_table(bytes, size, &state);

		if (next_random(&state) % 6 == 0)
			repeat_entry(bytes, &table, &state);
		else
			change_field(bytes, &table, size, &state);
	}
	return size;
}
