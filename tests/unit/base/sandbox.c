// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sandbox.h"

static const struct sandbox_user nobody = {SANDBOX_USER_ID, SANDBOX_USER_ID};

/* Runs `body` in a child, which loses its privileges, and returns the child's exit status. */
static int status_in_child(int (*body)(void))
{
	int status = -1;
	pid_t child = fork();

	cr_assert_geq(child, 0);
	if (child == 0)
		_exit(body());
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int enter_and_look_at_descriptors(void)
{
	int kept = open("/dev/null", O_RDONLY), closed = open("/dev/null", O_RDONLY);
	int also = open("/dev/null", O_RDONLY), last = open("/dev/null", O_RDONLY);

	if (sandbox__enter(kept, also, &nobody, NULL) < 0)
		return 1;
	if (fcntl(kept, F_GETFD) < 0 || fcntl(also, F_GETFD) < 0 ||
	    fcntl(STDERR_FILENO, F_GETFD) < 0)
		return 2;
	return fcntl(closed, F_GETFD) < 0 && fcntl(last, F_GETFD) < 0 ? 0 : 3;
}

Test(sandbox, closes_all_descriptors_but_the_given_two)
{
	cr_expect_eq(status_in_child(enter_and_look_at_descriptors), 0);
}

static int enter_twice(void)
{
	if (sandbox__verify(NULL) != -EPERM)
		return 1;
	if (sandbox__enter(0, 0, &nobody, NULL) < 0 || sandbox__verify(NULL) < 0)
		return 2;
	/* A process in the sandbox has nothing left to drop. */
	return sandbox__enter(0, 0, &nobody, NULL) == 0 ? 0 : 3;
}

Test(sandbox, may_be_entered_again)
{
	cr_expect_eq(status_in_child(enter_twice), 0);
}

static void drop_capabilities(void)
{
	cap_t none = cap_init();

	cap_set_proc(none);
	cap_free(none);
}

/* What each step leaves behind is found. The exit status is the number of the first mistake. */
static int verify_each_step(void)
{
	struct error error = {0};

	if (geteuid() == 0) {
		if (sandbox__verify(&error) != -EPERM || !strstr(error.message, "capabilities"))
			return 1;
		prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
		if (setresuid(SANDBOX_USER_ID, SANDBOX_USER_ID, 0) < 0)
			return 2;
		drop_capabilities();
		if (sandbox__verify(&error) != -EPERM || !strstr(error.message, "root"))
			return 3;
		if (setresuid(SANDBOX_USER_ID, SANDBOX_USER_ID, SANDBOX_USER_ID) < 0)
			return 4;
	}
	drop_capabilities();
	if (sandbox__verify(&error) != -EPERM || !strstr(error.message, "gain privileges"))
		return 5;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return sandbox__verify(&error) == 0 ? 0 : 6;
}

Test(sandbox, verification_finds_what_was_not_dropped)
{
	cr_expect_eq(status_in_child(verify_each_step), 0);
}

static int forbid_dumps(void)
{
	struct rlimit core = {1, 1};

	if (sandbox__forbid_dumps(NULL) < 0)
		return 1;
	getrlimit(RLIMIT_CORE, &core);
	return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 && core.rlim_max == 0 ? 0 : 2;
}

Test(sandbox, dumps_are_forbidden)
{
	cr_expect_eq(status_in_child(forbid_dumps), 0);
}

static int die_with_another_parent(void)
{
	return sandbox__die_with_parent(getpid(), NULL) == -ESRCH ? 0 : 1;
}

static int die_with_this_parent(void)
{
	int signal = 0;

	if (sandbox__die_with_parent(getppid(), NULL) < 0)
		return 1;
	prctl(PR_GET_PDEATHSIG, &signal, 0, 0, 0);
	return signal == SIGKILL ? 0 : 2;
}

Test(sandbox, dies_with_the_parent)
{
	cr_expect_eq(status_in_child(die_with_another_parent), 0);
	cr_expect_eq(status_in_child(die_with_this_parent), 0);
}
