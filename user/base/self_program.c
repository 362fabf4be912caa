// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/self_program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/environment.h"

int self_program__open(struct self_program *program, const char *const *kept, struct error *error)
{
	*program = SELF_PROGRAM_NONE;
	program->environment = environment__only(kept);
	if (!program->environment)
		return error_out_of_memory(error);
	program->fd = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	if (program->fd < 0)
		return error_set(error, -errno, "cannot open the file of this program: %m");
	program->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (program->null_fd < 0)
		return error_set(error, -errno, "cannot open /dev/null: %m");
	return 0;
}

void self_program__close(struct self_program *program)
{
	if (program->fd >= 0)
		close(program->fd);
	if (program->null_fd >= 0)
		close(program->null_fd);
	free(program->environment);
	*program = SELF_PROGRAM_NONE;
}

/* Moves the descriptors to their numbers. None is overwritten before it was copied. */
static int place(const int *fds, size_t count)
{
	int high[SELF_PROGRAM_FDS];

	if (count > SELF_PROGRAM_FDS)
		return -EINVAL;
	for (size_t i = 0; i < count; i++) {
		high[i] = fds[i] < 0 ? -1 : fcntl(fds[i], F_DUPFD_CLOEXEC, (int)count);
		if (fds[i] >= 0 && high[i] < 0)
			return -errno;
	}
	for (size_t i = 0; i < count; i++) {
		if (high[i] < 0)
			close((int)i);
		else if (dup2(high[i], (int)i) < 0)
			return -errno;
	}
	return 0;
}

int self_program__execute(const struct self_program *program, const char *name, const int *fds,
			  size_t count)
{
	/* execve() does not change the arguments. */
	char *const arguments[] = {(char *)name, NULL};
	int program_fd = fcntl(program->fd, F_DUPFD_CLOEXEC, (int)count);
	int r;

	if (program_fd < 0)
		return -errno;
	/* Without the terminal of this process. */
	setsid();
	r = place(fds, count);
	if (r < 0)
		return r;
	fexecve(program_fd, arguments, program->environment);
	return -errno;
}

bool self_program__is_executed_as(const char *name, int fd, int type, char *const argv[])
{
	int found;
	socklen_t size = sizeof(found);

	return argv[0] && strcmp(argv[0], name) == 0 &&
	       getsockopt(fd, SOL_SOCKET, SO_TYPE, &found, &size) == 0 && found == type;
}
