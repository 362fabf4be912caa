/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_TESTS_CONFIG_PARSE_H
#define SCOTTYSCOPE_TESTS_CONFIG_PARSE_H

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/parse.h"

#define HIGHEST_ARGUMENTS 16

/* Splits `line` at its spaces and parses it as the arguments of scottyscope. */
static inline int parse_line(const char *line, struct config **ret_config, struct error *error)
{
	static char copy[512];
	static char name[] = "scottyscope";
	char *argv[HIGHEST_ARGUMENTS + 1] = {name};
	int argc = 1;

	cr_assert_lt(strlen(line), sizeof(copy));
	strcpy(copy, line);
	for (char *word = strtok(copy, " "); word; word = strtok(NULL, " ")) {
		cr_assert_lt(argc, HIGHEST_ARGUMENTS);
		argv[argc++] = word;
	}
	return config__parse(argc, argv, ret_config, error);
}

/* The config of a command line that must be accepted; the caller frees it. */
static inline struct config *accept(const char *line)
{
	struct config *config = NULL;
	struct error error = {};
	int r = parse_line(line, &config, &error);

	cr_assert_eq(r, 0, "'%s' was refused: %s", line, error.message);
	cr_assert_not_null(config);
	return config;
}

/* Expects an error for the command line, in one line, with a hint to --help and with all `parts`,
 * which are separated by '|'. */
static inline void refuse(const char *line, const char *parts)
{
	struct config *config = NULL;
	struct error error = {};
	char copy[512];
	int r = parse_line(line, &config, &error);

	cr_assert_eq(r, -EINVAL, "'%s' gave %d", line, r);
	cr_assert_null(config);
	cr_assert_eq(error.code, -EINVAL);
	cr_assert_null(strchr(error.message, '\n'));
	cr_assert(strstr(error.message, "--help"), "'%s': %s", line, error.message);
	strcpy(copy, parts);
	for (char *part = strtok(copy, "|"); part; part = strtok(NULL, "|"))
		cr_assert(strstr(error.message, part), "'%s': '%s' is not in: %s", line, part,
			  error.message);
}

/* The config of a command line that must be accepted with one warning, which has all `parts`. */
static inline struct config *accept_with_warning(const char *line, const char *parts)
{
	FILE *standard = stderr;
	struct config *config;
	char *text = NULL;
	size_t size = 0;
	char copy[512];

	stderr = open_memstream(&text, &size);
	config = accept(line);
	fclose(stderr);
	stderr = standard;
	cr_assert(strncmp(text, "scottyscope: warning: ", 22) == 0, "'%s'", text);
	cr_assert_eq(strchr(text, '\n'), text + size - 1, "one line: %s", text);
	strcpy(copy, parts);
	for (char *part = strtok(copy, "|"); part; part = strtok(NULL, "|"))
		cr_assert(strstr(text, part), "'%s' is not in: %s", part, text);
	free(text);
	return config;
}

/* The command line must be accepted without a warning. */
static inline void expect_no_warning(const char *line)
{
	FILE *standard = stderr;
	char *text = NULL;
	size_t size = 0;

	stderr = open_memstream(&text, &size);
	config__free(accept(line));
	fclose(stderr);
	stderr = standard;
	cr_assert_str_eq(text, "");
	free(text);
}

static inline void set(const char *name, const char *value)
{
	cr_assert_eq(setenv(name, value, 1), 0);
}

static inline void assert_header(const struct config_header *header, const char *name,
				 const char *value)
{
	cr_assert_str_eq(header->name, name);
	cr_assert_str_eq(header->value, value);
}

/* Removes the developer's own variables. Each test is a process. */
static inline void clear_environment(void)
{
	extern char **environ;
	char name[128];

	for (char **entry = environ; *entry;) {
		if (strncmp(*entry, "OTEL_", 5) != 0) {
			entry++;
			continue;
		}
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(*entry, "="), *entry);
		unsetenv(name);
	}
}

#endif
