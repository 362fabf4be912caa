// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "process/internal.h"
#include "process/proc.h"

#define CHUNK_BYTES	  4096
#define VALUE_LIMIT_BYTES ((size_t)128 * 1024)

/* Searches an environment for one variable. The other variables may be secrets of the process: no more
 * than a chunk of them is in memory at a time, and it is wiped. */
struct search {
	const char *name;
	size_t matched; /* characters of `name` that the present variable begins with */
	enum {
		SEARCH_NAME,
		SEARCH_SKIP,
		SEARCH_VALUE
	} state;
	char *value;
	size_t length, capacity;
	bool is_complete;
};

static int add_to_value(struct search *search, char byte)
{
	if (search->length + 1 >= search->capacity) {
		size_t capacity = search->capacity ? search->capacity * 2 : 256;
		char *larger;

		if (capacity > VALUE_LIMIT_BYTES)
			return -E2BIG;
		larger = realloc(search->value, capacity);
		if (!larger)
			return -ENOMEM;
		search->value = larger;
		search->capacity = capacity;
	}
	search->value[search->length++] = byte;
	search->value[search->length] = '\0';
	return 0;
}

/* Takes the next byte. Returns 1 when the variable was found and has ended. */
static int take(struct search *search, char byte)
{
	if (byte == '\0') {
		search->is_complete = search->state == SEARCH_VALUE;
		search->state = SEARCH_NAME;
		search->matched = 0;
		return search->is_complete;
	}
	if (search->state == SEARCH_VALUE)
		return add_to_value(search, byte);
	if (search->state == SEARCH_SKIP)
		return 0;
	if (search->name[search->matched] == byte)
		search->matched++;
	else if (search->name[search->matched] == '\0' && byte == '=')
		search->state = SEARCH_VALUE;
	else
		search->state = SEARCH_SKIP;
	return 0;
}

static int search_file(int fd, struct search *search)
{
	char chunk[CHUNK_BYTES];
	ssize_t count;
	int r = 0;

	while (r == 0 && (count = read(fd, chunk, sizeof(chunk))) > 0) {
		for (ssize_t i = 0; i < count && r == 0; i++)
			r = take(search, chunk[i]);
	}
	/* The process may have overwritten the last terminator. */
	if (r == 0)
		r = take(search, '\0');
	explicit_bzero(chunk, sizeof(chunk));
	return r;
}

char *process__search_environment(int fd, const char *name)
{
	struct search search = {.name = name};
	int r = search_file(fd, &search);

	if (r == -E2BIG)
		log_warning("the variable %s of the process is longer than %zu bytes and ignored",
			    name, VALUE_LIMIT_BYTES);
	if (r != 1) {
		free(search.value);
		return NULL;
	}
	return search.value ? search.value : strdup("");
}

char *process__environment(const struct process *target, const char *name)
{
	_cleanup_close_ int fd = proc__open(target->pid, "environ");

	return fd < 0 ? NULL : process__search_environment(fd, name);
}
