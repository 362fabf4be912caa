// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tokio/task_type.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/log.h"
#include "base/utf8.h"

/* Ends of the names of asynchronous tasks, and the roles of these tasks. Only the end counts, because modules
 * move between versions. The task that axum spawns for a websocket runs Scotty's websocket_handler, which
 * spawns another task under its own name: so the role belongs to axum's name. */
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

bool task_type_ends_with(const char *name, const char *end)
{
	size_t name_length = strlen(name);
	size_t length = strlen(end);

	if (length > name_length || strcmp(name + name_length - length, end) != 0)
		return false;
	return length == name_length || name[name_length - length - 1] == ':';
}

enum task_role task_type_role(const char *name, enum task_class class)
{
	if (class == TASK_BLOCKING)
		return ROLE_NONE;
	for (size_t i = 0; i < ARRAY_SIZE(roles); i++) {
		if (task_type_ends_with(name, roles[i].name))
			return roles[i].role;
	}
	return ROLE_NONE;
}

static int compare_types(const void *left, const void *right)
{
	const struct tokio_task_type *a = left;
	const struct tokio_task_type *b = right;
	int order = (b->role != ROLE_NONE) - (a->role != ROLE_NONE);

	if (order == 0)
		order = (int)a->role - (int)b->role;
	if (order == 0)
		order = strcmp(a->name, b->name);
	return order != 0 ? order : (int)a->class - (int)b->class;
}

static int add_type(struct tokio *tokio, const struct tokio_task_type *type)
{
	char *name = strdup(type->name);

	if (!name)
		return -ENOMEM;
	tokio->task_types[tokio->task_type_count] = *type;
	tokio->task_types[tokio->task_type_count++].name = name;
	return 0;
}

/* The types of the tasks without a name. */
static const struct tokio_task_type others[] = {
	[KIND_OTHER] = {(char *)"other", TASK_ASYNC, ROLE_NONE},
	[TASK_TYPE_OTHER_BLOCKING] = {(char *)"other blocking", TASK_BLOCKING, ROLE_NONE},
	[TASK_TYPE_OTHER_LOCAL] = {(char *)"other local", TASK_LOCAL, ROLE_NONE},
};

/* Whether an executable has a future with the name of one of `others`: its tasks count there, since two types
 * of one name would be one label twice. */
static bool is_name_of_others(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		if (strcmp(others[i].name, name) == 0)
			return true;
	}
	return false;
}

/* Adds the types of `found`, each once, and sorts `found` for that. The names in `found` stay the caller's. */
static int add_types(struct tokio *tokio, struct tokio_task_type *found, size_t count)
{
	int r = 0;

	tokio->task_types = calloc(KIND_LIMIT, sizeof(*tokio->task_types));
	if (!tokio->task_types)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_SIZE(others) && r == 0; i++)
		r = add_type(tokio, &others[i]);
	if (count > 0)
		qsort(found, count, sizeof(*found), compare_types);
	for (size_t i = 0; i < count && tokio->task_type_count < KIND_LIMIT && r == 0; i++) {
		if (is_name_of_others(found[i].name))
			continue;
		if (i == 0 || compare_types(&found[i - 1], &found[i]) != 0)
			r = add_type(tokio, &found[i]);
	}
	return r;
}

static void set_type(const struct tokio *tokio, struct tokio_vtable *vtable, const char *name)
{
	enum task_class class = vtable->kind.class;
	size_t index = class == TASK_BLOCKING ? TASK_TYPE_OTHER_BLOCKING
		       : class == TASK_LOCAL  ? TASK_TYPE_OTHER_LOCAL
					      : KIND_OTHER;

	for (size_t i = TASK_TYPE_NAMED; name && i < tokio->task_type_count; i++) {
		if (tokio->task_types[i].class == class &&
		    strcmp(tokio->task_types[i].name, name) == 0)
			index = i;
	}
	vtable->kind.index = (__u8)index;
	vtable->kind.role = (__u8)tokio->task_types[index].role;
}

/* Cuts a long name at its beginning: the end has the function, and decides the role. Returns whether the
 * name was long. */
static bool cut_name(char *name)
{
	/* "…", without a terminator. */
	static const char mark[] = {'\xe2', '\x80', '\xa6'};
	size_t length = strlen(name);
	size_t kept = TASK_TYPE_NAME_BYTES - sizeof(mark);

	if (length <= TASK_TYPE_NAME_BYTES)
		return false;
	/* Not amid a character. */
	while (kept > 0 && utf8_is_continuation(name[length - kept]))
		kept--;
	memmove(name + sizeof(mark), name + length - kept, kept + 1);
	memcpy(name, mark, sizeof(mark));
	return true;
}

static void cut_names(char *const *names, size_t count)
{
	size_t cut = 0;

	for (size_t i = 0; i < count; i++)
		cut += names[i] && cut_name(names[i]);
	if (cut > 0)
		log_warning("%zu names of types of tasks are longer than %zu bytes and cut", cut,
			    TASK_TYPE_NAME_BYTES);
}

static int list_types(struct tokio *tokio, char *const *names)
{
	struct tokio_task_type *found = calloc(tokio->vtable_count + 1, sizeof(*found));
	size_t count = 0;
	int r;

	if (!found)
		return -ENOMEM;
	cut_names(names, tokio->vtable_count);
	for (size_t i = 0; i < tokio->vtable_count; i++) {
		enum task_class class = tokio->vtables[i].kind.class;

		if (names[i])
			found[count++] = (struct tokio_task_type){names[i], class,
								  task_type_role(names[i], class)};
	}
	r = add_types(tokio, found, count);
	free(found);
	for (size_t i = 0; i < tokio->vtable_count && r == 0; i++)
		set_type(tokio, &tokio->vtables[i], names[i]);
	return r;
}

static void free_names(char **names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

/* Returns copies of the names as UTF-8. An export needs UTF-8, and names that differ in malformed bytes only are
 * one label. NULL when out of memory. */
static char **copy_as_utf8(char *const *names, size_t count)
{
	char **copies = calloc(count + 1, sizeof(*copies));

	for (size_t i = 0; copies && i < count; i++) {
		if (!names[i])
			continue;
		copies[i] = utf8_repaired_copy(names[i]);
		if (!copies[i]) {
			free_names(copies, i);
			return NULL;
		}
	}
	return copies;
}

int tokio_list_task_types(struct tokio *tokio, char *const *names)
{
	char **copies = copy_as_utf8(names, tokio->vtable_count);
	int r;

	if (!copies)
		return -ENOMEM;
	r = list_types(tokio, copies);
	free_names(copies, tokio->vtable_count);
	return r;
}
