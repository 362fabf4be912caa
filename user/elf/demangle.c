// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "elf/demangle.h"

#include <errno.h>
#include <libiberty/demangle.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "elf/rust_path.h"

#define TEXT_BYTES_MAX ((size_t)1024 * 1024)

int text__append(struct text *text, const char *bytes, size_t length)
{
	if (length > TEXT_BYTES_MAX - text->length)
		return -E2BIG;
	if (text->length + length >= text->capacity) {
		size_t capacity = (text->length + length + 1) * 2;
		char *grown = realloc(text->bytes, capacity);

		if (!grown)
			return -ENOMEM;
		text->bytes = grown;
		text->capacity = capacity;
	}
	memcpy(text->bytes + text->length, bytes, length);
	text->length += length;
	text->bytes[text->length] = '\0';
	return 0;
}

void text__free(struct text *text)
{
	free(text->bytes);
	*text = (struct text){0};
}

struct demangling {
	struct text *raw;
	jmp_buf failed;
	int error;
};

static void demangling__write(const char *bytes, size_t length, void *opaque)
{
	struct demangling *demangling = opaque;

	/* Back references can double a name with every two bytes, and libiberty goes on to the end
	 * however long that takes. It calls back with nothing allocated but a decoded Punycode
	 * identifier, so leaving it here leaks that much at worst. */
	demangling->error = text__append(demangling->raw, bytes, length);
	if (demangling->error < 0)
		longjmp(demangling->failed, 1);
}

int rust_path__demangle(const char *mangled, struct text *raw)
{
	struct demangling demangling = {.raw = raw};

	raw->length = 0;
	if (setjmp(demangling.failed))
		return demangling.error;
	return rust_demangle_callback(mangled, DMGL_RUST, demangling__write, &demangling) ? 0
											  : -ENOENT;
}

char *demangle_rust_path(const char *mangled)
{
	_cleanup_(text__free) struct text raw = {0};
	_cleanup_(text__free) struct text normal = {0};

	if (rust_path__demangle(mangled, &raw) < 0 ||
	    rust_path__normalise(raw.bytes, raw.length, &normal) < 0)
		return NULL;
	return TAKE_PTR(normal.bytes);
}

char *demangle_rust_generics(const char *mangled)
{
	_cleanup_(text__free) struct text raw = {0};
	_cleanup_(text__free) struct text normal = {0};
	size_t length;

	if (rust_path__demangle(mangled, &raw) < 0)
		return NULL;

	const char *generics = rust_path__generics(raw.bytes, raw.length, &length);

	if (!generics || rust_path__normalise(generics, length, &normal) < 0)
		return NULL;
	return TAKE_PTR(normal.bytes);
}
