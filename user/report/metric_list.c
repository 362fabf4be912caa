// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "report/metric_list.h"

#include <stdbool.h>
#include <string.h>
#include <version.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "metric/descriptions.h"
#include "metric/metric.h"
#include "metric/names.h"
#include "prom/name.h"
#include "self/drops.h"
#include "wire.h"

/* Incremented when the meaning of a member changes or a member is removed, not for a new member. */
#define LIST_SCHEMA 1

static bool is_of_tool(enum metric_id id)
{
	switch (id) {
#define X(identifier, name, scotty_name, unit, kind, attributes, help) case METRIC_ID_##identifier:
		METRIC_LIST_TOOL(X)
#undef X
		return true;
	default:
		return false;
	}
}

/* Returns the Prometheus name of the metric with the OpenTelemetry name `name`. */
static const char *prometheus_name(struct arena *arena, const struct metric_description *metric,
				   const char *name)
{
	return prom_metric_name(arena, name, metric->unit, metric->kind == METRIC_COUNTER,
				metric->kind == METRIC_GAUGE);
}

int metric_list_print_text(FILE *stream, struct error *error)
{
	_cleanup_(arena__freep) struct arena *arena = arena__new(0);

	for (size_t i = 0; arena && i < METRIC_ID_COUNT; i++) {
		const struct metric_description *metric = metric_describe((enum metric_id)i);
		const char *name = prometheus_name(arena, metric, metric->name);

		if (!name)
			break;
		fprintf(stream, "%s  (%s", name, metric_kind_name(metric->kind));
		if (*metric->attributes)
			fprintf(stream, " by %s", metric->attributes);
		fprintf(stream, ")\n    %s\n", metric->help);
	}
	return !arena || arena__failed(arena) ? error_out_of_memory(error) : 0;
}

static json_t *json_of_attributes(const char *keys)
{
	json_t *array = json_array();

	while (*keys) {
		size_t length = strcspn(keys, " ");

		array = json_append(array, json_stringn(keys, length));
		keys += length + strspn(keys + length, " ");
	}
	return array;
}

/* Returns Scotty 0.3's own name of the metric; null if the names are equal. */
static json_t *json_of_scotty_name(struct arena *arena, const struct metric_description *metric)
{
	const char *name = metric_name_in(NAMES_SCOTTY_0_3, metric->name);

	if (strcmp(name, metric->name) == 0)
		return json_null();
	return json_pack("{s:s, s:s}", "name", name, "prometheus",
			 prometheus_name(arena, metric, name));
}

static json_t *json_of_metric(struct arena *arena, enum metric_id id)
{
	const struct metric_description *metric = metric_describe(id);

	return json_pack("{s:s, s:s, s:o, s:s, s:s, s:o, s:s, s:s}", "name", metric->name,
			 "prometheus", prometheus_name(arena, metric, metric->name), "scotty_0_3",
			 json_of_scotty_name(arena, metric), "unit", metric->unit, "kind",
			 metric_kind_name(metric->kind), "attributes",
			 json_of_attributes(metric->attributes), "scope",
			 is_of_tool(id) ? "tool" : "server", "help", metric->help);
}

static json_t *add_row(json_t *rows, const char *name, const char *help)
{
	return json_append(rows, json_pack("{s:s, s:s}", "name", name, "help", help));
}

/* Adds a row of a list in wire.h to the array `rows`. */
#define ADD_ROW(identifier, name, help) rows = add_row(rows, name, help);

static json_t *json_of_losses(void)
{
	json_t *rows = json_array();

	DROP_LIST(ADD_ROW)
#define X(name, help, expression) rows = add_row(rows, name, help);
	USER_DROP_LIST(X)
#undef X
	return rows;
}

static json_t *json_of_checks(void)
{
	json_t *rows = json_array();

	CHECK_LIST(ADD_ROW)
	return rows;
}

static json_t *json_of_hooks(void)
{
	json_t *rows = json_array();

	HOOK_LIST(ADD_ROW)
	return rows;
}

static json_t *json_of_attribute_list(void)
{
	json_t *rows = json_array();

#define X(key, scotty_key, help)                                                         \
	rows = json_append(rows, json_pack("{s:s, s:s?, s:s}", "key", key, "scotty_0_3", \
					   (const char *)scotty_key, "help", help));
	METRIC_ATTRIBUTE_LIST(X)
#undef X
	return rows;
}

int metric_list_print_json(FILE *stream, struct error *error)
{
	_cleanup_(arena__freep) struct arena *arena = arena__new(0);
	json_t *metrics = json_array();
	json_t *root;

	for (size_t i = 0; arena && i < METRIC_ID_COUNT; i++)
		metrics = json_append(metrics, json_of_metric(arena, (enum metric_id)i));
	root = json_pack("{s:i, s:s, s:o, s:o, s:o, s:o, s:o}", "schema", LIST_SCHEMA, "version",
			 SCOTTYSCOPE_VERSION, "metrics", metrics, "attributes",
			 json_of_attribute_list(), "losses", json_of_losses(), "checks",
			 json_of_checks(), "hooks", json_of_hooks());
	if (!arena)
		json_decref(TAKE_PTR(root));
	return json_print(root, JSON_INDENT(2), stream, error);
}
