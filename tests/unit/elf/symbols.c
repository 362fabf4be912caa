// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "elf/symbols.h"

#include <criterion/criterion.h>
#include <errno.h>

#include "base/array.h"
#include "elf/debug_search.h"
#include "test_elf.h"

#define BUILD_ID "abcdef0123456789"

static struct elf_symbols *load_with(const struct elf_image *image, struct elf_debug_places places)
{
	struct elf_symbols *symbols = NULL;
	struct error error = {0};

	places.executable_path = elf_image__path(image);

	const struct elf_debug_finder finder = {elf_debug_search__find, &places};

	cr_assert_eq(elf_symbols__load(image, &finder, &symbols, &error), 0, "%s", error.message);
	return symbols;
}

static struct elf_symbols *load(const struct elf_image *image, const char *root)
{
	return load_with(image, (struct elf_debug_places){.root = root});
}

/* The functions of the test program must be there, found by path and by address. */
static void expect_functions(const struct elf_symbols *symbols)
{
	struct test_found run = {0}, other = {0}, none = {0};

	cr_assert_eq(elf_symbols__find(symbols, "demo::core::State::run", test_collect, &run), 2);
	cr_expect_lt(run.addresses[0], run.addresses[1]);
	cr_expect_str_eq(run.names[0], TEST_LEGACY);
	cr_expect_str_eq(run.names[1], TEST_V0);
	cr_assert_eq(elf_symbols__find(symbols, "demo::other", test_collect, &other), 1);
	cr_expect_eq(elf_symbols__find(symbols, "demo::core::State", test_collect, &none), 0);
	cr_expect_eq(elf_symbols__find(symbols, "core::State::run", test_collect, &none), 0);
	cr_expect_eq(elf_symbols__find(symbols, "main", test_collect, &none), 0);
	cr_expect_eq(elf_symbols__find(symbols, "", test_collect, &none), 0);
	cr_expect_eq(none.count, 0);

	const struct elf_symbol *symbol = elf_symbols__at(symbols, other.addresses[0]);
	cr_assert_not_null(symbol);
	cr_expect_str_eq(symbol->name, TEST_OTHER);
	cr_assert_gt(symbol->size, 1);
	cr_expect_eq(elf_symbols__at(symbols, symbol->address + symbol->size - 1), symbol);
	cr_expect_neq(elf_symbols__at(symbols, symbol->address + symbol->size), symbol);
	cr_expect_null(elf_symbols__at(symbols, 0));
	cr_expect_null(elf_symbols__at(symbols, UINT64_MAX));

	for (size_t i = 1; i < elf_symbols__count(symbols); i++)
		cr_expect_leq(elf_symbols__get(symbols, i - 1)->address,
			      elf_symbols__get(symbols, i)->address);
	cr_expect_null(elf_symbols__get(symbols, elf_symbols__count(symbols)));
}

Test(elf_symbols, symtab)
{
	_cleanup_(test_clean) struct test_directory directory = test_directory();

	test_build(&directory, "program", "-rdynamic");
	_cleanup_(elf_image__freep) struct elf_image *image = test_open(&directory, "program");
	_cleanup_(elf_symbols__freep) struct elf_symbols *symbols = load(image, NULL);

	cr_expect_eq(elf_symbols__source(symbols), SYMBOLS_SYMTAB);
	expect_functions(symbols);

	/* -rdynamic puts them into .dynsym, too: they must not be there twice. */
	for (size_t i = 1; i < elf_symbols__count(symbols); i++)
		cr_expect(strcmp(elf_symbols__get(symbols, i - 1)->name,
				 elf_symbols__get(symbols, i)->name) != 0,
			  "%s", elf_symbols__get(symbols, i)->name);
}

Test(elf_symbols, dynsym)
{
	_cleanup_(test_clean) struct test_directory directory = test_directory();

	test_build(&directory, "program", "-rdynamic -s");
	_cleanup_(elf_image__freep) struct elf_image *image = test_open(&directory, "program");
	_cleanup_(elf_symbols__freep) struct elf_symbols *symbols = load(image, NULL);

	cr_expect_eq(elf_symbols__source(symbols), SYMBOLS_DYNSYM);
	expect_functions(symbols);
}

Test(elf_symbols, none)
{
	_cleanup_(test_clean) struct test_directory directory = test_directory();

	test_build(&directory, "program", "-s");
	_cleanup_(elf_image__freep) struct elf_image *image = test_open(&directory, "program");
	_cleanup_(elf_symbols__freep) struct elf_symbols *symbols = load(image, directory.path);
	struct test_found found = {0};

	cr_expect_eq(elf_symbols__source(symbols), SYMBOLS_NONE);
	cr_expect_eq(elf_symbols__count(symbols), 0);
	cr_expect_null(elf_symbols__at(symbols, 0x1000));
	cr_expect_eq(elf_symbols__find(symbols, "demo::other", test_collect, &found), 0);
}

Test(elf_symbols, debugdata)
{
	_cleanup_(test_clean) struct test_directory directory = test_directory();

	test_build(&directory, "program", "");
	test_run("cd '%s' && objcopy --only-keep-debug program mini && xz -k mini && "
		 "objcopy -S --add-section .gnu_debugdata=mini.xz program stripped",
		 directory.path);
	_cleanup_(elf_image__freep) struct elf_image *image = test_open(&directory, "stripped");
	_cleanup_(elf_symbols__freep) struct elf_symbols *symbols = load(image, NULL);

	cr_expect_eq(elf_symbols__source(symbols), SYMBOLS_DEBUGDATA);
	expect_functions(symbols);
}

/* What claims to be xz and is not, or ends too early, is said to be damaged. */
Test(elf_symbols, damaged_debugdata)
{
	_cleanup_(test_clean) struct test_directory directory = test_directory();

	test_build(&directory, "program", "");
	test_run("cd '%s' && objcopy --only-keep-debug program mini && xz -k mini && "
		 "head -c 700 mini.xz >short && echo nonsense >junk && echo text | xz >text && "
		 "for part in short junk text; do "
		 "objcopy -S --add-section .gnu_debugdata=$part program with-$part; done",
		 directory.path);

	static const char *const names[] = {"with-short", "with-junk", "with-text"};

	for (size_t i = 0; i < 3; i++) {
		_cleanup_(elf_image__freep) struct elf_image *image =
			test_open(&directory, names[i]);
		struct elf_symbols *symbols = NULL;
		struct error error = {0};
		int r = elf_symbols__load(image, NULL, &symbols, &error);

		cr_expect_eq(r, i == 2 ? -ENOEXEC : -EBADMSG, "%s: %s", names[i], error.message);
		cr_expect(strstr(error.message, ".gnu_debugdata"), "%s", error.message);
		cr_expect_null(symbols);
	}
}

/* Builds "stripped" and its debug file under the root directory "root". */
static void build_separate(const struct test_directory *directory)
{
	test_build(directory, "program", "-Wl,--build-id=0x" BUILD_ID);
	test_run("cd '%s' && mkdir -p root/usr/lib/debug/.build-id/ab && "
		 "objcopy --only-keep-debug program "
		 "root/usr/lib/debug/.build-id/ab/cdef0123456789.debug && "
		 "strip -o stripped program",
		 directory->path);
}

static enum elf_symbol_source source_within(const struct test_directory *directory,
					    const char *root)
{
	_cleanup_(elf_image__freep) struct elf_image *image = test_open(directory, "stripped");
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", directory->path, root);
	_cleanup_(elf_symbols__freep) struct elf_symbols *symbols = load(image, path);
	if (elf_symbols__source(symbols) == SYMBOLS_DEBUG_FILE)
		expect_functions(symbols);
	return elf_symbols__source(symbols);
}

Test(elf_symbols, debug_file)
{
	_cleanup_(test_clean) struct test_directory directory = test_directory();

	build_separate(&directory);
	cr_expect_eq(source_within(&directory, "root"), SYMBOLS_DEBUG_FILE);
	cr_expect_eq(source_within(&directory, "elsewhere"), SYMBOLS_NONE);
}

/* A debug file of another build must not be used, nor a damaged one, nor a FIFO. */
Test(elf_symbols, wrong_debug_file, .timeout = 30)
{
	_cleanup_(test_clean) struct test_directory directory = test_directory();
	static const char *const spoilers[] = {
		"cc -Wl,--build-id=0x00112233445566 -o $debug program.c",
		"objcopy --remove-section .note.gnu.build-id $debug",
		"truncate -s 2000 $debug",
		"cp program.c $debug",
		"rm $debug && mkfifo $debug",
		"rm $debug && mkdir $debug",
	};

	build_separate(&directory);
	for (size_t i = 0; i < ARRAY_SIZE(spoilers); i++) {
		test_run("cd '%s' && rm -rf spoilt && cp -r root spoilt && "
			 "debug=spoilt/usr/lib/debug/.build-id/ab/cdef0123456789.debug && %s",
			 directory.path, spoilers[i]);
		cr_expect_eq(source_within(&directory, "spoilt"), SYMBOLS_NONE, "%s", spoilers[i]);
	}
}

/* A container's links lead nowhere out of it; within it they do. */
Test(elf_symbols, links_in_root)
{
	_cleanup_(test_clean) struct test_directory directory = test_directory();

	build_separate(&directory);
	test_run("cd '%s' && mkdir -p out/usr/lib/debug in/usr/lib/debug in/moved && "
		 "ln -s \"$PWD/root/usr/lib/debug/.build-id\" out/usr/lib/debug/.build-id && "
		 "cp -r root/usr/lib/debug/.build-id in/moved/ && "
		 "ln -s /moved/.build-id in/usr/lib/debug/.build-id",
		 directory.path);
	cr_expect_eq(source_within(&directory, "out"), SYMBOLS_NONE);
	cr_expect_eq(source_within(&directory, "in"), SYMBOLS_DEBUG_FILE);
}

/* The names of .gnu_debuglink count in the target's root, which is this process's here. */
static enum elf_symbol_source source_in_own_root(const struct test_directory *directory)
{
	_cleanup_(elf_image__freep) struct elf_image *image = test_open(directory, "stripped");
	_cleanup_(elf_symbols__freep) struct elf_symbols *symbols = load(image, "/");

	return elf_symbols__source(symbols);
}

/* .gnu_debuglink, without a build id: the checksum decides. */
Test(elf_symbols, debuglink)
{
	_cleanup_(test_clean) struct test_directory directory = test_directory();

	test_build(&directory, "program", "-Wl,--build-id=none");
	test_run("cd '%s' && objcopy --only-keep-debug program program.debug && "
		 "objcopy -S --add-gnu-debuglink=program.debug program stripped",
		 directory.path);
	cr_expect_eq(source_in_own_root(&directory), SYMBOLS_DEBUG_FILE);
	test_run("cd '%s' && mkdir .debug && mv program.debug .debug/", directory.path);
	cr_expect_eq(source_in_own_root(&directory), SYMBOLS_DEBUG_FILE);
	test_run("cd '%s' && echo >>.debug/program.debug", directory.path);
	cr_expect_eq(source_in_own_root(&directory), SYMBOLS_NONE);
}

static enum elf_symbol_source source_with_directory(const struct test_directory *directory,
						    const char *name)
{
	_cleanup_(elf_image__freep) struct elf_image *image = test_open(directory, "stripped");
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", directory->path, name);
	_cleanup_(elf_symbols__freep) struct elf_symbols *symbols =
		load_with(image, (struct elf_debug_places){.directory = path});
	if (elf_symbols__source(symbols) == SYMBOLS_DEBUG_FILE)
		expect_functions(symbols);
	return elf_symbols__source(symbols);
}

Test(elf_symbols, debug_directory_of_the_user)
{
	_cleanup_(test_clean) struct test_directory directory = test_directory();

	test_build(&directory, "program", "-Wl,--build-id=0x" BUILD_ID);
	test_run("cd '%s' && mkdir -p ids/.build-id/ab plain deep/$PWD wrong && "
		 "objcopy --only-keep-debug program plain/names.debug && "
		 "objcopy -S --add-gnu-debuglink=plain/names.debug program stripped && "
		 "cp plain/names.debug deep/$PWD && "
		 "cp plain/names.debug ids/.build-id/ab/cdef0123456789.debug && "
		 "cc -Wl,--build-id=0x00112233445566 -o wrong/names.debug program.c",
		 directory.path);
	cr_expect_eq(source_with_directory(&directory, "ids"), SYMBOLS_DEBUG_FILE);
	cr_expect_eq(source_with_directory(&directory, "plain"), SYMBOLS_DEBUG_FILE);
	cr_expect_eq(source_with_directory(&directory, "deep"), SYMBOLS_DEBUG_FILE);
	cr_expect_eq(source_with_directory(&directory, "wrong"), SYMBOLS_NONE);
	cr_expect_eq(source_with_directory(&directory, "absent"), SYMBOLS_NONE);
}

/* Nothing prevents that a debug file is overwritten while its names are in use. */
Test(elf_symbols, a_debug_file_that_is_truncated_later)
{
	_cleanup_(test_clean) struct test_directory directory = test_directory();
	char path[PATH_MAX];

	build_separate(&directory);
	snprintf(path, sizeof(path), "%s/root", directory.path);
	_cleanup_(elf_image__freep) struct elf_image *image = test_open(&directory, "stripped");
	_cleanup_(elf_symbols__freep) struct elf_symbols *symbols = load(image, path);

	test_run("cd '%s' && : >root/usr/lib/debug/.build-id/ab/cdef0123456789.debug",
		 directory.path);
	expect_functions(symbols);
}

/* Entries that are no function, or not in the code, or whose name has no end, are left out. */
Test(elf_symbols, odd_entries)
{
	static const char names[] = "\0good\0endless";
	static const Elf64_Sym entries[] = {
		{0},
		{.st_name = 1, .st_info = STT_FUNC, .st_shndx = 1, .st_value = TEST_CODE_ADDRESS},
		{.st_name = 6, .st_info = STT_FUNC, .st_shndx = 1, .st_value = TEST_CODE_ADDRESS},
		{.st_name = 99, .st_info = STT_FUNC, .st_shndx = 1, .st_value = TEST_CODE_ADDRESS},
		{.st_name = UINT32_MAX,
		 .st_info = STT_FUNC,
		 .st_shndx = 1,
		 .st_value = TEST_CODE_ADDRESS},
		{.st_name = 0, .st_info = STT_FUNC, .st_shndx = 1, .st_value = TEST_CODE_ADDRESS},
		{.st_name = 1, .st_info = STT_OBJECT, .st_shndx = 1, .st_value = TEST_CODE_ADDRESS},
		{.st_name = 1, .st_info = STT_FUNC, .st_shndx = 0, .st_value = TEST_CODE_ADDRESS},
		{.st_name = 1, .st_info = STT_FUNC, .st_shndx = 1, .st_value = 8},
	};
	static const uint8_t code[] = {0x90, 0xc3};
	size_t size;
	_cleanup_free_ uint8_t *bytes = test_generate(code, sizeof(code), EM_X86_64, &size);
	Elf64_Shdr sections[] = {
		{0},
		{.sh_type = SHT_SYMTAB,
		 .sh_link = 2,
		 .sh_size = sizeof(entries),
		 .sh_entsize = sizeof(Elf64_Sym)},
		/* without its last byte, the table ends within a name */
		{.sh_type = SHT_STRTAB, .sh_size = sizeof(names) - 1},
	};
	Elf64_Ehdr header;
	struct error error = {0};
	_cleanup_(elf_image__freep) struct elf_image *image = NULL;

	memcpy(&header, bytes, sizeof(header));
	header.e_shoff = size;
	header.e_shnum = 3;
	header.e_shentsize = sizeof(Elf64_Shdr);
	memcpy(bytes, &header, sizeof(header));
	sections[1].sh_offset = size + sizeof(sections);
	sections[2].sh_offset = size + sizeof(sections) + sizeof(entries);

	_cleanup_close_ int fd = test_memory_file(bytes, size);
	cr_assert_eq(write(fd, sections, sizeof(sections)), (ssize_t)sizeof(sections));
	cr_assert_eq(write(fd, entries, sizeof(entries)), (ssize_t)sizeof(entries));
	cr_assert_eq(write(fd, names, sizeof(names) - 1), (ssize_t)sizeof(names) - 1);
	cr_assert_eq(elf_image__open(fd, "odd", &image, &error), 0, "%s", error.message);

	_cleanup_(elf_symbols__freep) struct elf_symbols *symbols = load(image, NULL);
	cr_assert_eq(elf_symbols__count(symbols), 1);
	cr_expect_str_eq(elf_symbols__get(symbols, 0)->name, "good");
	/* Without a size it reaches to the end of the code, not further. */
	cr_expect_not_null(elf_symbols__at(symbols, TEST_CODE_ADDRESS + 1));
	cr_expect_null(elf_symbols__at(symbols, TEST_CODE_ADDRESS + 2));
}

static int refuse(void *context, const struct elf_symbol *symbol)
{
	(void)symbol;
	++*(int *)context;
	return -ECANCELED;
}

/* The searched path need not be in normal form; merged functions are one. */
Test(elf_symbols, find)
{
	_cleanup_(test_clean) struct test_directory directory = test_directory();

	test_run("cd '%s' && cat >program.c <<'END'\n"
		 "void one(void) __asm__(\"_ZN1a10B$LT$T$GT$1f17h0123456789abcd01E\");\n"
		 "void two(void) __asm__(\"_ZN1a10B$LT$T$GT$1f17h0123456789abcd02E\");\n"
		 "void imp(void) "
		 "__asm__(\"_ZN1a1w22_$LT$impl$u20$a..B$GT$1g17h0123456789abcd03E\");\n"
		 "void hid(void) __asm__(\"_RNvCsgS0eDBJFJRB_1a7__hidden\");\n"
		 "__attribute__((noinline)) void hid(void) { __asm__ volatile(\"cld\"); }\n"
		 "__attribute__((noinline)) void one(void) { __asm__ volatile(\"nop\"); }\n"
		 "void two(void) "
		 "__attribute__((alias(\"_ZN1a10B$LT$T$GT$1f17h0123456789abcd01E\")));\n"
		 "__attribute__((noinline)) void imp(void) { __asm__ volatile(\"pause\"); }\n"
		 "int main(void) { one(); two(); imp(); hid(); return 0; }\n"
		 "END",
		 directory.path);
	test_build(&directory, "program", "");
	_cleanup_(elf_image__freep) struct elf_image *image = test_open(&directory, "program");
	_cleanup_(elf_symbols__freep) struct elf_symbols *symbols = load(image, NULL);
	static const char *const same[] = {"a::B::f", "a::B<T>::f", "<a::B<u8>>::f", "<a::B>::f"};
	static const char *const impl[] = {"a::B::g", "a::w::<impl a::B>::g"};
	int calls = 0;

	for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
		struct test_found found = {0};

		cr_expect_eq(elf_symbols__find(symbols, same[i], test_collect, &found), 1, "%s",
			     same[i]);
		cr_expect_eq(found.count, 1);
	}
	for (size_t i = 0; i < ARRAY_SIZE(impl); i++) {
		struct test_found found = {0};

		cr_expect_eq(elf_symbols__find(symbols, impl[i], test_collect, &found), 1, "%s",
			     impl[i]);
	}
	/* v0 puts an underscore between a length and an underscore. */
	cr_expect_eq(elf_symbols__find(symbols, "a::_hidden", refuse, &calls), -ECANCELED);
	cr_expect_eq(elf_symbols__find(symbols, "a::B::f", refuse, &calls), -ECANCELED);
	cr_expect_eq(calls, 2);
	cr_expect_eq(elf_symbols__find(symbols, "a::B<T", refuse, &calls), -EINVAL);
	cr_expect_eq(calls, 2);

	/* Each of them keeps its name. */
	struct test_found merged = {0}, names = {0};

	elf_symbols__find(symbols, "a::B::f", test_collect, &merged);
	cr_expect_eq(elf_symbols__names(symbols, merged.addresses[0], test_collect, &names), 2);
	cr_assert_eq(names.count, 2);
	cr_expect_str_neq(names.names[0], names.names[1]);
	cr_expect_eq(names.addresses[0], names.addresses[1]);
	cr_expect_eq(elf_symbols__names(symbols, merged.addresses[0] + 1, refuse, &calls), 0);
	cr_expect_eq(elf_symbols__names(symbols, merged.addresses[0], refuse, &calls), -ECANCELED);
	cr_expect_eq(calls, 3);
}

Test(elf_symbols, source_names)
{
	cr_expect_str_eq(elf_symbol_source_name(SYMBOLS_SYMTAB), ".symtab");
	cr_expect_str_eq(elf_symbol_source_name(SYMBOLS_DEBUGDATA), ".gnu_debugdata");
}
