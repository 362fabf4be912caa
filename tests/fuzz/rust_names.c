// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* Names of Rust symbols and types. The input: a choice, then a mangled name, any text, or what chooses the parts
 * of a path. */

#include "fuzz.h"

#include <stdlib.h>

#include "rust/demangle.h"
#include "rust/path.h"
#include "tokio/future.h"

static bool has_control(const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return true;
	}
	return false;
}

/* A normal form is its own normal form. */
static void check_normal(const char *path)
{
	struct buffer first = {0}, second = {0};

	if (rust_path__normalise(path, strlen(path), &first) == 0 && first.bytes) {
		int r = (int)fuzz_answer(
			(uint64_t)rust_path__normalise(first.bytes, first.length, &second));

		fuzz_check(r == 0, "the normal form has no normal form: %s", first.bytes);
		fuzz_check(second.length == first.length &&
				   memcmp(first.bytes, second.bytes ? second.bytes : "",
					  first.length) == 0,
			   "the normal form of '%s' is '%s'", first.bytes, second.bytes);
	}
	buffer__done(&first);
	buffer__done(&second);
}

static void check_path(const char *path)
{
	size_t size = strlen(path), length = 0;
	const char *generics = rust_path__generics(path, size, &length);
	const char *end = rust_path__argument_end(path);
	char *future = future_name(path);

	fuzz_check(!generics || (generics >= path && length <= size - (size_t)(generics - path)),
		   "generics outside the path");
	fuzz_check(!end || (end >= path && end <= path + size),
		   "an argument's end outside the path");
	fuzz_check(!future || strlen(future) <= size, "a future longer than its type");
	free(future);
}

static void add(struct buffer *path, const char *text)
{
	if (buffer__append(path, text, strlen(text)) < 0)
		abort();
}

static void add_path(struct buffer *path, struct fuzz_input *input, int depth);

static void add_type(struct buffer *path, struct fuzz_input *input, int depth)
{
	static const char *const types[] = {"u8",      "&str",	   "*const T",	  "(u8, u16)",
					    "[u8; 4]", "dyn a::B", "fn(u8) -> u8"};
	uint8_t choice = fuzz_byte(input);

	if (choice < 128 || depth > 6)
		add(path, types[choice % (sizeof(types) / sizeof(*types))]);
	else
		add_path(path, input, depth + 1);
}

static void add_types(struct buffer *path, struct fuzz_input *input, int depth)
{
	add(path, "<");
	for (int rest = fuzz_byte(input) % 3; rest >= 0; rest--) {
		add_type(path, input, depth);
		if (rest > 0)
			add(path, ", ");
	}
	add(path, ">");
}

/* Adds a path as libiberty writes it. */
static void add_path(struct buffer *path, struct fuzz_input *input, int depth)
{
	static const char *const names[] = {
		"a",	     "tokio",	    "Core",	 "run",		"drop_in_place",
		"core::ptr", "{closure#3}", "{closure}", "{{closure}}", "core::ptr::drop_glue"};
	uint8_t start = fuzz_byte(input);

	if (start < 64 && depth < 6) {
		add(path, "<");
		add_type(path, input, depth + 1);
		if (start & 1) {
			add(path, " as ");
			add_path(path, input, depth + 1);
		}
		add(path, ">");
	} else {
		add(path, names[start % 6]);
	}
	for (int rest = fuzz_byte(input) % 5; rest > 0; rest--) {
		uint8_t part = fuzz_byte(input);

		add(path, "::");
		if (part < 64)
			add_types(path, input, depth + 1);
		else
			add(path, names[part % (sizeof(names) / sizeof(*names))]);
	}
}

static void check_made_path(struct fuzz_input input)
{
	struct buffer path = {0};

	add_path(&path, &input, 0);
	check_path(path.bytes);
	check_normal(path.bytes);
	buffer__done(&path);
}

static void check_mangled(const char *mangled)
{
	char *path = rust_demangle_path(mangled);
	char *generics = rust_demangle_generics(mangled);

	if (path) {
		/* A v0 name may have any character in a Punycode identifier, a legacy one as an escape. */
		fuzz_check(has_control(mangled) || !has_control(path) || strchr(mangled, 'u') ||
				   strchr(mangled, '$'),
			   "control characters in the path of %s", mangled);
		check_path(path);
	}
	if (generics)
		check_path(generics);
	free(path);
	free(generics);
}

void fuzz_one(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	uint8_t choice = fuzz_byte(&input);
	char *text;

	if (choice % 3 == 2) {
		check_made_path(input);
		return;
	}
	text = fuzz_text(input);
	if (choice % 3)
		check_mangled(text);
	else
		check_path(text);
	free(text);
}
