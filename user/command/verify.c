// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdio.h>

#include "base/cleanup.h"
#include "command/command.h"
#include "command/subject.h"
#include "config/exit_status.h"

int command_verify(const struct config *config, struct error *error)
{
	_cleanup_(subject__done) struct subject subject = {0};
	size_t available;
	int r;

	r = subject__find(&subject, config, error);
	if (r >= 0)
		r = subject__plan(&subject, config, error);
	if (r < 0)
		return r;
	if (config->format == FORMAT_JSON)
		plan__print_json(subject.plan, stdout);
	else
		plan__print_text(subject.plan, stdout);

	available = plan__available(subject.plan);
	if (available + plan__disabled(subject.plan) == INSTR_COUNT)
		return EXIT_STATUS_DONE;
	return available ? EXIT_STATUS_PARTIAL : EXIT_STATUS_FAILED;
}
