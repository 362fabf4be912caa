// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "config/option_table.h"

#include <inttypes.h>

#include "base/clock.h"
#include "config/help.h"
#include "parse.h"

/* Each test goes through all rows: a new option needs no new test here. */
static char path[64];

static void start(void)
{
	clear_environment();
	strcpy(path, "/tmp/scottyscope-test-XXXXXX");
	close(mkstemp(path));
}

static void end(void)
{
	unlink(path);
}

TestSuite(config_option_table, .init = start, .fini = end);

static bool is_text(const struct field *field)
{
	return field->store == store_text || field->store == store_base_name ||
	       field->store == store_readable_path || field->store == store_directory ||
	       field->store == store_pairs || field->store == store_listen;
}

static const void *place_of(const struct option_row *row, const struct config *config)
{
	return (const char *)config + row->field.offset;
}

static const char *name_of(const struct option_row *row)
{
	return row->flag ? row->flag : row->variable;
}

static bool has_equal_field(const struct option_row *row, const struct config *a,
			    const struct config *b)
{
	if (!is_text(&row->field))
		return memcmp(place_of(row, a), place_of(row, b), row->field.size) == 0;

	const char *left = *(char *const *)place_of(row, a);
	const char *right = *(char *const *)place_of(row, b);

	return left && right ? strcmp(left, right) == 0 : left == right;
}

/* Two values that the row accepts; a switch has only one. */
static const char *sample(const struct option_row *row, int which)
{
	static char texts[2][64];
	const struct field *field = &row->field;
	uint64_t number = field->lowest + 1 + (uint64_t)which;
	size_t last = 0;

	if (field->store == store_duration)
		snprintf(texts[which], sizeof(texts[which]), "%" PRIu64 "ns", number);
	else if (field->store == store_number || field->store == store_number_or_none ||
		 field->store == store_milliseconds)
		snprintf(texts[which], sizeof(texts[which]), "%" PRIu64, number);
	else if (field->store == store_percent_or_none)
		return which ? "7" : "8";
	else if (field->store == store_listen)
		return which ? "127.0.0.2:81" : "127.0.0.3:82";
	else if (field->store == store_pairs)
		return which ? "a=1" : "b=2";
	else if (field->store == store_readable_path)
		return which ? "/etc/passwd" : "/etc/group";
	else if (field->store == store_user)
		return which ? "root" : "65534";
	else if (field->store == store_directory)
		return which ? "/" : "/tmp";
	else if (field->store == store_boolean || field->store == store_step)
		return "true";
	else if (field->store != store_choice)
		return which ? "first" : "second";
	if (field->store != store_choice)
		return texts[which];
	while (field->choices[last + 1])
		last++;
	return which ? field->choices[last] : field->choices[0];
}

/* A config in which only the field of the row is set. */
static struct config *config_of(const struct option_row *row, const char *text)
{
	struct config *config = calloc(1, sizeof(*config));
	struct error error = {};

	cr_assert_eq(row->field.store(&row->field, config, "x", text, &error), 0, "%s: %s",
		     name_of(row), error.message);
	return config;
}

static void expect_value(const struct option_row *row, const char *text, const char *line)
{
	struct config *expected = config_of(row, text);
	struct config *config = accept(line);

	cr_expect(has_equal_field(row, config, expected), "%s is not %s with '%s'", name_of(row),
		  text, line);
	config__free(config);
	config__free(expected);
}

/* "--flag=text", with --once if the option needs it. */
static void write_line(const struct option_row *row, const char *text, char line[128])
{
	snprintf(line, 128, "%s%s%s%s", row->needs_once ? "--once " : "", row->flag,
		 row->argument ? "=" : "", row->argument ? text : "");
}

static void write_file(const char *key, const char *text)
{
	FILE *stream = fopen(path, "w");

	cr_assert_not_null(stream);
	fprintf(stream, "%s: '%s'\n", key, text);
	fclose(stream);
}

/* A line that reads the file, and further arguments. */
static const char *with_file(const struct option_row *row, const char *arguments)
{
	static char line[256];

	snprintf(line, sizeof(line), "--config %s %s %s", path, row->needs_once ? "--once" : "",
		 arguments);
	return line;
}

#define FOR_EACH_FIELD(row)                                                                    \
	for (const struct option_row *row = option_rows; row < option_rows + option_row_count; \
	     row++)                                                                            \
		if (row->field.store && !row->not_in_file)

Test(config_option_table, defaults)
{
	struct config *config = accept("");
	int count = 0;

	FOR_EACH_FIELD(row)
	{
		struct config *expected = row->default_text ? config_of(row, row->default_text)
							    : calloc(1, sizeof(*expected));

		/* The variables of --listen have the default of --listen. */
		if (row->default_text || row->need != NEEDS_LISTEN)
			cr_expect(has_equal_field(row, config, expected), "%s", name_of(row));
		config__free(expected);
		count++;
	}
	cr_assert_gt(count, 20);
	config__free(config);
}

Test(config_option_table, command_line)
{
	FOR_EACH_FIELD(row)
	{
		char line[128];

		if (!row->flag)
			continue;
		for (int which = 0; which < 2; which++) {
			write_line(row, sample(row, which), line);
			expect_value(row, sample(row, which), line);
		}
		if (row->argument) {
			snprintf(line, sizeof(line), "option %s needs a value: %s", row->flag,
				 row->argument);
			refuse(row->flag, line);
		} else {
			char parts[128];

			snprintf(line, sizeof(line), "%s=true", row->flag);
			snprintf(parts, sizeof(parts), "option %s takes no value", row->flag);
			refuse(line, parts);
		}
	}
}

Test(config_option_table, environment)
{
	FOR_EACH_FIELD(row)
	{
		if (!row->variable)
			continue;
		for (int which = 0; which < 2; which++) {
			set(row->variable, sample(row, which));
			expect_value(row, sample(row, which), "");
		}
		unsetenv(row->variable);
	}
}

Test(config_option_table, file)
{
	FOR_EACH_FIELD(row)
	{
		for (int which = 0; which < 2; which++) {
			if (row->flag) {
				write_file(option_row__key(row), sample(row, which));
				expect_value(row, sample(row, which), with_file(row, ""));
			}
			if (row->variable) {
				write_file(row->variable, sample(row, which));
				expect_value(row, sample(row, which), with_file(row, ""));
			}
		}
	}
}

Test(config_option_table, precedence)
{
	FOR_EACH_FIELD(row)
	{
		char line[128];

		if (row->flag && row->argument) {
			write_file(option_row__key(row), sample(row, 0));
			write_line(row, sample(row, 1), line);
			expect_value(row, sample(row, 1), with_file(row, line));
		}
		if (row->variable && row->field.store != store_boolean) {
			write_file(row->variable, sample(row, 0));
			set(row->variable, sample(row, 1));
			expect_value(row, sample(row, 1), with_file(row, ""));
			unsetenv(row->variable);
		}
	}
}

/* The message names the option and where it is given. */
Test(config_option_table, values_that_are_not_accepted)
{
	FOR_EACH_FIELD(row)
	{
		char line[128], parts[160];

		if (row->field.store == store_text)
			continue;
		snprintf(parts, sizeof(parts), "%s|accepted: ", name_of(row));
		if (row->flag && row->argument) {
			write_line(row, "/?/", line);
			refuse(line, parts);
		}
		snprintf(parts, sizeof(parts), "%s:1: %s: ", path,
			 row->flag ? option_row__key(row) : row->variable);
		write_file(row->flag ? option_row__key(row) : row->variable, "/?/");
		refuse(with_file(row, ""), parts);
		if (row->variable) {
			set(row->variable, "/?/");
			/* A rule of OpenTelemetry, for its own variables. */
			if (field__may_be_ignored(&row->field) &&
			    strncmp(row->variable, "OTEL_", strlen("OTEL_")) == 0)
				config__free(accept_with_warning("", row->variable));
			else
				refuse("", row->variable);
			unsetenv(row->variable);
		}
	}
}

Test(config_option_table, commands)
{
	static const char *const names[] = {
		[COMMAND_RUN] = "run",
		[COMMAND_VERIFY] = "verify",
		[COMMAND_METRICS] = "metrics",
		[COMMAND_HEALTH] = "health",
	};

	FOR_EACH_FIELD(row)
	{
		if (!row->flag)
			continue;
		for (int i = 0; i < 4; i++) {
			bool is_once = row->needs_once && i == COMMAND_RUN;
			char line[160], parts[128];

			snprintf(line, sizeof(line), "%s %s %s%s%s", names[i],
				 is_once ? "--once" : "", row->flag, row->argument ? "=" : "",
				 row->argument ? sample(row, 0) : "");
			snprintf(parts, sizeof(parts), "%s and %s cannot be given together",
				 names[i], row->flag);
			if (option_row__takes(row, (enum config_command)i))
				config__free(accept(line));
			else
				refuse(line, parts);
		}
	}
}

Test(config_option_table, numbers_fit_their_fields)
{
	FOR_EACH_FIELD(row)
	{
		const struct field *field = &row->field;
		uint64_t unit = field->store == store_milliseconds ? NS_PER_MS : 1;

		cr_expect_leq(field->lowest, field->highest, "%s", name_of(row));
		if (field->size < sizeof(uint64_t))
			cr_expect_lt(field->highest, UINT64_C(1) << (8 * field->size), "%s",
				     name_of(row));
		else
			cr_expect_lt(field->highest, UINT64_MAX / unit, "%s", name_of(row));
		if (field->store == store_duration || field->store == store_milliseconds)
			cr_expect_eq(field->size, sizeof(uint64_t), "%s", name_of(row));
		if (is_text(field))
			cr_expect_eq(field->size, sizeof(char *), "%s", name_of(row));
		if (field->store == store_percent_or_none)
			cr_expect_eq(field->size, sizeof(double), "%s", name_of(row));
	}
}

Test(config_option_table, names_are_unique)
{
	for (size_t i = 0; i < option_row_count; i++) {
		const struct option_row *row = &option_rows[i];

		cr_expect_eq(!row->heading, option_row__is_option(row));
		if (row->heading)
			continue;
		cr_expect_neq(row->commands, 0, "%s", name_of(row));
		if (row->flag) {
			cr_expect_eq(strncmp(row->flag, "--", 2), 0, "%s", row->flag);
			cr_expect_eq(option_row__of_key(row->flag + 2), row, "%s", row->flag);
			cr_expect_not_null(row->help, "%s", row->flag);
		}
		if (row->variable)
			cr_expect_eq(option_row__of_variable(row->variable), row, "%s",
				     row->variable);
		for (size_t j = 0; row->letter && j < i; j++)
			cr_expect_neq(option_rows[j].letter, row->letter, "-%c", row->letter);
	}
}

/* --help has each option, and its default behind it. */
Test(config_option_table, help, .init = cr_redirect_stdout)
{
	static char output[32768];
	FILE *written = cr_get_redirected_stdout();
	size_t length;

	help__print();
	fflush(stdout);
	fputs("end\n", stdout);
	fflush(stdout);
	for (length = 0; length < sizeof(output) - 1; length++) {
		int c = fgetc(written);

		output[length] = (char)c;
		if (c == EOF || (length > 5 && !strncmp(&output[length - 4], "\nend\n", 5)))
			break;
	}
	for (size_t i = 0; i < option_row_count; i++) {
		const struct option_row *row = &option_rows[i];
		char name[128], note[128];
		const char *place;

		if (row->heading || !row->help)
			continue;
		snprintf(name, sizeof(name), "%s%s%s", name_of(row), row->argument ? "=" : " ",
			 row->argument ? row->argument : "");
		place = strstr(output, name);
		cr_expect_not_null(place, "%s", name);
		snprintf(note, sizeof(note), "(default: %s)", row->default_text);
		if (place && row->argument && row->default_text)
			cr_expect_not_null(strstr(place, note), "%s %s", name, note);
	}
}
