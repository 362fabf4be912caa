// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "agent/service_names.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/error.h"
#include "base/log.h"
#include "base/utf8.h"
#include "config/values.h"

#define VARIABLE	"OTEL_RESOURCE_ATTRIBUTES"
#define KEY_LIMIT_BYTES 255

static bool is_permitted(const char *key)
{
	static const char *const keys[] = {"service.name", "service.namespace", "service.version"};

	if (strlen(key) > KEY_LIMIT_BYTES)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (strcmp(key, keys[i]) == 0)
			return true;
	}
	return strncmp(key, "deployment.", strlen("deployment.")) == 0;
}

void service_names__cut(const char *name, char *text)
{
	size_t length = SERVICE_NAMES_VALUE_BYTES;

	if (strnlen(text, length + 1) <= length)
		return;
	/* The first byte that is left out is not amid a character. */
	while (length > 0 && utf8_is_continuation(text[length]))
		length--;
	text[length] = '\0';
	log_warning("the observed process's %.64s is cut to %zu bytes", name, length);
}

static void warn_of_left_out(const char *first, size_t count)
{
	log_warning("%zu attributes of the observed process's " VARIABLE
		    " are left out, such as %.64s: a process sets only service.name, "
		    "service.namespace, service.version and deployment.*; set others in the "
		    "environment of scottyscope",
		    count, first);
}

void service_names__parse(const char *list, struct config_header **ret_pairs, size_t *ret_count)
{
	struct config_header *pairs = NULL;
	struct error error = {0};
	size_t count = 0, kept = 0;

	*ret_pairs = NULL;
	*ret_count = 0;
	if (!list || !*list)
		return;
	if (value_parse_pairs(VARIABLE, list, &pairs, &count, &error) < 0) {
		log_warning("the observed process's %s is ignored: %s", VARIABLE, error.message);
		return;
	}
	/* The permitted attributes go first. */
	for (size_t i = 0; i < count; i++) {
		struct config_header pair = pairs[i];

		if (kept == SERVICE_NAMES_LIMIT || !is_permitted(pair.name))
			continue;
		pairs[i] = pairs[kept];
		pairs[kept++] = pair;
		service_names__cut(pair.name, pair.value);
	}
	if (kept < count)
		warn_of_left_out(pairs[kept].name, count - kept);
	for (size_t i = kept; i < count; i++) {
		free(pairs[i].value);
		free(pairs[i].name);
	}
	*ret_pairs = pairs;
	*ret_count = kept;
}
