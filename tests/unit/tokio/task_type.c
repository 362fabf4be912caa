// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tokio/task_type.h"

#include <criterion/criterion.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/utf8.h"
#include "tokio/future.h"
#include "unit/plan/tasks.h"

#define CLOSURE "::{{closure}}"
#define SESSION "scotty::docker::services::shell::ShellService::create_session" CLOSURE CLOSURE
#define FORWARD "scotty::api::websocket::client::websocket_handler" CLOSURE CLOSURE CLOSURE

static void expect_type(const struct tokio *tokio, size_t vtable, const char *name,
			enum task_class class, enum task_role role)
{
	const struct tokio_task_type *type = type_of(tokio, vtable);

	cr_expect_str_eq(type->name, name, "vtable %zu is %s, not %s", vtable, type->name, name);
	cr_expect_eq(type->class, class, "%s", name);
	cr_expect_eq(type->role, role, "%s", name);
}

Test(tokio_task_type, future_names)
{
	static const struct {
		const char *type, *name;
	} samples[] = {
		{"a::b::run" CLOSURE, "a::b::run"},
		{"a::B::run" CLOSURE CLOSURE CLOSURE, "a::B::run"},
		{"a::B", "a::B"},
		{"a::B<c::D, e>", "a::B"},
		{"a::b::run" CLOSURE ", alloc::sync::Arc<c::Handle>", "a::b::run"},
		{"<a::B as c::D>::run" CLOSURE, "<a::B as c::D>::run"},
		{"<(&str, u16) as c::D>::run" CLOSURE ">, e", "<(&str, u16) as c::D>::run"},
		{"tokio_metrics::task::Instrumented<" SESSION ">",
		 "scotty::docker::services::shell::ShellService::create_session"},
		{"tokio_metrics::task::Instrumented<tracing::instrument::Instrumented<a::"
		 "run" CLOSURE ">, tokio_metrics::task::TaskMonitorCore>, c",
		 "a::run"},
		/* With tokio's unstable features `tracing` and `taskdump`. */
		{"tracing::instrument::Instrumented<tokio::runtime::task::trace::Root<" SESSION
		 ">>, alloc::sync::Arc<c::Handle>",
		 "scotty::docker::services::shell::ShellService::create_session"},
		{"tokio::task::task_local::TaskLocalFuture<a::B<c, d>, e::run" CLOSURE ">",
		 "e::run"},
		{BLOCKING "<a::read<&str>" CLOSURE ">", "a::read"},
		/* What is behind a pointer cannot be known. The first is of v0, the other of legacy. */
		{"core::pin::Pin<alloc::boxed::Box<dyn core::future::future::Future<Output = ()> + "
		 "core::marker::Send>>",
		 "dyn core::future::future::Future"},
		{"core::pin::Pin<alloc::boxed::Box<dyn "
		 "core::future::future::Future+Output = ()+core::marker::Send>>",
		 "dyn core::future::future::Future"},
		{"core::future::poll_fn::PollFn<a::run" CLOSURE ">", "a::run"},
		{"core::pin::Pinned<a::B>", "core::pin::Pinned"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		_cleanup_free_ char *name = future_name(samples[i].type);

		cr_assert_not_null(name, "%s", samples[i].type);
		cr_expect_str_eq(name, samples[i].name, "%s", name);
	}
	cr_expect_null(future_name(""));
	cr_expect_null(future_name("a::B<c"));
	cr_expect_null(future_name("<a::B as c::D"));
}

Test(tokio_task_type, roles)
{
	static const struct {
		const char *name;
		enum task_role role;
	} samples[] = {
		{"axum::serve::handle_connection", ROLE_HTTP_CONNECTION},
		{"axum::extract::ws::WebSocketUpgrade::on_upgrade", ROLE_WEBSOCKET},
		{"scotty::docker::services::shell::ShellService::create_session", ROLE_SHELL},
		{"scotty::shell::ShellService::create_session", ROLE_SHELL},
		{"scotty::docker::services::logs::LogStreamingService::start_stream",
		 ROLE_LOG_STREAM},
		{"scotty::state_machine::StateMachine::spawn", ROLE_COMPOSE_TASK},
		{"scotty::api::websocket::client::websocket_handler", ROLE_NONE},
		{"scotty::docker::services::shell::ShellService::create_session_now", ROLE_NONE},
		{"scotty::MyShellService::create_session", ROLE_NONE},
		{"scotty::docker::services::shell::ShellService", ROLE_NONE},
		{"create_session", ROLE_NONE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		cr_expect_eq(task_type_role(samples[i].name, TASK_ASYNC), samples[i].role, "%s",
			     samples[i].name);
		cr_expect_eq(task_type_role(samples[i].name, TASK_BLOCKING), ROLE_NONE);
	}
}

Test(tokio_task_type, legacy_names_come_from_the_drop_glue)
{
	struct tasks tasks;
	static const char *const types[] = {
		SESSION,
		"tokio_metrics::task::Instrumented<" FORWARD ">",
		"axum::extract::ws::WebSocketUpgrade::on_upgrade<" FORWARD "," FORWARD ">" CLOSURE,
		"scotty::state_machine::StateMachine<a::S,a::C>::spawn" CLOSURE,
		"scotty::state_machine::StateMachine<b::S,b::C>::spawn" CLOSURE,
	};

	tasks_start(&tasks);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		add_glue(&tasks, types[i]);
		add_task_with_glue(&tasks, SCHEDULE, types[i]);
	}
	add_glue(&tasks, BLOCKING "<a::read" CLOSURE CLOSURE ">");
	add_task_with_glue(&tasks, SCHEDULE_BLOCKING, BLOCKING "<a::read" CLOSURE CLOSURE ">");

	struct tokio *tokio = tasks_tokio(&tasks);

	cr_assert_eq(tokio->vtable_count, 6);
	expect_type(tokio, 0, "scotty::docker::services::shell::ShellService::create_session",
		    TASK_ASYNC, ROLE_SHELL);
	expect_type(tokio, 1, "scotty::api::websocket::client::websocket_handler", TASK_ASYNC,
		    ROLE_NONE);
	expect_type(tokio, 2, "axum::extract::ws::WebSocketUpgrade::on_upgrade", TASK_ASYNC,
		    ROLE_WEBSOCKET);
	expect_type(tokio, 3, "scotty::state_machine::StateMachine::spawn", TASK_ASYNC,
		    ROLE_COMPOSE_TASK);
	cr_expect_eq(tokio->vtables[3].kind.index, tokio->vtables[4].kind.index);
	expect_type(tokio, 5, "a::read", TASK_BLOCKING, ROLE_NONE);
	tokio_free(tokio);
}

#define HARNESS "_ZN5tokio7runtime4task7harness20Harness$LT$T$C$S$GT$7dealloc" HASH
#define TRY	"_ZN3std9panicking12catch_unwind" HASH
#define SCHEDULER                                                                            \
	"_ZN103_$LT$tokio..runtime..blocking..schedule..BlockingSchedule$u20$as$u20$tokio.." \
	"runtime..task..Schedule$GT$8schedule" HASH
#define BODY "_ZN1a3run28_$u7b$$u7b$closure$u7d$$u7d$" HASH

/* As it is where less is inlined, and where other crates' functions are called through slots. */
Test(tokio_task_type, the_drop_glue_is_found_behind_tokios_own_functions)
{
	struct tasks tasks;
	char glue[2048], body[4096];

	tasks_start(&tasks);
	legacy_drop_glue("alloc::boxed::Box<tokio::runtime::task::core::Cell<" SESSION
			 ",alloc::sync::Arc<h::Handle>>>",
			 glue, sizeof(glue));
	add_function(&tasks, glue, "push %rbx\npop %rbx\nret");
	add_glue(&tasks, "a::inner" CLOSURE);
	legacy_drop_glue(TASK_STAGE "<a::inner" CLOSURE ">", body, sizeof(body));
	fprintf(tasks.stream, FUNCTION(BODY, "call \"%s\"\nret"), body);
	snprintf(body, sizeof(body),
		 "call *slot(%%rip)\nret\n.section .data.rel.ro.local,\"aw\"\n.balign 8\n"
		 "slot: .quad \"%s\"\n.text\n",
		 glue);
	add_function(&tasks, TRY, body);
	/* A future's body is not followed: other futures are dropped in it. */
	add_function(&tasks, HARNESS, "call \"" BODY "\"\ncall \"" HARNESS "\"\njmp \"" TRY "\"");
	add_legacy_task(&tasks, SCHEDULE, "jmp \"" HARNESS "\"");

	struct tokio *tokio = tasks_tokio(&tasks);

	expect_type(tokio, 0, "scotty::docker::services::shell::ShellService::create_session",
		    TASK_ASYNC, ROLE_SHELL);
	tokio_free(tokio);
}

Test(tokio_task_type, merged_drop_glue_names_no_kind_unless_its_names_agree)
{
	struct tasks tasks;

	tasks_start(&tasks);
	add_glue(&tasks, "a::run" CLOSURE);
	merge_glue(&tasks, "b::run" CLOSURE, "a::run" CLOSURE);
	add_task_with_glue(&tasks, SCHEDULE, "a::run" CLOSURE);
	add_glue(&tasks, "a::B<c>::run" CLOSURE);
	merge_glue(&tasks, "a::B<d>::run" CLOSURE CLOSURE, "a::B<c>::run" CLOSURE);
	add_task_with_glue(&tasks, SCHEDULE, "a::B<c>::run" CLOSURE);
	/* An asynchronous task is no closure of spawn_blocking, whatever its glue is called. */
	add_glue(&tasks, "a::go" CLOSURE);
	merge_glue(&tasks, BLOCKING "<b::go" CLOSURE ">", "a::go" CLOSURE);
	add_task_with_glue(&tasks, SCHEDULE, "a::go" CLOSURE);
	add_task_with_glue(&tasks, SCHEDULE_BLOCKING, "a::go" CLOSURE);
	/* Of futures that hold nothing, one of the standard library's tends to be left. */
	add_glue(&tasks, "core::future::pending::Pending<()>");
	add_task_with_glue(&tasks, SCHEDULE, "core::future::pending::Pending<()>");

	struct tokio *tokio = tasks_tokio(&tasks);

	cr_assert_eq(tokio->vtable_count, 5);
	expect_type(tokio, 0, "other", TASK_ASYNC, ROLE_NONE);
	cr_expect_eq(tokio->vtables[0].kind.index, KIND_OTHER);
	expect_type(tokio, 1, "a::B::run", TASK_ASYNC, ROLE_NONE);
	expect_type(tokio, 2, "a::go", TASK_ASYNC, ROLE_NONE);
	expect_type(tokio, 3, "b::go", TASK_BLOCKING, ROLE_NONE);
	expect_type(tokio, 4, "other", TASK_ASYNC, ROLE_NONE);
	tokio_free(tokio);
}

Test(tokio_task_type, what_does_not_tell_is_other)
{
	struct tasks tasks;
	char name[128], body[256];

	tasks_start(&tasks);
	add_legacy_task(&tasks, SCHEDULE, "push %rbx\npop %rbx\nret");
	add_legacy_task(&tasks, SCHEDULE_BLOCKING, "push %rbx\npop %rbx\nret");
	/* A chain that is longer than any of tokio's, with the glue at its end. */
	add_glue(&tasks, "a::run" CLOSURE);
	legacy_drop_glue(TASK_STAGE "<a::run" CLOSURE ">", body, sizeof(body));
	for (unsigned int i = 0; i < 100; i++) {
		char call[300];

		snprintf(call, sizeof(call), "call \"%s\"\nret", body);
		snprintf(name, sizeof(name), TASK_RAW "4link17h0123456789ab%04xE", i);
		add_function(&tasks, name, call);
		snprintf(body, sizeof(body), "%s", name);
	}
	snprintf(body, sizeof(body), "jmp \"%s\"", name);
	add_legacy_task(&tasks, SCHEDULE, body);

	struct tokio *tokio = tasks_tokio(&tasks);

	expect_type(tokio, 0, "other", TASK_ASYNC, ROLE_NONE);
	expect_type(tokio, 1, "other blocking", TASK_BLOCKING, ROLE_NONE);
	cr_expect_eq(tokio->vtables[1].kind.index, TASK_TYPE_OTHER_BLOCKING);
	expect_type(tokio, 2, "other", TASK_ASYNC, ROLE_NONE);
	cr_expect_eq(tokio->task_type_count, TASK_TYPE_NAMED);
	tokio_free(tokio);
}

/* As it is without optimisation: the scheduler's function is the last that is called. */
Test(tokio_task_type, a_schedule_that_calls_blocking_schedule_late_marks_blocking_tasks)
{
	struct tasks tasks;

	tasks_start(&tasks);
	add_function(&tasks, SCHEDULER, "push %rbx\npop %rbx\nret");
	add_function(&tasks, TRY, "push %rbx\npop %rbx\nret");
	add_function(&tasks, TASK_RAW "8schedule17h0123456789ab0001E",
		     "call \"" TRY "\"\ncall \"" SCHEDULER "\"\nret");
	/* A panic after the scheduler's function has been called is one that may happen. */
	add_function(&tasks, TASK_RAW "8schedule17h0123456789ab0002E",
		     "call \"" TRY "\"\ncall \"" PANIC "\"\nret");
	add_legacy_task(&tasks, TASK_RAW "8schedule17h0123456789ab0001E", "ret");
	add_legacy_task(&tasks, TASK_RAW "8schedule17h0123456789ab0002E", "ret");

	struct tokio *tokio = tasks_tokio(&tasks);

	expect_type(tokio, 0, "other blocking", TASK_BLOCKING, ROLE_NONE);
	expect_type(tokio, 1, "other", TASK_ASYNC, ROLE_NONE);
	tokio_free(tokio);
}

#define V0(path, arguments) "_RINvNtNtNtC5tokio7runtime4task3raw" path arguments "E"
#define V0_HANDLE	    "NtC5tokio6Handle"
#define V0_BLOCKING	    "NtNtNtNtC5tokio7runtime8blocking8schedule16BlockingSchedule"
#define V0_SHELL	    "NtNtC6scotty6docker5shell"

Test(tokio_task_type, v0_names_come_from_the_poll_functions)
{
	struct tasks tasks;
	static const struct {
		const char *poll, *schedule;
	} symbols[] = {
		{V0("4poll", "INtNtC13tokio_metrics4task12InstrumentedNCNCNvM" V0_SHELL
			     "Nt" V0_SHELL "12ShellService14create_session00E" V0_HANDLE),
		 V0("8schedule", V0_HANDLE)},
		{V0("4poll", "INtNtNtNtC5tokio7runtime8blocking4task12BlockingTask"
			     "NCNCNvC1a4read00E" V0_BLOCKING),
		 V0("8schedule", V0_BLOCKING)},
		/* Nothing was merged away, so what is named is meant. */
		{V0("4poll", "INtNtNtC4core6future7pending7PendinguE" V0_HANDLE),
		 V0("8schedule", V0_HANDLE)},
	};

	tasks_start(&tasks);
	add_function(&tasks, symbols[0].schedule, "push %rbx\npop %rbx\nret");
	add_function(&tasks, symbols[1].schedule, "push %rbx\npop %rbx\nret");
	for (size_t i = 0; i < ARRAY_SIZE(symbols); i++) {
		add_function(&tasks, symbols[i].poll, "push %rbx\npop %rbx\nret");
		add_vtable(&tasks, symbols[i].poll, symbols[i].schedule, PANIC);
	}

	struct tokio *tokio = tasks_tokio(&tasks);

	cr_assert_eq(tokio->vtable_count, 3);
	expect_type(tokio, 0, "scotty::docker::shell::ShellService::create_session", TASK_ASYNC,
		    ROLE_SHELL);
	expect_type(tokio, 1, "a::read", TASK_BLOCKING, ROLE_NONE);
	expect_type(tokio, 2, "core::future::pending::Pending", TASK_ASYNC, ROLE_NONE);
	tokio_free(tokio);
}

Test(tokio_task_type, merged_poll_functions_name_no_kind)
{
	struct tasks tasks;
	const char *poll = V0("4poll", "NCNvC1a3run0" V0_HANDLE);
	const char *schedule = V0("8schedule", V0_HANDLE);

	tasks_start(&tasks);
	add_function(&tasks, schedule, "push %rbx\npop %rbx\nret");
	add_function(&tasks, poll, "push %rbx\npop %rbx\nret");
	add_alias(&tasks, V0("4poll", "NCNvC1b3run0" V0_HANDLE), poll);
	add_vtable(&tasks, poll, schedule, PANIC);

	struct tokio *tokio = tasks_tokio(&tasks);

	cr_assert_eq(tokio->vtable_count, 1);
	expect_type(tokio, 0, "other", TASK_ASYNC, ROLE_NONE);
	tokio_free(tokio);
}

/* Returns the task types of `count` vtables with those names. */
static struct tokio *tokio_of_names(char *const *names, size_t count)
{
	struct tokio *tokio = calloc(1, sizeof(*tokio));

	tokio->vtables = calloc(count, sizeof(*tokio->vtables));
	tokio->vtable_count = count;
	cr_assert_eq(tokio_list_task_types(tokio, names), 0);
	return tokio;
}

Test(tokio_task_type, more_than_the_limit_are_other_but_not_those_with_a_role)
{
	char names[KIND_LIMIT + 10][64];
	char *pointers[KIND_LIMIT + 10];

	for (size_t i = 0; i < KIND_LIMIT + 10; i++) {
		snprintf(names[i], sizeof(names[i]), "a::run_%03zu", i);
		pointers[i] = names[i];
	}
	snprintf(names[KIND_LIMIT], sizeof(names[0]), "z::ShellService::create_session");

	struct tokio *tokio = tokio_of_names(pointers, KIND_LIMIT + 10);

	cr_assert_eq(tokio->task_type_count, KIND_LIMIT);
	expect_type(tokio, KIND_LIMIT, "z::ShellService::create_session", TASK_ASYNC, ROLE_SHELL);
	cr_expect_eq(tokio->vtables[KIND_LIMIT].kind.index, TASK_TYPE_NAMED);
	expect_type(tokio, KIND_LIMIT - 5, "a::run_123", TASK_ASYNC, ROLE_NONE);
	expect_type(tokio, KIND_LIMIT - 4, "other", TASK_ASYNC, ROLE_NONE);
	expect_type(tokio, KIND_LIMIT + 9, "other", TASK_ASYNC, ROLE_NONE);
	tokio_free(tokio);
}

/* A name of the executable's choice is a label of several metrics. */
Test(tokio_task_type, a_long_name_is_cut_and_keeps_its_role)
{
	static const char end[] = "::ShellService::create_session";
	char *names[] = {malloc(100000), malloc(100000), strdup("a::run")};
	struct tokio *tokio;
	const char *name;

	/* The cut is amid a character of two bytes, and before one. */
	for (size_t i = 0; i < 2; i++) {
		memset(names[i], 'x', 100000);
		for (size_t at = 0; at < 99000; at += 2)
			memcpy(names[i] + at, "\xc3\xbc", 2);
		strcpy(names[i] + 99000 + i, end);
	}
	tokio = tokio_of_names(names, 3);
	for (size_t i = 0; i < 2; i++) {
		name = type_of(tokio, i)->name;
		cr_expect_leq(strlen(name), TASK_TYPE_NAME_BYTES);
		cr_expect_geq(strlen(name), TASK_TYPE_NAME_BYTES - 1);
		cr_expect(utf8_is_valid(name));
		cr_expect_eq(strncmp(name, "…", strlen("…")), 0);
		cr_expect(task_type_ends_with(name, end + 2));
		cr_expect_eq(type_of(tokio, i)->role, ROLE_SHELL);
		free(names[i]);
	}
	expect_type(tokio, 2, "a::run", TASK_ASYNC, ROLE_NONE);
	free(names[2]);
	tokio_free(tokio);
}

Test(tokio_task_type, the_order_of_vtables_does_not_matter)
{
	char *forwards[] = {(char *)"b::run", (char *)"a::run", NULL,
			    (char *)"a::StateMachine::spawn",
			    (char *)"c::state_machine::StateMachine::spawn"};
	char *backwards[] = {forwards[4], forwards[3], forwards[2], forwards[1], forwards[0]};
	struct tokio *one = tokio_of_names(forwards, 5);
	struct tokio *other = tokio_of_names(backwards, 5);
	static const char *const expected[] = {"other",
					       "other blocking",
					       "other local",
					       "c::state_machine::StateMachine::spawn",
					       "a::StateMachine::spawn",
					       "a::run",
					       "b::run"};

	cr_assert_eq(one->task_type_count, 7);
	cr_assert_eq(other->task_type_count, 7);
	for (size_t i = 0; i < 7; i++) {
		cr_expect_str_eq(one->task_types[i].name, expected[i]);
		cr_expect_str_eq(other->task_types[i].name, expected[i]);
	}
	tokio_free(one);
	tokio_free(other);
}

/* Exports have UTF-8 only, and a label twice makes an exposition malformed. */
Test(tokio_task_type, names_are_different_as_utf8)
{
	char *names[] = {(char *)"a::\xff", (char *)"a::\xfe", (char *)"a::b"};
	struct tokio *tokio = tokio_of_names(names, 3);

	cr_expect_eq(tokio->task_type_count, TASK_TYPE_NAMED + 2);
	cr_expect_eq(tokio->vtables[0].kind.index, tokio->vtables[1].kind.index);
	expect_type(tokio, 0, "a::\xef\xbf\xbd", TASK_ASYNC, ROLE_NONE);
	expect_type(tokio, 2, "a::b", TASK_ASYNC, ROLE_NONE);
	tokio_free(tokio);
}

Test(tokio_task_type, a_future_with_the_name_of_the_others_is_one_of_them)
{
	char *names[] = {(char *)"other", (char *)"other local"};
	struct tokio *tokio = tokio_of_names(names, 2);

	cr_expect_eq(tokio->task_type_count, TASK_TYPE_NAMED);
	cr_expect_eq(tokio->vtables[0].kind.index, KIND_OTHER);
	cr_expect_eq(tokio->vtables[1].kind.index, KIND_OTHER);
	tokio_free(tokio);
}

Test(tokio_task_type, one_name_in_two_classes_is_two_kinds)
{
	char *names[] = {(char *)"a::run", (char *)"a::run"};
	struct tokio *tokio = calloc(1, sizeof(*tokio));

	tokio->vtables = calloc(2, sizeof(*tokio->vtables));
	tokio->vtable_count = 2;
	tokio->vtables[1].kind.class = TASK_BLOCKING;
	cr_assert_eq(tokio_list_task_types(tokio, names), 0);
	expect_type(tokio, 0, "a::run", TASK_ASYNC, ROLE_NONE);
	expect_type(tokio, 1, "a::run", TASK_BLOCKING, ROLE_NONE);
	cr_expect_eq(tokio->task_type_count, TASK_TYPE_NAMED + 2);
	tokio_free(tokio);
}

/* The schedule function of a LocalSet is an implementation for an Arc, or the function of the type. */
#define LOCAL_SCHEDULE                                                                           \
	"_ZN5tokio4task5local97_$LT$impl$u20$tokio..runtime..task..Schedule$u20$for$u20$alloc.." \
	"sync..Arc$LT$tokio..task..local..Shared$GT$$GT$8schedule17h0123456789abcdefE"

Test(tokio_task_type, tasks_of_local_sets_are_a_class_of_their_own)
{
	struct tasks tasks;

	tasks_start(&tasks);
	add_function(&tasks, LOCAL_SCHEDULE, "push %rbx\npop %rbx\nret");
	add_function(&tasks, TASK_RAW "8schedule17h0123456789ab0001E",
		     "jmp \"" LOCAL_SCHEDULE "\"");
	add_function(&tasks, TASK_RAW "8schedule17h0123456789ab0002E", "push %rbx\npop %rbx\nret");
	add_legacy_task(&tasks, TASK_RAW "8schedule17h0123456789ab0001E", "ret");
	add_legacy_task(&tasks, TASK_RAW "8schedule17h0123456789ab0002E", "ret");

	struct tokio *tokio = tasks_tokio(&tasks);

	expect_type(tokio, 0, "other local", TASK_LOCAL, ROLE_NONE);
	cr_expect_eq(tokio->vtables[0].kind.index, TASK_TYPE_OTHER_LOCAL);
	expect_type(tokio, 1, "other", TASK_ASYNC, ROLE_NONE);
	tokio_free(tokio);
}
