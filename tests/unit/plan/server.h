/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_TESTS_PLAN_SERVER_H
#define SCOTTYSCOPE_TESTS_PLAN_SERVER_H

/* Plans of complete servers, from which a test removes hooks. See program.h for an example. */

#include <stdbool.h>

#include "base/array.h"
#include "base/wire_names.h"
#include "kernel.h"
#include "plan/build.h"
#include "plan/catalogue.h"
#include "tasks.h"

#define RAW_POLL      "tokio::runtime::task::raw::poll"
#define STATE	      "tokio::runtime::task::state::State::"
#define MULTI_THREAD  "tokio::runtime::scheduler::multi_thread::"
#define APP_DATA_NEW  "scotty_core::apps::app_data::data::AppData::new"
#define OAUTH_CLEANUP "scotty::oauth::cleanup::"

/* The body of a function that is cheap to probe and has one exit. */
#define CHEAP "push %rbx\npop %rbx\nret"
/* The body of AppData::new, which stores the status at APP_DATA_STATUS. */
#define APP_DATA_STATUS 160
#define APP_DATA_BODY	"push %rbx\nmovb $2, 160(%rdi)\npop %rbx\nret"
/* The same for 64-bit Arm, with the address of the result in register x`number`. */
#define ARM64_APP_DATA_BODY(number)                                                       \
	"stp x30, x" number ", [sp, #-16]!\norr x" number ", xzr, x8\nstrb w1, [x" number \
	", #160]\nldp x30, x" number ", [sp], #16\nret"
/* A body without any instruction that can be probed. */
#define BARE_RETURN "ret"
/* A body whose instructions the kernel single-steps. */
#define EXPENSIVE "mov %rdi, %rax\nret"

/* tokio's thread-local context. */
#define CONTEXT_NAME                                                                           \
	"_ZN5tokio7runtime7context7CONTEXT29_$u7b$$u7b$constant$u7d$$u7d$28_$u7b$$u7b$closure" \
	"$u7d$$u7d$23__RUST_STD_INTERNAL_VAL" HASH
#define CONTEXT                                                                               \
	".section .tdata,\"awT\",@progbits\n.balign 8\n.type \"" CONTEXT_NAME "\", @object\n" \
	"\"" CONTEXT_NAME "\":\n.zero 80\n.size \"" CONTEXT_NAME "\", 80\n.text\n"

struct function {
	const char *path; /* a Rust path */
	const char *body;
};

/* A test server. Zeroed, the server has the first function of every hook, and a task of each role
 * whose poll function calls all state transitions. */
struct server {
	enum hook without[12]; /* hooks without a function */
	size_t without_count;
	enum task_role without_role;
	struct function more[6]; /* further functions; they replace those of the same path */
	struct function unused;	 /* a further function without a reference */
	bool has_context;	 /* has tokio's thread-local context */
	bool without_ids;	 /* vtables without the offset of task ids */
};

#define WITHOUT(...)              \
	.without = {__VA_ARGS__}, \
	.without_count = sizeof((enum hook[]){__VA_ARGS__}) / sizeof(enum hook)

static inline bool server__lacks(const struct server *server, enum hook hook)
{
	for (size_t i = 0; i < server->without_count; i++) {
		if (server->without[i] == hook)
			return true;
	}
	return false;
}

static inline void add_path(struct tasks *tasks, const char *path, const char *body)
{
	char name[1024];

	legacy_name(path, name, sizeof(name));
	add_function(tasks, name, body);
}

/* Returns whether the server has the function without adding it for this hook: from `more`, from
 * `unused`, from an earlier hook or from its tasks. */
static inline bool server__has(const struct server *server, enum hook before, const char *path)
{
	for (size_t i = 0; i < 6 && server->more[i].path; i++) {
		if (strcmp(server->more[i].path, path) == 0)
			return true;
	}
	if (server->unused.path && strcmp(server->unused.path, path) == 0)
		return true;
	for (int i = 0; i < (int)before; i++) {
		const char *other = catalogue_hooks[i].functions[0].path;

		if (other && strcmp(other, path) == 0 && !server__lacks(server, (enum hook)i))
			return true;
	}
	/* Each task adds its own poll function. */
	return strcmp(path, RAW_POLL) == 0;
}

static inline void add_functions(struct tasks *tasks, const struct server *server)
{
	char unused[1024];

	for (size_t i = 0; i < 6 && server->more[i].path; i++)
		add_path(tasks, server->more[i].path, server->more[i].body);
	if (server->unused.path) {
		legacy_name(server->unused.path, unused, sizeof(unused));
		add_unused_function(tasks, unused, server->unused.body);
	}
	for (int i = 0; i < HOOK_COUNT; i++) {
		const char *path = catalogue_hooks[i].functions[0].path;

		if (!path || server__lacks(server, (enum hook)i) ||
		    server__has(server, (enum hook)i, path))
			continue;
		add_path(tasks, path,
			 i != HOOK_APP_NEW  ? CHEAP
			 : program_is_arm64 ? ARM64_APP_DATA_BODY("19")
					    : APP_DATA_BODY);
	}
	add_path(tasks, MULTI_THREAD "worker::run", CHEAP);
}

static inline void add_roles(struct tasks *tasks, enum task_role without)
{
	static const char *const types[ROLE_COUNT] = {
		[ROLE_HTTP_CONNECTION] = "axum::serve::handle_connection::{{closure}}",
		[ROLE_APP_CHECK] = "scotty::docker::find_apps::find_apps::{{closure}}",
		[ROLE_WEBSOCKET] = "axum::extract::ws::WebSocketUpgrade::on_upgrade::{{closure}}",
		[ROLE_SHELL] = "scotty::docker::services::shell::ShellService::create_session::"
			       "{{closure}}",
		[ROLE_LOG_STREAM] = "scotty::docker::services::logs::LogStreamingService::"
				    "start_stream::{{closure}}",
		[ROLE_COMPOSE_TASK] = "scotty::state_machine::StateMachine<a::S,a::C>::spawn::"
				      "{{closure}}",
	};

	for (int role = ROLE_NONE + 1; role < ROLE_COUNT; role++) {
		if (role == (int)without)
			continue;
		add_glue(tasks, types[role]);
		add_task_with_glue(tasks, SCHEDULE, types[role]);
	}
}

/* Returns the plan of the program; the caller frees it with plan__free(). */
static inline struct plan *plan_at_level(const char *text, const struct plan_kernel *kernel,
					 enum level level)
{
	struct program program = program_of(text);
	struct error error = {0};
	struct plan *plan = NULL;

	cr_assert_eq(plan__build(program.image, program.symbols, kernel, level, &plan, &error), 0,
		     "%s", error.message);
	program_done(&program);
	return plan;
}

static inline struct plan *plan_of(const char *text, const struct plan_kernel *kernel)
{
	return plan_at_level(text, kernel, LEVEL_FULL);
}

/* Returns the plan of the source in `tasks`, and frees the source. */
static inline struct plan *plan_of_tasks(struct tasks *tasks, const struct plan_kernel *kernel)
{
	struct plan *plan;

	fclose(tasks->stream);
	plan = plan_of(tasks->text, kernel);
	free(tasks->text);
	return plan;
}

static inline struct plan *plan_of_server_at_level(const struct server *server,
						   const struct plan_kernel *kernel,
						   enum level level)
{
	static const enum hook states[] = {HOOK_POLL_START, HOOK_POLL_IDLE, HOOK_TASK_COMPLETE};
	struct plan *plan;
	struct tasks tasks;
	char poll[1024] = "push %rbx\n";

	tasks_start(&tasks);
	add_functions(&tasks, server);
	for (size_t i = 0; i < ARRAY_SIZE(states); i++) {
		char name[256], call[300];

		if (server__lacks(server, states[i]))
			continue;
		legacy_name(catalogue_hooks[states[i]].functions[0].path, name, sizeof(name));
		snprintf(call, sizeof(call), "call \"%s\"\n", name);
		strcat(poll, call);
	}
	strcat(poll, "pop %rbx\nret");
	tasks.poll = poll;
	tasks.id_offset = server->without_ids ? 0 : ID_OFFSET;
	add_roles(&tasks, server->without_role);
	if (server->has_context)
		fputs(CONTEXT, tasks.stream);
	fclose(tasks.stream);
	plan = plan_at_level(tasks.text, kernel, level);
	free(tasks.text);
	return plan;
}

static inline struct plan *plan_of_server(const struct server *server,
					  const struct plan_kernel *kernel)
{
	return plan_of_server_at_level(server, kernel, LEVEL_FULL);
}

static inline void expect_strategy(const struct plan *plan, enum instrumentation_id id,
				   const char *name)
{
	const struct catalogue_strategy *strategy = plan->instrumentations[id].strategy;

	cr_assert_not_null(strategy, "%s: %s", catalogue_instrumentations[id].name,
			   plan->instrumentations[id].reason);
	cr_expect_str_eq(strategy->name, name, "%s by %s", catalogue_instrumentations[id].name,
			 strategy->name);
}

static inline void expect_missing(const struct plan *plan, enum instrumentation_id id,
				  const char *reason)
{
	cr_assert_null(plan->instrumentations[id].strategy, "%s by %s",
		       catalogue_instrumentations[id].name,
		       plan->instrumentations[id].strategy->name);
	cr_expect_str_eq(plan->instrumentations[id].reason, reason, "%s: %s",
			 catalogue_instrumentations[id].name, plan->instrumentations[id].reason);
	cr_expect_neq(plan->instrumentations[id].remedy[0], '\0', "%s",
		      catalogue_instrumentations[id].name);
}

/* Expects that these instrumentations are missing and no others. */
static inline void expect_all_but(const struct plan *plan, const enum instrumentation_id *missing,
				  size_t count)
{
	for (int id = 0; id < INSTR_COUNT; id++) {
		bool is_missing = false;

		for (size_t i = 0; i < count; i++)
			is_missing |= (int)missing[i] == id;
		cr_expect_eq(plan->instrumentations[id].strategy == NULL, is_missing, "%s: %s",
			     catalogue_instrumentations[id].name,
			     plan->instrumentations[id].reason);
	}
	cr_expect_eq(plan__available(plan), INSTR_COUNT - count);
}

#define EXPECT_ALL_BUT(plan, ...)                                            \
	expect_all_but(plan, (const enum instrumentation_id[]){__VA_ARGS__}, \
		       sizeof((enum instrumentation_id[]){__VA_ARGS__}) /    \
			       sizeof(enum instrumentation_id))

static inline void expect_wanted(const struct plan *plan, enum hook hook, bool wanted)
{
	cr_expect_eq(plan->hooks[hook].wanted, wanted, "%s is %swanted", wire_hook_name(hook),
		     wanted ? "not " : "");
}

static inline const struct plan_site *site_of(const struct plan *plan, enum hook hook, size_t index)
{
	cr_assert_lt(index, plan->hooks[hook].site_count, "%s has %zu sites", wire_hook_name(hook),
		     plan->hooks[hook].site_count);
	return &plan->sites[plan->hooks[hook].first_site + index];
}

#endif
