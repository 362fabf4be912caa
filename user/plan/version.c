// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "plan/version.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "code/string_literal.h"

/* The function prints the version of the package, a string literal in its code. */
#define GREETING "scotty_core::logo::print_logo"

/* Returns the number of digits from `at` on; 0 if the number has a leading zero. */
static size_t number_length(const char *text, size_t at, size_t length)
{
	size_t end = at;

	while (end < length && isdigit((unsigned char)text[end]))
		end++;
	return end - at > 1 && text[at] == '0' ? 0 : end - at;
}

bool version__is_semantic(const char *text, size_t length)
{
	size_t at = 0;

	for (int part = 0; part < 3; part++) {
		size_t digits = number_length(text, at, length);

		if (digits == 0)
			return false;
		at += digits;
		if (part < 2 && (at >= length || text[at++] != '.'))
			return false;
	}
	if (at == length)
		return true;
	/* a pre-release, or build metadata */
	if (text[at] != '-' && text[at] != '+')
		return false;
	for (size_t i = at + 1; i < length; i++) {
		if (!isalnum((unsigned char)text[i]) && !strchr(".-+", text[i]))
			return false;
	}
	return at + 1 < length;
}

static int take_version(void *context, const char *text, size_t length)
{
	char **version = context;

	if (length > PLAN_VERSION_BYTES_MAX || !version__is_semantic(text, length))
		return 0;
	*version = strndup(text, length);
	return *version ? 1 : -ENOMEM;
}

struct greeting {
	const struct elf_image *image;
	char *version;
};

static int read_greeting(void *context, const struct elf_symbol *symbol)
{
	struct greeting *greeting = context;
	int r;

	if (greeting->version)
		return 0;
	r = code_for_each_string_literal(greeting->image, symbol->address, symbol->size,
					 take_version, &greeting->version);
	return r < 0 ? r : 0;
}

int plan_find_version(const struct elf_image *image, const struct elf_symbols *symbols,
		      char **ret_version)
{
	struct greeting greeting = {.image = image};
	int r = elf_symbols__find(symbols, GREETING, read_greeting, &greeting);

	*ret_version = greeting.version;
	return r < 0 ? r : 0;
}
