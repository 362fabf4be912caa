// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <version.h>

#include "base/json.h"
#include "report/report.h"

/* Incremented when the meaning of a member changes or a member is removed. */
#define JSON_SCHEMA 1

static json_t *json_of_histogram(const struct metric_histogram *histogram)
{
	json_t *bounds = json_array();
	json_t *counts = json_array();

	for (size_t i = 0; i < histogram->bound_count; i++)
		bounds = json_append(bounds, json_number(histogram->bounds[i]));
	for (size_t i = 0; i <= histogram->bound_count; i++)
		counts = json_append(counts, json_integer((json_int_t)histogram->bucket_counts[i]));
	return json_pack("{s:I, s:o, s:o, s:o}", "count", (json_int_t)histogram->count, "sum",
			 json_number(histogram->sum), "bounds", bounds, "counts", counts);
}

static json_t *json_of_point(const struct metric_point *point, enum metric_kind kind)
{
	json_t *object = json_object();
	json_t *attributes = json_object();

	for (size_t i = 0; i < point->attribute_count; i++)
		attributes = json_set(attributes, point->attributes[i].key,
				      json_text(point->attributes[i].value));
	if (point->is_overflow)
		attributes = json_set(attributes, "otel.metric.overflow", json_true());
	object = json_set(object, "attributes", attributes);
	if (kind == METRIC_HISTOGRAM)
		return json_set(object, "histogram", json_of_histogram(&point->histogram));
	return json_set(object, "value",
			point->is_real ? json_number(point->real) : json_integer(point->integer));
}

static json_t *json_of_metric(const struct metric *metric)
{
	json_t *points = json_array();

	for (const struct metric_point *point = metric->points; point; point = point->next)
		points = json_append(points, json_of_point(point, metric->description->kind));
	return json_pack("{s:s, s:s, s:s, s:o}", "name", metric->name, "unit",
			 metric->description->unit, "kind",
			 metric_kind_name(metric->description->kind), "points", points);
}

static json_t *json_of_resource(const struct otlp_resource *resource)
{
	json_t *object = json_object();

	for (size_t i = 0; i < resource->attribute_count; i++) {
		const struct otlp_resource_attribute *attribute = &resource->attributes[i];

		object = json_set(object, attribute->key,
				  attribute->string ? json_text(attribute->string)
						    : json_integer(attribute->integer));
	}
	return object;
}

int report_print_json(const struct metric_set *set, const struct otlp_resource *resource,
		      FILE *stream, struct error *error)
{
	json_t *metrics = json_array();
	json_t *root;

	for (const struct metric *metric = set->metrics; metric; metric = metric->next)
		metrics = json_append(metrics, json_of_metric(metric));
	root = json_pack("{s:i, s:s, s:o, s:I, s:I, s:o}", "schema", JSON_SCHEMA, "version",
			 SCOTTYSCOPE_VERSION, "resource", json_of_resource(resource),
			 "start_time_unix_nano", (json_int_t)set->start_ns, "time_unix_nano",
			 (json_int_t)set->time_ns, "metrics", metrics);
	/* With 15 digits, bounds such as 0.00025 are printed as in the source. */
	return json_print(root, JSON_INDENT(2) | JSON_REAL_PRECISION(15), stream, error);
}
