// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "exposition.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "fuzz.h"

#define LABELS_MOST 160

struct reader {
	const char *line; /* terminated */
	const char *at;	  /* in the line */
	bool is_open_metrics;
	bool is_unique;
	char *family; /* of the last TYPE */
	char *type;
	char **families; /* names of all TYPE lines */
	size_t family_count;
	char **series;
	size_t series_count;
};

#define check(reader, condition, what)                                      \
	fuzz_check(condition, "%s: '%s' at byte %td", what, (reader)->line, \
		   (reader)->at - (reader)->line)

static bool is_name_byte(char c, bool is_first, bool colons)
{
	return isalpha((unsigned char)c) || c == '_' || (colons && c == ':') ||
	       (!is_first && isdigit((unsigned char)c));
}

/* Takes a name of a metric, or with `colons` false of a label. */
static char *take_name(struct reader *reader, bool colons)
{
	const char *start = reader->at;

	while (is_name_byte(*reader->at, reader->at == start, colons))
		reader->at++;
	check(reader, reader->at > start, "no name");
	return strndup(start, (size_t)(reader->at - start));
}

static void take(struct reader *reader, const char *text)
{
	check(reader, strncmp(reader->at, text, strlen(text)) == 0, text);
	reader->at += strlen(text);
}

/* Takes a number as Go's ParseFloat reads it, which the scrapers use. */
static void take_number(struct reader *reader)
{
	static const char *const words[] = {"NaN", "+Inf", "-Inf"};
	char *end;

	for (size_t i = 0; i < 3; i++) {
		if (strncmp(reader->at, words[i], strlen(words[i])) == 0) {
			reader->at += strlen(words[i]);
			return;
		}
	}
	check(reader, isdigit((unsigned char)*reader->at) || *reader->at == '-', "no number");
	strtod(reader->at, &end);
	check(reader, end > reader->at, "no number");
	reader->at = end;
}

/* Takes a text up to its closing quotation mark, or to the end of the line. */
static void take_escaped(struct reader *reader, bool quotes, bool has_quotes_escape)
{
	while (*reader->at && !(quotes && *reader->at == '"')) {
		if (*reader->at++ != '\\')
			continue;
		check(reader,
		      *reader->at == '\\' || *reader->at == 'n' ||
			      (has_quotes_escape && *reader->at == '"'),
		      "unknown escape");
		reader->at++;
	}
}

/* Whether a label may stand beside another one. An attribute "le", which the agent does not use, stands beside
 * the bound of a bucket. */
static bool is_free(const struct reader *reader, const char *other, const char *name)
{
	return strcmp(other, name) != 0 || (!reader->is_unique && strcmp(name, "le") == 0);
}

/* Takes "{name="value",...}". No name occurs twice. */
static void take_labels(struct reader *reader)
{
	char *names[LABELS_MOST];
	size_t count = 0;

	take(reader, "{");
	for (;;) {
		check(reader, count < LABELS_MOST, "many labels");
		names[count] = take_name(reader, false);
		for (size_t i = 0; i < count; i++)
			check(reader, is_free(reader, names[i], names[count]), "a label twice");
		count++;
		take(reader, "=\"");
		take_escaped(reader, true, true);
		take(reader, "\"");
		if (*reader->at != ',')
			break;
		reader->at++;
	}
	take(reader, "}");
	while (count > 0)
		free(names[--count]);
}

static bool is_family(const struct reader *reader, const char *name)
{
	static const struct {
		const char *type, *suffix;
		bool only_open_metrics;
	} suffixes[] = {
		{"histogram", "_bucket", false}, {"histogram", "_sum", false},
		{"histogram", "_count", false},	 {"counter", "_total", true},
		{"info", "_info", true},
	};
	size_t length = reader->family ? strlen(reader->family) : 0;

	if (!length || strncmp(name, reader->family, length) != 0)
		return false;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
		if (strcmp(reader->type, suffixes[i].type) == 0 &&
		    strcmp(name + length, suffixes[i].suffix) == 0 &&
		    (reader->is_open_metrics || !suffixes[i].only_open_metrics))
			return true;
	}
	/* In OpenMetrics only a gauge's samples have the family's own name. */
	return !name[length] && strcmp(reader->type, "histogram") != 0 &&
	       (!reader->is_open_metrics || strcmp(reader->type, "gauge") == 0);
}

static char **append(char **items, size_t *count, char *item)
{
	items = realloc(items, (*count + 1) * sizeof(*items));
	if (!items)
		abort();
	items[(*count)++] = item;
	return items;
}

static void read_type(struct reader *reader)
{
	static const char *const types[] = {"counter", "gauge", "histogram", "info"};
	bool is_known = false;

	free(reader->family);
	free(reader->type);
	reader->family = take_name(reader, true);
	take(reader, " ");
	reader->type = take_name(reader, false);
	check(reader, !*reader->at, "text after the type");
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		is_known |= strcmp(types[i], reader->type) == 0;
	check(reader, is_known, "unknown type");
	for (size_t i = 0; reader->is_unique && i < reader->family_count; i++)
		check(reader, strcmp(reader->families[i], reader->family) != 0, "a family twice");
	reader->families = append(reader->families, &reader->family_count, strdup(reader->family));
}

static void read_help(struct reader *reader)
{
	free(take_name(reader, true));
	take(reader, " ");
	take_escaped(reader, false, reader->is_open_metrics);
}

/* Takes " # {labels} value timestamp" (OpenMetrics 1.0.0, "Exemplars"). */
static void read_exemplar(struct reader *reader)
{
	check(reader, reader->is_open_metrics && strcmp(reader->type, "histogram") == 0,
	      "an exemplar");
	take(reader, " # ");
	take_labels(reader);
	take(reader, " ");
	take_number(reader);
	take(reader, " ");
	take_number(reader);
}

static void read_sample(struct reader *reader)
{
	char *name = take_name(reader, true);

	check(reader, is_family(reader, name), "a sample of another family");
	free(name);
	if (*reader->at == '{')
		take_labels(reader);
	reader->series = append(reader->series, &reader->series_count,
				strndup(reader->line, (size_t)(reader->at - reader->line)));
	take(reader, " ");
	take_number(reader);
	if (*reader->at)
		read_exemplar(reader);
	check(reader, !*reader->at, "text after the value");
}

static void read_line(struct reader *reader)
{
	check(reader, utf8_is_valid(reader->line), "no UTF-8");
	if (strncmp(reader->line, "# HELP ", 7) == 0) {
		reader->at += 7;
		read_help(reader);
	} else if (strncmp(reader->line, "# TYPE ", 7) == 0) {
		reader->at += 7;
		read_type(reader);
	} else {
		read_sample(reader);
	}
}

static int compare(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

static size_t finish(struct reader *reader, bool is_unique)
{
	if (reader->series_count > 0)
		qsort(reader->series, reader->series_count, sizeof(*reader->series), compare);
	for (size_t i = 1; is_unique && i < reader->series_count; i++)
		fuzz_check(strcmp(reader->series[i - 1], reader->series[i]) != 0,
			   "a series twice: %s", reader->series[i]);
	for (size_t i = 0; i < reader->series_count; i++)
		free(reader->series[i]);
	for (size_t i = 0; i < reader->family_count; i++)
		free(reader->families[i]);
	free(reader->series);
	free(reader->families);
	free(reader->family);
	free(reader->type);
	return reader->series_count;
}

size_t exposition_read(const char *text, size_t size, bool is_open_metrics, bool is_unique)
{
	struct reader reader = {.is_open_metrics = is_open_metrics, .is_unique = is_unique};
	bool has_end = false;

	fuzz_check(strlen(text) == size, "a NUL in the exposition");
	while (*text) {
		size_t length = strcspn(text, "\n");
		char *line = strndup(text, length);

		fuzz_check(text[length] == '\n', "no line end: %s", line);
		fuzz_check(!has_end, "text after the end: %s", line);
		reader.line = reader.at = line;
		has_end = is_open_metrics && strcmp(line, "# EOF") == 0;
		if (!has_end)
			read_line(&reader);
		free(line);
		text += length + 1;
	}
	fuzz_check(has_end == is_open_metrics, "no end");
	return finish(&reader, is_unique);
}
