/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_CONFIG_TRUSTED_FILE_H
#define SCOTTYSCOPE_CONFIG_TRUSTED_FILE_H

/* Files that decide what a privileged process does: the configuration, and the certificates and the key of
 * the export. Only root and the user who started the tool (also by sudo) may own or write such a file: any
 * other user could choose the collector that gets all data. */

#include <sys/types.h>

#include "base/error.h"

/* Opens a regular file for reading. Never waits for a writer of a FIFO, and opens no device. Returns the
 * descriptor. -EINVAL if there is no such file, if the file is of another type, or if others may change it.
 * `name` is what names the file, such as an option. */
int trusted_file__open(const char *name, const char *path, struct error *error);

#endif
