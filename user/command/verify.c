// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdbool.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "agent/app_interval.h"
#include "agent/confine.h"
#include "agent/observation.h"
#include "base/cleanup.h"
#include "command/command.h"
#include "config/exit_status.h"
#include "plan/print.h"

static int print_plan(const struct observation *observation, const struct runtimes *runtimes,
		      const struct config *config, struct error *error)
{
	const struct plan *plan = observation__get_plan(observation);
	struct process_sharers sharers;
	bool has_sharers = plan__reaches_other_processes(plan) &&
			   process__find_sharers(observation__process(observation), &sharers) == 0;
	char interval[APP_INTERVAL_SIZE];
	struct utsname host;
	const struct plan_subject plan_subject = {
		.host = uname(&host) == 0 ? host.nodename : "unknown host",
		.pid = observation__process(observation)->pid,
		.app_interval = app_interval__of(observation__process(observation), interval),
		.own_telemetry =
			config->own_telemetry == OWN_TELEMETRY_IGNORE
				? ""
				: own_telemetry__name(observation__own_telemetry(observation)),
		.level = config->level,
		.max_overhead = config->max_overhead * 100,
		.sharers = has_sharers ? &sharers : NULL,
		.runtimes = runtimes,
	};

	if (config->format == FORMAT_JSON)
		return plan__print_json(plan, &plan_subject, stdout, error);
	plan__print_text(plan, &plan_subject, config->log_level > LOG_LEVEL_INFO, stdout);
	return 0;
}

int command_verify(const struct config *config, struct error *error)
{
	_cleanup_(observation__freep) struct observation *observation = NULL;
	_cleanup_(runtimes__done) struct runtimes runtimes = {0};
	const struct plan *plan;
	size_t available;
	int r;

	command_log_libbpf();
	r = agent_confine__begin(error);
	if (r < 0)
		return r;
	r = observation__new(config, &observation, error);
	if (r < 0)
		return r;
	r = observation__plan(observation, error);
	if (r < 0)
		return r;
	r = observation__try_load(observation, error);
	if (r < 0)
		return r;
	plan = observation__get_plan(observation);
	runtimes.target = observation__process(observation);
	/* A user who may not read the memory gets the plan without the runtimes. */
	r = runtimes__find(&runtimes);
	r = print_plan(observation, r < 0 ? NULL : &runtimes, config, error);
	if (r < 0)
		return r;
	available = plan__available(plan);
	if (available + plan__disabled(plan) == INSTR_COUNT)
		return EXIT_STATUS_DONE;
	/* Without a probe, /proc alone is no observation, and a run would fail as well. */
	if (!plan__has_sites(plan) && plan->kernel.why_code < 0)
		return exit_status__of_error(plan->kernel.why_code);
	return available ? EXIT_STATUS_PARTIAL : EXIT_STATUS_FAILED;
}
