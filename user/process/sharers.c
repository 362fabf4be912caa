// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <dirent.h>
#include <errno.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "process/internal.h"
#include "process/proc.h"

DEFINE_CLEANUP(DIR *, closedir);

int process__find_sharers(const struct process *target, struct process_sharers *ret_sharers)
{
	_cleanup_(closedirp) DIR *proc = opendir("/proc");
	const struct dirent *entry;

	*ret_sharers = (struct process_sharers){0};
	if (!proc)
		return -errno;
	while ((entry = readdir(proc))) {
		pid_t pid = proc__number(entry->d_name);

		if (pid <= 0 || pid == target->pid || process__runs_executable(target, pid) <= 0)
			continue;
		if (ret_sharers->count < PROCESS_SHARERS_NAMED)
			ret_sharers->pids[ret_sharers->count] = pid;
		ret_sharers->count++;
	}
	return 0;
}

const char *process_sharers__name(const struct process_sharers *sharers, char *text, size_t size)
{
	size_t named =
		sharers->count < PROCESS_SHARERS_NAMED ? sharers->count : PROCESS_SHARERS_NAMED;
	size_t length = 0;

	*text = '\0';
	for (size_t i = 0; i < named && length < size; i++)
		length += (size_t)snprintf(text + length, size - length, "%sprocess %d",
					   i > 0 ? ", " : "", (int)sharers->pids[i]);
	if (sharers->count > named && length < size)
		snprintf(text + length, size - length, " and %zu more", sharers->count - named);
	return text;
}
