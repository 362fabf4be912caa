/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_CONFIG_FILE_H
#define SCOTTYSCOPE_CONFIG_FILE_H

/* The configuration file: a YAML mapping from keys, which are long options without dashes and OTEL_*
 * variables, to values. Values are not parsed here: config/parse.c stores them. */

#include <stddef.h>

#include "base/error.h"

struct file_entry {
	const char *key; /* belongs to the option table */
	char *text;	 /* the value; may be empty, may be a secret */
	char *label;	 /* "path:line: key" for messages */
};

struct file {
	struct file_entry *entries; /* no key twice */
	size_t count;
	/* An entry with headers, which may be secrets, in a file that all users can read; NULL:
	 * none. */
	const struct file_entry *exposed;
};

/* Reads `path`. The caller owns `*ret_file`. -EINVAL with path and line if the file is not YAML or
 * not a mapping, if a key is unknown (the error names the nearest known key) or given twice, if a value
 * is not a scalar, and for a file that others can change (config/trusted_file.h). */
int file__read(const char *path, struct file **ret_file, struct error *error);
void file__free(struct file *file);

/* The entry with this key; NULL: none. `file` may be NULL. */
const struct file_entry *file__find(const struct file *file, const char *key);

static inline void file__freep(struct file **file)
{
	file__free(*file);
}

#endif
