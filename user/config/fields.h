/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_CONFIG_FIELDS_H
#define SCOTTYSCOPE_CONFIG_FIELDS_H

/* From a text to a field of struct config: a parser of config/values.h, what it accepts, and the
 * place of the field. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "config/config.h"

struct field;

/* Parses `text` and writes the field of `config`; `name` is for messages. A text that is not
 * accepted is -EINVAL, and the field is unchanged. */
typedef int field_store(const struct field *field, struct config *config, const char *name,
			const char *text, struct error *error);

struct field {
	field_store *store; /* NULL: no field */
	size_t offset;	    /* in struct config */
	size_t size;
	uint64_t lowest; /* of numbers and durations */
	uint64_t highest;
	const char *const *choices; /* of store_choice; NULL is the end */
	int step;		    /* of store_step */
};

/* Whether OpenTelemetry's rule for a value that cannot be parsed, in an environment variable, is to
 * ignore the variable: see sources__ignore(). */
bool field__may_be_ignored(const struct field *field);

field_store store_number;	   /* an unsigned integer of any size */
field_store store_number_or_none;  /* "none" is 0 */
field_store store_duration;	   /* uint64_t, in nanoseconds */
field_store store_milliseconds;	   /* a number; uint64_t, in nanoseconds */
field_store store_percent_or_none; /* double, a share of 1; "none" is 0 */
field_store store_choice;	   /* an enum or bool: the index of the choice */
field_store store_boolean;	   /* bool */
field_store store_step;		   /* int: "true" adds the step */
field_store store_text;		   /* char *, a copy */
field_store store_base_name;	   /* char *, a file name without directories */
field_store store_readable_path;   /* char *, the path of a readable file */
field_store store_directory;	   /* char *, the path of a directory */
field_store store_user;		   /* uint64_t, a user id plus 1 */
field_store store_pairs;	   /* char *, a list for value_parse_pairs() */
field_store store_listen;	   /* listen_host and listen_port; "none" is no host */

#endif
