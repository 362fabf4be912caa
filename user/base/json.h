/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_BASE_JSON_H
#define SCOTTYSCOPE_BASE_JSON_H

/* JSON documents of text from outside. jansson refuses invalid UTF-8, NAN and infinities, and an
 * insertion that fails is easily missed. Here a failure of any part makes the whole document NULL, which
 * json_print() reports. The functions take the references that they are given, also on failure. */

#include <jansson.h>
#include <stdio.h>

#include "base/error.h"

/* Returns a string; each invalid byte of UTF-8 becomes U+FFFD, as in OTLP. NULL when out of memory. */
json_t *json_text(const char *text);

/* Returns a number; null for NAN and infinities, which JSON does not have. NULL when out of memory. */
json_t *json_number(double number);

/* Appends to an array. Returns the array; NULL if `array` or `value` is NULL, or out of memory. */
json_t *json_append(json_t *array, json_t *value);

/* Sets a member of an object; the key is repaired as by json_text(). Returns the object; NULL if `object`
 * or `value` is NULL, or out of memory. */
json_t *json_set(json_t *object, const char *key, json_t *value);

/* Prints the document and a line end. -ENOMEM if `root` is NULL or out of memory. ferror() tells whether the
 * stream failed, as for any other output (base/output.h). */
int json_print(json_t *root, size_t flags, FILE *stream, struct error *error);

#endif
