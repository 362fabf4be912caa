// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "config/pem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

int pem_read(const char *name, const char *path, char **ret_text, struct error *error)
{
	_cleanup_free_ char *text = calloc(1, PEM_LIMIT_BYTES + 1);
	_cleanup_file_ FILE *file = fopen(path, "re");
	size_t size;

	if (!text)
		return error_out_of_memory(error);
	if (!file)
		return error_set(error, -EINVAL, "%s: cannot read '%.200s': %m", name, path);
	size = fread(text, 1, PEM_LIMIT_BYTES, file);
	if (ferror(file) || fgetc(file) != EOF || strlen(text) != size ||
	    !strstr(text, "-----BEGIN ")) {
		return error_set(error, -EINVAL,
				 "%s: '%.200s' is not accepted; accepted: a PEM file of at most "
				 "%zu bytes",
				 name, path, PEM_LIMIT_BYTES);
	}
	*ret_text = TAKE_PTR(text);
	return 0;
}
