// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <bpf/libbpf.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/log.h"
#include "command/command.h"

static int print_libbpf(enum libbpf_print_level level, const char *format, va_list arguments)
{
	/* libbpf's messages are debug output; a failure is reported as an error. */
	if (log_level() < LOG_LEVEL_DEBUG || level == LIBBPF_DEBUG)
		return 0;
	return vfprintf(stderr, format, arguments);
}

void command_log_libbpf(void)
{
	libbpf_set_print(print_libbpf);
}
