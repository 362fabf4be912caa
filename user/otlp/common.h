/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_OTLP_COMMON_H
#define SCOTTYSCOPE_OTLP_COMMON_H

/* What all encoders need. All trees live in an arena: a function that runs out of memory returns
 * NULL, and arena__failed() tells it once at the end. */

#include <stdbool.h>

#include "otlp/messages.h"
#include "otlp/otlp.h"

/* The semantic conventions that the names of attributes follow. */
#define OTLP_SCHEMA_URL "https://opentelemetry.io/schemas/1.30.0"

/* `text` if it is UTF-8, else a copy with U+FFFD for each byte that is not: a collector refuses the
 * whole request for one bad string, and texts come from what strangers sent to the server. NULL is
 * the empty string. */
char *otlp_text(struct arena *arena, const char *text);

pb_key_value *otlp_string_attribute(struct arena *arena, const char *key, const char *value);
pb_key_value *otlp_integer_attribute(struct arena *arena, const char *key, int64_t value);
pb_key_value *otlp_bool_attribute(struct arena *arena, const char *key, bool value);

pb_resource *otlp_resource_message(struct arena *arena, const struct otlp_resource *resource);
pb_scope *otlp_scope_message(struct arena *arena);

#endif
