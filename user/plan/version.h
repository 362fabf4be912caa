/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PLAN_VERSION_H
#define SCOTTYSCOPE_PLAN_VERSION_H

#include <stdbool.h>
#include <stddef.h>

#include "elf/image.h"
#include "elf/symbols.h"

/* The longest version that is read. */
#define PLAN_VERSION_BYTES_MAX 256

/* Reads Scotty's version from the code of its greeting. `*ret_version` is malloc'ed; NULL if the greeting
 * has no version. -ENOMEM. */
int plan_find_version(const struct elf_image *image, const struct elf_symbols *symbols,
		      char **ret_version);

/* Whether the text is a version after Semantic Versioning 2.0.0: "0.3.3", "1.0.0-rc.1". */
bool version__is_semantic(const char *text, size_t length);

#endif
