// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "rust/demangle.h"

#include <errno.h>
#include <libiberty/demangle.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "rust/path.h"

struct demangling {
	struct buffer *raw;
	jmp_buf failed;
	int error;
};

static void demangling__write(const char *bytes, size_t length, void *opaque)
{
	struct demangling *demangling = opaque;

	/* Back references can double a name with every two bytes, and libiberty writes all of the name. To
	 * end early, this function jumps out of libiberty. At the time of the callback libiberty has no
	 * allocation but a decoded Punycode identifier, so the jump leaks at most that identifier. */
	demangling->error = buffer__append(demangling->raw, bytes, length);
	if (demangling->error < 0)
		longjmp(demangling->failed, 1);
}

int rust_demangle_raw(const char *mangled, struct buffer *raw)
{
	struct demangling demangling = {.raw = raw};

	raw->length = 0;
	if (setjmp(demangling.failed))
		return demangling.error;
	return rust_demangle_callback(mangled, DMGL_RUST, demangling__write, &demangling) ? 0
											  : -ENOENT;
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
