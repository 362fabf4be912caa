/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_EXPORT_SETTINGS_H
#define SCOTTYSCOPE_EXPORT_SETTINGS_H

/* The settings that the front sends to scottyscope-otlp: the collector of one signal, and how to
 * send. They go through a socket, since other users can read arguments and variables, and headers
 * are secrets. */

#include <stddef.h>

#include "base/error.h"
#include "config/config.h"
#include "export/signal.h"

#define EXPORT_PROGRAM "scottyscope-otlp"

/* The descriptor of the socket to the front: standard input, which every process has. */
#define EXPORT_PROGRAM_SOCKET 0

struct export_settings {
	enum export_signal signal;
	struct config_otlp otlp; /* the part that sending `signal` needs */
};

/* Makes the payload of a MESSAGE_SETTINGS, which the caller frees. -E2BIG when headers and
 * certificate exceed MESSAGE_SETTINGS_LIMIT. */
int export_settings__encode(const struct config_otlp *config, enum export_signal signal,
			    char **ret_bytes, size_t *ret_size, struct error *error);

/* Parses the payload in place. `ret_settings` points into `bytes` and is released before them.
 * -EPROTO for malformed settings and for those of another version of the protocol. */
int export_settings__decode(char *bytes, size_t size, struct export_settings *ret_settings,
			    struct error *error);
void export_settings__done(struct export_settings *settings);

#endif
