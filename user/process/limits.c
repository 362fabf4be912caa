// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "process/internal.h"
#include "process/proc.h"

#define LIMITS_BYTES 16384

uint64_t process__parse_file_limit(const char *limits)
{
	static const char name[] = "\nMax open files";
	const char *line = strstr(limits, name), *number;
	char *end;
	uint64_t limit;

	if (!line)
		return 0;
	number = line + strlen(name);
	number += strspn(number, " ");
	if (strncmp(number, "unlimited", strlen("unlimited")) == 0)
		return UINT64_MAX;
	limit = strtoull(number, &end, 10);
	return *end == ' ' ? limit : 0;
}

uint64_t process__file_limit(const struct process *target)
{
	_cleanup_free_ char *text = NULL;
	size_t size;

	return proc__read(target->pid, "limits", LIMITS_BYTES, &text, &size) < 0
		       ? 0
		       : process__parse_file_limit(text);
}
