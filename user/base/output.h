/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_BASE_OUTPUT_H
#define SCOTTYSCOPE_BASE_OUTPUT_H

/* Standard output and standard error as places where a write may fail. */

#include "base/error.h"

/* Makes a failed write an error of the writer: no SIGPIPE. Standard descriptors that are closed
 * become descriptors that cannot be written to, so that no other file gets their number. Called
 * first in main(). */
void output__prepare(void);

/* Writes the buffer of standard output. Returns 0; -EIO if this write or an earlier one failed. */
int output__flush(struct error *error);

#endif
