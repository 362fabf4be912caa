/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PROM_LABELS_H
#define SCOTTYSCOPE_PROM_LABELS_H

/* The lexical side of the text exposition: numbers, escapes, label sets. */

#include <stdbool.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/error.h"
#include "otlp/messages.h"

/* The shortest decimal number that reads back as `value`, in `text` or a constant. 32 bytes are
 * enough. */
const char *prom_number_text(double value, char *text, size_t size);

/* `text` with backslash, newline and, in `quotes`, the quotation mark escaped. */
void prom_write_escaped(FILE *stream, const char *text, bool quotes);

/* Writes name="value",... without braces. Keys that become the same label name share it, their
 * values joined by ';' as the specification says: a repeated name would make the whole exposition
 * invalid. -EPROTO for too many, or -ENOMEM. */
int prom_write_labels(FILE *stream, struct arena *arena, pb_key_value *const *attributes,
		      size_t count, struct error *error);

#endif
