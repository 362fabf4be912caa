// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "prom/name.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/array.h"

static const struct {
	const char *unit;
	const char *name;
} units[] = {
	{"s", "seconds"},      {"ms", "milliseconds"}, {"us", "microseconds"},
	{"ns", "nanoseconds"}, {"min", "minutes"},     {"h", "hours"},
	{"d", "days"},	       {"By", "bytes"},	       {"KiBy", "kibibytes"},
	{"MiBy", "mebibytes"}, {"GiBy", "gibibytes"},  {"kBy", "kilobytes"},
	{"MBy", "megabytes"},  {"GBy", "gigabytes"},   {"Hz", "hertz"},
	{"Cel", "celsius"},    {"%", "percent"},
};

/* Returns `text` with only letters, digits and '_' (and ':' with `colons`), without runs of '_',
 * without '_' at the end and without a digit at the start. */
static char *sanitised(struct arena *arena, const char *text, bool colons)
{
	char *name = arena__alloc(arena, strlen(text) + 2);
	size_t length = 0;

	if (!name)
		return NULL;
	if (isdigit((unsigned char)*text))
		name[length++] = '_';
	for (; *text; text++) {
		bool valid = isalnum((unsigned char)*text) || (colons && *text == ':');

		if (valid)
			name[length++] = *text;
		else if (length == 0 || name[length - 1] != '_')
			name[length++] = '_';
	}
	while (length > 1 && name[length - 1] == '_')
		length--;
	name[length] = '\0';
	return name;
}

static const char *unit_name(struct arena *arena, const char *unit, bool is_real_gauge)
{
	/* Units in braces, such as {request}, are annotations. */
	if (*unit == '\0' || *unit == '{')
		return "";
	if (strcmp(unit, "1") == 0)
		return is_real_gauge ? "ratio" : "";
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (strcmp(units[i].unit, unit) == 0)
			return units[i].name;
	}
	return sanitised(arena, unit, false);
}

/* Returns whether `name` ends with '_' and `suffix`. */
static bool has_suffix(const char *name, const char *suffix)
{
	size_t length = strlen(name), suffix_length = strlen(suffix);

	return length > suffix_length && name[length - suffix_length - 1] == '_' &&
	       strcmp(name + length - suffix_length, suffix) == 0;
}

const char *prom_metric_name(struct arena *arena, const char *otel_name, const char *otel_unit,
			     bool is_counter, bool is_real_gauge)
{
	char *name = sanitised(arena, otel_name, true);
	const char *unit = unit_name(arena, otel_unit, is_real_gauge);

	if (!name || !unit)
		return NULL;
	/* The unit stands before `_total`, also if the name ends with `_total` already. */
	if (is_counter && has_suffix(name, "total"))
		name[strlen(name) - strlen("_total")] = '\0';
	if (*unit != '\0' && !has_suffix(name, unit))
		name = arena__printf(arena, "%s_%s", name, unit);
	if (name && is_counter)
		name = arena__printf(arena, "%s_total", name);
	return name;
}

const char *prom_family_name(struct arena *arena, const pb_metric *metric)
{
	bool is_counter = metric->data_case == PB_METRIC_SUM && metric->sum->is_monotonic;
	bool is_real_gauge = metric->data_case == PB_METRIC_GAUGE &&
			     metric->gauge->n_data_points > 0 &&
			     metric->gauge->data_points[0]->value_case == PB_POINT_DOUBLE;

	return prom_metric_name(arena, metric->name, metric->unit, is_counter, is_real_gauge);
}

const char *prom_label_name(struct arena *arena, const char *key)
{
	const char *name = sanitised(arena, key, false);

	/* A label has a name. */
	if (name && !*name)
		return "_";
	/* The prefix that the specification requires for a key with a digit at the start. */
	if (name && isdigit((unsigned char)*key))
		return arena__printf(arena, "key%s", name);
	return name;
}
