/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_OTLP_COMMON_H
#define SCOTTYSCOPE_OTLP_COMMON_H

/* Functions for all encoders. All trees live in an arena. A function returns NULL when out of
 * memory; the caller checks arena__failed() once at the end. */

#include <stdbool.h>

#include "otlp/messages.h"
#include "otlp/otlp.h"

/* The version of the semantic conventions for attribute names. */
#define OTLP_SCHEMA_URL "https://opentelemetry.io/schemas/1.30.0"

/* Returns `text` if it is valid UTF-8, else a copy with U+FFFD for each invalid byte: a collector
 * refuses the whole request for one invalid string, and the server's clients choose some of the
 * texts. Returns the empty string for NULL. */
char *otlp_text(struct arena *arena, const char *text);

pb_key_value *otlp_string_attribute(struct arena *arena, const char *key, const char *value);
pb_key_value *otlp_integer_attribute(struct arena *arena, const char *key, int64_t value);
pb_key_value *otlp_bool_attribute(struct arena *arena, const char *key, bool value);

pb_resource *otlp_resource_message(struct arena *arena, const struct otlp_resource *resource);
pb_scope *otlp_scope_message(struct arena *arena);

#endif
