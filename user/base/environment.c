// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/environment.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool begins_with_one(const char *variable, const char *const *beginnings)
{
	for (; *beginnings; beginnings++) {
		if (strncmp(variable, *beginnings, strlen(*beginnings)) == 0)
			return true;
	}
	return false;
}

static char **select_variables(const char *const *beginnings, bool selected)
{
	size_t count = 0, kept = 0;
	char **copy;

	while (environ && environ[count])
		count++;
	copy = calloc(count + 1, sizeof(*copy));
	for (size_t i = 0; copy && i < count; i++) {
		if (begins_with_one(environ[i], beginnings) == selected)
			copy[kept++] = environ[i];
	}
	return copy;
}

char **environment__only(const char *const *beginnings)
{
	return select_variables(beginnings, true);
}

char **environment__without(const char *const *beginnings)
{
	return select_variables(beginnings, false);
}
