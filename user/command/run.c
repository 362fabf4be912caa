// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

#include "agent/agent.h"
#include "agent/confine.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "command/command.h"
#include "command/print.h"
#include "config/exit_status.h"
#include "export/exporter.h"
#include "ipc/message.h"

/* Whether anything is exported or served. */
static bool needs_front(const struct config *config)
{
	return config->listen_host || config->otlp.metrics_target || config->otlp.traces_target;
}

/* Disables the export where the program that sends OTLP is missing: everything encoded and queued
 * would be dropped. */
static int prepare_export(struct config_otlp *otlp, struct error *error)
{
	struct error reason = {0};
	int r;

	if (!otlp->metrics_target && !otlp->traces_target)
		return 0;
	r = exporter__open_program(&otlp->program_fd, &reason);
	if (r == -ENOENT) {
		log_warning("OTLP export is disabled: %s; install the scottyscope-otlp that was "
			    "built with "
			    "this program, or set --otlp-endpoint none",
			    reason.message);
		otlp->metrics_target = NULL;
		otlp->traces_target = NULL;
		return 0;
	}
	return r < 0 ? error_set(error, r, "%s", reason.message) : 0;
}

int command_run(const struct config *wanted, struct error *error)
{
	_cleanup_(observation__freep) struct observation *observation = NULL;
	_cleanup_(front__freep) struct front *front = NULL;
	_cleanup_(agent__freep) struct agent *agent = NULL;
	struct config config = *wanted;
	struct agent_result result;
	int r;

	command_log_libbpf();
	r = agent_confine__begin(error);
	if (r < 0)
		return r;
	r = observation__new(&config, &observation, error);
	if (r < 0)
		return r;
	r = prepare_export(&config.otlp, error);
	if (r < 0)
		return r;
	/* Before any thread is started. */
	if (needs_front(&config)) {
		r = front__start(&config, &front, error);
		if (r < 0)
			return r;
	}
	/* The front has its own copy. */
	config_otlp__wipe(&config.otlp);
	r = observation__plan(observation, error);
	if (r < 0)
		return r;
	r = agent__new(&config, TAKE_PTR(observation), front, &agent, error);
	if (r < 0)
		return r;
	r = agent__run(agent, error);
	result = agent__result(agent);
	/* The numbers of a run are printed also where its last export failed. */
	if (result.set) {
		struct error print_error;
		int printed = print_result(&config, &result, r < 0 ? &print_error : error);

		r = r < 0 ? r : printed;
	}
	agent__detach(agent);
	return r < 0 ? r : EXIT_STATUS_DONE;
}
