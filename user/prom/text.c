// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "prom/text.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "otlp/decode.h"
#include "prom/labels.h"
#include "prom/name.h"

/* What decoding one collection may take. */
#define DECODE_LIMIT_BYTES ((size_t)256 * 1024 * 1024)

enum family_type {
	FAMILY_UNKNOWN,
	FAMILY_COUNTER,
	FAMILY_GAUGE,
	FAMILY_HISTOGRAM,
};

/* One metric of one request; those of the same name form a family. */
struct family_part {
	const char *name;
	enum family_type type;
	size_t order; /* in the requests */
	const pb_metric *metric;
};

/* A bound of histograms, which all points of a metric have in common, as text. */
struct bound_text {
	double bound;
	const char *text; /* NULL: none yet */
	char digits[32];
};
#define BOUND_TEXTS 64

struct writer {
	FILE *stream;
	FILE *label_stream; /* of `labels`: the label set of the point being written */
	char *labels;
	size_t labels_size;
	struct arena *arena;
	struct family_part *parts;
	size_t part_count;
	struct bound_text bound_texts[BOUND_TEXTS]; /* of the last histogram's, by their places */
	const char *bucket_head;		    /* what all buckets of a point begin with */
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

/* Makes `labels` the label set of these attributes. */
static int writer__set_labels(struct writer *writer, pb_key_value *const *attributes, size_t count)
{
	int r;

	rewind(writer->label_stream);
	r = prom_write_labels(writer->label_stream, writer->arena, attributes, count,
			      writer->error);
	if (r < 0)
		return r;
	fputc('\0', writer->label_stream);
	if (fflush(writer->label_stream) != 0)
		return error_out_of_memory(writer->error);
	return 0;
}

/* Writes the start of a sample's line: name, suffix, labels, a space. */
static void write_series(struct writer *writer, const char *name, const char *suffix)
{
	fprintf(writer->stream, "%s%s", name, suffix);
	if (*writer->labels)
		fprintf(writer->stream, "{%s}", writer->labels);
	fputc(' ', writer->stream);
}

static int write_number_point(struct writer *writer, const char *name, const pb_number_point *point)
{
	char text[32];
	int r = writer__set_labels(writer, point->attributes, point->n_attributes);

	if (r < 0)
		return r;
	write_series(writer, name, "");
	if (point->value_case == PB_POINT_DOUBLE) {
		fprintf(writer->stream, "%s\n",
			prom_number_text(point->as_double, text, sizeof(text)));
	} else {
		fprintf(writer->stream, "%" PRId64 "\n",
			point->value_case == PB_POINT_INT ? point->as_int : 0);
	}
	return 0;
}

/* Begins a point with buckets: its label set, and what its buckets begin with. */
static int writer__set_bucket_head(struct writer *writer, const char *name,
				   pb_key_value *const *attributes, size_t count)
{
	int r = writer__set_labels(writer, attributes, count);

	if (r < 0)
		return r;
	writer->bucket_head = arena__printf(writer->arena, "%s_bucket{%s%sle=\"", name,
					    writer->labels, *writer->labels ? "," : "");
	return writer->bucket_head ? 0 : error_out_of_memory(writer->error);
}

/* Most lines of an exposition are buckets: what they have in common is made once. */
static void write_bucket(struct writer *writer, const char *bound, uint64_t count)
{
	fputs(writer->bucket_head, writer->stream);
	fputs(bound, writer->stream);
	fprintf(writer->stream, "\"} %" PRIu64 "\n", count);
}

/* Writes the bucket below a bound, which is the histogram's `place`-th. */
static void write_bucket_below(struct writer *writer, size_t place, double bound, uint64_t count)
{
	struct bound_text *known = &writer->bound_texts[place % BOUND_TEXTS];

	if (!known->text || known->bound != bound) {
		known->bound = bound;
		known->text = prom_number_text(bound, known->digits, sizeof(known->digits));
	}
	write_bucket(writer, known->text, count);
}

/* What follows a histogram's finite buckets; `sum` is NULL where there is none. */
static void write_histogram_end(struct writer *writer, const char *name, uint64_t count,
				const double *sum)
{
	char text[32];

	write_bucket(writer, "+Inf", count);
	if (sum) {
		write_series(writer, name, "_sum");
		fprintf(writer->stream, "%s\n", prom_number_text(*sum, text, sizeof(text)));
	}
	write_series(writer, name, "_count");
	fprintf(writer->stream, "%" PRIu64 "\n", count);
}

static int write_histogram_point(struct writer *writer, const char *name,
				 const pb_histogram_point *point)
{
	/* The last bucket has to equal the count, so where there are buckets they decide it. */
	uint64_t count = point->n_bucket_counts > 0 ? 0 : point->count;
	int r = writer__set_bucket_head(writer, name, point->attributes, point->n_attributes);

	if (r < 0)
		return r;
	for (size_t i = 0; i < point->n_explicit_bounds; i++) {
		count += point->bucket_counts[i];
		if (isfinite(point->explicit_bounds[i]))
			write_bucket_below(writer, i, point->explicit_bounds[i], count);
	}
	if (point->n_bucket_counts > 0)
		count += point->bucket_counts[point->n_bucket_counts - 1];
	write_histogram_end(writer, name, count,
			    point->optional_sum_case == PB_POINT_SUM ? &point->sum : NULL);
	return 0;
}

/* This text has no exponential histograms: each bucket's upper end becomes a bound. */
static int write_exponential_point(struct writer *writer, const char *name,
				   const pb_exponential_point *point)
{
	const pb_exponential_buckets *buckets = point->positive;
	size_t bucket_count = buckets ? buckets->n_bucket_counts : 0;
	uint64_t count = point->zero_count;
	int r = writer__set_bucket_head(writer, name, point->attributes, point->n_attributes);

	if (r < 0)
		return r;
	write_bucket_below(writer, 0, point->zero_threshold, count);
	for (size_t i = 0; i < bucket_count; i++) {
		double end = (double)buckets->offset + (double)i + 1;

		count += buckets->bucket_counts[i];
		write_bucket_below(writer, i + 1, exp2(ldexp(end, -point->scale)), count);
	}
	write_histogram_end(writer, name, count,
			    point->optional_sum_case == PB_EXPONENTIAL_SUM ? &point->sum : NULL);
	return 0;
}

static int write_number_points(struct writer *writer, const char *name,
			       pb_number_point *const *points, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int r = write_number_point(writer, name, points[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

static int write_histogram_points(struct writer *writer, const char *name,
				  const pb_histogram *histogram)
{
	int r = 0;

	for (size_t i = 0; i < histogram->n_data_points && r == 0; i++)
		r = write_histogram_point(writer, name, histogram->data_points[i]);
	return r;
}

static int write_exponential_points(struct writer *writer, const char *name,
				    const pb_exponential *histogram)
{
	int r = 0;

	for (size_t i = 0; i < histogram->n_data_points && r == 0; i++)
		r = write_exponential_point(writer, name, histogram->data_points[i]);
	return r;
}

static int write_points(struct writer *writer, const struct family_part *part)
{
	const pb_metric *metric = part->metric;

	if (metric->data_case == PB_METRIC_GAUGE) {
		return write_number_points(writer, part->name, metric->gauge->data_points,
					   metric->gauge->n_data_points);
	}
	if (metric->data_case == PB_METRIC_SUM) {
		return write_number_points(writer, part->name, metric->sum->data_points,
					   metric->sum->n_data_points);
	}
	return metric->data_case == PB_METRIC_HISTOGRAM
		       ? write_histogram_points(writer, part->name, metric->histogram)
		       : write_exponential_points(writer, part->name,
						  metric->exponential_histogram);
}

static void write_family_head(struct writer *writer, const char *name, enum family_type type,
			      const char *help)
{
	static const char *const types[] = {
		[FAMILY_COUNTER] = "counter",
		[FAMILY_GAUGE] = "gauge",
		[FAMILY_HISTOGRAM] = "histogram",
	};

	if (help && *help) {
		fprintf(writer->stream, "# HELP %s ", name);
		prom_write_escaped(writer->stream, help, 0);
		fputc('\n', writer->stream);
	}
	fprintf(writer->stream, "# TYPE %s %s\n", name, types[type]);
}

static int write_target_info(struct writer *writer, const pb_resource *resource)
{
	int r;

	if (!resource || resource->n_attributes == 0)
		return 0;
	r = writer__set_labels(writer, resource->attributes, resource->n_attributes);
	if (r < 0)
		return r;
	write_family_head(writer, "target_info", FAMILY_GAUGE, "What the metrics are about.");
	write_series(writer, "target_info", "");
	fputs("1\n", writer->stream);
	return 0;
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
				 "metric \"%s\" is of a kind that Prometheus does not have",
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

/* Writes all families; a family's parts follow each other, whichever requests they came in. */
static int write_families(struct writer *writer)
{
	const struct family_part *previous = NULL;

	qsort(writer->parts, writer->part_count, sizeof(*writer->parts), compare_parts);
	for (size_t i = 0; i < writer->part_count; i++) {
		const struct family_part *part = &writer->parts[i];
		_Bool is_first = !previous || strcmp(previous->name, part->name) != 0;
		int r;

		if (is_first)
			write_family_head(writer, part->name, part->type,
					  part->metric->description);
		else if (part->type != previous->type)
			return error_set(writer->error, -EPROTO, "metric %s is of two kinds",
					 part->name);
		r = write_points(writer, part);
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
	return r < 0 ? r : write_target_info(writer, resource);
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

int prom_write_text(FILE *stream, const struct prom_request *requests, size_t request_count,
		    struct error *error)
{
	_cleanup_(arena__freep) struct arena *arena = arena__new(DECODE_LIMIT_BYTES);
	struct writer writer = {.stream = stream, .arena = arena, .error = error};
	int r;

	if (!arena)
		return error_out_of_memory(error);
	writer.label_stream = open_memstream(&writer.labels, &writer.labels_size);
	if (!writer.label_stream)
		return error_out_of_memory(error);
	/* Nobody else has either. */
	__fsetlocking(stream, FSETLOCKING_BYCALLER);
	__fsetlocking(writer.label_stream, FSETLOCKING_BYCALLER);
	r = decode_and_write(&writer, requests, request_count);
	fclose(writer.label_stream);
	free(writer.labels);
	return r;
}
