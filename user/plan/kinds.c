// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "plan/kinds.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

/* How the names of asynchronous tasks end, and their roles: modules move between versions. The task
 * that axum spawns for a websocket runs Scotty's websocket_handler, which spawns another that goes
 * by its name. */
static const struct {
	const char *name;
	enum task_role role;
} roles[] = {
	{"axum::serve::handle_connection", ROLE_HTTP_CONNECTION},
	{"WebSocketUpgrade::on_upgrade", ROLE_WEBSOCKET},
	{"ShellService::create_session", ROLE_SHELL},
	{"LogStreamingService::start_stream", ROLE_LOG_STREAM},
	{"state_machine::StateMachine::spawn", ROLE_COMPOSE_TASK},
	{"docker::find_apps::find_apps", ROLE_APP_CHECK},
};

/* Whether `name` ends with whole segments that are `end`. */
static bool ends_with(const char *name, const char *end)
{
	size_t name_length = strlen(name);
	size_t length = strlen(end);

	if (length > name_length || strcmp(name + name_length - length, end) != 0)
		return false;
	return length == name_length || name[name_length - length - 1] == ':';
}

enum task_role kind_role(const char *name, enum task_class class)
{
	if (class != TASK_ASYNC)
		return ROLE_NONE;
	for (size_t i = 0; i < ARRAY_SIZE(roles); i++) {
		if (ends_with(name, roles[i].name))
			return roles[i].role;
	}
	return ROLE_NONE;
}

static int compare_kinds(const void *left, const void *right)
{
	const struct plan_kind *a = left;
	const struct plan_kind *b = right;
	int order = (b->role != ROLE_NONE) - (a->role != ROLE_NONE);

	if (order == 0)
		order = (int)a->role - (int)b->role;
	if (order == 0)
		order = strcmp(a->name, b->name);
	return order != 0 ? order : (int)a->class - (int)b->class;
}

static int add_kind(struct plan *plan, const struct plan_kind *kind)
{
	char *name = strdup(kind->name);

	if (!name)
		return -ENOMEM;
	plan->kinds[plan->kind_count] = *kind;
	plan->kinds[plan->kind_count++].name = name;
	return 0;
}

/* Adds the different ones of `found`, which is sorted by what it is filled with: the names stay
 * others'. */
static int add_kinds(struct plan *plan, struct plan_kind *found, size_t count)
{
	static const struct plan_kind others[] = {
		[KIND_OTHER] = {(char *)"other", TASK_ASYNC, ROLE_NONE},
		[KIND_OTHER_BLOCKING] = {(char *)"other blocking", TASK_BLOCKING, ROLE_NONE},
	};
	int r = 0;

	plan->kinds = calloc(KIND_LIMIT, sizeof(*plan->kinds));
	if (!plan->kinds)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_SIZE(others) && r == 0; i++)
		r = add_kind(plan, &others[i]);
	if (count > 0)
		qsort(found, count, sizeof(*found), compare_kinds);
	for (size_t i = 0; i < count && plan->kind_count < KIND_LIMIT && r == 0; i++) {
		if (i == 0 || compare_kinds(&found[i - 1], &found[i]) != 0)
			r = add_kind(plan, &found[i]);
	}
	return r;
}

static void set_kind(const struct plan *plan, struct plan_vtable *vtable, const char *name)
{
	enum task_class class = vtable->kind.class;
	size_t index = class == TASK_BLOCKING ? KIND_OTHER_BLOCKING : KIND_OTHER;

	for (size_t i = KIND_NAMED; name && i < plan->kind_count; i++) {
		if (plan->kinds[i].class == class && strcmp(plan->kinds[i].name, name) == 0)
			index = i;
	}
	vtable->kind.index = (__u8)index;
	vtable->kind.role = (__u8)plan->kinds[index].role;
}

int plan_list_kinds(struct plan *plan, char *const *names)
{
	struct plan_kind *found = calloc(plan->vtable_count + 1, sizeof(*found));
	size_t count = 0;
	int r;

	if (!found)
		return -ENOMEM;
	for (size_t i = 0; i < plan->vtable_count; i++) {
		enum task_class class = plan->vtables[i].kind.class;

		if (names[i])
			found[count++] =
				(struct plan_kind){names[i], class, kind_role(names[i], class)};
	}
	r = add_kinds(plan, found, count);
	free(found);
	for (size_t i = 0; i < plan->vtable_count && r == 0; i++)
		set_kind(plan, &plan->vtables[i], names[i]);
	return r;
}
