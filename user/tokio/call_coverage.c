// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tokio/call_coverage.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "code/branches.h"
#include "rust/demangle.h"

/* Between a poll function and the functions of the state are a few frames: raw, Harness, Core. */
#define FRAMES	   "tokio::runtime::task::"
#define DEPTH_MAX  6
#define FRAMES_MAX 128

#define FOUND (-EEXIST)

struct search {
	const struct elf_executable *executable;
	const char *path;
	unsigned int depth;
	uint64_t visited[FRAMES_MAX];
	size_t visited_count;
};

/* Whether the function was not visited yet and fits into the list of visited ones; adds it to the list. */
static bool search__is_new(struct search *search, uint64_t address)
{
	for (size_t i = 0; i < search->visited_count; i++) {
		if (search->visited[i] == address)
			return false;
	}
	if (search->visited_count == FRAMES_MAX)
		return false;
	search->visited[search->visited_count++] = address;
	return true;
}

static int visit(void *context, uint64_t target);

/* Looks at one name of a called function. Functions of the same code are often merged: any name at the
 * address counts. Returns FOUND if the function is the wanted one or leads to the wanted one. */
static int visit_name(void *context, const struct elf_symbol *symbol)
{
	struct search *search = context;
	_cleanup_free_ char *path = NULL;
	int r = 0;

	/* Both manglings contain the module's name, so most callees need not be demangled. */
	if (!strstr(symbol->name, "7runtime4task"))
		return 0;
	path = rust_demangle_path(symbol->name);

	if (!path)
		return 0;
	if (strcmp(path, search->path) == 0)
		return FOUND;
	if (strncmp(path, FRAMES, strlen(FRAMES)) != 0 || search->depth == DEPTH_MAX ||
	    !search__is_new(search, symbol->address))
		return 0;
	search->depth++;
	r = code_for_each_target(search->executable->image, &search->executable->pointers,
				 symbol->address, symbol->size, visit, search);
	search->depth--;
	return r == FOUND ? FOUND : 0;
}

static int visit(void *context, uint64_t target)
{
	struct search *search = context;

	return elf_symbols__names(search->executable->symbols, target, visit_name, search) == FOUND
		       ? FOUND
		       : 0;
}

unsigned int tokio_percent_of_polls(const struct tokio *tokio,
				    const struct elf_executable *executable, const char *path)
{
	size_t polls = 0, callers = 0;

	for (size_t i = 0; i < tokio->vtable_count; i++) {
		struct search search = {.executable = executable, .path = path};
		uint64_t poll;

		if (tokio->vtables[i].kind.class != TASK_ASYNC ||
		    !elf_pointers__at(&executable->pointers, tokio->vtables[i].address, &poll))
			continue;
		polls++;
		callers += visit(&search, poll) == FOUND;
	}
	return polls ? (unsigned int)(callers * 100 / polls) : 100;
}
