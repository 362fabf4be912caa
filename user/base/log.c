// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/printable.h"

static bool has_failed;
static enum log_level highest_level = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	highest_level = level;
}

enum log_level log_level(void)
{
	return highest_level;
}

bool log_has_failed(void)
{
	return has_failed;
}

void log_write(enum log_level level, const char *format, ...)
{
	static const char *const prefixes[] = {
		[LOG_LEVEL_ERROR] = "error: ",
		[LOG_LEVEL_WARNING] = "warning: ",
		[LOG_LEVEL_INFO] = "",
		[LOG_LEVEL_DEBUG] = "debug: ",
	};
	int saved_errno = errno;
	char line[2048];
	va_list arguments;

	if (level > highest_level)
		return;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	printable_replace(line);

	/* One write for the whole line, because the agent and its front share standard error. */
	if (fprintf(stderr, "scottyscope: %s%s\n", prefixes[level], line) < 0)
		has_failed = true;
	errno = saved_errno;
}
