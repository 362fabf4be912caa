// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/printable.h"

int error_set(struct error *error, int code, const char *format, ...)
{
	if (!error)
		return code;

	char message[sizeof(error->message)];
	va_list arguments;

	/* %m in the format is the message of `code`, not of the current errno. */
	errno = -code;
	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	printable_replace(message);

	error->code = code;
	memcpy(error->message, message, sizeof(message));
	return code;
}

int error_prefix(struct error *error, int code, const char *format, ...)
{
	char context[sizeof(error->message)];
	va_list arguments;

	if (!error)
		return code;

	va_start(arguments, format);
	vsnprintf(context, sizeof(context), format, arguments);
	va_end(arguments);
	/* A long message is cut at its end: the beginning names the cause. */
	return error_set(error, code, "%s: %s", context, error->message);
}

int error_out_of_memory(struct error *error)
{
	return error_set(error, -ENOMEM, "out of memory");
}
