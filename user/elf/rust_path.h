/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_ELF_RUST_PATH_H
#define SCOTTYSCOPE_ELF_RUST_PATH_H

/* The two steps of demangle_rust_path(), with buffers that live across many names. */

#include <stddef.h>

/* Text that grows, always terminated once anything was appended to it. Zeroed: empty. */
struct text {
	char *bytes;
	size_t length;
	size_t capacity;
};

/* -ENOMEM; -E2BIG over 1 MiB: a mangled name of a few hundred bytes can stand for gigabytes. */
int text__append(struct text *text, const char *bytes, size_t length);
void text__free(struct text *text);

/* Replaces `raw` by what libiberty makes of `mangled`. -ENOENT where that is no Rust symbol;
 * -ENOMEM, -E2BIG. */
int rust_path__demangle(const char *mangled, struct text *raw);

/* Appends the normal form (see demangle.h) of a demangled path or type. Applying it to a normal
 * form changes nothing. -ENOMEM, -E2BIG; -EINVAL where brackets do not match or are too deep. */
int rust_path__normalise(const char *path, size_t length, struct text *normal);

/* The final generic argument list of a demangled path, without its brackets; NULL for none. */
const char *rust_path__generics(const char *path, size_t length, size_t *ret_length);

/* The end of the argument that begins at `argument` within a list of a normal form: the comma or the
 * bracket after it, or the end of the text. NULL where brackets do not match. */
const char *rust_path__argument_end(const char *argument);

#endif
