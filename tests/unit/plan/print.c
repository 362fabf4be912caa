// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <inttypes.h>
#include <jansson.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "server.h"
#include "tokio/task_type.h"

static char *text_of(const struct plan *plan)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	plan__print_text(plan, stream);
	fclose(stream);
	return text;
}

/* To be given back with json_decref(). */
static json_t *json_of(const struct plan *plan)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	plan__print_json(plan, stream);
	fclose(stream);

	json_t *root = json_loads(text, 0, NULL);

	cr_assert_not_null(root, "%s", text);
	return root;
}

static json_t *signal_of(const json_t *root, enum instrumentation_id signal)
{
	json_t *object = json_array_get(json_object_get(root, "signals"), (size_t)signal);

	cr_assert_str_eq(json_string_value(json_object_get(object, "signal")),
			 catalogue_instrumentations[signal].name);
	return object;
}

static const char *string_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "(none)";
}

/* How many of the signal's sites are of that hook. */
static size_t count_sites(const json_t *signal, enum hook hook)
{
	const json_t *site;
	size_t i, count = 0;

	json_array_foreach(json_object_get(signal, "sites"), i, site) count +=
		strcmp(string_of(site, "hook"), catalogue_hooks[hook].name) == 0;
	return count;
}

/* The lines of a signal in the text, up to the next one; NULL where it is not said so. */
static char *section_of(const char *text, const char *answer, enum instrumentation_id signal)
{
	char head[256];
	const char *start, *end;

	snprintf(head, sizeof(head), "\n  %s %s: %s\n", answer,
		 catalogue_instrumentations[signal].name, catalogue_instrumentations[signal].gives);
	start = strstr(text, head);
	if (!start)
		return NULL;
	start += strlen(head);
	end = start;
	while (strncmp(end, "      ", 6) == 0)
		end += strcspn(end, "\n") + 1;
	return strndup(start, (size_t)(end - start));
}

Test(plan_print, every_signal_is_said_to_be_there)
{
	struct plan *plan = plan_of_server(&(struct server){0}, &full_kernel);
	_cleanup_free_ char *text = text_of(plan);
	json_t *root = json_of(plan);

	for (int i = 0; i < INSTR_COUNT; i++) {
		_cleanup_free_ char *section = section_of(text, "yes ", (enum instrumentation_id)i);
		const json_t *signal = signal_of(root, (enum instrumentation_id)i);
		char by[128];

		snprintf(by, sizeof(by), "      by %s\n", plan->instrumentations[i].strategy->name);
		cr_assert_not_null(section, "%s", catalogue_instrumentations[i].name);
		cr_expect(strncmp(section, by, strlen(by)) == 0, "%s", section);
		cr_expect(json_is_true(json_object_get(signal, "available")));
		cr_expect_str_eq(string_of(signal, "gives"), catalogue_instrumentations[i].gives);
		cr_expect_str_eq(string_of(signal, "way"),
				 plan->instrumentations[i].strategy->name);
		cr_expect_null(json_object_get(signal, "reason"));
	}
	cr_expect(strstr(text, "\n18 of 18 signals\n"), "%s", text);
	cr_expect_eq(json_integer_value(json_object_get(root, "available")), INSTR_COUNT);
	cr_expect_eq(json_integer_value(json_object_get(root, "of")), INSTR_COUNT);
	cr_expect_eq(json_array_size(json_object_get(root, "signals")), INSTR_COUNT);
	json_decref(root);
	plan__free(plan);
}

Test(plan_print, sites_of_hooks_and_of_watches_are_shown)
{
	static const enum hook hooks[] = {HOOK_FRAME_IN, HOOK_FRAME_OUT, HOOK_WEBSOCKET_OPEN,
					  HOOK_MESSAGE_QUEUE};
	struct plan *plan = plan_of_server(&(struct server){0}, &full_kernel);
	_cleanup_free_ char *text = text_of(plan);
	_cleanup_free_ char *section = section_of(text, "yes ", INSTR_WEBSOCKETS);
	json_t *root = json_of(plan);
	const json_t *signal = signal_of(root, INSTR_WEBSOCKETS);
	const char *line = section;

	cr_assert_not_null(section);
	line += strcspn(line, "\n") + 1;
	cr_expect_eq(json_array_size(json_object_get(signal, "sites")), 4);
	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++) {
		const struct plan_site *site = site_of(plan, hooks[i], 0);
		const json_t *object = json_array_get(json_object_get(signal, "sites"), i);
		char expected[128];

		snprintf(expected, sizeof(expected),
			 "      %s at 0x%" PRIx64 ": emulated  [push rbx]\n",
			 catalogue_hooks[hooks[i]].name, site->code.address);
		cr_expect(strncmp(line, expected, strlen(expected)) == 0, "%s is not %s", line,
			  expected);
		line += strcspn(line, "\n") + 1;
		cr_expect_str_eq(string_of(object, "hook"), catalogue_hooks[hooks[i]].name);
		cr_expect_eq(json_integer_value(json_object_get(object, "address")),
			     (json_int_t)site->code.address);
		cr_expect_eq(json_integer_value(json_object_get(object, "function")),
			     (json_int_t)site->code.entry);
		cr_expect_eq(json_integer_value(json_object_get(object, "file_offset")),
			     (json_int_t)site->file_offset);
		cr_expect_str_eq(string_of(object, "cost"), "emulated");
		cr_expect_str_eq(string_of(object, "instruction"), "push rbx");
		cr_expect(json_is_false(json_object_get(object, "may_repeat")));
	}
	cr_expect_str_eq(line, "");
	json_decref(root);
	plan__free(plan);
}

Test(plan_print, watches_that_are_not_there_are_not_shown)
{
	struct plan *plan = plan_of_server(
		&(struct server){WITHOUT(HOOK_MESSAGE_QUEUE, HOOK_SHELL_AUDIT, HOOK_DOCKER_ERROR)},
		&full_kernel);
	_cleanup_free_ char *text = text_of(plan);
	json_t *root = json_of(plan);
	const json_t *shell = signal_of(root, INSTR_SHELL_SESSIONS);

	cr_expect_null(strstr(text, "message_queue"));
	cr_expect_null(strstr(text, "shell_audit"));
	cr_expect_eq(count_sites(shell, HOOK_FRAME_OUT), 1);
	cr_expect_eq(json_array_size(json_object_get(shell, "sites")), 1);
	json_decref(root);
	plan__free(plan);
}

Test(plan_print, places_behind_the_entry_are_shown)
{
	struct plan *plan = plan_of_server(&(struct server){0}, &full_kernel);
	const struct plan_site *site = site_of(plan, HOOK_APP_NEW, 0);
	_cleanup_free_ char *text = text_of(plan);
	_cleanup_free_ char *section = section_of(text, "yes ", INSTR_APP_STATUSES);
	char expected[128];

	snprintf(expected, sizeof(expected),
		 "      app_new at 0x%" PRIx64 " (+0x%" PRIx64 "): single-step  [pop rbx]\n",
		 site->code.address, site->code.address - site->code.entry);
	cr_assert_not_null(section);
	cr_expect(strstr(section, expected), "%s", section);
	plan__free(plan);
}

/* Of the functions that a program has, only those that will be hooked count. */
Test(plan_print, the_attachment_counts_what_will_be_attached)
{
	struct plan_kernel kernel = full_kernel;
	struct plan *plan = plan_of_server(&(struct server){0}, &kernel);
	_cleanup_free_ char *multi = text_of(plan);
	char expected[128];
	size_t hooks = 0;

	/* Each of them has one site here, tracepoints too. */
	for (int i = 0; i < HOOK_COUNT; i++)
		hooks += plan->hooks[i].wanted;
	snprintf(expected, sizeof(expected),
		 "attachment  one uprobe_multi link a hook, %zu sites\n", hooks);
	cr_expect_lt(hooks, plan->site_count);
	cr_expect(strstr(multi, expected), "%s", multi);
	plan__free(plan);

	kernel.uprobe_multi = false;
	plan = plan_of_server(&(struct server){0}, &kernel);

	_cleanup_free_ char *single = text_of(plan);

	snprintf(expected, sizeof(expected), "attachment  one perf event a site, %zu sites\n",
		 hooks);
	cr_expect(strstr(single, expected), "%s", single);
	plan__free(plan);
}

Test(plan_print, what_is_missing_is_said_with_why)
{
	struct plan_kernel kernel = full_kernel;
	static const char reason[] = "not in the executable: scotty_core::apps::app_data::data::"
				     "AppData::new";

	kernel.socket_accept = false;
	snprintf(kernel.why_not, sizeof(kernel.why_not), "no tracepoints of system calls");

	struct plan *plan = plan_of_server(&(struct server){WITHOUT(HOOK_APP_NEW)}, &kernel);
	_cleanup_free_ char *text = text_of(plan);
	_cleanup_free_ char *applications = section_of(text, "no  ", INSTR_APPLICATIONS);
	_cleanup_free_ char *addresses = section_of(text, "no  ", INSTR_CLIENT_ADDRESSES);
	json_t *root = json_of(plan);
	const json_t *signal = signal_of(root, INSTR_APPLICATIONS);
	const json_t *offered = json_object_get(root, "kernel");

	cr_assert_not_null(applications, "%s", text);
	cr_expect(strstr(applications, reason), "%s", applications);
	cr_expect(strstr(applications, "      needs a build that keeps the function"));
	cr_assert_not_null(addresses, "%s", text);
	cr_expect(strstr(addresses,
			 "the kernel has no tracepoints syscalls:sys_{enter,exit}_accept4"));
	cr_expect(strstr(addresses, "      needs a kernel with CONFIG_FTRACE_SYSCALLS"));
	cr_expect(strstr(text, "kernel      no tracepoints of system calls\n"));
	cr_expect(strstr(text, "\n15 of 18 signals\n"), "%s", text);
	cr_expect_null(strstr(text, "app_new"));

	cr_expect(json_is_false(json_object_get(signal, "available")));
	cr_expect_str_eq(string_of(signal, "reason"), reason);
	cr_expect_str_eq(string_of(signal, "remedy"),
			 plan->instrumentations[INSTR_APPLICATIONS].remedy);
	cr_expect_null(json_object_get(signal, "sites"));
	cr_expect(json_is_false(json_object_get(offered, "socket_accept")));
	cr_expect(json_is_true(json_object_get(offered, "rss_stat")));
	cr_expect_str_eq(string_of(offered, "missing"), "no tracepoints of system calls");
	json_decref(root);
	plan__free(plan);
}

Test(plan_print, the_roles_of_tasks_are_shown)
{
	struct plan *plan =
		plan_of_server(&(struct server){.without_role = ROLE_SHELL}, &full_kernel);
	_cleanup_free_ char *text = text_of(plan);

	cr_expect(strstr(text, "tasks       5 kinds by 5 vtables, 0 more of unknown kinds\n"), "%s",
		  text);
	cr_expect(strstr(text, "            app_check: scotty::docker::find_apps::find_apps\n"));
	cr_expect(strstr(text, "            http_connection: axum::serve::handle_connection\n"));
	cr_expect_null(strstr(text, "shell_session_handler:"));
	plan__free(plan);
}

Test(plan_print, types_of_tasks_are_shown)
{
	char *names[] = {(char *)"a::run", (char *)"a::ShellService::create_session",
			 (char *)"a::run", NULL};
	struct plan *plan = calloc(1, sizeof(*plan));
	_cleanup_free_ char *text = NULL;
	_cleanup_free_ char *json = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	plan->tokio.vtables = calloc(4, sizeof(*plan->tokio.vtables));
	plan->tokio.vtable_count = 4;
	cr_assert_eq(tokio_list_task_types(&plan->tokio, names), 0);
	plan->executable_path = strdup("/opt/scotty");
	plan__print_text(plan, stream);
	fclose(stream);
	cr_expect(strstr(text, "2 kinds by 3 vtables, 1 more of unknown kinds"), "%s", text);
	cr_expect(strstr(text, "shell_session_handler: a::ShellService::create_session"), "%s",
		  text);
	cr_expect_not(strstr(text, "a::run"));

	stream = open_memstream(&json, &size);
	plan__print_json(plan, stream);
	fclose(stream);

	json_t *root = json_loads(json, 0, NULL);
	json_t *kinds = json_object_get(root, "task_kinds");
	json_t *run = json_array_get(kinds, 3);

	cr_assert_eq(json_array_size(kinds), 4, "%s", json);
	cr_expect_str_eq(json_string_value(json_object_get(run, "name")), "a::run");
	cr_expect_str_eq(json_string_value(json_object_get(run, "class")), "async");
	cr_expect_str_eq(json_string_value(json_object_get(run, "role")), "none");
	cr_expect_eq(json_integer_value(json_object_get(run, "vtables")), 2);
	json_decref(root);
	plan__free(plan);
}
