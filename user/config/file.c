// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "config/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <yaml.h>

#include "base/cleanup.h"
#include "config/file_keys.h"

#define FILE_LIMIT_BYTES ((size_t)256 * 1024)

/* What is known while a file is read. */
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

/* Lines are counted from 0 in libyaml, from 1 by people. */
static int refuse(const struct reading *reading, const yaml_mark_t *mark, const char *reason)
{
	return error_set(reading->error, -EINVAL, "%s:%zu: %s", reading->path, mark->line + 1,
			 reason);
}

/* The text of a scalar; NULL for anything else, and for one with a NUL in it. */
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

static int take_pair(struct reading *reading, const yaml_node_t *key_node,
		     const yaml_node_t *value_node)
{
	const yaml_mark_t *mark = &key_node->start_mark;
	const char *name = text_of(key_node);
	const char *text = text_of(value_node);
	const char *key = name ? file_key__find(name) : NULL;

	if (!name)
		return refuse(reading, mark, "a key has to be one word");
	if (!key)
		return error_set(reading->error, -EINVAL,
				 "%s:%zu: unknown key '%.100s'; the nearest known one: %s",
				 reading->path, mark->line + 1, name, file_key__nearest(name));
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

	if (!root) /* an empty file says nothing */
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

/* The first document; there may be no second one. */
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

/* Headers are where credentials are. */
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
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0 || fstat(fd, &status) < 0)
		return error_set(error, -EINVAL, "cannot open %s: %s", path, strerror(errno));
	r = read_text(&reading, fd, &text, &size);
	if (r == 0)
		r = parse(&reading, text, size);
	if (r < 0)
		return r;
	if (status.st_mode & S_IROTH)
		file->exposed = find_headers(file);
	*ret_file = TAKE_PTR(file);
	return 0;
}
