// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "web/route.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool answers(const struct web_route *route, const char *method)
{
	if (strcmp(method, "HEAD") == 0)
		method = "GET";
	return strcmp(route->method, method) == 0;
}

const struct web_route *web_routes__find(const struct web_routes *routes, const char *method,
					 const char *path, enum web_status *ret_status)
{
	bool has_path = false, has_method = false;

	for (size_t i = 0; i < routes->count; i++) {
		const struct web_route *route = &routes->items[i];
		bool is_path = strcmp(route->path, path) == 0;
		bool is_method = answers(route, method);

		if (is_path && is_method)
			return route;
		has_path |= is_path;
		has_method |= is_method;
	}
	*ret_status =
		has_path || !has_method ? WEB_STATUS_METHOD_NOT_ALLOWED : WEB_STATUS_NOT_FOUND;
	return NULL;
}

/* Adds a method to a list unless the list has it. */
static void add_method(char *text, size_t size, const char *method)
{
	size_t length = strlen(text);

	if (!strstr(text, method))
		snprintf(text + length, size - length, "%s%s", length > 0 ? ", " : "", method);
}

static void add_methods(const struct web_routes *routes, const char *path, char *text, size_t size)
{
	for (size_t i = 0; i < routes->count; i++) {
		const struct web_route *route = &routes->items[i];

		if (path && strcmp(route->path, path) != 0)
			continue;
		add_method(text, size, route->method);
		if (answers(route, "HEAD"))
			add_method(text, size, "HEAD");
	}
}

void web_routes__allow(const struct web_routes *routes, const char *path, char *text, size_t size)
{
	text[0] = '\0';
	add_methods(routes, path, text, size);
	if (text[0] == '\0')
		add_methods(routes, NULL, text, size);
}

int web_response__print(struct web_response *response, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vasprintf(&response->body, format, arguments);
	va_end(arguments);
	if (length < 0) {
		response->body = NULL;
		return -ENOMEM;
	}
	response->size = (size_t)length;
	return 0;
}
