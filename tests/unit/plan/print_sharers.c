// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdbool.h>

#include "base/cleanup.h"
#include "plan/print.h"
#include "server.h"

/* Prints the plan of a server whose probes reach these processes. To be given back with free(). */
static char *print(const struct process_sharers *sharers, bool is_json)
{
	const struct plan_subject subject = {
		.host = "host-1", .pid = 1, .level = LEVEL_FULL, .sharers = sharers};
	struct plan *plan = plan_of_server(&(struct server){.has_context = true}, &full_kernel);
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	if (is_json)
		cr_assert_eq(plan__print_json(plan, &subject, stream, NULL), 0);
	else
		plan__print_text(plan, &subject, false, stream);
	fclose(stream);
	plan__free(plan);
	return text;
}

Test(plan_print_sharers, text)
{
	const struct process_sharers sharers = {.pids = {2, 3, 4, 5, 6, 7, 8, 9}, .count = 10};
	_cleanup_free_ char *text = print(&sharers, false);

	cr_assert(strstr(text, "\nOther processes: "), "%s", text);
	cr_assert(strstr(text, "Now: process 2, process 3, "), "%s", text);
	cr_assert(strstr(text, ", process 9 and 2 more\n"), "%s", text);
}

Test(plan_print_sharers, text_without_processes)
{
	_cleanup_free_ char *none = print(&(struct process_sharers){.count = 0}, false);
	_cleanup_free_ char *filtered = print(NULL, false);

	cr_assert(strstr(none, "Now: no other process\n"), "%s", none);
	cr_assert_null(strstr(filtered, "Other processes"), "%s", filtered);
}

Test(plan_print_sharers, json)
{
	const struct process_sharers sharers = {.pids = {12, 34}, .count = 2};
	_cleanup_free_ char *text = print(&sharers, true);
	_cleanup_free_ char *filtered = print(NULL, true);
	json_t *root = json_loads(text, 0, NULL), *other = json_loads(filtered, 0, NULL);
	json_t *pids = json_object_get(root, "other_processes");

	cr_assert_eq(json_array_size(pids), 2);
	cr_assert_eq(json_integer_value(json_array_get(pids, 1)), 34);
	cr_assert(json_is_null(json_object_get(other, "other_processes")));
	json_decref(root);
	json_decref(other);
}

Test(plan_print_sharers, only_links_before_linux_6_10_reach_other_processes)
{
	struct plan plan = {.kernel = full_kernel};

	cr_assert_not(plan__reaches_other_processes(&plan));
	plan.kernel.multi_by_process = false;
	cr_assert(plan__reaches_other_processes(&plan));
	plan.kernel.uprobe_multi = false;
	cr_assert_not(plan__reaches_other_processes(&plan));
}
