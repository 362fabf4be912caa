/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_RUST_DEMANGLE_H
#define SCOTTYSCOPE_RUST_DEMANGLE_H

/* Mangled names of Rust symbols to paths. The paths are in the normal form of rust/path.h, which is the
 * same for legacy (`_ZN...17h<hash>E`) and v0 (`_R...`) mangling. */

#include <stdbool.h>

#include "base/buffer.h"

/* The longest mangled names and paths. Those of Rust servers have up to 4,000 bytes. */
#define RUST_MANGLED_BYTES_MAX ((size_t)16 * 1024)
#define RUST_PATH_BYTES_MAX    ((size_t)64 * 1024)

/* Whether a name starts as those of Rust symbols do. */
bool rust_is_mangled(const char *name);

/* Returns the path of a mangled name, in malloc'ed memory; NULL if the name is no Rust symbol or memory is
 * out. */
char *rust_demangle_path(const char *mangled);

/* Returns the final generic argument list, which rust_demangle_path() omits ("T, U"), in malloc'ed memory;
 * NULL if there is none. Only v0 names have one. */
char *rust_demangle_generics(const char *mangled);

/* Replaces the text of `raw` by libiberty's demangled form of `mangled`. -ENOENT if `mangled` is no Rust
 * symbol; -ENOMEM; -E2BIG if either form is too long: a mangled name of a few hundred bytes can
 * stand for gigabytes. */
int rust_demangle_raw(const char *mangled, struct buffer *raw);

#endif
