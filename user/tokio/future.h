/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_TOKIO_FUTURE_H
#define SCOTTYSCOPE_TOKIO_FUTURE_H

/* The name of the future that the tasks of a vtable execute. */

#include <stdbool.h>
#include <stdint.h>

#include "elf/executable.h"

/* Returns the name of a future of `type`, which is in the normal form of rust/path.h. The name is that of the
 * future inside the wrappers of common crates, without closures and generic arguments: "a::B::run" for
 * "tracing::instrument::Instrumented<a::B::run::{{closure}}>". malloc'ed; NULL if the type is malformed or
 * memory is out. */
char *future_name(const char *type);

/* Returns the name of the future, or with `is_blocking` of the closure, that the tasks of tokio's vtable at
 * `vtable` execute. malloc'ed; NULL if the executable names none, or several. */
char *future_of_vtable(const struct elf_executable *executable, uint64_t vtable, bool is_blocking);

#endif
