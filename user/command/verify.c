// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdio.h>
#include <sys/utsname.h>

#include "agent/confine.h"
#include "agent/observation.h"
#include "base/cleanup.h"
#include "command/command.h"
#include "config/exit_status.h"
#include "plan/print.h"

static void print_plan(const struct plan *plan, pid_t pid, const struct config *config)
{
	struct utsname host;
	const struct plan_subject plan_subject = {
		.host = uname(&host) == 0 ? host.nodename : "unknown host",
		.pid = pid,
		.level = config->level,
		.max_overhead = config->max_overhead * 100,
	};

	if (config->format == FORMAT_JSON)
		plan__print_json(plan, &plan_subject, stdout);
	else
		plan__print_text(plan, &plan_subject, config->log_level > LOG_LEVEL_INFO, stdout);
}

int command_verify(const struct config *config, struct error *error)
{
	_cleanup_(observation__freep) struct observation *observation = NULL;
	const struct plan *plan;
	size_t available;
	int r;

	r = agent_confine__begin(error);
	if (r < 0)
		return r;
	r = observation__new(config, &observation, error);
	if (r < 0)
		return r;
	r = observation__plan(observation, error);
	if (r < 0)
		return r;
	plan = observation__get_plan(observation);
	print_plan(plan, observation__process(observation)->pid, config);

	available = plan__available(plan);
	if (available + plan__disabled(plan) == INSTR_COUNT)
		return EXIT_STATUS_DONE;
	return available ? EXIT_STATUS_PARTIAL : EXIT_STATUS_FAILED;
}
