// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "plan/build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "elf/executable.h"
#include "layout/hyper.h"
#include "layout/tungstenite.h"
#include "plan/level.h"
#include "plan/schedulers.h"
#include "plan/sites.h"
#include "plan/strategy.h"
#include "plan/version.h"
#include "tokio/read.h"

/* Refuses an executable without any of the catalogue's functions: another program, or a stripped one. */
static int check_program(const struct plan *plan, struct error *error)
{
	for (size_t i = 0; i < HOOK_COUNT; i++) {
		if (plan->hooks[i].found > 0)
			return 0;
	}
	if (plan->symbol_source == SYMBOLS_NONE || plan->symbol_source == SYMBOLS_DYNSYM)
		return error_set(error, -ENOEXEC,
				 "%s is stripped: it names none of its functions. Use a build with "
				 ".symtab (Rust's default release build has it) or install its "
				 "separate debug file (build id %s) below /usr/lib/debug/.build-id "
				 "or in a directory that --debug-directory names",
				 plan->executable_path, plan->build_id ? plan->build_id : "none");
	return error_set(error, -ENOEXEC,
			 "%s is no tokio program: none of tokio's and hyper's functions are among "
			 "its %zu. Choose another process with --pid, --exe or --port",
			 plan->executable_path, plan->function_count);
}

int plan__build(const struct elf_image *image, const struct elf_symbols *symbols,
		const struct plan_kernel *kernel, enum level level, struct plan **ret_plan,
		struct error *error)
{
	_cleanup_(plan__freep) struct plan *plan = calloc(1, sizeof(*plan));
	_cleanup_(elf_executable__done) struct elf_executable executable = {.image = image,
									    .symbols = symbols};
	int r;

	if (!plan)
		return error_out_of_memory(error);
	plan->kernel = *kernel;
	plan->executable_path = strdup(elf_image__path(image));
	if (!plan->executable_path)
		return error_out_of_memory(error);
	if (elf_image__build_id(image)) {
		plan->build_id = strdup(elf_image__build_id(image));
		if (!plan->build_id)
			return error_out_of_memory(error);
	}
	plan->symbol_source = elf_symbols__source(symbols);
	plan->function_count = elf_symbols__count(symbols);
	plan->encode_head_offset = ENCODE_HEAD_OFFSET;
	plan->head_status_offset = HEAD_STATUS_OFFSET;
	plan->frame_payload_offset = FRAME_PAYLOAD_OFFSET;
	plan->frame_head_offset = FRAME_HEAD_OFFSET;

	/* Without relocations, only the vtables are missing. */
	r = elf_pointers__load(image, &executable.pointers);
	if (r < 0 && r != -EBADMSG)
		return error_out_of_memory(error);
	r = tokio_read(&executable, &plan->tokio, error);
	if (r < 0)
		return r;
	r = plan_find_sites(plan, &executable, error);
	if (r < 0)
		return r;
	r = check_program(plan, error);
	if (r < 0)
		return r;
	if (plan_find_version(image, symbols, &plan->version) < 0)
		return error_out_of_memory(error);
	plan_choose_strategies(plan, symbols);
	plan_find_schedulers(plan, symbols);
	plan_disable_by_level(plan, level);
	*ret_plan = TAKE_PTR(plan);
	return 0;
}
