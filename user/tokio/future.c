// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tokio/future.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "code/branches.h"
#include "layout/tokio.h"
#include "rust/demangle.h"
#include "rust/path.h"

/* v0 mangling writes the future's type into the name of `raw::poll`. Legacy mangling omits generic
 * arguments except for one function: the drop glue of a type, `drop_in_place<T>`. The functions of the vtable
 * that end a task drop the task's memory as tokio::runtime::task::core's Cell, Core, CoreStage or Stage; the
 * future is the first type argument of these. The search starts at those functions and not at `raw::poll`,
 * because `raw::poll` leads through the bodies of futures: if a body was inlined, the search would find an
 * inner future first. */

/* The functions of a vtable that call the drop glue; functions with the least other code first. */
static const enum vtable_word ending_words[] = {VTABLE_DEALLOC, VTABLE_DROP_JOIN_HANDLE_SLOW,
						VTABLE_SHUTDOWN};

#define DROP_GLUE  "core::ptr::drop_in_place<"
#define TASK_CORE  "tokio::runtime::task::core::"
#define BLOCKING   "tokio::runtime::blocking::task::BlockingTask<"
#define CLOSURE	   "::{{closure}}"
#define FRAMES_MAX 64
/* Longer names are no path of a function: the type counts as unknown. */
#define NAME_BYTES_MAX 4096
#define DEPTH_MAX      12

/* Types that hold a future or a closure and poll or call it, with the index of its type argument. */
static const struct wrapper {
	const char *path;
	unsigned int argument;
} wrappers[] = {
	{"tokio::runtime::blocking::task::BlockingTask", 0},
	{"tokio::runtime::task::trace::Root", 0}, /* the feature taskdump */
	{"tokio::task::task_local::TaskLocalFuture", 1},
	{"tokio::task::unconstrained::Unconstrained", 0},
	{"tokio::task::coop::unconstrained::Unconstrained", 0},
	{"tokio::task::coop::Coop", 0},
	{"tokio::time::timeout::Timeout", 0},
	{"tokio_util::task::task_tracker::TrackedFuture", 0},
	{"tokio_metrics::task::Instrumented", 0},
	{"tracing::instrument::Instrumented", 0},
	{"tracing::instrument::WithDispatch", 0},
	{"tracing_futures::Instrumented", 0},
	{"tracing_futures::WithDispatch", 0},
	{"opentelemetry::context::future_ext::WithContext", 0},
	{"futures_util::abortable::Abortable", 0},
	{"futures_util::future::future::catch_unwind::CatchUnwind", 0},
	{"futures_util::future::future::Map", 0},
	{"futures_util::future::try_future::MapErr", 0},
	{"futures_util::future::try_future::MapOk", 0},
	{"futures_util::future::poll_fn::PollFn", 0},
	{"core::panic::unwind_safe::AssertUnwindSafe", 0},
	{"core::future::poll_fn::PollFn", 0},
	{"core::pin::Pin", 0},
	{"alloc::boxed::Box", 0},
};

/* The functions between the vtable and the drop glue that may not be inlined, as starts of their mangled
 * names. */
static const char *const frames[] = {
	"_ZN5tokio7runtime4task3raw",  "_ZN5tokio7runtime4task7harness",
	"_ZN5tokio7runtime4task4core", "_ZN4core3mem4drop",
	"_ZN3std9panicking",	       "_ZN3std5panic",
};

static bool starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Returns the type of the future that a wrapper holds; NULL if the type is no wrapper. */
static const char *unwrap(const char *type)
{
	for (size_t i = 0; i < ARRAY_SIZE(wrappers); i++) {
		size_t length = strlen(wrappers[i].path);

		if (!starts_with(type, wrappers[i].path) || type[length] != '<')
			continue;
		type += length + 1;
		for (unsigned int skip = wrappers[i].argument; type && skip > 0; skip--) {
			type = rust_path__argument_end(type);
			type = type && *type == ',' ? type + strspn(type, ", ") : NULL;
		}
		return type;
	}
	return NULL;
}

static void remove_closures(char *name)
{
	char *to = name;

	for (const char *from = name; *from;) {
		if (starts_with(from, CLOSURE))
			from += strlen(CLOSURE);
		else
			*to++ = *from++;
	}
	*to = '\0';
}

char *future_name(const char *type)
{
	const char *inner, *end, *path;
	char *name;

	while ((inner = unwrap(type)))
		type = inner;
	end = rust_path__argument_end(type);
	/* A path may begin with "<Type as Trait>". The name of "dyn Trait+Send" is "dyn Trait". */
	path = *type == '<' ? rust_path__argument_end(type + 1) : type;
	if (!end || !path || end == type)
		return NULL;
	path += *type == '<';
	path += strcspn(path, "<+");
	if (path > end)
		path = end;
	if (path - type > NAME_BYTES_MAX)
		return NULL;
	name = strndup(type, (size_t)(path - type));
	if (name)
		remove_closures(name);
	return name;
}

struct search {
	const struct elf_executable *executable;
	bool is_blocking;
	char *name;	   /* of the future, from the first type found that fits */
	bool is_ambiguous; /* other types fit as well */
	uint64_t visited[FRAMES_MAX];
	size_t visited_count;
	unsigned int depth;
};

static void search__add_type(struct search *search, const char *type)
{
	_cleanup_free_ char *name = NULL;

	if (starts_with(type, BLOCKING) != search->is_blocking)
		return;
	name = future_name(type);
	if (!name)
		return;
	if (!search->name)
		search->name = TAKE_PTR(name);
	else if (strcmp(search->name, name) != 0)
		search->is_ambiguous = true;
}

static int visit_poll_name(void *context, const struct elf_symbol *symbol)
{
	_cleanup_free_ char *generics = rust_demangle_generics(symbol->name);

	if (generics)
		search__add_type(context, generics);
	return 0;
}

static void search__add_glue(struct search *search, const char *mangled)
{
	_cleanup_free_ char *path = rust_demangle_path(mangled);
	const char *type = path && starts_with(path, DROP_GLUE) ? strstr(path, TASK_CORE) : NULL;

	if (type)
		type = strchr(type, '<');
	if (type)
		search__add_type(search, type + 1);
}

static int visit_target(void *context, uint64_t target);

static void search__follow(struct search *search, const struct elf_symbol *symbol)
{
	for (size_t i = 0; i < search->visited_count; i++) {
		if (search->visited[i] == symbol->address)
			return;
	}
	if (search->visited_count == FRAMES_MAX || search->depth == DEPTH_MAX)
		return;
	search->visited[search->visited_count++] = symbol->address;
	search->depth++;
	code_for_each_target(search->executable->image, &search->executable->pointers,
			     symbol->address, symbol->size, visit_target, search);
	search->depth--;
}

static int visit_name(void *context, const struct elf_symbol *symbol)
{
	struct search *search = context;

	if (strstr(symbol->name, "drop_") && strstr(symbol->name, "task..core..")) {
		search__add_glue(search, symbol->name);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(frames); i++) {
		if (starts_with(symbol->name, frames[i])) {
			search__follow(search, symbol);
			break;
		}
	}
	return 0;
}

static int visit_target(void *context, uint64_t target)
{
	struct search *search = context;

	elf_symbols__names(search->executable->symbols, target, visit_name, search);
	return 0;
}

static void search__follow_endings(struct search *search, uint64_t vtable)
{
	uint64_t function;

	for (size_t i = 0; i < ARRAY_SIZE(ending_words); i++) {
		if (elf_pointers__at(&search->executable->pointers,
				     vtable + ending_words[i] * VTABLE_WORD_BYTES, &function))
			visit_target(search, function);
	}
	/* Linkers merge drop glue of the same code, and one or several of its names remain. The glue of
	 * futures without anything to drop most likely keeps the name of a future of the standard
	 * library, such as Pending. */
	if (search->name &&
	    (starts_with(search->name, "core::") || starts_with(search->name, "std::")))
		search->is_ambiguous = true;
}

char *future_of_vtable(const struct elf_executable *executable, uint64_t vtable, bool is_blocking)
{
	struct search search = {.executable = executable, .is_blocking = is_blocking};
	uint64_t poll;

	if (elf_pointers__at(&executable->pointers, vtable, &poll))
		elf_symbols__names(executable->symbols, poll, visit_poll_name, &search);
	if (!search.name)
		search__follow_endings(&search, vtable);
	if (search.is_ambiguous) {
		free(search.name);
		return NULL;
	}
	return search.name;
}
