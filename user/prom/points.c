// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "prom/points.h"

#include <inttypes.h>
#include <math.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>

#include "prom/labels.h"

int point_writer__init(struct point_writer *writer, FILE *stream, enum prom_format format,
		       struct arena *arena, struct error *error)
{
	*writer = (struct point_writer){
		.stream = stream, .format = format, .arena = arena, .error = error};
	writer->label_stream = open_memstream(&writer->labels, &writer->labels_size);
	if (!writer->label_stream)
		return error_out_of_memory(error);
	/* Only this writer uses the two streams, so that they need no locks. */
	__fsetlocking(writer->stream, FSETLOCKING_BYCALLER);
	__fsetlocking(writer->label_stream, FSETLOCKING_BYCALLER);
	return 0;
}

void point_writer__done(struct point_writer *writer)
{
	if (writer->label_stream)
		fclose(writer->label_stream);
	free(writer->labels);
}

/* Sets `labels` to the label set of these attributes. */
static int point_writer__set_labels(struct point_writer *writer, pb_key_value *const *attributes,
				    size_t count)
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

/* Writes the start of a sample's line: name, suffix, labels and a space. */
static void write_series(struct point_writer *writer, const char *name, const char *suffix)
{
	fprintf(writer->stream, "%s%s", name, suffix);
	if (*writer->labels)
		fprintf(writer->stream, "{%s}", writer->labels);
	fputc(' ', writer->stream);
}

static int write_number_point(struct point_writer *writer, const char *name,
			      const pb_number_point *point)
{
	char text[32];
	int r = point_writer__set_labels(writer, point->attributes, point->n_attributes);

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

/* Begins a point with buckets: sets its label set and the common start of its bucket lines. */
static int point_writer__set_bucket_head(struct point_writer *writer, const char *name,
					 pb_key_value *const *attributes, size_t count)
{
	int r = point_writer__set_labels(writer, attributes, count);

	if (r < 0)
		return r;
	writer->bucket_head = arena__printf(writer->arena, "%s_bucket{%s%sle=\"", name,
					    writer->labels, *writer->labels ? "," : "");
	return writer->bucket_head ? 0 : error_out_of_memory(writer->error);
}

static void write_hex(FILE *stream, ProtobufCBinaryData bytes)
{
	for (size_t i = 0; i < bytes.len; i++)
		fprintf(stream, "%02x", bytes.data[i]);
}

/* Writes an exemplar after the value of its bucket (OpenMetrics 1.0.0, "Exemplars"). */
static void write_exemplar(struct point_writer *writer, const pb_exemplar *exemplar)
{
	double value = exemplar->value_case == PB_EXEMPLAR_INT ? (double)exemplar->as_int
							       : exemplar->as_double;
	char text[32];

	fputs(" # {trace_id=\"", writer->stream);
	write_hex(writer->stream, exemplar->trace_id);
	fputs("\",span_id=\"", writer->stream);
	write_hex(writer->stream, exemplar->span_id);
	fprintf(writer->stream, "\"} %s %" PRIu64 ".%09" PRIu64,
		prom_number_text(value, text, sizeof(text)),
		exemplar->time_unix_nano / UINT64_C(1000000000),
		exemplar->time_unix_nano % UINT64_C(1000000000));
}

/* Writes a bucket line. Most lines of an exposition are bucket lines, so their common start is
 * formatted once per point. `exemplar` may be NULL. */
static void write_bucket(struct point_writer *writer, const char *bound, uint64_t count,
			 const pb_exemplar *exemplar)
{
	fputs(writer->bucket_head, writer->stream);
	fputs(bound, writer->stream);
	fprintf(writer->stream, "\"} %" PRIu64, count);
	if (exemplar)
		write_exemplar(writer, exemplar);
	fputc('\n', writer->stream);
}

/* Returns the text of a bound. OpenMetrics requires the canonical form, in which 1 is "1.0". */
static const char *bound_text(const struct point_writer *writer, double bound, char *text,
			      size_t size)
{
	const char *number = prom_number_text(bound, text, size);
	size_t length = strlen(number);

	if (number == text && writer->format == PROM_FORMAT_OPENMETRICS && !strpbrk(number, ".e") &&
	    length + sizeof(".0") <= size)
		memcpy(text + length, ".0", sizeof(".0"));
	return number;
}

/* Writes the bucket below bound number `index` of the histogram. */
static void write_bucket_below(struct point_writer *writer, size_t index, double bound,
			       uint64_t count, const pb_exemplar *exemplar)
{
	struct bound_text *known = &writer->bound_texts[index % BOUND_TEXTS];

	if (!known->text || known->bound != bound) {
		known->bound = bound;
		known->text = bound_text(writer, bound, known->digits, sizeof(known->digits));
	}
	write_bucket(writer, known->text, count, exemplar);
}

/* Writes the lines after a histogram's finite buckets; `sum` is NULL if the point has none. */
static void write_histogram_end(struct point_writer *writer, const char *name, uint64_t count,
				const double *sum, const pb_exemplar *exemplar)
{
	char text[32];

	write_bucket(writer, "+Inf", count, exemplar);
	if (sum) {
		write_series(writer, name, "_sum");
		fprintf(writer->stream, "%s\n", prom_number_text(*sum, text, sizeof(text)));
	}
	write_series(writer, name, "_count");
	fprintf(writer->stream, "%" PRIu64 "\n", count);
}

/* The exemplars of a point. */
struct exemplar_list {
	pb_exemplar *const *exemplars;
	size_t count;
};

/* Returns the latest exemplar in (low, high]; NULL without one, or in the text format. */
static const pb_exemplar *find_exemplar(const struct point_writer *writer,
					struct exemplar_list list, double low, double high)
{
	const pb_exemplar *found = NULL;

	if (writer->format != PROM_FORMAT_OPENMETRICS)
		return NULL;
	for (size_t i = 0; i < list.count; i++) {
		const pb_exemplar *exemplar = list.exemplars[i];
		double value = exemplar->value_case == PB_EXEMPLAR_INT ? (double)exemplar->as_int
								       : exemplar->as_double;

		/* W3C Trace Context: 16 and 8 bytes. */
		if (exemplar->trace_id.len != 16 || exemplar->span_id.len != 8)
			continue;
		if (value > low && value <= high &&
		    (!found || exemplar->time_unix_nano > found->time_unix_nano))
			found = exemplar;
	}
	return found;
}

static int write_histogram_point(struct point_writer *writer, const char *name,
				 const pb_histogram_point *point)
{
	/* With buckets, their sum is the count: the last bucket must equal the count. */
	uint64_t count = point->n_bucket_counts > 0 ? 0 : point->count;
	struct exemplar_list list = {point->exemplars, point->n_exemplars};
	double low = -INFINITY;
	int r = point_writer__set_bucket_head(writer, name, point->attributes, point->n_attributes);

	if (r < 0)
		return r;
	for (size_t i = 0; i < point->n_explicit_bounds; i++) {
		double bound = point->explicit_bounds[i];

		count += point->bucket_counts[i];
		if (!isfinite(bound))
			continue;
		write_bucket_below(writer, i, bound, count,
				   find_exemplar(writer, list, low, bound));
		low = bound;
	}
	if (point->n_bucket_counts > 0)
		count += point->bucket_counts[point->n_bucket_counts - 1];
	write_histogram_end(writer, name, count,
			    point->optional_sum_case == PB_POINT_SUM ? &point->sum : NULL,
			    find_exemplar(writer, list, low, INFINITY));
	return 0;
}

/* Neither format has exponential histograms, so each bucket's upper end becomes a bound. */
static int write_exponential_point(struct point_writer *writer, const char *name,
				   const pb_exponential_point *point)
{
	const pb_exponential_buckets *buckets = point->positive;
	size_t bucket_count = buckets ? buckets->n_bucket_counts : 0;
	uint64_t count = point->zero_count;
	struct exemplar_list list = {point->exemplars, point->n_exemplars};
	double low = point->zero_threshold;
	int r = point_writer__set_bucket_head(writer, name, point->attributes, point->n_attributes);

	if (r < 0)
		return r;
	write_bucket_below(writer, 0, low, count, find_exemplar(writer, list, -INFINITY, low));
	for (size_t i = 0; i < bucket_count; i++) {
		double end = (double)buckets->offset + (double)i + 1;
		double bound = exp2(ldexp(end, -point->scale));

		count += buckets->bucket_counts[i];
		write_bucket_below(writer, i + 1, bound, count,
				   find_exemplar(writer, list, low, bound));
		low = bound;
	}
	write_histogram_end(writer, name, count,
			    point->optional_sum_case == PB_EXPONENTIAL_SUM ? &point->sum : NULL,
			    find_exemplar(writer, list, low, INFINITY));
	return 0;
}

int point_writer__write_info(struct point_writer *writer, const char *name,
			     pb_key_value *const *attributes, size_t count)
{
	int r = point_writer__set_labels(writer, attributes, count);

	if (r < 0)
		return r;
	write_series(writer, name, "");
	fputs("1\n", writer->stream);
	return 0;
}

static int write_number_points(struct point_writer *writer, const char *name,
			       pb_number_point *const *points, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int r = write_number_point(writer, name, points[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

static int write_histogram_points(struct point_writer *writer, const char *name,
				  const pb_histogram *histogram)
{
	int r = 0;

	for (size_t i = 0; i < histogram->n_data_points && r == 0; i++)
		r = write_histogram_point(writer, name, histogram->data_points[i]);
	return r;
}

static int write_exponential_points(struct point_writer *writer, const char *name,
				    const pb_exponential *histogram)
{
	int r = 0;

	for (size_t i = 0; i < histogram->n_data_points && r == 0; i++)
		r = write_exponential_point(writer, name, histogram->data_points[i]);
	return r;
}

int point_writer__write(struct point_writer *writer, const char *name, const pb_metric *metric)
{
	if (metric->data_case == PB_METRIC_GAUGE) {
		return write_number_points(writer, name, metric->gauge->data_points,
					   metric->gauge->n_data_points);
	}
	if (metric->data_case == PB_METRIC_SUM) {
		return write_number_points(writer, name, metric->sum->data_points,
					   metric->sum->n_data_points);
	}
	return metric->data_case == PB_METRIC_HISTOGRAM
		       ? write_histogram_points(writer, name, metric->histogram)
		       : write_exponential_points(writer, name, metric->exponential_histogram);
}
