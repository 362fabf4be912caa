// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "otlp/common.h"

#include <stdbool.h>
#include <version.h>

/* protobuf-c's fields are not const, but packing does not write to them. */
static char *field_text(const char *text)
{
	return (char *)(uintptr_t)text;
}

char *otlp_text(struct arena *arena, const char *text)
{
	return field_text(text ? arena__utf8(arena, text) : "");
}

static pb_key_value *attribute(struct arena *arena, const char *key, pb_any_value **ret_value)
{
	pb_key_value *attribute = arena__alloc(arena, sizeof(*attribute));
	pb_any_value *value = arena__alloc(arena, sizeof(*value));
	char *key_text = otlp_text(arena, key);

	if (!attribute || !value || !key_text)
		return NULL;
	*attribute = (pb_key_value)PB_KEY_VALUE_INIT;
	*value = (pb_any_value)PB_ANY_VALUE_INIT;
	attribute->key = key_text;
	attribute->value = value;
	*ret_value = value;
	return attribute;
}

pb_key_value *otlp_string_attribute(struct arena *arena, const char *key, const char *value)
{
	pb_any_value *any;
	pb_key_value *message = attribute(arena, key, &any);
	char *text = otlp_text(arena, value);

	if (!message || !text)
		return NULL;
	any->value_case = PB_ANY_VALUE_STRING;
	any->string_value = text;
	return message;
}

pb_key_value *otlp_integer_attribute(struct arena *arena, const char *key, int64_t value)
{
	pb_any_value *any;
	pb_key_value *message = attribute(arena, key, &any);

	if (!message)
		return NULL;
	any->value_case = PB_ANY_VALUE_INT;
	any->int_value = value;
	return message;
}

pb_key_value *otlp_bool_attribute(struct arena *arena, const char *key, bool value)
{
	pb_any_value *any;
	pb_key_value *message = attribute(arena, key, &any);

	if (!message)
		return NULL;
	any->value_case = PB_ANY_VALUE_BOOL;
	any->bool_value = value;
	return message;
}

pb_resource *otlp_resource_message(struct arena *arena, const struct otlp_resource *resource)
{
	size_t count = resource->attribute_count;
	pb_resource *message = arena__alloc(arena, sizeof(*message));
	pb_key_value **attributes = arena__alloc_array(arena, count, sizeof(*attributes));

	if (!message || !attributes)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		const struct otlp_resource_attribute *from = &resource->attributes[i];

		attributes[i] = from->string
					? otlp_string_attribute(arena, from->key, from->string)
					: otlp_integer_attribute(arena, from->key, from->integer);
		if (!attributes[i])
			return NULL;
	}
	*message = (pb_resource)PB_RESOURCE_INIT;
	message->n_attributes = count;
	message->attributes = attributes;
	return message;
}

pb_scope *otlp_scope_message(struct arena *arena)
{
	pb_scope *scope = arena__alloc(arena, sizeof(*scope));

	if (!scope)
		return NULL;
	*scope = (pb_scope)PB_SCOPE_INIT;
	scope->name = field_text("scottyscope");
	scope->version = field_text(SCOTTYSCOPE_VERSION);
	return scope;
}
