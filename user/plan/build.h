/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PLAN_BUILD_H
#define SCOTTYSCOPE_PLAN_BUILD_H

#include "base/error.h"
#include "base/level.h"
#include "elf/image.h"
#include "elf/symbols.h"
#include "plan/plan.h"

/* The first step: finds the sites of all hooks in the executable. The result depends on nothing but the
 * executable and its debug file. Neither strategies are chosen nor is any hook wanted. The caller frees the
 * plan with plan__free(). -EBADMSG if the executable is damaged; -EDQUOT if its analysis exceeds the budget of
 * `image`; -ENOMEM. */
int plan__read(const struct elf_image *image, const struct elf_symbols *symbols,
	       struct plan **ret_plan, struct error *error);

/* The second step: chooses the strategies. A missing instrumentation is no error; the plan has its reason.
 * -ENOEXEC if the executable has none of the catalogue's functions; the error says why (stripped, not a tokio
 * program, ...). */
int plan__decide(struct plan *plan, const struct plan_kernel *kernel, enum level level,
		 struct error *error);

/* Both steps. */
int plan__build(const struct elf_image *image, const struct elf_symbols *symbols,
		const struct plan_kernel *kernel, enum level level, struct plan **ret_plan,
		struct error *error);

#endif
