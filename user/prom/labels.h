/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PROM_LABELS_H
#define SCOTTYSCOPE_PROM_LABELS_H

/* The lexical elements of the text formats: numbers, escapes, label sets. */

#include <stdbool.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/error.h"
#include "otlp/messages.h"

/* Returns the shortest decimal number that parses as `value`: in `text`, whose `size` is at least
 * 32 bytes, or a constant. */
const char *prom_number_text(double value, char *text, size_t size);

/* Writes `text` with escaped backslashes and newlines. With `quotes`, also escapes quotation
 * marks. */
void prom_write_escaped(FILE *stream, const char *text, bool quotes);

/* Writes name="value",... without braces. Keys that give the same label name become one label, their
 * values joined by ';', as the specification requires: a repeated name makes the whole exposition
 * invalid. -EPROTO for too many attributes, or -ENOMEM. */
int prom_write_labels(FILE *stream, struct arena *arena, pb_key_value *const *attributes,
		      size_t count, struct error *error);

#endif
