// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "command/print.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <jansson.h>
#include <string.h>

#include "metric/descriptions.h"
#include "metric/metric.h"

static const struct plan plan;
static const struct otlp_resource_attribute attributes[] = {{"service.name", "scotty", 0}};
static const struct otlp_resource resource = {attributes, 1};

/* Prints a result with one metric, as the configuration says, and returns the text. */
static char *printed(const struct config *config)
{
	static char text[16384];
	struct process process = {.executable_path = (char *)"/opt/scotty", .pid = 7};
	const struct self_counters counters = {0};
	struct arena *arena = arena__new(0);
	struct snapshot *snapshot = snapshot__new(arena, &plan);
	struct metric_set *set = metric_set__new(arena, 1, 2000000001);
	const struct agent_result result = {
		.snapshot = snapshot,
		.set = set,
		.resource = &resource,
		.process = &process,
		.counters = &counters,
		.port = config->listen_port,
	};
	struct error error;
	size_t size;

	metric_set__add_integer(set, metric_describe(METRIC_ID_TOKIO_POLL_COUNT), 12345);
	cr_redirect_stdout();
	cr_assert_eq(print_result(config, &result, &error), 0);
	fflush(stdout);
	size = fread(text, 1, sizeof(text) - 1, cr_get_redirected_stdout());
	text[size] = '\0';
	arena__free(arena);
	return text;
}

Test(command_print, nothing_without_once_or_report)
{
	/* A redirected stream that nothing writes to would block the read: a marker ends the text. */
	struct config config = {0};
	const struct agent_result result = {0};
	struct error error;

	cr_redirect_stdout();
	cr_assert_eq(print_result(&config, &result, &error), 0);
	fputs("end", stdout);
	fflush(stdout);
	cr_assert_stdout_eq_str("end");
}

Test(command_print, report_is_text)
{
	struct config config = {
		.report = true, .listen_host = (char *)"127.0.0.1", .listen_port = 9464};
	const char *text = printed(&config);

	cr_assert_not_null(strstr(text, "/opt/scotty (process 7), observed for 2.0 s"), "%s", text);
	cr_assert_not_null(strstr(text, "polls 12345"));
	cr_assert_not_null(strstr(text, "http://127.0.0.1:9464/metrics"));
}

Test(command_print, once_is_text_by_default)
{
	struct config config = {.once = true};

	cr_assert_not_null(strstr(printed(&config), "polls 12345"));
}

Test(command_print, once_in_the_format_of_prometheus)
{
	struct config config = {.once = true, .format = FORMAT_PROMETHEUS};
	const char *text = printed(&config);

	cr_assert_not_null(strstr(text, "\nscotty_tokio_poll_count_total 12345\n"), "%s", text);
}

Test(command_print, once_as_json)
{
	struct config config = {.once = true, .format = FORMAT_JSON};
	json_t *root = json_loads(printed(&config), 0, NULL);

	cr_assert_not_null(root);
	cr_assert_str_eq(json_string_value(json_object_get(json_object_get(root, "resource"),
							   "service.name")),
			 "scotty");
	json_decref(root);
}
