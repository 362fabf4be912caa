// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <math.h>
#include <stdbool.h>

#include "base/cleanup.h"
#include "otlp/common.h"
#include "otlp/request.h"

/* The state of encoding one set. */
struct encoder {
	struct arena *arena;
	const struct metric_set *set;
	struct otlp_request request;
};

static pb_key_value **attributes_of(struct arena *arena, const struct metric_point *point,
				    size_t *ret_count)
{
	size_t count = point->attribute_count;
	pb_key_value **attributes = arena__alloc_array(arena, count + 1, sizeof(*attributes));

	for (size_t i = 0; attributes && i < count; i++) {
		attributes[i] = otlp_string_attribute(arena, point->attributes[i].key,
						      point->attributes[i].value);
	}
	if (attributes && point->is_overflow)
		attributes[count++] = otlp_bool_attribute(arena, "otel.metric.overflow", true);
	*ret_count = count;
	return attributes;
}

static ProtobufCMessage *number_point(const struct encoder *encoder, enum metric_kind kind,
				      const struct metric_point *point)
{
	pb_number_point *message = arena__alloc(encoder->arena, sizeof(*message));

	if (!message)
		return NULL;
	*message = (pb_number_point)PB_NUMBER_POINT_INIT;
	/* A gauge does not accumulate, so it has no start time. */
	message->start_time_unix_nano = kind == METRIC_GAUGE ? 0 : encoder->set->start_ns;
	message->time_unix_nano = encoder->set->time_ns;
	message->attributes = attributes_of(encoder->arena, point, &message->n_attributes);
	if (point->is_real) {
		message->value_case = PB_POINT_DOUBLE;
		message->as_double = point->real;
	} else {
		message->value_case = PB_POINT_INT;
		message->as_int = point->integer;
	}
	return &message->base;
}

static ProtobufCBinaryData bytes_of(const uint8_t *bytes, size_t size)
{
	return (ProtobufCBinaryData){.len = size, .data = (uint8_t *)(uintptr_t)bytes};
}

static pb_exemplar **exemplars_of(struct arena *arena, const struct metric_histogram *histogram,
				  size_t *ret_count)
{
	size_t count = histogram->exemplar_count;
	pb_exemplar **messages = arena__alloc_array(arena, count + 1, sizeof(*messages));
	pb_exemplar *bodies = arena__alloc_array(arena, count + 1, sizeof(*bodies));

	if (!messages || !bodies)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		const struct metric_exemplar *exemplar = &histogram->exemplars[i];

		messages[i] = &bodies[i];
		bodies[i] = (pb_exemplar)PB_EXEMPLAR_INIT;
		bodies[i].time_unix_nano = exemplar->time_ns;
		bodies[i].value_case = PB_EXEMPLAR_DOUBLE;
		bodies[i].as_double = exemplar->value;
		bodies[i].trace_id = bytes_of(exemplar->trace_id, sizeof(exemplar->trace_id));
		bodies[i].span_id = bytes_of(exemplar->span_id, sizeof(exemplar->span_id));
	}
	*ret_count = count;
	return messages;
}

static ProtobufCMessage *histogram_point(const struct encoder *encoder,
					 const struct metric_point *point)
{
	pb_histogram_point *message = arena__alloc(encoder->arena, sizeof(*message));
	const struct metric_histogram *histogram = &point->histogram;

	if (!message)
		return NULL;
	*message = (pb_histogram_point)PB_HISTOGRAM_POINT_INIT;
	message->start_time_unix_nano = encoder->set->start_ns;
	message->time_unix_nano = encoder->set->time_ns;
	message->attributes = attributes_of(encoder->arena, point, &message->n_attributes);
	message->count = histogram->count;
	message->optional_sum_case = PB_POINT_SUM;
	message->sum = histogram->sum;
	message->n_explicit_bounds = histogram->bound_count;
	message->explicit_bounds = (double *)(uintptr_t)histogram->bounds;
	message->n_bucket_counts = histogram->bound_count + 1;
	message->bucket_counts = (uint64_t *)(uintptr_t)histogram->bucket_counts;
	message->exemplars = exemplars_of(encoder->arena, histogram, &message->n_exemplars);
	return &message->base;
}

/* Returns a message with the counts of the point's exponential histogram: see struct
 * metric_histogram. */
static ProtobufCMessage *exponential_point(const struct encoder *encoder,
					   const struct metric_point *point)
{
	pb_exponential_point *message = arena__alloc(encoder->arena, sizeof(*message));
	pb_exponential_buckets *buckets = arena__alloc(encoder->arena, sizeof(*buckets));
	const struct metric_histogram *histogram = &point->histogram;

	if (!message || !buckets)
		return NULL;
	*message = (pb_exponential_point)PB_EXPONENTIAL_POINT_INIT;
	message->start_time_unix_nano = encoder->set->start_ns;
	message->time_unix_nano = encoder->set->time_ns;
	message->attributes = attributes_of(encoder->arena, point, &message->n_attributes);
	message->count = histogram->count;
	message->optional_sum_case = PB_EXPONENTIAL_SUM;
	message->sum = histogram->sum;
	message->zero_count = histogram->bucket_counts[0];
	message->zero_threshold = histogram->bounds[0];
	message->positive = buckets;
	message->exemplars = exemplars_of(encoder->arena, histogram, &message->n_exemplars);
	*buckets = (pb_exponential_buckets)PB_EXPONENTIAL_BUCKETS_INIT;
	buckets->offset = ilogb(histogram->bounds[0]);
	buckets->n_bucket_counts = histogram->bound_count;
	buckets->bucket_counts = (uint64_t *)(uintptr_t)(histogram->bucket_counts + 1);
	return &message->base;
}

static ProtobufCMessage *point_message(const struct encoder *encoder, enum metric_kind kind,
				       const struct metric_point *point)
{
	if (kind != METRIC_HISTOGRAM)
		return number_point(encoder, kind, point);
	return point->histogram.is_exponential ? exponential_point(encoder, point)
					       : histogram_point(encoder, point);
}

/* Returns all points of `metric` as messages; NULL when out of memory. */
static ProtobufCMessage **messages_of(const struct encoder *encoder, const struct metric *metric)
{
	enum metric_kind kind = metric->description->kind;
	ProtobufCMessage **messages =
		arena__alloc_array(encoder->arena, metric->point_count, sizeof(*messages));
	size_t count = 0;

	for (const struct metric_point *point = metric->points; messages && point;
	     point = point->next)
		messages[count++] = point_message(encoder, kind, point);
	return arena__failed(encoder->arena) ? NULL : messages;
}

union metric_data {
	pb_gauge gauge;
	pb_sum sum;
	pb_histogram histogram;
	pb_exponential exponential;
};

static void set_histogram(pb_metric *metric, union metric_data *data, bool is_exponential,
			  ProtobufCMessage **points, size_t count)
{
	if (is_exponential) {
		data->exponential = (pb_exponential)PB_EXPONENTIAL_INIT;
		data->exponential.n_data_points = count;
		data->exponential.data_points = (pb_exponential_point **)points;
		data->exponential.aggregation_temporality = PB_CUMULATIVE;
		metric->data_case = PB_METRIC_EXPONENTIAL;
		metric->exponential_histogram = &data->exponential;
		return;
	}
	data->histogram = (pb_histogram)PB_HISTOGRAM_INIT;
	data->histogram.n_data_points = count;
	data->histogram.data_points = (pb_histogram_point **)points;
	data->histogram.aggregation_temporality = PB_CUMULATIVE;
	metric->data_case = PB_METRIC_HISTOGRAM;
	metric->histogram = &data->histogram;
}

/* Returns a message of the metric with `count` of its points; NULL when out of memory. */
static pb_metric *metric_message(struct arena *arena, const struct metric *from,
				 ProtobufCMessage **points, size_t count)
{
	const struct metric_description *description = from->description;
	pb_metric *metric = arena__alloc(arena, sizeof(*metric));
	union metric_data *data = arena__alloc(arena, sizeof(*data));

	if (!metric || !data)
		return NULL;
	*metric = (pb_metric)PB_METRIC_INIT;
	metric->name = otlp_text(arena, from->name);
	metric->description = otlp_text(arena, description->help);
	metric->unit = otlp_text(arena, description->unit);
	switch (description->kind) {
	case METRIC_GAUGE:
		data->gauge = (pb_gauge)PB_GAUGE_INIT;
		data->gauge.n_data_points = count;
		data->gauge.data_points = (pb_number_point **)points;
		metric->data_case = PB_METRIC_GAUGE;
		metric->gauge = &data->gauge;
		break;
	case METRIC_COUNTER:
	case METRIC_UP_DOWN_COUNTER:
		data->sum = (pb_sum)PB_SUM_INIT;
		data->sum.n_data_points = count;
		data->sum.data_points = (pb_number_point **)points;
		data->sum.aggregation_temporality = PB_CUMULATIVE;
		data->sum.is_monotonic = description->kind == METRIC_COUNTER;
		metric->data_case = PB_METRIC_SUM;
		metric->sum = &data->sum;
		break;
	case METRIC_HISTOGRAM:
		set_histogram(metric, data, from->points && from->points->histogram.is_exponential,
			      points, count);
		break;
	}
	return arena__failed(arena) ? NULL : metric;
}

/* Returns how many of `count` points fit into `capacity` bytes. */
static size_t points_within(size_t capacity, ProtobufCMessage **points, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t size = protobuf_c_message_get_packed_size(points[i]) + OTLP_FIELD_OVERHEAD;

		if (size > capacity)
			return i;
		capacity -= size;
	}
	return count;
}

static int add_metric(struct encoder *encoder, const struct metric *metric)
{
	struct otlp_request *request = &encoder->request;
	ProtobufCMessage **points = messages_of(encoder, metric);
	pb_metric *header = metric_message(encoder->arena, metric, NULL, 0);
	int r = 0;

	if (!points || !header)
		return error_out_of_memory(request->error);

	/* The length fields of the metric and of its data grow with the points. */
	size_t header_size =
		protobuf_c_message_get_packed_size(&header->base) + OTLP_FIELD_OVERHEAD;

	for (size_t done = 0; done < metric->point_count && r >= 0;) {
		size_t capacity = otlp_request__free_bytes(request);
		size_t count = 0;

		if (header_size < capacity)
			count = points_within(capacity - header_size, points + done,
					      metric->point_count - done);
		if (count == 0 && otlp_request__is_empty(request))
			return error_set(request->error, -EMSGSIZE,
					 "a point of metric %s does not fit in a request",
					 metric->name);
		if (count == 0) {
			r = otlp_request__flush(request);
			continue;
		}

		pb_metric *message = metric_message(encoder->arena, metric, points + done, count);

		if (!message)
			return error_out_of_memory(request->error);
		r = otlp_request__add(request, &message->base);
		done += count;
	}
	return r;
}

int otlp_encode_metrics(const struct otlp_resource *resource, const struct metric_set *set,
			otlp_request_callback callback, void *context, struct error *error)
{
	_cleanup_(arena__freep) struct arena *arena = arena__new(0);
	struct encoder encoder = {.arena = arena, .set = set};
	int r;

	if (!arena)
		return error_out_of_memory(error);
	r = otlp_request__init(&encoder.request, arena, resource, callback, context, error);
	for (const struct metric *metric = set->metrics; metric && r >= 0; metric = metric->next)
		r = add_metric(&encoder, metric);
	if (r >= 0)
		r = otlp_request__flush(&encoder.request);
	otlp_request__done(&encoder.request);
	return r;
}
