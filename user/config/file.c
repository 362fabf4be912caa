// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "config/file.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <yaml.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "config/option_table.h"
#include "config/trusted_file.h"

#define FILE_LIMIT_BYTES ((size_t)256 * 1024)
#define COMPARED_LENGTH	 ((size_t)64)

struct reading {
	const char *path;
	struct file *file;
	struct error *error;
};

void file__free(struct file *file)
{
	if (!file)
		return;
	for (size_t i = 0; i < file->count; i++) {
		explicit_bzero(file->entries[i].text, strlen(file->entries[i].text));
		free(file->entries[i].text);
		free(file->entries[i].label);
	}
	free(file->entries);
	free(file);
}

const struct file_entry *file__find(const struct file *file, const char *key)
{
	for (size_t i = 0; file && i < file->count; i++) {
		if (strcmp(file->entries[i].key, key) == 0)
			return &file->entries[i];
	}
	return NULL;
}

/* libyaml counts lines from 0, messages count from 1. */
static int refuse(const struct reading *reading, const yaml_mark_t *mark, const char *reason)
{
	return error_set(reading->error, -EINVAL, "%s:%zu: %s", reading->path, mark->line + 1,
			 reason);
}

/* The text of a scalar; NULL for any other node, and for a scalar that contains a NUL. */
static const char *text_of(const yaml_node_t *node)
{
	const char *text;

	if (!node || node->type != YAML_SCALAR_NODE)
		return NULL;
	text = (const char *)node->data.scalar.value;
	return strlen(text) == node->data.scalar.length ? text : NULL;
}

static int add_entry(struct reading *reading, const yaml_node_t *key_node, const char *key,
		     const char *text)
{
	struct file *file = reading->file;
	struct file_entry *entries = reallocarray(file->entries, file->count + 1, sizeof(*entries));
	struct file_entry entry = {.key = key};

	if (!entries)
		return error_out_of_memory(reading->error);
	file->entries = entries;
	if (asprintf(&entry.label, "%s:%zu: %s", reading->path, key_node->start_mark.line + 1,
		     key) < 0)
		return error_out_of_memory(reading->error);
	entry.text = strdup(text);
	if (!entry.text) {
		free(entry.label);
		return error_out_of_memory(reading->error);
	}
	entries[file->count++] = entry;
	return 0;
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* The Levenshtein distance, without regard to case, of the first COMPARED_LENGTH characters. */
static size_t distance(const char *left, const char *right)
{
	size_t left_length = strnlen(left, COMPARED_LENGTH);
	size_t right_length = strnlen(right, COMPARED_LENGTH);
	size_t row[COMPARED_LENGTH + 1];

	for (size_t j = 0; j <= right_length; j++)
		row[j] = j;
	for (size_t i = 1; i <= left_length; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= right_length; j++) {
			bool differs = tolower((unsigned char)left[i - 1]) !=
				       tolower((unsigned char)right[j - 1]);
			size_t replaced = diagonal + differs;

			diagonal = row[j];
			row[j] = smaller(replaced, smaller(row[j], row[j - 1]) + 1);
		}
	}
	return row[right_length];
}

/* The key of the table that is `name`; NULL: none. */
static const char *find_key(const char *name)
{
	const struct option_row *row = option_row__of_key(name);

	if (row && !row->not_in_file)
		return option_row__key(row);
	row = option_row__of_variable(name);
	return row ? row->variable : NULL;
}

/* The key of the table with the smallest distance to `name`. */
static const char *nearest_key(const char *name)
{
	const char *nearest = NULL;
	size_t least = SIZE_MAX;

	for (size_t i = 0; i < option_row_count; i++) {
		const struct option_row *row = &option_rows[i];
		const char *keys[] = {option_row__key(row), row->variable};

		for (size_t j = 0; j < ARRAY_SIZE(keys) && !row->not_in_file; j++) {
			size_t length = keys[j] ? distance(name, keys[j]) : SIZE_MAX;

			if (length < least) {
				least = length;
				nearest = keys[j];
			}
		}
	}
	return nearest;
}

static int take_pair(struct reading *reading, const yaml_node_t *key_node,
		     const yaml_node_t *value_node)
{
	const yaml_mark_t *mark = &key_node->start_mark;
	const char *name = text_of(key_node);
	const char *text = text_of(value_node);
	const char *key = name ? find_key(name) : NULL;

	if (!name)
		return refuse(reading, mark, "a key has to be one word");
	if (!key)
		return error_set(reading->error, -EINVAL,
				 "%s:%zu: unknown key '%.100s'; the nearest known one: %s",
				 reading->path, mark->line + 1, name, nearest_key(name));
	if (file__find(reading->file, key))
		return error_set(reading->error, -EINVAL, "%s:%zu: %s is given twice",
				 reading->path, mark->line + 1, key);
	if (!text)
		return error_set(reading->error, -EINVAL, "%s:%zu: %s takes a single value",
				 reading->path, mark->line + 1, key);
	return add_entry(reading, key_node, key, text);
}

static int take_document(struct reading *reading, yaml_document_t *document)
{
	const yaml_node_t *root = yaml_document_get_root_node(document);

	if (!root) /* an empty file */
		return 0;
	if (root->type == YAML_SCALAR_NODE && root->data.scalar.length == 0)
		return 0;
	if (root->type != YAML_MAPPING_NODE)
		return refuse(reading, &root->start_mark, "not a mapping of keys to values");
	for (const yaml_node_pair_t *pair = root->data.mapping.pairs.start;
	     pair < root->data.mapping.pairs.top; pair++) {
		int r = take_pair(reading, yaml_document_get_node(document, pair->key),
				  yaml_document_get_node(document, pair->value));

		if (r < 0)
			return r;
	}
	return 0;
}

/* Takes the first document and refuses a second one. */
static int load(struct reading *reading, yaml_parser_t *parser)
{
	for (int count = 0;; count++) {
		yaml_document_t document;
		int r = 0;

		if (!yaml_parser_load(parser, &document)) {
			if (parser->error == YAML_MEMORY_ERROR)
				return error_out_of_memory(reading->error);
			return error_set(reading->error, -EINVAL, "%s:%zu: not YAML: %s",
					 reading->path, parser->problem_mark.line + 1,
					 parser->problem ? parser->problem : "unreadable");
		}

		bool is_end = !yaml_document_get_root_node(&document);

		if (!is_end && count > 0)
			r = refuse(reading, &document.start_mark, "a second document");
		else if (!is_end)
			r = take_document(reading, &document);
		yaml_document_delete(&document);
		if (r < 0 || is_end)
			return r;
	}
}

static int parse(struct reading *reading, const char *text, size_t size)
{
	yaml_parser_t parser;
	int r;

	if (!yaml_parser_initialize(&parser))
		return error_out_of_memory(reading->error);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
	r = load(reading, &parser);
	yaml_parser_delete(&parser);
	return r;
}

/* Headers may contain credentials. */
static const struct file_entry *find_headers(const struct file *file)
{
	for (size_t i = 0; i < file->count; i++) {
		if (strstr(file->entries[i].key, "_HEADERS"))
			return &file->entries[i];
	}
	return NULL;
}

static int read_text(const struct reading *reading, int fd, char **ret_text, size_t *ret_size)
{
	_cleanup_free_ char *text = malloc(FILE_LIMIT_BYTES + 1);
	size_t size = 0;
	ssize_t count = 1;

	if (!text)
		return error_out_of_memory(reading->error);
	while (count > 0 && size <= FILE_LIMIT_BYTES) {
		count = read(fd, text + size, FILE_LIMIT_BYTES + 1 - size);
		if (count < 0 && errno == EINTR)
			count = 1;
		else if (count < 0)
			return error_set(reading->error, -EINVAL, "cannot read %s: %s",
					 reading->path, strerror(errno));
		else
			size += (size_t)count;
	}
	if (size > FILE_LIMIT_BYTES)
		return error_set(reading->error, -EINVAL, "%s: larger than %zu bytes",
				 reading->path, FILE_LIMIT_BYTES);
	*ret_text = TAKE_PTR(text);
	*ret_size = size;
	return 0;
}

int file__read(const char *path, struct file **ret_file, struct error *error)
{
	_cleanup_(file__freep) struct file *file = calloc(1, sizeof(*file));
	struct reading reading = {.path = path, .file = file, .error = error};
	_cleanup_free_ char *text = NULL;
	_cleanup_close_ int fd = -1;
	struct stat status;
	size_t size = 0;
	int r;

	if (!file)
		return error_out_of_memory(error);
	fd = trusted_file__open("--config", path, error);
	if (fd < 0)
		return fd;
	if (fstat(fd, &status) < 0)
		return error_set(error, -EINVAL, "cannot read %s: %s", path, strerror(errno));
	r = read_text(&reading, fd, &text, &size);
	if (r == 0)
		r = parse(&reading, text, size);
	if (text)
		explicit_bzero(text, size);
	if (r < 0)
		return r;
	if (status.st_mode & S_IROTH)
		file->exposed = find_headers(file);
	*ret_file = TAKE_PTR(file);
	return 0;
}
