// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdio.h>

#include "agent/observation.h"
#include "base/cleanup.h"
#include "command/command.h"
#include "config/exit_status.h"

int command_verify(const struct config *config, struct error *error)
{
	_cleanup_(observation__freep) struct observation *observation = NULL;
	const struct plan *plan;
	size_t available;
	int r;

	r = observation__new(config, &observation, error);
	if (r < 0)
		return r;
	r = observation__plan(observation, error);
	if (r < 0)
		return r;
	plan = observation__get_plan(observation);
	if (config->format == FORMAT_JSON)
		plan__print_json(plan, stdout);
	else
		plan__print_text(plan, stdout);

	available = plan__available(plan);
	if (available + plan__disabled(plan) == INSTR_COUNT)
		return EXIT_STATUS_DONE;
	return available ? EXIT_STATUS_PARTIAL : EXIT_STATUS_FAILED;
}
