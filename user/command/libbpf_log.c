// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <bpf/libbpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "command/command.h"

static int print_libbpf(enum libbpf_print_level level, const char *format, va_list arguments)
{
	char text[2048];
	char *rest = NULL;

	/* libbpf's messages are debug output; a failure is reported as an error. */
	if (log_level() < LOG_LEVEL_DEBUG || level == LIBBPF_DEBUG)
		return 0;
	vsnprintf(text, sizeof(text), format, arguments);
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		log_debug("%s", line);
	return 0;
}

void command_log_libbpf(void)
{
	libbpf_set_print(print_libbpf);
}
