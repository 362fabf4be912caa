// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "elf/debug_search.h"

#include <criterion/criterion.h>
#include <sys/inotify.h>

#include "test_elf.h"

#define BUILD_ID "abcdef0123456789"
#define LINK	 "names.debug"

/* A directory with a target's root directory "target", its program in "target/opt", and a host's root "host". */
static struct test_directory roots(void)
{
	struct test_directory directory = test_directory();

	test_run("cd '%s' && mkdir -p target/opt/.debug host/opt user "
		 "target/usr/lib/debug/.build-id/ab host/usr/lib/debug/.build-id/ab",
		 directory.path);
	return directory;
}

/* Puts the beginning of a program into the directory. */
static void put(const struct test_directory *directory, const char *path)
{
	test_run("cd '%s' && head -c 100 /bin/sh >%s", directory->path, path);
}

/* Returns how many files are found. */
static size_t find(const struct test_directory *directory, const char *build_id, const char *link)
{
	char target[PATH_MAX], host[PATH_MAX], user[PATH_MAX];
	struct elf_debug_places places = {
		.directory = user,
		.root = target,
		.own_root = host,
		.executable_path = "/opt/program",
	};
	struct elf_debug_names names = {.build_id = ""};
	struct elf_debug_files files;
	size_t count;

	snprintf(target, sizeof(target), "%s/target", directory->path);
	snprintf(host, sizeof(host), "%s/host", directory->path);
	snprintf(user, sizeof(user), "%s/user", directory->path);
	snprintf(names.build_id, sizeof(names.build_id), "%s", build_id);
	snprintf(names.link, sizeof(names.link), "%s", link);
	cr_assert_eq(elf_debug_search__find(&places, &names, &files), 0);
	count = files.count;
	for (size_t i = 0; i < count; i++)
		cr_expect_eq(fcntl(files.fds[i], F_GETFL) & O_ACCMODE, O_RDONLY);
	elf_debug_files__close(&files);
	return count;
}

#define BY_ID "usr/lib/debug/.build-id/ab/cdef0123456789.debug"

Test(debug_search, the_target_names_files_in_its_own_root)
{
	_cleanup_(test_clean) struct test_directory directory = roots();

	cr_expect_eq(find(&directory, BUILD_ID, LINK), 0);
	put(&directory, "target/" BY_ID);
	cr_expect_eq(find(&directory, BUILD_ID, LINK), 1);
	cr_expect_eq(find(&directory, "", LINK), 0);
	put(&directory, "target/opt/" LINK);
	put(&directory, "target/opt/.debug/" LINK);
	cr_expect_eq(find(&directory, BUILD_ID, LINK), 3);
	cr_expect_eq(find(&directory, "", LINK), 2);
}

Test(debug_search, of_the_host_only_the_build_id_and_only_files_of_root)
{
	_cleanup_(test_clean) struct test_directory directory = roots();

	if (geteuid() != 0)
		cr_skip_test("changes the owner of files");
	put(&directory, "host/opt/" LINK);
	test_run("cd '%s' && mkdir -p host/usr/lib/debug/opt", directory.path);
	put(&directory, "host/usr/lib/debug/opt/" LINK);
	cr_expect_eq(find(&directory, BUILD_ID, LINK), 0);
	put(&directory, "host/" BY_ID);
	cr_expect_eq(find(&directory, BUILD_ID, LINK), 1);
	test_run("cd '%s' && chmod g+w host/" BY_ID, directory.path);
	cr_expect_eq(find(&directory, BUILD_ID, LINK), 0);
	test_run("cd '%s' && chmod 644 host/" BY_ID " && chown 65534 host/" BY_ID, directory.path);
	cr_expect_eq(find(&directory, BUILD_ID, LINK), 0);
	/* In the target's root and in the user's directory, the owner does not count. */
	test_run("cd '%s' && cp -a host/" BY_ID " target/" BY_ID, directory.path);
	test_run("cd '%s' && cp -a host/" BY_ID " user/" LINK, directory.path);
	cr_expect_eq(find(&directory, BUILD_ID, LINK), 2);
}

/* Whether a search opens the file at the path, of whatever type. */
static bool is_opened(const struct test_directory *directory, const char *name)
{
	_cleanup_close_ int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	char path[PATH_MAX], events[4096];

	snprintf(path, sizeof(path), "%s/%s", directory->path, name);
	cr_assert(inotify_add_watch(watch, path, IN_OPEN) >= 0, "%s", path);
	find(directory, BUILD_ID, LINK);
	return read(watch, events, sizeof(events)) > 0;
}

Test(debug_search, only_regular_files_are_opened)
{
	_cleanup_(test_clean) struct test_directory directory = roots();

	put(&directory, "target/opt/" LINK);
	cr_expect(is_opened(&directory, "target/opt/" LINK));
	test_run("cd '%s/target/opt' && rm " LINK " && mkfifo pipe && ln -s pipe " LINK,
		 directory.path);
	cr_expect_eq(find(&directory, BUILD_ID, LINK), 0);
	cr_expect_not(is_opened(&directory, "target/opt/pipe"));
	test_run("cd '%s/target/opt' && rm " LINK " && mkdir folder && ln -s folder " LINK,
		 directory.path);
	cr_expect_not(is_opened(&directory, "target/opt/folder"));
	/* Too short for an ELF file. */
	test_run("cd '%s/target/opt' && rm " LINK " && echo short >" LINK, directory.path);
	cr_expect_not(is_opened(&directory, "target/opt/" LINK));
}

/* Whoever parses the file gets no secret of another user, to which a link leads. */
Test(debug_search, only_images_of_programs_are_found)
{
	_cleanup_(test_clean) struct test_directory directory = roots();

	test_run("cd '%s/target' && yes root: | head -c 1000 >shadow && ln -s /shadow opt/" LINK,
		 directory.path);
	cr_expect_eq(find(&directory, "", LINK), 0);
	/* A core dump: ET_CORE in the header. */
	test_run("cd '%s/target' && head -c 16 /bin/sh >core && printf '\\004\\000' >>core && "
		 "head -c 100 /dev/zero >>core && ln -sf /core opt/" LINK,
		 directory.path);
	cr_expect_eq(find(&directory, "", LINK), 0);
	put(&directory, "target/debug");
	test_run("cd '%s/target' && ln -sf /debug opt/" LINK, directory.path);
	cr_expect_eq(find(&directory, "", LINK), 1);
}

Test(debug_search, files_of_the_kernel_are_no_files)
{
	_cleanup_(test_clean) struct test_directory directory = test_directory();
	static const char *const paths[] = {"/sys/kernel/notes", "/proc/self/maps"};
	char program[PATH_MAX];
	struct elf_debug_places places = {.root = "/", .executable_path = program};
	const struct elf_debug_names names = {.link = LINK};
	struct elf_debug_files files;

	snprintf(program, sizeof(program), "%s/program", directory.path);
	for (size_t i = 0; i < 2; i++) {
		test_run("cd '%s' && ln -sf %s " LINK, directory.path, paths[i]);
		cr_assert_eq(elf_debug_search__find(&places, &names, &files), 0);
		cr_expect_eq(files.count, 0, "%s", paths[i]);
		elf_debug_files__close(&files);
	}
	test_run("cd '%s' && ln -sf /bin/sh " LINK, directory.path);
	cr_assert_eq(elf_debug_search__find(&places, &names, &files), 0);
	cr_expect_eq(files.count, 1);
	elf_debug_files__close(&files);
}

/* Names come from a process without privileges. */
Test(debug_search, malformed_names_mean_no_file)
{
	_cleanup_(test_clean) struct test_directory directory = roots();
	static const char *const ids[] = {
		"", "a", "ab", "abc", "../../../../opt/names", "ABCDEF", "ab/../ab/cdef0123456789"};
	static const char *const links[] = {"",		  ".",		 "..", "../opt/" LINK,
					    "/opt/" LINK, ".debug/" LINK};

	put(&directory, "target/" BY_ID);
	put(&directory, "target/opt/" LINK);
	put(&directory, "target/opt/.debug/" LINK);
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		cr_expect_eq(find(&directory, ids[i], ""), 0, "%s", ids[i]);
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		cr_expect_eq(find(&directory, "", links[i]), 0, "%s", links[i]);

	struct elf_debug_names endless;
	struct elf_debug_places places = {.root = "/", .executable_path = "/opt/program"};
	struct elf_debug_files files;

	memset(&endless, 'a', sizeof(endless));
	cr_assert_eq(elf_debug_search__find(&places, &endless, &files), 0);
	cr_expect_eq(files.count, 0);
}
