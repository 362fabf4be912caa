/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PROBE_ROUTE_LABEL_H
#define SCOTTYSCOPE_PROBE_ROUTE_LABEL_H

#include <stdint.h>

#include "http/types.h"

/* A label: the text, the mark of a cut with the hash, and the terminating zero. */
#define ROUTE_MARK	  "\xe2\x80\xa6" /* U+2026 HORIZONTAL ELLIPSIS */
#define ROUTE_LABEL_BYTES (ROUTE_TEXT_BYTES + sizeof(ROUTE_MARK) + 8)

/* Writes the label of a template with this hash: its text. A template of more than ROUTE_TEXT_BYTES
 * is cut at the end of a character, and the label ends with the mark and eight digits of the hash,
 * which tell it from others that are equal up to the cut. */
void route_label(const struct route_text *route, uint64_t hash, char label[ROUTE_LABEL_BYTES]);

#endif
