// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "config/file_keys.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/array.h"
#include "config/option_table.h"
#include "config/variables.h"

#define COMPARED_LENGTH ((size_t)64)

static const char *const variables[] = {
#define X(name) name,
	VARIABLE_LIST(X)
#undef X
};

/* Those that make no sense in a file. */
static bool is_for_files(const struct argp_option *option)
{
	return option->name && option->key != OPTION_HELP && option->key != OPTION_VERSION &&
	       option->key != OPTION_CONFIG;
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* The Levenshtein distance, row by row. */
static size_t distance(const char *left, const char *right)
{
	size_t left_length = strnlen(left, COMPARED_LENGTH);
	size_t right_length = strnlen(right, COMPARED_LENGTH);
	size_t row[COMPARED_LENGTH + 1];

	for (size_t j = 0; j <= right_length; j++)
		row[j] = j;
	for (size_t i = 1; i <= left_length; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= right_length; j++) {
			bool differs = tolower((unsigned char)left[i - 1]) !=
				       tolower((unsigned char)right[j - 1]);
			size_t replaced = diagonal + differs;

			diagonal = row[j];
			row[j] = smaller(replaced, smaller(row[j], row[j - 1]) + 1);
		}
	}
	return row[right_length];
}

const char *file_key__find(const char *name)
{
	const struct argp_option *option = option__of_name(name);

	if (option && is_for_files(option))
		return option->name;
	for (size_t i = 0; i < ARRAY_SIZE(variables); i++) {
		if (strcmp(variables[i], name) == 0)
			return variables[i];
	}
	return NULL;
}

const char *file_key__nearest(const char *name)
{
	const char *nearest = NULL;
	size_t least = SIZE_MAX;

	for (const struct argp_option *option = option_table; option->name || option->doc;
	     option++) {
		size_t far = is_for_files(option) ? distance(name, option->name) : SIZE_MAX;

		if (far < least) {
			least = far;
			nearest = option->name;
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(variables); i++) {
		size_t far = distance(name, variables[i]);

		if (far < least) {
			least = far;
			nearest = variables[i];
		}
	}
	return nearest;
}
