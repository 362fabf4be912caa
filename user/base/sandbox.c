// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/array.h"
#include "base/capabilities.h"
#include "base/cleanup.h"

DEFINE_CLEANUP(DIR *, closedir);

/* Fallback without close_range(), which a seccomp filter may deny. */
static int close_listed_except(int keep_fd, int also_fd, struct error *error)
{
	_cleanup_(closedirp) DIR *directory = opendir("/proc/self/fd");

	if (!directory)
		return error_set(error, -errno, "cannot list open files: %m");
	for (const struct dirent *entry; (entry = readdir(directory));) {
		long fd = strtol(entry->d_name, NULL, 10);

		if (fd > STDERR_FILENO && fd != keep_fd && fd != also_fd && fd != dirfd(directory))
			close((int)fd);
	}
	return 0;
}

static int close_range_from(unsigned int first, unsigned int last)
{
	return first > last ? 0 : (int)syscall(SYS_close_range, first, last, 0);
}

int sandbox__close_others(int keep_fd, int also_fd, struct error *error)
{
	const int open_fds[] = {
		keep_fd < also_fd ? keep_fd : also_fd,
		keep_fd < also_fd ? also_fd : keep_fd,
	};
	int first = STDERR_FILENO + 1;

	for (size_t i = 0; i < ARRAY_SIZE(open_fds); i++) {
		if (open_fds[i] < first)
			continue;
		if (close_range_from((unsigned int)first, (unsigned int)open_fds[i] - 1) < 0)
			return close_listed_except(keep_fd, also_fd, error);
		first = open_fds[i] + 1;
	}
	if (close_range_from((unsigned int)first, UINT_MAX) < 0)
		return close_listed_except(keep_fd, also_fd, error);
	return 0;
}

static int change_user(const struct sandbox_user *to, struct error *error)
{
	const uid_t user = to->user;
	const gid_t group = to->group;

	if (geteuid() != 0 && getuid() != 0)
		return 0;
	if (setgroups(0, NULL) < 0 || setresgid(group, group, group) < 0 ||
	    setresuid(user, user, user) < 0) {
		return error_set(error, -errno,
				 "cannot change to the unprivileged user %u: %m; this needs "
				 "CAP_SETUID and CAP_SETGID",
				 user);
	}
	return 0;
}

int sandbox__verify(struct error *error)
{
	uid_t real, effective, saved;
	cap_t none = cap_init();
	cap_t held = cap_get_proc();
	bool is_empty = none && held && cap_compare(none, held) == 0;

	cap_free(none);
	cap_free(held);
	if (!is_empty)
		return error_set(error, -EPERM, "the unprivileged process still has capabilities");
	if (getresuid(&real, &effective, &saved) < 0 || real == 0 || effective == 0 || saved == 0)
		return error_set(error, -EPERM, "the unprivileged process still runs as root");
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return error_set(error, -EPERM, "the unprivileged process can gain privileges");
	return 0;
}

int sandbox__forbid_dumps(struct error *error)
{
	const struct rlimit no_core = {0, 0};

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return error_set(error, -errno, "cannot make the process undumpable: %m");
	if (setrlimit(RLIMIT_CORE, &no_core) < 0)
		return error_set(error, -errno, "cannot disable core dumps: %m");
	return 0;
}

int sandbox__forbid_new_privileges(struct error *error)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_set(error, -errno, "cannot set no_new_privs: %m");
	return 0;
}

int sandbox__enter(int keep_fd, int also_fd, const struct sandbox_user *user, struct error *error)
{
	int r = sandbox__close_others(keep_fd, also_fd, error);

	if (r < 0)
		return r;
	if (chdir("/") < 0)
		return error_set(error, -errno, "cannot change to the root directory: %m");
	/* Before the user changes, with which the capabilities go. */
	capabilities__bound(NULL, 0);
	r = change_user(user, error);
	if (r < 0)
		return r;
	r = capabilities__keep(NULL, 0, error);
	if (r < 0)
		return r;
	r = sandbox__forbid_new_privileges(error);
	if (r < 0)
		return r;
	r = sandbox__forbid_dumps(error);
	return r < 0 ? r : sandbox__verify(error);
}

int sandbox__die_with_parent(pid_t parent, struct error *error)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		return error_set(error, -errno,
				 "cannot request a signal for the parent's death: %m");
	if (getppid() != parent)
		return error_set(error, -ESRCH, "the parent process has ended");
	return 0;
}
