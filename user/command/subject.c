// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "command/subject.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "elf/image.h"
#include "elf/symbols.h"
#include "plan/build.h"
#include "probe/features.h"

int subject__find(struct subject *subject, const struct config *config, struct error *error)
{
	const struct process_selection selection = {
		.pid = config->pid,
		.port = config->port,
		.executable = config->executable,
	};

	return process__find(&selection, &subject->target, error);
}

int subject__plan(struct subject *subject, const struct config *config, struct error *error)
{
	_cleanup_(elf_image__freep) struct elf_image *image = NULL;
	_cleanup_(elf_symbols__freep) struct elf_symbols *symbols = NULL;
	const struct process *target = subject->target;
	struct plan_kernel kernel;
	int r;

	r = elf_image__open(target->executable_fd, target->executable_path, &image, error);
	if (r < 0)
		return r;
	r = elf_symbols__load(image, target->root_path, &symbols, error);
	if (r < 0)
		return r;
	log_debug("%s: %zu functions from %s", target->executable_path, elf_symbols__count(symbols),
		  elf_symbol_source_name(elf_symbols__source(symbols)));
	r = probe_find_features(&kernel, error);
	if (r < 0)
		return r;
	log_debug("a hit of a probe takes %llu ns, or %llu where its instruction is stepped over",
		  (unsigned long long)kernel.trap_ns, (unsigned long long)kernel.step_ns);
	if (config->attach == ATTACH_SINGLE)
		kernel.uprobe_multi = false;
	r = plan__build(image, symbols, &kernel, config->level, &subject->plan, error);
	if (r < 0 || subject->plan->site_count == 0)
		return r;

	const struct plan_site *site = &subject->plan->sites[0];

	return process__load_bias(target, site->code.address, site->file_offset,
				  &subject->load_bias, error);
}

void subject__done(struct subject *subject)
{
	plan__free(subject->plan);
	process__free(subject->target);
	*subject = (struct subject){0};
}
