/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PLAN_BUILD_H
#define SCOTTYSCOPE_PLAN_BUILD_H

#include "base/error.h"
#include "base/level.h"
#include "elf/image.h"
#include "elf/symbols.h"
#include "plan/plan.h"

/* Builds the plan, which the caller frees with plan__free(). A missing instrumentation is no error; the plan
 * has its reason. -ENOEXEC if the executable has none of the catalogue's functions; the error says why
 * (stripped, not a tokio program, ...). -EBADMSG if the executable is damaged; -ENOMEM. */
int plan__build(const struct elf_image *image, const struct elf_symbols *symbols,
		const struct plan_kernel *kernel, enum level level, struct plan **ret_plan,
		struct error *error);

#endif
