/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_FRONT_SETTINGS_H
#define SCOTTYSCOPE_FRONT_SETTINGS_H

/* What the supervisor and the front have to know, in an anonymous file: the supervisor is a program of
 * its own with no memory of the agent. The file holds secrets (OTLP headers, the client's key), which
 * the agent then does not need in its own memory. */

#include <sys/types.h>

#include "base/sandbox.h"
#include "config/config.h"

struct front_settings {
	struct config config; /* the part that the front uses; the file's bytes own the texts */
	struct sandbox_user user;
	pid_t agent;
	char *bytes;
};

/* Writes the settings of fronts of this process to a new sealed file, whose descriptor the caller
 * closes. */
int front_settings__store(const struct config *config, const struct sandbox_user *user, int *ret_fd,
			  struct error *error);

/* Reads the file. The process never frees the settings. -EPROTO for a malformed file. */
int front_settings__load(int fd, struct front_settings *ret_settings, struct error *error);

#endif
