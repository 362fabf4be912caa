/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_TOKIO_READ_H
#define SCOTTYSCOPE_TOKIO_READ_H

#include "base/error.h"
#include "elf/executable.h"
#include "tokio/tokio.h"

/* Reads all of `tokio`, which must be zeroed, from the executable. An executable without tokio is no error.
 * -ENOMEM; -EDQUOT. The caller calls tokio__done() in any case. */
int tokio_read(const struct elf_executable *executable, struct tokio *tokio, struct error *error);

#endif
