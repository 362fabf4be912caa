// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child.h"
#include "process/owner.h"

#define NOBODY 65534
#define OTHER  12345

TestSuite(process_owner, .init = set_up_directory, .fini = tear_down_directory, .timeout = 60);

/* Only root can start a process of another user. */
static void require_root(void)
{
	if (geteuid() != 0)
		cr_skip_test("needs root");
}

static const char *path_as_user;
static uid_t user_to_be, effective_user;

static void run_as_user(struct child *process)
{
	(void)process;
	if (setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
	    setresuid(user_to_be, effective_user, effective_user) == 0)
		execl(path_as_user, path_as_user, "300", NULL);
}

/* Runs a program as a user, who must have access to the directory of the test. */
static struct child run_as(const char *path, uid_t real, uid_t effective)
{
	struct child process;

	path_as_user = path;
	user_to_be = real;
	effective_user = effective;
	cr_assert_eq(chmod(directory, 0755), 0);
	process = child__start(run_as_user);
	child__await_silence(&process);
	return process;
}

static struct process_selection of_user(uid_t user)
{
	return (struct process_selection){
		.executable = unique_name(), .of_user = true, .user = user};
}

Test(process_owner, a_user_selects_the_process)
{
	char *path = directory__add_sleep(directory, unique_name());
	struct process_selection selection = of_user(geteuid());
	struct child process = child__run(path);
	struct process *target = find_one(&selection);

	cr_assert_eq(target->pid, process.pid);
	cr_assert_eq(target->owner.user, geteuid());
	cr_assert_eq(target->owner.file_user, geteuid());
	process__free(target);
	selection.user = OTHER;

	struct error error = find_none(&selection);

	cr_assert_eq(error.code, -ESRCH);
	cr_assert(strstr(error.message, "no process of user 12345 runs"), "%s", error.message);
	child__stop(&process);
	free(path);
}

/* Any local user may run a program of this name: with --user the tool does not even count it. */
Test(process_owner, the_program_of_another_user_is_not_taken)
{
	require_root();

	char *path = directory__add_sleep(directory, unique_name());
	struct child own = child__run(path);
	struct child strange = run_as(path, NOBODY, NOBODY);
	struct process_selection selection = of_user(0);
	struct process *target = find_one(&selection);

	cr_assert_eq(target->pid, own.pid);
	process__free(target);
	selection.user = NOBODY;
	target = find_one(&selection);
	cr_assert_eq(target->pid, strange.pid);
	cr_assert_str_eq(target->user_name, "nobody");
	cr_assert_str_eq(target->file_user_name, "root");
	process__free(target);

	struct error error = find_none(BY_NAME(unique_name()));

	cr_assert_eq(error.code, -EEXIST);
	cr_assert(strstr(error.message, "choose one with --pid or --user"), "%s", error.message);
	cr_assert(strstr(error.message, "user nobody, file of root)"), "%s", error.message);
	child__stop(&own);
	child__stop(&strange);
	free(path);
}

/* A set-user-id program belongs to the user who started it, as much as to the owner of its file. */
Test(process_owner, a_process_of_two_users_is_of_neither)
{
	require_root();

	char *path = directory__add_sleep(directory, unique_name());
	struct child process = run_as(path, NOBODY, OTHER);
	struct process_selection selection = of_user(NOBODY);

	cr_assert_eq(find_none(&selection).code, -ESRCH);
	selection.user = OTHER;
	cr_assert_eq(find_none(&selection).code, -ESRCH);
	child__stop(&process);
	free(path);
}

Test(process_owner, a_process_id_of_another_user_is_refused)
{
	char *path = directory__add_sleep(directory, unique_name());
	struct child process = child__run(path);
	const struct process_selection selection = {
		.pid = process.pid, .of_user = true, .user = OTHER};
	struct error error = find_none(&selection);

	cr_assert_eq(error.code, -ESRCH);
	cr_assert(strstr(error.message, "not of user 12345"), "%s", error.message);
	child__stop(&process);
	free(path);
}

Test(process_owner, who_can_write_the_executable)
{
	static const struct {
		struct process_owner owner;
		const char *writer; /* "": nobody */
	} cases[] = {
		{{.user = OTHER, .real_user = OTHER, .file_mode = 0755}, ""},
		{{.user = OTHER, .real_user = OTHER, .file_user = OTHER, .file_mode = 0755}, ""},
		/* The owner may change the mode. */
		{{.user = OTHER, .real_user = OTHER, .file_user = NOBODY, .file_mode = 0555},
		 "user nobody"},
		{{.user = 0, .real_user = OTHER, .file_user = OTHER, .file_mode = 0755},
		 "user 12345"},
		{{.user = OTHER, .real_user = OTHER, .file_mode = 0775}, ""},
		{{.user = OTHER, .real_user = OTHER, .file_group = OTHER, .file_mode = 0775},
		 "group 12345"},
		{{.user = OTHER, .real_user = OTHER, .file_group = OTHER, .file_mode = 0757},
		 "every user"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char writer[OWNER_NAME_SIZE + 16] = "";

		cr_expect_eq(process_owner__writer(&cases[i].owner, writer, sizeof(writer)),
			     cases[i].writer[0] != '\0', "%zu", i);
		cr_expect_str_eq(writer, cases[i].writer);
	}
}
