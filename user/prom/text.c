// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "prom/text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "otlp/common.h"
#include "otlp/decode.h"
#include "prom/labels.h"
#include "prom/name.h"
#include "prom/points.h"

/* Memory limit for decoding one snapshot. */
#define DECODE_LIMIT_BYTES ((size_t)256 * 1024 * 1024)

enum family_type {
	FAMILY_UNKNOWN,
	FAMILY_COUNTER,
	FAMILY_GAUGE,
	FAMILY_HISTOGRAM,
	FAMILY_INFO, /* a gauge in the text format */
};

/* One metric of one request. All parts with the same name form a family. */
struct family_part {
	const char *name;
	enum family_type type;
	size_t order; /* position in the requests */
	const pb_metric *metric;
};

struct writer {
	FILE *stream;
	enum prom_format format;
	struct point_writer points;
	struct arena *arena;
	struct family_part *parts;
	size_t part_count;
	struct error *error;
};

static enum family_type type_of(const pb_metric *metric)
{
	switch (metric->data_case) {
	case PB_METRIC_GAUGE:
		return FAMILY_GAUGE;
	case PB_METRIC_SUM:
		if (metric->sum->aggregation_temporality != PB_CUMULATIVE)
			return FAMILY_UNKNOWN;
		return metric->sum->is_monotonic ? FAMILY_COUNTER : FAMILY_GAUGE;
	case PB_METRIC_HISTOGRAM:
		if (metric->histogram->aggregation_temporality != PB_CUMULATIVE)
			return FAMILY_UNKNOWN;
		return FAMILY_HISTOGRAM;
	case PB_METRIC_EXPONENTIAL:
		if (metric->exponential_histogram->aggregation_temporality != PB_CUMULATIVE)
			return FAMILY_UNKNOWN;
		return FAMILY_HISTOGRAM;
	default:
		return FAMILY_UNKNOWN;
	}
}

static void write_family_head(struct writer *writer, const char *name, enum family_type type,
			      const char *help)
{
	static const struct {
		const char *text, *open_metrics;
		const char *suffix; /* of samples; not part of the family's name in OpenMetrics */
	} types[] = {
		[FAMILY_COUNTER] = {"counter", "counter", "_total"},
		[FAMILY_GAUGE] = {"gauge", "gauge", ""},
		[FAMILY_HISTOGRAM] = {"histogram", "histogram", ""},
		[FAMILY_INFO] = {"gauge", "info", "_info"},
	};
	bool is_open_metrics = writer->format == PROM_FORMAT_OPENMETRICS;
	size_t cut = is_open_metrics ? strlen(types[type].suffix) : 0;
	int length = (int)(strlen(name) - cut);

	/* Both formats are UTF-8. */
	help = otlp_text(writer->arena, help);
	if (help && *help) {
		fprintf(writer->stream, "# HELP %.*s ", length, name);
		prom_write_escaped(writer->stream, help, is_open_metrics);
		fputc('\n', writer->stream);
	}
	fprintf(writer->stream, "# TYPE %.*s %s\n", length, name,
		is_open_metrics ? types[type].open_metrics : types[type].text);
}

static int write_target_info(struct writer *writer, const pb_resource *resource)
{
	if (!resource || resource->n_attributes == 0)
		return 0;
	write_family_head(writer, "target_info", FAMILY_INFO, "Identity of the observed process.");
	return point_writer__write_info(&writer->points, "target_info", resource->attributes,
					resource->n_attributes);
}

static int count_part(void *context, const pb_metric *metric)
{
	size_t *count = context;

	*count += otlp_point_count(metric) > 0;
	return 0;
}

static int add_part(void *context, const pb_metric *metric)
{
	struct writer *writer = context;
	struct family_part *part = &writer->parts[writer->part_count];

	if (otlp_point_count(metric) == 0)
		return 0;
	*part = (struct family_part){
		.name = prom_family_name(writer->arena, metric),
		.type = type_of(metric),
		.order = writer->part_count++,
		.metric = metric,
	};
	if (!part->name)
		return error_out_of_memory(writer->error);
	if (*part->name == '\0' || part->type == FAMILY_UNKNOWN) {
		return error_set(writer->error, -EPROTO,
				 "metric \"%s\" has a type that Prometheus does not have",
				 metric->name);
	}
	return 0;
}

static int compare_parts(const void *left, const void *right)
{
	const struct family_part *a = left, *b = right;
	int order = strcmp(a->name, b->name);

	return order ? order : (a->order > b->order) - (a->order < b->order);
}

/* Writes all families. The parts of a family are adjacent, also if they come from different
 * requests. */
static int write_families(struct writer *writer)
{
	const struct family_part *previous = NULL;

	qsort(writer->parts, writer->part_count, sizeof(*writer->parts), compare_parts);
	for (size_t i = 0; i < writer->part_count; i++) {
		const struct family_part *part = &writer->parts[i];
		bool is_first = !previous || strcmp(previous->name, part->name) != 0;
		int r;

		if (is_first)
			write_family_head(writer, part->name, part->type,
					  part->metric->description);
		else if (part->type != previous->type)
			return error_set(writer->error, -EPROTO, "metric %s has two types",
					 part->name);
		r = point_writer__write(&writer->points, part->name, part->metric);
		if (r < 0)
			return r;
		previous = part;
	}
	return 0;
}

static int write_requests(struct writer *writer, const pb_metrics_request *const *requests,
			  size_t count)
{
	const pb_resource *resource = NULL;
	size_t part_count = 0;
	int r;

	for (size_t i = 0; i < count; i++) {
		otlp_for_each_metric(requests[i], count_part, &part_count);
		/* One probe observes one process: all requests have the same resource. */
		if (!resource && requests[i]->n_resource_metrics > 0)
			resource = requests[i]->resource_metrics[0]->resource;
	}
	writer->parts = arena__alloc_array(writer->arena, part_count, sizeof(*writer->parts));
	if (!writer->parts)
		return error_out_of_memory(writer->error);
	for (size_t i = 0; i < count; i++) {
		r = otlp_for_each_metric(requests[i], add_part, writer);
		if (r < 0)
			return r;
	}
	r = write_families(writer);
	if (r >= 0)
		r = write_target_info(writer, resource);
	if (r >= 0 && writer->format == PROM_FORMAT_OPENMETRICS)
		fputs("# EOF\n", writer->stream);
	return r;
}

static int decode_and_write(struct writer *writer, const struct prom_request *requests,
			    size_t request_count)
{
	const pb_metrics_request **decoded =
		arena__alloc_array(writer->arena, request_count, sizeof(*decoded));
	int r;

	if (!decoded)
		return error_out_of_memory(writer->error);
	for (size_t i = 0; i < request_count; i++) {
		decoded[i] =
			otlp_decode_metrics(writer->arena, requests[i].bytes, requests[i].size);
		if (!decoded[i]) {
			return error_set(writer->error, -EPROTO,
					 "%zu bytes are not an OTLP metrics request",
					 requests[i].size);
		}
	}
	r = write_requests(writer, decoded, request_count);
	if (r < 0)
		return r;
	if (arena__failed(writer->arena))
		return error_out_of_memory(writer->error);
	if (ferror(writer->stream))
		return error_set(writer->error, -EIO, "cannot write the exposition");
	return 0;
}

int prom_write_text(FILE *stream, enum prom_format format, const struct prom_request *requests,
		    size_t request_count, struct error *error)
{
	_cleanup_(arena__freep) struct arena *arena = arena__new(DECODE_LIMIT_BYTES);
	struct writer writer = {.stream = stream, .format = format, .arena = arena, .error = error};
	int r;

	if (!arena)
		return error_out_of_memory(error);
	r = point_writer__init(&writer.points, stream, format, arena, error);
	if (r == 0)
		r = decode_and_write(&writer, requests, request_count);
	point_writer__done(&writer.points);
	return r;
}
