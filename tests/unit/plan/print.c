// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <inttypes.h>
#include <jansson.h>
#include <version.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/wire_names.h"
#include "plan/print.h"
#include "server.h"
#include "tokio/task_type.h"
#include "unit/hostile.h"

static const struct plan_subject subject = {
	.host = "host-1",
	.pid = 4711,
	.level = LEVEL_FULL,
	.max_overhead = 3,
};

/* A kernel with the trap cost of the benchmark. */
static struct plan_kernel measured_kernel(void)
{
	struct plan_kernel kernel = full_kernel;

	kernel.trap_ns = 782;
	kernel.step_ns = 17346;
	return kernel;
}

static char *text_for(const struct plan *plan, const struct plan_subject *of, bool is_verbose)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	plan__print_text(plan, of, is_verbose, stream);
	fclose(stream);
	return text;
}

static char *text_of(const struct plan *plan)
{
	return text_for(plan, &subject, false);
}

static char *details_of(const struct plan *plan)
{
	return text_for(plan, &subject, true);
}

/* To be given back with json_decref(). */
static json_t *json_for(const struct plan *plan, const struct plan_subject *of)
{
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	cr_assert_eq(plan__print_json(plan, of, stream, NULL), 0);
	fclose(stream);

	json_t *root = json_loads(text, 0, NULL);

	cr_assert_not_null(root, "%s", text);
	return root;
}

static json_t *json_of(const struct plan *plan)
{
	return json_for(plan, &subject);
}

static json_t *instrumentation_of(const json_t *root, enum instrumentation_id id)
{
	json_t *object = json_array_get(json_object_get(root, "instrumentations"), (size_t)id);

	cr_assert_str_eq(json_string_value(json_object_get(object, "instrumentation")),
			 catalogue_instrumentations[id].name);
	return object;
}

static const char *string_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "(none)";
}

static json_int_t integer_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* Returns the number of the instrumentation's sites that belong to that hook. */
static size_t count_sites(const json_t *instrumentation, enum hook hook)
{
	const json_t *site;
	size_t i, count = 0;

	json_array_foreach(json_object_get(instrumentation, "sites"), i, site) count +=
		strcmp(string_of(site, "hook"), wire_hook_name(hook)) == 0;
	return count;
}

/* Returns the lines of an instrumentation in the details; NULL if there is none with that answer. */
static char *section_of(const char *text, const char *answer, enum instrumentation_id id)
{
	char head[256];
	const char *start, *end;

	snprintf(head, sizeof(head), "\n  %s %s: %s\n", answer, catalogue_instrumentations[id].name,
		 catalogue_instrumentations[id].gives);
	start = strstr(text, head);
	if (!start)
		return NULL;
	start += strlen(head);
	end = start;
	while (strncmp(end, "    ", 4) == 0)
		end += strcspn(end, "\n") + 1;
	return strndup(start, (size_t)(end - start));
}

Test(plan_print, the_verdict_of_a_whole_server)
{
	const struct plan_kernel kernel = measured_kernel();
	struct plan *plan = plan_of_server(&(struct server){.has_context = true}, &kernel);
	_cleanup_free_ char *text = text_of(plan);
	static const char expected[] =
		"process 4711 on host-1: /opt/scotty\n"
		"\n"
		"Observed: 18 of 18 instrumentations\n"
		"  http requests, http routes, client addresses, websockets, shell sessions, log "
		"streams,\n"
		"  compose tasks, applications, application statuses, tokio polls, tokio tasks,\n"
		"  tokio scheduling, tokio workers, memory, memory peak, oauth flows, oauth "
		"sessions,\n"
		"  rate limits\n"
		"\n"
		"Cost: 15.4 to 41.2 us of the server's CPU time per request (estimated)\n"
		"  1.5 to 4.1 % of one CPU at 1,000 requests/s\n"
		"  6 probe hits per request, 3 more each time its handler waits; a probe takes "
		"0.78 "
		"us in a loop\n"
		"  With --level basic: 3 hits per request, 0.9 to 2.3 % of one CPU at 1,000 "
		"requests/s\n"
		"  --max-overhead 3: above 3 % of the CPUs available to the server, the poll "
		"probes "
		"are\n"
		"  detached for a part of the time. The probes of requests stay attached.\n"
		"  Slow probes (single-step, 17.3 us a hit), not hit by requests:\n"
		"  app_new\n"
		"\n"
		"Safety: nothing was attached\n";

	cr_expect(strncmp(text, expected, strlen(expected)) == 0, "%s", text);
	cr_expect(strstr(text, "also after kill -9"), "%s", text);
	cr_expect_null(strstr(text, "0x"), "%s", text);
	cr_expect_null(strstr(text, "transition_to_idle"), "%s", text);
	plan__free(plan);
}

/* Gives a plan and its subject hostile text in each place that text of the target, of the kernel or of the
 * host has. */
static struct plan *hostile_plan(struct plan_subject *ret_subject)
{
	struct plan *plan = plan_of_server(&(struct server){0}, &full_kernel);
	struct plan_instrumentation *missing = &plan->instrumentations[INSTR_MEMORY];

	*ret_subject = subject;
	ret_subject->host = HOSTILE;
	missing->strategy = NULL;
	snprintf(missing->reason, sizeof(missing->reason), "%s", HOSTILE);
	snprintf(missing->remedy, sizeof(missing->remedy), "%s", HOSTILE);
	snprintf(plan->kernel.why_not, sizeof(plan->kernel.why_not), "%s", HOSTILE);
	free(plan->executable_path);
	plan->executable_path = strdup(HOSTILE);
	free(plan->version);
	plan->version = strdup(HOSTILE);
	return plan;
}

Test(plan_print, text_from_outside_is_printable)
{
	struct plan_subject hostile;
	struct plan *plan = hostile_plan(&hostile);
	_cleanup_free_ char *text = text_for(plan, &hostile, false);

	/* Version, host, path, reason, remedy and kernel. */
	assert_replaced(text, 6);
	plan->hooks[site_of(plan, HOOK_APP_NEW, 0)->hook].function = HOSTILE;

	_cleanup_free_ char *details = text_for(plan, &hostile, true);

	/* Reason and remedy again, path, version, and a function of two instrumentations. */
	assert_replaced(details, 6 + 6);
	plan__free(plan);
}

Test(plan_print, text_from_outside_is_exact_or_repaired_in_json)
{
	struct plan_subject hostile;
	struct plan *plan = hostile_plan(&hostile);
	json_t *root = json_for(plan, &hostile);

	cr_expect_str_eq(string_of(root, "executable"), HOSTILE_REPAIRED);
	cr_expect_str_eq(string_of(root, "version"), HOSTILE_REPAIRED);
	cr_expect_str_eq(string_of(json_object_get(root, "host"), "name"), HOSTILE_REPAIRED);
	cr_expect_str_eq(string_of(json_object_get(root, "kernel"), "missing"), HOSTILE_REPAIRED);
	cr_expect_str_eq(string_of(instrumentation_of(root, INSTR_MEMORY), "reason"),
			 HOSTILE_REPAIRED);
	json_decref(root);
	plan__free(plan);
}

Test(plan_print, every_instrumentation_is_in_the_details)
{
	struct plan *plan = plan_of_server(&(struct server){0}, &full_kernel);
	_cleanup_free_ char *text = details_of(plan);
	json_t *root = json_of(plan);

	for (int i = 0; i < INSTR_COUNT; i++) {
		_cleanup_free_ char *section = section_of(text, "yes ", (enum instrumentation_id)i);
		const json_t *object = instrumentation_of(root, (enum instrumentation_id)i);
		const char *name = plan->instrumentations[i].strategy->name;
		char strategy[128];

		snprintf(strategy, sizeof(strategy), "    strategy: %s\n", name);
		cr_assert_not_null(section, "%s", catalogue_instrumentations[i].name);
		cr_expect(strncmp(section, strategy, strlen(strategy)) == 0, "%s", section);
		cr_expect(json_is_true(json_object_get(object, "available")));
		cr_expect(json_is_false(json_object_get(object, "disabled_by_level")));
		cr_expect_str_eq(string_of(object, "gives"), catalogue_instrumentations[i].gives);
		cr_expect_str_eq(string_of(object, "strategy"), name);
		cr_expect_null(json_object_get(object, "reason"));
	}
	cr_expect_eq(integer_of(root, "available"), INSTR_COUNT);
	cr_expect_eq(integer_of(root, "of"), INSTR_COUNT);
	cr_expect_eq(json_array_size(json_object_get(root, "instrumentations")), INSTR_COUNT);
	json_decref(root);
	plan__free(plan);
}

Test(plan_print, the_json_names_schema_tool_host_and_process)
{
	struct plan *plan = plan_of_server(&(struct server){0}, &full_kernel);
	json_t *root = json_of(plan);
	const json_t *tool = json_object_get(root, "tool");

	cr_expect_eq(integer_of(root, "schema"), 2);
	cr_expect_str_eq(string_of(tool, "name"), "scottyscope");
	cr_expect_str_eq(string_of(tool, "version"), SCOTTYSCOPE_VERSION);
	cr_expect_str_eq(string_of(json_object_get(root, "host"), "name"), "host-1");
	cr_expect_eq(integer_of(json_object_get(root, "process"), "pid"), 4711);
	cr_expect_str_eq(string_of(root, "level"), "full");
	cr_expect_str_eq(string_of(root, "executable"), "/opt/scotty");
	cr_expect(json_is_null(json_object_get(root, "version")));
	json_decref(root);
	plan__free(plan);
}

Test(plan_print, the_json_has_the_names_of_schema_1)
{
	struct plan *plan = plan_of_server_at_level(&(struct server){.has_context = true},
						    &full_kernel, LEVEL_STANDARD);
	json_t *root = json_of(plan);
	const json_t *memory = instrumentation_of(root, INSTR_MEMORY);
	const json_t *scheduling = instrumentation_of(root, INSTR_TOKIO_SCHEDULING);

	cr_expect(json_equal(json_object_get(root, "signals"),
			     json_object_get(root, "instrumentations")));
	cr_expect(json_equal(json_object_get(root, "task_kinds"),
			     json_object_get(root, "task_types")));
	cr_expect_str_eq(string_of(memory, "signal"), "memory");
	cr_expect_str_eq(string_of(memory, "way"), "/proc/PID/statm at each collection");
	cr_expect(json_is_false(json_object_get(memory, "left_out")));
	cr_expect(json_is_true(json_object_get(scheduling, "left_out")));
	cr_expect(json_is_true(json_object_get(scheduling, "disabled_by_level")));
	json_decref(root);
	plan__free(plan);
}

Test(plan_print, the_json_has_the_cost)
{
	const struct plan_kernel kernel = measured_kernel();
	struct plan *plan = plan_of_server(&(struct server){.has_context = true}, &kernel);
	json_t *root = json_of(plan);
	const json_t *cost = json_object_get(root, "cost");
	const json_t *time = json_object_get(cost, "server_ns_per_request");

	cr_expect_eq(integer_of(cost, "trap_ns"), 782);
	cr_expect_eq(integer_of(cost, "single_step_ns"), 17346);
	cr_expect_float_eq(json_real_value(json_object_get(cost, "hits_per_request")), 6, 1e-9);
	cr_expect_float_eq(json_real_value(json_object_get(cost, "hits_per_wait")), 3, 1e-9);
	cr_expect_eq(integer_of(time, "lowest"), 15445);
	cr_expect_eq(integer_of(time, "highest"), 41188);
	json_decref(root);
	plan__free(plan);

	/* The time of a trap is not known. */
	plan = plan_of_server(&(struct server){.has_context = true}, &full_kernel);
	root = json_of(plan);
	cost = json_object_get(root, "cost");
	cr_expect(json_is_null(json_object_get(cost, "server_ns_per_request")));
	json_decref(root);

	_cleanup_free_ char *text = text_of(plan);

	cr_expect(strstr(text, "\nCost: unknown; 6 probe hits per request\n"), "%s", text);
	plan__free(plan);
}

Test(plan_print, disabled_instrumentations_are_not_missing)
{
	const struct plan_kernel kernel = measured_kernel();
	const struct plan_subject basic = {
		.host = "host-1", .pid = 4711, .level = LEVEL_BASIC, .max_overhead = 3};
	struct plan *plan = plan_of_server_at_level(&(struct server){.has_context = true}, &kernel,
						    LEVEL_BASIC);
	_cleanup_free_ char *text = text_for(plan, &basic, false);
	_cleanup_free_ char *details = text_for(plan, &basic, true);
	_cleanup_free_ char *polls = section_of(details, "off ", INSTR_TOKIO_POLLS);

	cr_expect(strstr(text, "Observed: 16 of 18 instrumentations\n"), "%s", text);
	cr_expect(strstr(text, "\nDisabled by --level basic: 2\n  tokio polls, tokio scheduling\n"),
		  "%s", text);
	cr_expect_null(strstr(text, "Missing"), "%s", text);
	cr_expect(strstr(text, "Cost: 8.5 to 22.7 us"), "%s", text);
	cr_expect(strstr(text, "  3 probe hits per request; a probe takes 0.78 us in a loop\n"),
		  "%s", text);
	cr_expect_null(strstr(text, "With --level basic"), "%s", text);
	cr_expect_null(strstr(text, "--max-overhead"), "%s", text);
	cr_assert_not_null(polls);
	cr_expect_str_eq(polls, "    why:   disabled at the level basic\n"
				"    needs: --level full\n");
	plan__free(plan);
}

Test(plan_print, slow_probes_of_requests_are_named)
{
	const struct plan_kernel kernel = measured_kernel();
	struct plan *plan = plan_of_server(
		&(struct server){.more = {{"<hyper::proto::h1::role::Server as "
					   "hyper::proto::h1::Http1Transaction>::parse",
					   EXPENSIVE}}},
		&kernel);
	_cleanup_free_ char *text = text_of(plan);

	cr_expect(strstr(text, "  Slow probes (single-step, 17.3 us a hit), hit by requests:\n"
			       "  http_parse\n"
			       "  Slow probes (single-step, 17.3 us a hit), not hit by requests:\n"
			       "  app_new\n"),
		  "%s", text);
	plan__free(plan);
}

Test(plan_print, without_a_limit_all_polls_are_counted)
{
	const struct plan_kernel kernel = measured_kernel();
	const struct plan_subject unlimited = {.host = "host-1", .pid = 1, .level = LEVEL_FULL};
	struct plan *plan = plan_of_server(&(struct server){.has_context = true}, &kernel);
	_cleanup_free_ char *text = text_for(plan, &unlimited, false);

	cr_expect(strstr(text, "  --max-overhead none: all poll probes stay attached.\n"), "%s",
		  text);
	plan__free(plan);
}

Test(plan_print, needed_and_optional_hooks_have_their_sites_in_the_details)
{
	static const enum hook hooks[] = {HOOK_FRAME_IN, HOOK_FRAME_OUT, HOOK_WEBSOCKET_OPEN,
					  HOOK_MESSAGE_QUEUE};
	struct plan *plan = plan_of_server(&(struct server){0}, &full_kernel);
	_cleanup_free_ char *text = details_of(plan);
	_cleanup_free_ char *section = section_of(text, "yes ", INSTR_WEBSOCKETS);
	json_t *root = json_of(plan);
	const json_t *websockets = instrumentation_of(root, INSTR_WEBSOCKETS);
	const char *line = section;

	cr_assert_not_null(section);
	line += strcspn(line, "\n") + 1;
	cr_expect_eq(json_array_size(json_object_get(websockets, "sites")), 4);
	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++) {
		const struct plan_site *site = site_of(plan, hooks[i], 0);
		const json_t *object = json_array_get(json_object_get(websockets, "sites"), i);
		char expected[256];

		snprintf(expected, sizeof(expected),
			 "    %s\n      %s at 0x%" PRIx64 ": emulated  [push rbx]\n",
			 plan->hooks[hooks[i]].function, wire_hook_name(hooks[i]),
			 site->code.address);
		cr_expect(strncmp(line, expected, strlen(expected)) == 0, "%s is not %s", line,
			  expected);
		line += strcspn(line, "\n") + 1;
		line += strcspn(line, "\n") + 1;
		cr_expect_str_eq(string_of(object, "hook"), wire_hook_name(hooks[i]));
		cr_expect_eq(integer_of(object, "address"), (json_int_t)site->code.address);
		cr_expect_eq(integer_of(object, "function"), (json_int_t)site->code.entry);
		cr_expect_eq(integer_of(object, "file_offset"), (json_int_t)site->file_offset);
		cr_expect_str_eq(string_of(object, "cost"), "emulated");
		cr_expect_str_eq(string_of(object, "instruction"), "push rbx");
		cr_expect(json_is_false(json_object_get(object, "may_repeat")));
	}
	cr_expect_str_eq(line, "");
	json_decref(root);
	plan__free(plan);
}

Test(plan_print, optional_hooks_that_are_not_there_are_not_shown)
{
	struct plan *plan = plan_of_server(
		&(struct server){WITHOUT(HOOK_MESSAGE_QUEUE, HOOK_SHELL_AUDIT, HOOK_DOCKER_ERROR)},
		&full_kernel);
	_cleanup_free_ char *text = details_of(plan);
	json_t *root = json_of(plan);
	const json_t *shell = instrumentation_of(root, INSTR_SHELL_SESSIONS);

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
	_cleanup_free_ char *text = details_of(plan);
	_cleanup_free_ char *section = section_of(text, "yes ", INSTR_APP_STATUSES);
	char expected[128];

	snprintf(expected, sizeof(expected),
		 "      app_new at 0x%" PRIx64 " (+0x%" PRIx64 "): single-step  [pop rbx]\n",
		 site->code.address, site->code.address - site->code.entry);
	cr_assert_not_null(section);
	cr_expect(strstr(section, expected), "%s", section);
	plan__free(plan);
}

/* Functions of an executable that no strategy wants do not count. */
Test(plan_print, the_attachment_counts_sites_that_will_be_attached)
{
	struct plan_kernel kernel = full_kernel;
	struct plan *plan = plan_of_server(&(struct server){0}, &kernel);
	_cleanup_free_ char *multi = details_of(plan);
	char expected[128];
	size_t hooks = 0;

	/* Each of them has one site here, tracepoints too. */
	for (int i = 0; i < HOOK_COUNT; i++)
		hooks += plan->hooks[i].wanted;
	snprintf(expected, sizeof(expected),
		 "  attachment  one uprobe_multi link a hook, %zu sites\n", hooks);
	cr_expect_lt(hooks, plan->site_count);
	cr_expect(strstr(multi, expected), "%s", multi);
	snprintf(expected, sizeof(expected), "An observation attaches %zu probe sites.", hooks);
	cr_expect(strstr(multi, expected), "%s", multi);
	plan__free(plan);

	kernel.uprobe_multi = false;
	plan = plan_of_server(&(struct server){0}, &kernel);

	_cleanup_free_ char *single = details_of(plan);

	snprintf(expected, sizeof(expected), "  attachment  one perf event a site, %zu sites\n",
		 hooks);
	cr_expect(strstr(single, expected), "%s", single);
	plan__free(plan);
}

Test(plan_print, what_is_missing_has_its_reason_and_remedy)
{
	struct plan_kernel kernel = full_kernel;
	static const char reason[] = "not in the executable: scotty_core::apps::app_data::data::"
				     "AppData::new";

	kernel.rss_stat = false;
	snprintf(kernel.why_not, sizeof(kernel.why_not), "no tracepoint kmem:rss_stat");

	struct plan *plan = plan_of_server(&(struct server){WITHOUT(HOOK_APP_NEW)}, &kernel);
	_cleanup_free_ char *text = text_of(plan);
	_cleanup_free_ char *details = details_of(plan);
	_cleanup_free_ char *applications = section_of(details, "no  ", INSTR_APPLICATIONS);
	json_t *root = json_of(plan);
	const json_t *object = instrumentation_of(root, INSTR_APPLICATIONS);
	const json_t *offered = json_object_get(root, "kernel");

	cr_expect(strstr(text, "Observed: 15 of 18 instrumentations\n"), "%s", text);
	cr_expect(strstr(text,
			 "\nMissing: 3\n"
			 "  applications, application statuses\n"
			 "    why:   a function is not in the executable\n"
			 "    needs: a build that keeps the function (it may be inlined or "
			 "stripped)\n"
			 "  memory peak\n"
			 "    why:   the kernel has no tracepoint kmem:rss_stat\n"
			 "    needs: a kernel with CONFIG_FTRACE and kmem:rss_stat (Linux 5.6)\n"
			 "\nKernel: no tracepoint kmem:rss_stat\n"),
		  "%s", text);
	cr_assert_not_null(applications, "%s", details);
	cr_expect(strstr(applications, reason), "%s", applications);
	cr_expect(strstr(applications, "    needs: a build that keeps the function"));
	cr_expect_null(strstr(details, "app_new"));

	cr_expect(json_is_false(json_object_get(object, "available")));
	cr_expect_str_eq(string_of(object, "reason"), reason);
	cr_expect_str_eq(string_of(object, "remedy"),
			 plan->instrumentations[INSTR_APPLICATIONS].remedy);
	cr_expect_null(json_object_get(object, "sites"));
	cr_expect(json_is_false(json_object_get(offered, "rss_stat")));
	cr_expect_str_eq(string_of(offered, "missing"), "no tracepoint kmem:rss_stat");
	json_decref(root);
	plan__free(plan);
}

Test(plan_print, the_roles_of_tasks_are_in_the_details)
{
	struct plan *plan =
		plan_of_server(&(struct server){.without_role = ROLE_SHELL}, &full_kernel);
	_cleanup_free_ char *text = details_of(plan);

	cr_expect(strstr(text, "  task types  5, from 5 vtables; 0 vtables of unknown types\n"),
		  "%s", text);
	cr_expect(strstr(text, "              app_check: scotty::docker::find_apps::find_apps\n"));
	cr_expect(strstr(text, "              http_connection: axum::serve::handle_connection\n"));
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
	plan__print_text(plan, &subject, true, stream);
	fclose(stream);
	cr_expect(strstr(text, "  task types  2, from 3 vtables; 1 vtables of unknown types\n"),
		  "%s", text);
	cr_expect(strstr(text, "shell_session_handler: a::ShellService::create_session"), "%s",
		  text);
	cr_expect_not(strstr(text, "a::run"));

	stream = open_memstream(&json, &size);
	cr_assert_eq(plan__print_json(plan, &subject, stream, NULL), 0);
	fclose(stream);

	json_t *root = json_loads(json, 0, NULL);
	json_t *types = json_object_get(root, "task_types");
	json_t *run = json_array_get(types, TASK_TYPE_NAMED + 1);

	cr_assert_eq(json_array_size(types), TASK_TYPE_NAMED + 2, "%s", json);
	cr_expect_str_eq(json_string_value(json_object_get(run, "name")), "a::run");
	cr_expect_str_eq(json_string_value(json_object_get(run, "class")), "async");
	cr_expect_str_eq(json_string_value(json_object_get(run, "role")), "none");
	cr_expect_eq(json_integer_value(json_object_get(run, "vtables")), 2);
	json_decref(root);
	plan__free(plan);
}

Test(plan_print, telemetry_of_the_server_itself)
{
	struct plan_kernel kernel = measured_kernel();
	const struct plan_subject with = {
		.host = "host-1", .pid = 1, .level = LEVEL_FULL, .own_telemetry = "metrics"};
	struct plan *plan = plan_of_server(&(struct server){.has_context = true}, &kernel);
	_cleanup_free_ char *text = text_for(plan, &with, false);
	_cleanup_free_ char *without = text_for(plan, &subject, false);

	cr_expect(strstr(text, "\nOwn telemetry: the server exports metrics itself"), "%s", text);
	cr_expect(strstr(text, "--own-telemetry replace"), "%s", text);
	cr_expect_null(strstr(without, "Own telemetry"), "%s", without);
	plan__free(plan);
}
