// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdio.h>

#include "command/command.h"
#include "config/exit_status.h"
#include "report/metric_list.h"

int command_metrics(const struct config *config, struct error *error)
{
	int r = config->format == FORMAT_JSON ? metric_list_print_json(stdout, error)
					      : metric_list_print_text(stdout, error);

	return r < 0 ? r : EXIT_STATUS_DONE;
}
