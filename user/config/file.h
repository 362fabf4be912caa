/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_CONFIG_FILE_H
#define SCOTTYSCOPE_CONFIG_FILE_H

/* The configuration file: a YAML mapping of long option names and of OTEL_* variables to values.
 * What the values mean, and whether they are in order, is decided where those of options and
 * variables are. */

#include <stddef.h>

#include "base/error.h"

struct file_entry {
	const char *key; /* static: the option's long name or the variable's name */
	char *text;	 /* the value; may be empty, may be a secret */
	char *label;	 /* "path:line: key" for messages */
};

struct file {
	struct file_entry *entries; /* no key twice */
	size_t count;
	/* Headers in a file that everyone can read; NULL: none. */
	const struct file_entry *exposed;
};

/* Reads `path`. The caller owns `*ret_file`. -EINVAL with path and line for what is no such
 * mapping: no YAML, an unknown key (the error names the nearest known one), one key twice, a value
 * that is not a single one. */
int file__read(const char *path, struct file **ret_file, struct error *error);
void file__free(struct file *file);

/* NULL where the file, which may be NULL, has no such key. */
const struct file_entry *file__find(const struct file *file, const char *key);

static inline void file__freep(struct file **file)
{
	file__free(*file);
}

#endif
