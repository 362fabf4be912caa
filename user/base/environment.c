// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/environment.h"

#include <stdlib.h>
#include <unistd.h>

char **environment__select(bool (*is_kept)(const char *variable))
{
	size_t count = 0, kept = 0;
	char **copy;

	while (environ && environ[count])
		count++;
	copy = calloc(count + 1, sizeof(*copy));
	for (size_t i = 0; copy && i < count; i++) {
		if (is_kept(environ[i]))
			copy[kept++] = environ[i];
	}
	return copy;
}
