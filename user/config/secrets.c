// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "config/secrets.h"

#include <string.h>
#include <unistd.h>

void secrets__wipe_environment(void)
{
	for (char **variable = environ; variable && *variable; variable++) {
		char *value = strchr(*variable, '=');

		if (value && strncmp(*variable, "OTEL_", 5) == 0 && strstr(*variable, "_HEADERS="))
			explicit_bzero(value + 1, strlen(value + 1));
	}
}
