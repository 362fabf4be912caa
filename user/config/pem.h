/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_CONFIG_PEM_H
#define SCOTTYSCOPE_CONFIG_PEM_H

#include "base/error.h"

/* A private key or a chain of certificates is smaller. */
#define PEM_LIMIT_BYTES ((size_t)16 * 1024)

/* Reads the PEM file `path`, which the setting `name` gives, into a text that the caller frees.
 * -EINVAL with the reason if the file cannot be read, is larger than PEM_LIMIT_BYTES or has no PEM
 * block (RFC 7468). */
int pem_read(const char *name, const char *path, char **ret_text, struct error *error);

#endif
