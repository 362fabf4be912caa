// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* Executables of some kilobytes that ask for much work. What is measured is work and memory, not time. */

#include <criterion/criterion.h>
#include <errno.h>

#include "base/array.h"
#include "elf/debug_search.h"
#include "elf/pointers.h"
#include "elf/thread_local.h"
#include "test_elf.h"

/* A generated file: parts that follow each other. */
struct file {
	uint8_t *bytes;
	size_t size;
};

static void file_done(struct file *file)
{
	free(file->bytes);
}

static size_t append(struct file *file, const void *bytes, size_t size)
{
	size_t at = file->size;

	file->bytes = realloc(file->bytes, at + size);
	cr_assert(file->bytes);
	if (size > 0)
		memcpy(file->bytes + at, bytes, size);
	file->size += size;
	return at;
}

static struct elf_image *open_file(const struct file *file)
{
	_cleanup_close_ int fd = test_memory_file(file->bytes, file->size);
	struct elf_image *image = NULL;
	struct error error = {0};

	cr_assert_eq(elf_image__open(fd, "/opt/hostile", &image, &error), 0, "%s", error.message);
	return image;
}

static uint64_t spent(const struct elf_image *image, enum budget_kind kind)
{
	return elf_image__budget(image)->spent[kind];
}

/* --- relocations -------------------------------------------------------------------------------- */

#define DATA_ADDRESS UINT64_C(0x10000)
#define DATA_WORDS   1024

/* A PIE with `words` of DT_RELR, or with `rela` entries, named by `headers` PT_DYNAMIC headers. */
static struct elf_image *relocated(const uint64_t *words, size_t count, size_t rela, size_t headers)
{
	_cleanup_(file_done) struct file file = {0};
	Elf64_Phdr segments[60] = {{0}};
	Elf64_Dyn dynamic[5] = {{0}};
	uint64_t data[DATA_WORDS] = {0};
	Elf64_Ehdr header = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB},
		.e_type = ET_DYN,
		.e_machine = EM_X86_64,
		.e_phoff = sizeof(header),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = (uint16_t)(headers + 2),
	};
	size_t at;

	append(&file, &header, sizeof(header));
	append(&file, segments, (headers + 2) * sizeof(segments[0]));
	at = append(&file, words, count * sizeof(*words));
	for (size_t i = 0; i < rela; i++) {
		const Elf64_Rela entry = {DATA_ADDRESS + 8 * (i % DATA_WORDS),
					  ELF64_R_INFO(0, R_X86_64_RELATIVE), 1};

		append(&file, &entry, sizeof(entry));
	}
	dynamic[0].d_tag = rela ? DT_RELA : DT_RELR;
	dynamic[0].d_un.d_ptr = at;
	dynamic[1].d_tag = rela ? DT_RELASZ : DT_RELRSZ;
	dynamic[1].d_un.d_val = rela ? rela * sizeof(Elf64_Rela) : count * sizeof(*words);
	at = append(&file, dynamic, sizeof(dynamic));
	segments[0] = (Elf64_Phdr){
		.p_type = PT_LOAD, .p_flags = PF_R, .p_filesz = file.size, .p_memsz = file.size};
	for (size_t i = 0; i < headers; i++)
		segments[i + 2] = (Elf64_Phdr){
			.p_type = PT_DYNAMIC, .p_offset = at, .p_filesz = sizeof(dynamic)};
	at = append(&file, data, sizeof(data));
	segments[1] = (Elf64_Phdr){.p_type = PT_LOAD,
				   .p_flags = PF_R | PF_W,
				   .p_offset = at,
				   .p_vaddr = DATA_ADDRESS,
				   .p_filesz = sizeof(data),
				   .p_memsz = sizeof(data)};
	memcpy(file.bytes + sizeof(header), segments, (headers + 2) * sizeof(segments[0]));
	return open_file(&file);
}

static void expect_pointers(struct elf_image *image, int result, size_t count)
{
	_cleanup_(elf_pointers__free) struct elf_pointers pointers = {0};

	cr_expect_eq(elf_pointers__load(image, &pointers), result);
	cr_expect_eq(pointers.count, count);
	cr_expect_leq(spent(image, BUDGET_POINTERS), DATA_WORDS);
	elf_image__free(image);
}

Test(elf_budget, the_first_dynamic_segment_counts)
{
	static const uint64_t all[] = {DATA_ADDRESS, UINT64_MAX, UINT64_MAX};

	expect_pointers(relocated(all, ARRAY_SIZE(all), 0, 1), 0, 127);
	expect_pointers(relocated(all, ARRAY_SIZE(all), 0, 50), 0, 127);
}

Test(elf_budget, no_word_is_relocated_twice)
{
	static const uint64_t again[] = {DATA_ADDRESS, UINT64_MAX, DATA_ADDRESS, UINT64_MAX};
	static const uint64_t same[] = {DATA_ADDRESS + 8, DATA_ADDRESS + 8};

	expect_pointers(relocated(again, ARRAY_SIZE(again), 0, 1), -EBADMSG, 0);
	expect_pointers(relocated(same, ARRAY_SIZE(same), 0, 1), -EBADMSG, 0);
}

Test(elf_budget, no_more_relocations_than_words)
{
	expect_pointers(relocated(NULL, 0, DATA_WORDS, 1), 0, DATA_WORDS);
	expect_pointers(relocated(NULL, 0, DATA_WORDS + 1, 1), -EBADMSG, 0);
}

/* --- names -------------------------------------------------------------------------------------- */

/* An executable with `count` symbols of the name, each at its own address or all at one. */
static struct elf_image *with_symbols(size_t count, const char *name, bool is_merged)
{
	_cleanup_(file_done) struct file file = {0};
	size_t code_size = count + 16;
	_cleanup_free_ uint8_t *code = calloc(1, code_size);
	Elf64_Shdr sections[3] = {{0}};
	Elf64_Ehdr header;
	size_t at;

	file.bytes = test_generate(code, code_size, EM_X86_64, &file.size);
	memcpy(&header, file.bytes, sizeof(header));
	at = append(&file, "", 1);
	append(&file, name, strlen(name) + 1);
	sections[2] =
		(Elf64_Shdr){.sh_type = SHT_STRTAB, .sh_offset = at, .sh_size = strlen(name) + 2};
	sections[1] = (Elf64_Shdr){.sh_type = SHT_SYMTAB,
				   .sh_link = 2,
				   .sh_offset = file.size,
				   .sh_size = count * sizeof(Elf64_Sym),
				   .sh_entsize = sizeof(Elf64_Sym)};
	for (size_t i = 0; i < count; i++) {
		const Elf64_Sym symbol = {.st_name = 1,
					  .st_info = STT_FUNC,
					  .st_shndx = 1,
					  .st_value = TEST_CODE_ADDRESS + (is_merged ? 0 : i)};

		append(&file, &symbol, sizeof(symbol));
	}
	header.e_shoff = append(&file, sections, sizeof(sections));
	header.e_shnum = ARRAY_SIZE(sections);
	header.e_shentsize = sizeof(Elf64_Shdr);
	memcpy(file.bytes, &header, sizeof(header));
	return open_file(&file);
}

/* A legacy name of about `size` bytes: one identifier. */
static char *long_name(size_t size)
{
	char *name = malloc(size + 64);
	int length = sprintf(name, "_ZN%zu", size);

	memset(name + length, 'a', size);
	sprintf(name + length + size, "17h0123456789abcdefE");
	return name;
}

Test(elf_budget, names_longer_than_any_rust_path_are_omitted)
{
	_cleanup_free_ char *name = long_name(60000);
	_cleanup_(elf_image__freep) struct elf_image *image = with_symbols(20000, name, false);
	_cleanup_(elf_symbols__freep) struct elf_symbols *symbols = NULL;

	cr_assert_eq(elf_symbols__load(image, NULL, &symbols, NULL), 0);
	cr_expect_eq(elf_symbols__count(symbols), 0);
	cr_expect_eq(spent(image, BUDGET_NAME_BYTES), 0);
}

Test(elf_budget, the_work_on_names_does_not_depend_on_the_rows)
{
	_cleanup_free_ char *name = long_name(100);
	_cleanup_(elf_image__freep) struct elf_image *image = with_symbols(1000, name, false);
	_cleanup_(elf_symbols__freep) struct elf_symbols *symbols = NULL;
	struct test_found none = {0};
	uint64_t before;

	cr_assert_eq(elf_symbols__load(image, NULL, &symbols, NULL), 0);
	before = spent(image, BUDGET_NAME_BYTES);
	cr_expect_gt(before, 1000 * 100);
	cr_expect_lt(before, 1000 * 1000);
	for (int row = 0; row < 100; row++)
		cr_expect_eq(elf_symbols__find(symbols, "tokio::runtime::run", test_collect, &none),
			     0);
	cr_expect_eq(spent(image, BUDGET_NAME_BYTES), before);
}

static void expect_excess(struct elf_image *image, const char *noun)
{
	struct elf_symbols *symbols = NULL;
	struct error error = {0};

	cr_expect_eq(elf_symbols__load(image, NULL, &symbols, &error), -EDQUOT);
	cr_expect_null(symbols);
	cr_expect(strstr(error.message, "the analysis of /opt/hostile exceeds the limit of "), "%s",
		  error.message);
	cr_expect(strstr(error.message, noun), "%s", error.message);
	elf_image__free(image);
}

Test(elf_budget, bytes_of_names)
{
	_cleanup_free_ char *name = long_name(2000);
	struct elf_image *image = with_symbols(1000, name, false);

	elf_image__budget(image)->limits[BUDGET_NAME_BYTES] = 1000000;
	expect_excess(image, "bytes of names");
}

/* All symbols have one address and one name: sorting them compares equal texts. */
Test(elf_budget, merged_symbols)
{
	_cleanup_free_ char *name = long_name(16000);
	struct elf_image *image = with_symbols(5000, name, true);
	struct elf_symbols *symbols = NULL;

	cr_assert_eq(elf_symbols__load(image, NULL, &symbols, NULL), 0);
	cr_expect_eq(elf_symbols__count(symbols), 1);
	cr_expect_lt(spent(image, BUDGET_NAME_BYTES), 5000 * 14 * 1100);
	elf_symbols__free(symbols);
	elf_image__free(image);
	image = with_symbols(5000, name, true);
	elf_image__budget(image)->limits[BUDGET_NAME_BYTES] = 5000000;
	expect_excess(image, "bytes of names");
}

Test(elf_budget, symbols_and_memory)
{
	struct elf_image *image = with_symbols(5000, "name", false);

	elf_image__budget(image)->limits[BUDGET_SYMBOLS] = 4999;
	expect_excess(image, "4999 symbols");
	image = with_symbols(5000, "name", false);
	elf_image__budget(image)->limits[BUDGET_MEMORY_BYTES] = 200000;
	expect_excess(image, "bytes of memory");
}

Test(elf_budget, thread_local_variables)
{
	_cleanup_free_ char *name = long_name(2000);
	_cleanup_(elf_image__freep) struct elf_image *image = with_symbols(1000, name, false);
	_cleanup_(elf_symbols__freep) struct elf_symbols *symbols = NULL;
	struct elf_thread_local variable = {.part = "x", .size_max = 100};

	cr_assert_eq(elf_symbols__load(image, NULL, &symbols, NULL), 0);
	elf_image__budget(image)->limits[BUDGET_SYMBOL_VISITS] = 500;
	cr_expect_eq(elf_thread_local__find(image, symbols, &variable), -ENOENT);
	cr_expect_leq(spent(image, BUDGET_SYMBOL_VISITS), 501);
}

/* --- files -------------------------------------------------------------------------------------- */

Test(elf_budget, a_file_that_is_too_large)
{
	_cleanup_close_ int fd = test_memory_file("\177ELF", 4);
	struct elf_image *image = NULL;
	struct error error = {0};

	cr_assert_eq(ftruncate(fd, (off_t)ELF_FILE_BYTES_MAX + 1), 0);
	cr_expect_eq(elf_image__open(fd, "/opt/hostile", &image, &error), -EFBIG);
	cr_expect_str_eq(error.message, "/opt/hostile has 2147483649 bytes: files of more than "
					"2147483648 bytes are not read");
	cr_assert_eq(ftruncate(fd, (off_t)ELF_FILE_BYTES_MAX), 0);
	cr_expect_eq(elf_image__open(fd, "/opt/hostile", &image, &error), -ENOTSUP);
}

/* The checksum of a debug file without a build id covers a hole, which is not read. */
Test(elf_budget, checksums_of_holes)
{
	_cleanup_(test_clean) struct test_directory directory = test_directory();
	struct elf_debug_places places = {.root = "/"};
	const struct elf_debug_finder finder = {elf_debug_search__find, &places};

	test_build(&directory, "program", "-Wl,--build-id=none");
	test_run("cd '%s' && objcopy --only-keep-debug program names.debug && "
		 "truncate -s 64M names.debug && echo end >>names.debug && "
		 "objcopy -S --add-gnu-debuglink=names.debug program stripped",
		 directory.path);

	_cleanup_(elf_image__freep) struct elf_image *image = test_open(&directory, "stripped");
	_cleanup_(elf_symbols__freep) struct elf_symbols *symbols = NULL;

	places.executable_path = elf_image__path(image);
	cr_assert_eq(elf_symbols__load(image, &finder, &symbols, NULL), 0);
	cr_expect_eq(elf_symbols__source(symbols), SYMBOLS_DEBUG_FILE);
	cr_expect_lt(spent(image, BUDGET_FILE_BYTES), 1 << 20);
	cr_expect_lt(spent(image, BUDGET_MEMORY_BYTES), 4 << 20);
}
