// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "process/proc.h"
#include "process/process.h"

#define ENVIRONMENT_LIMIT_BYTES \
	((size_t)8 * 1024 * 1024) /* above the kernel's limit for a new program */

char *process__environment(const struct process *target, const char *name)
{
	_cleanup_free_ char *text = NULL;
	size_t name_length = strlen(name);
	size_t size;

	if (proc__read(target->pid, "environ", ENVIRONMENT_LIMIT_BYTES, &text, &size) < 0)
		return NULL;
	/* proc__read() terminates the text: the process may have overwritten the last byte. */
	for (const char *entry = text; entry < text + size; entry += strlen(entry) + 1) {
		if (strncmp(entry, name, name_length) == 0 && entry[name_length] == '=')
			return strdup(entry + name_length + 1);
	}
	return NULL;
}
