// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <dirent.h>
#include <errno.h>
#include <linux/futex.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "process/internal.h"
#include "process/proc.h"

DEFINE_CLEANUP(DIR *, closedir);

/* Returns whether a system call is a futex wait with a timeout (futex(2): the fourth argument). */
static bool is_timed_wait(int number, unsigned long long operation, unsigned long long timeout)
{
	int command = (int)operation & FUTEX_CMD_MASK;

	return number == SYS_futex && (command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET) &&
	       timeout;
}

/* The text is "NUMBER six arguments SP PC"; "-1 SP PC" for a thread that is blocked outside a system call;
 * "running". */
struct process_thread process__parse_thread(pid_t tid, const char *text)
{
	struct process_thread thread = {.tid = tid};
	unsigned long long pointer, operation, timeout;
	int number;

	if (sscanf(text, "-1 %llx", &pointer) == 1) {
		thread.stack_pointer = pointer;
	} else if (sscanf(text, "%d %*x %llx %*x %llx %*x %*x %llx", &number, &operation, &timeout,
			  &pointer) == 4) {
		thread.stack_pointer = pointer;
		thread.waits_with_timeout = is_timed_wait(number, operation, timeout);
	}
	return thread;
}

static struct process_thread read_thread(const struct process *target, pid_t tid)
{
	_cleanup_free_ char *text = NULL;
	char name[64];
	size_t size;

	snprintf(name, sizeof(name), "task/%d/syscall", (int)tid);
	if (proc__read(target->pid, name, 4096, &text, &size) < 0)
		return (struct process_thread){.tid = tid};
	return process__parse_thread(tid, text);
}

int process__for_each_thread(const struct process *target, process_thread_callback callback,
			     void *context)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task", (int)target->pid);

	_cleanup_(closedirp) DIR *directory = opendir(path);

	if (!directory)
		return -errno;
	for (struct dirent *entry; (entry = readdir(directory));) {
		pid_t tid = proc__number(entry->d_name);
		struct process_thread thread;
		int r;

		if (tid <= 0)
			continue;
		thread = read_thread(target, tid);
		r = callback(context, &thread);
		if (r != 0)
			return r;
	}
	return 0;
}
