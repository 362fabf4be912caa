// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "config/fields.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "config/trusted_file.h"
#include "config/values.h"

bool field__may_be_ignored(const struct field *field)
{
	return field->store == store_boolean || field->store == store_number ||
	       field->store == store_milliseconds || field->store == store_choice ||
	       field->store == store_pairs;
}

static void *field_of(const struct field *field, struct config *config)
{
	return (char *)config + field->offset;
}

/* `number` fits: the row's limits are those of the field. */
static void write_number(const struct field *field, struct config *config, uint64_t number)
{
	void *place = field_of(field, config);
	uint8_t byte = (uint8_t)number;
	uint16_t half = (uint16_t)number;
	uint32_t word = (uint32_t)number;

	switch (field->size) {
	case sizeof(byte):
		memcpy(place, &byte, sizeof(byte));
		break;
	case sizeof(half):
		memcpy(place, &half, sizeof(half));
		break;
	case sizeof(word):
		memcpy(place, &word, sizeof(word));
		break;
	default:
		memcpy(place, &number, sizeof(number));
	}
}

static int write_text(const struct field *field, struct config *config, const char *text,
		      struct error *error)
{
	char **place = field_of(field, config);
	char *copy = strdup(text);

	if (!copy)
		return error_out_of_memory(error);
	free(*place);
	*place = copy;
	return 0;
}

int store_number(const struct field *field, struct config *config, const char *name,
		 const char *text, struct error *error)
{
	uint64_t number;
	int r = value_parse_number(name, text, field->lowest, field->highest, &number, error);

	if (r < 0)
		return r;
	write_number(field, config, number);
	return 0;
}

int store_number_or_none(const struct field *field, struct config *config, const char *name,
			 const char *text, struct error *error)
{
	uint64_t number = 0;

	if (strcasecmp(text, "none") != 0 &&
	    value_parse_number(name, text, field->lowest, field->highest, &number, NULL) < 0)
		return value_refuse(error, name, text, "a whole number from %llu to %llu, or none",
				    (unsigned long long)field->lowest,
				    (unsigned long long)field->highest);
	write_number(field, config, number);
	return 0;
}

int store_duration(const struct field *field, struct config *config, const char *name,
		   const char *text, struct error *error)
{
	return value_parse_duration(name, text, field->lowest, field->highest,
				    field_of(field, config), error);
}

int store_milliseconds(const struct field *field, struct config *config, const char *name,
		       const char *text, struct error *error)
{
	uint64_t ms;
	int r = value_parse_number(name, text, field->lowest, field->highest, &ms, error);

	if (r < 0)
		return r;
	write_number(field, config, ms * NS_PER_MS);
	return 0;
}

int store_percent_or_none(const struct field *field, struct config *config, const char *name,
			  const char *text, struct error *error)
{
	return value_parse_percent(name, text, field_of(field, config), error);
}

int store_choice(const struct field *field, struct config *config, const char *name,
		 const char *text, struct error *error)
{
	size_t index;
	int r = value_parse_choice(name, text, field->choices, &index, error);

	if (r < 0)
		return r;
	write_number(field, config, index);
	return 0;
}

int store_boolean(const struct field *field, struct config *config, const char *name,
		  const char *text, struct error *error)
{
	return value_parse_boolean(name, text, field_of(field, config), error);
}

int store_step(const struct field *field, struct config *config, const char *name, const char *text,
	       struct error *error)
{
	int *place = field_of(field, config);
	bool is_on;
	int r = value_parse_boolean(name, text, &is_on, error);

	if (r < 0)
		return r;
	if (is_on)
		*place += field->step;
	return 0;
}

int store_text(const struct field *field, struct config *config, const char *name, const char *text,
	       struct error *error)
{
	(void)name;
	return write_text(field, config, text, error);
}

int store_base_name(const struct field *field, struct config *config, const char *name,
		    const char *text, struct error *error)
{
	if (*text == '\0' || strchr(text, '/'))
		return value_refuse(error, name, text,
				    "the name of an executable without its directory");
	return write_text(field, config, text, error);
}

int store_readable_path(const struct field *field, struct config *config, const char *name,
			const char *text, struct error *error)
{
	_cleanup_close_ int fd = trusted_file__open(name, text, error);

	return fd < 0 ? fd : write_text(field, config, text, error);
}

int store_directory(const struct field *field, struct config *config, const char *name,
		    const char *text, struct error *error)
{
	_cleanup_close_ int fd = open(text, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return error_set(error, -EINVAL, "%s: cannot open '%.200s'; accepted: a directory",
				 name, text);
	return write_text(field, config, text, error);
}

int store_user(const struct field *field, struct config *config, const char *name, const char *text,
	       struct error *error)
{
	uid_t user;
	int r = value_parse_user(name, text, &user, error);

	if (r < 0)
		return r;
	write_number(field, config, (uint64_t)user + 1);
	return 0;
}

int store_pairs(const struct field *field, struct config *config, const char *name,
		const char *text, struct error *error)
{
	struct config_header *pairs;
	size_t count;
	int r = value_parse_pairs(name, text, &pairs, &count, error);

	if (r < 0)
		return r;
	config_headers__free(pairs, count);
	return write_text(field, config, text, error);
}

int store_listen(const struct field *field, struct config *config, const char *name,
		 const char *text, struct error *error)
{
	char **place = field_of(field, config);
	char *host = NULL;
	int r = 0;

	if (strcmp(text, "none") != 0)
		r = value_parse_address(name, text, &host, &config->listen_port, error);
	if (r < 0)
		return r;
	free(*place);
	*place = host;
	return 0;
}
