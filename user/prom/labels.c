// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "prom/labels.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "otlp/common.h"
#include "prom/name.h"

/* Points of scottyscope have fewer attributes; a higher number indicates malformed input. */
#define LABEL_LIMIT ((size_t)128)

const char *prom_number_text(double value, char *text, size_t size)
{
	if (isnan(value))
		return "NaN";
	if (isinf(value))
		return value > 0 ? "+Inf" : "-Inf";
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, size, "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	return text;
}

void prom_write_escaped(FILE *stream, const char *text, bool quotes)
{
	for (; *text; text++) {
		if (*text == '\\')
			fputs("\\\\", stream);
		else if (*text == '\n')
			fputs("\\n", stream);
		else if (*text == '"' && quotes)
			fputs("\\\"", stream);
		else
			fputc(*text, stream);
	}
}

static void write_attribute_value(FILE *stream, struct arena *arena, const pb_any_value *value)
{
	char text[32];

	if (!value)
		return;
	switch (value->value_case) {
	case PB_ANY_VALUE_STRING: {
		const char *string = otlp_text(arena, value->string_value);

		if (string)
			prom_write_escaped(stream, string, true);
		break;
	}
	case PB_ANY_VALUE_BOOL:
		fputs(value->bool_value ? "true" : "false", stream);
		break;
	case PB_ANY_VALUE_INT:
		fprintf(stream, "%" PRId64, value->int_value);
		break;
	case PB_ANY_VALUE_DOUBLE:
		fputs(prom_number_text(value->double_value, text, sizeof(text)), stream);
		break;
	default:
		break;
	}
}

int prom_write_labels(FILE *stream, struct arena *arena, pb_key_value *const *attributes,
		      size_t count, struct error *error)
{
	const char *names[LABEL_LIMIT];
	const char *separator = "";

	if (count > LABEL_LIMIT)
		return error_set(error, -EPROTO, "a point has %zu attributes", count);
	for (size_t i = 0; i < count; i++) {
		names[i] = prom_label_name(arena, attributes[i]->key);
		if (!names[i])
			return error_out_of_memory(error);
	}
	for (size_t i = 0; i < count; i++) {
		if (!names[i])
			continue;
		fprintf(stream, "%s%s=\"", separator, names[i]);
		write_attribute_value(stream, arena, attributes[i]->value);
		for (size_t j = i + 1; j < count; j++) {
			if (!names[j] || strcmp(names[i], names[j]) != 0)
				continue;
			fputc(';', stream);
			write_attribute_value(stream, arena, attributes[j]->value);
			names[j] = NULL;
		}
		fputc('"', stream);
		separator = ",";
	}
	return 0;
}
