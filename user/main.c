// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/log.h"
#include "base/output.h"
#include "base/sandbox.h"
#include "command/command.h"
#include "config/exit_status.h"
#include "config/parse.h"
#include "config/secrets.h"
#include "front/main.h"
#include "front/supervisor.h"
#include "planner/child.h"

int main(int argc, char **argv)
{
	_cleanup_(config__freep) struct config *config = NULL;
	struct error error = {0};
	int r;

	output__prepare();
	r = sandbox__forbid_dumps(&error);

	/* The agent executes its own program as the supervisor of the front. */
	if (supervisor__is_requested(argv))
		supervisor__run(front_main);
	/* ... and as the planner. */
	if (planner_child__is_requested(argv))
		planner_child__run();
	if (r == 0)
		r = config__parse(argc, argv, &config, &error);
	if (r < 0) {
		log_error("%s", error.message);
		return EXIT_STATUS_USAGE;
	}
	secrets__wipe_environment();
	log_set_level(config->log_level);
	switch (config->command) {
	case COMMAND_RUN:
		r = command_run(config, &error);
		break;
	case COMMAND_VERIFY:
		r = command_verify(config, &error);
		break;
	case COMMAND_METRICS:
		r = command_metrics(config, &error);
		break;
	case COMMAND_HEALTH:
		r = command_health(config, &error);
		break;
	}
	if (r >= 0 && output__flush(&error) < 0)
		r = error.code;
	if (r < 0) {
		log_error("%s", error.message);
		return (int)exit_status__of_error(r);
	}
	/* Whoever reads the messages did not get all of them. */
	return log_has_failed() ? EXIT_STATUS_FAILED : r;
}
