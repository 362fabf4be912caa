/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_EXPORT_SETTINGS_H
#define SCOTTYSCOPE_EXPORT_SETTINGS_H

/* What the front says to scottyscope-otlp: which collector to send to, and how. By a socket and not
 * by arguments or variables, which others can read, for headers are secrets. */

#include <stddef.h>

#include "base/error.h"
#include "config/config.h"
#include "export/export.h"

#define EXPORT_PROGRAM "scottyscope-otlp"

/* The socket to the front: standard input, for no other descriptor is certain to be free. */
#define EXPORT_PROGRAM_SOCKET 0

struct export_settings {
	enum export_signal signal;
	struct config_otlp otlp; /* as far as sending that signal takes it */
};

/* Makes the payload of a MESSAGE_SETTINGS, which the caller frees. -E2BIG for one with too many
 * headers. */
int export_settings__encode(const struct config_otlp *config, enum export_signal signal,
			    char **ret_bytes, size_t *ret_size, struct error *error);

/* Reads such a payload, into which `ret_settings` points afterwards: that is released before
 * `bytes` is. -EPROTO for what the other end cannot have meant, as when it is of another version. */
int export_settings__decode(char *bytes, size_t size, struct export_settings *ret_settings,
			    struct error *error);
void export_settings__done(struct export_settings *settings);

#endif
