// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdio.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "command/command.h"
#include "command/subject.h"
#include "config/exit_status.h"
#include "plan/print.h"

static void print_plan(const struct subject *subject, const struct config *config)
{
	struct utsname host;
	const struct plan_subject plan_subject = {
		.host = uname(&host) == 0 ? host.nodename : "unknown host",
		.pid = subject->target->pid,
		.level = config->level,
		.max_overhead = config->max_overhead * 100,
	};

	if (config->format == FORMAT_JSON)
		plan__print_json(subject->plan, &plan_subject, stdout);
	else
		plan__print_text(subject->plan, &plan_subject, config->log_level > LOG_LEVEL_INFO,
				 stdout);
}

int command_verify(const struct config *config, struct error *error)
{
	_cleanup_(subject__done) struct subject subject = {0};
	size_t available;
	int r;

	r = subject__find(&subject, config, error);
	if (r < 0)
		return r;
	r = subject__plan(&subject, config, error);
	if (r < 0)
		return r;
	print_plan(&subject, config);

	available = plan__available(subject.plan);
	if (available + plan__disabled(subject.plan) == INSTR_COUNT)
		return EXIT_STATUS_DONE;
	return available ? EXIT_STATUS_PARTIAL : EXIT_STATUS_FAILED;
}
