// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "rust/demangle.h"

#include <errno.h>
#include <libiberty/demangle.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "rust/path.h"

/* The start and the end of this program, by the linker. */
extern const char __executable_start[], _end[];

struct demangling {
	const char *mangled;
	size_t length;
	struct buffer *raw;
	jmp_buf failed;
	int error;
};

static bool is_within(const char *bytes, const char *start, const char *end)
{
	return (uintptr_t)bytes >= (uintptr_t)start && (uintptr_t)bytes < (uintptr_t)end;
}

/* Back references can double a name with every two bytes, and libiberty writes all of the name. To end early, this
 * function jumps out of libiberty (2.40, rust-demangle.c). At the time of the call libiberty has no memory but a
 * decoded Punycode identifier, which it then writes. Other texts are parts of the mangled name or constants of
 * this program: only these calls end early, so nothing leaks. */
static void demangling__write(const char *bytes, size_t length, void *opaque)
{
	struct demangling *demangling = opaque;

	if (demangling->error == 0)
		demangling->error = demangling->raw->length + length > RUST_PATH_BYTES_MAX
					    ? -E2BIG
					    : buffer__append(demangling->raw, bytes, length);
	if (demangling->error < 0 &&
	    (is_within(bytes, demangling->mangled, demangling->mangled + demangling->length) ||
	     is_within(bytes, __executable_start, _end)))
		longjmp(demangling->failed, 1);
}

bool rust_is_mangled(const char *name)
{
	return strncmp(name, "_R", 2) == 0 || strncmp(name, "_ZN", 3) == 0;
}

int rust_demangle_raw(const char *mangled, struct buffer *raw)
{
	struct demangling demangling = {
		.mangled = mangled,
		.length = strnlen(mangled, RUST_MANGLED_BYTES_MAX + 1),
		.raw = raw,
	};

	raw->length = 0;
	if (demangling.length > RUST_MANGLED_BYTES_MAX)
		return -E2BIG;
	if (setjmp(demangling.failed))
		return demangling.error;
	if (!rust_demangle_callback(mangled, DMGL_RUST, demangling__write, &demangling))
		return -ENOENT;
	return demangling.error;
}

char *rust_demangle_path(const char *mangled)
{
	_cleanup_(buffer__done) struct buffer raw = {0};
	_cleanup_(buffer__done) struct buffer normal = {0};

	if (rust_demangle_raw(mangled, &raw) < 0 ||
	    rust_path__normalise(raw.bytes, raw.length, &normal) < 0)
		return NULL;
	return TAKE_PTR(normal.bytes);
}

char *rust_demangle_generics(const char *mangled)
{
	_cleanup_(buffer__done) struct buffer raw = {0};
	_cleanup_(buffer__done) struct buffer normal = {0};
	size_t length;

	if (rust_demangle_raw(mangled, &raw) < 0)
		return NULL;

	const char *generics = rust_path__generics(raw.bytes, raw.length, &length);

	if (!generics || rust_path__normalise(generics, length, &normal) < 0)
		return NULL;
	return TAKE_PTR(normal.bytes);
}
