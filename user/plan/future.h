/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PLAN_FUTURE_H
#define SCOTTYSCOPE_PLAN_FUTURE_H

/* Which future the tasks of a vtable run, by name. */

#include <stdbool.h>

#include "elf/image.h"
#include "elf/pointers.h"
#include "elf/symbols.h"

/* An executable as its file has it, to follow its code. */
struct plan_code {
	const struct elf_image *image;
	const struct elf_symbols *symbols;
	struct elf_pointers pointers;
};

static inline void plan_code__done(struct plan_code *code)
{
	elf_pointers__free(&code->pointers);
}

/* The name of a future by its type, which is in the form of rust/path.h: that of what the wrappers
 * of common crates hold, without closures and generic arguments ("a::B::run" of
 * "tracing::instrument::Instrumented<a::B::run::{{closure}}>"). malloc'ed; NULL where the type is
 * malformed or memory is out. */
char *future_name(const char *type);

/* The name of the future, or of the closure if it is blocking, that the tasks of tokio's vtable at
 * `vtable` run. malloc'ed; NULL where the executable does not tell, or tells more than one. */
char *future_of_vtable(const struct plan_code *code, uint64_t vtable, bool is_blocking);

#endif
