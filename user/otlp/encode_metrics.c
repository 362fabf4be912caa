// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>

#include "base/cleanup.h"
#include "otlp/common.h"

/* The request being filled: one resource, one scope, and metrics with some or all of their
 * points. It points into itself and stays where it is. */
struct builder {
	struct arena *arena;
	const struct metric_set *set;
	pb_metrics_request request;
	pb_resource_metrics resource_metrics;
	pb_resource_metrics *resource_metrics_list[1];
	pb_scope_metrics scope_metrics;
	pb_scope_metrics *scope_metrics_list[1];
	size_t empty_size; /* of a request without metrics, at most */
	size_t size;	   /* of this one, at most */
	struct otlp_output *output;
	struct error *error;
};

static int builder__init(struct builder *builder, const struct otlp_resource *resource)
{
	struct arena *arena = builder->arena;
	pb_resource_metrics *resource_metrics = &builder->resource_metrics;
	pb_scope_metrics *scope_metrics = &builder->scope_metrics;

	builder->request = (pb_metrics_request)PB_METRICS_REQUEST_INIT;
	builder->request.n_resource_metrics = 1;
	builder->request.resource_metrics = builder->resource_metrics_list;
	builder->resource_metrics_list[0] = resource_metrics;

	*resource_metrics = (pb_resource_metrics)PB_RESOURCE_METRICS_INIT;
	resource_metrics->resource = otlp_resource_message(arena, resource);
	resource_metrics->schema_url = otlp_text(arena, OTLP_SCHEMA_URL);
	resource_metrics->n_scope_metrics = 1;
	resource_metrics->scope_metrics = builder->scope_metrics_list;
	builder->scope_metrics_list[0] = scope_metrics;

	*scope_metrics = (pb_scope_metrics)PB_SCOPE_METRICS_INIT;
	scope_metrics->scope = otlp_scope_message(arena);
	scope_metrics->schema_url = otlp_text(arena, OTLP_SCHEMA_URL);
	scope_metrics->metrics = arena__alloc_array(arena, builder->set->metric_count,
						    sizeof(*scope_metrics->metrics));
	if (arena__failed(arena))
		return error_out_of_memory(builder->error);

	/* The lengths of the two enclosing messages grow with their contents. */
	builder->empty_size = protobuf_c_message_get_packed_size(&builder->request.base) +
			      2 * OTLP_FIELD_OVERHEAD;
	builder->size = builder->empty_size;
	return 0;
}

static int builder__flush(struct builder *builder)
{
	if (builder->scope_metrics.n_metrics == 0)
		return 0;

	int r = otlp_output__send(builder->output, &builder->request.base, builder->error);

	builder->scope_metrics.n_metrics = 0;
	builder->size = builder->empty_size;
	return r;
}

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
		attributes[count++] = otlp_bool_attribute(arena, "otel.metric.overflow", 1);
	*ret_count = count;
	return attributes;
}

static ProtobufCMessage *number_point(const struct builder *builder, enum metric_kind kind,
				      const struct metric_point *point)
{
	pb_number_point *message = arena__alloc(builder->arena, sizeof(*message));

	if (!message)
		return NULL;
	*message = (pb_number_point)PB_NUMBER_POINT_INIT;
	/* A gauge's value does not accumulate: it has no start. */
	message->start_time_unix_nano = kind == METRIC_GAUGE ? 0 : builder->set->start_ns;
	message->time_unix_nano = builder->set->time_ns;
	message->attributes = attributes_of(builder->arena, point, &message->n_attributes);
	if (point->is_real) {
		message->value_case = PB_POINT_DOUBLE;
		message->as_double = point->real;
	} else {
		message->value_case = PB_POINT_INT;
		message->as_int = point->integer;
	}
	return &message->base;
}

static ProtobufCMessage *histogram_point(const struct builder *builder,
					 const struct metric_point *point)
{
	pb_histogram_point *message = arena__alloc(builder->arena, sizeof(*message));
	const struct metric_histogram *histogram = &point->histogram;

	if (!message)
		return NULL;
	*message = (pb_histogram_point)PB_HISTOGRAM_POINT_INIT;
	message->start_time_unix_nano = builder->set->start_ns;
	message->time_unix_nano = builder->set->time_ns;
	message->attributes = attributes_of(builder->arena, point, &message->n_attributes);
	message->count = histogram->count;
	message->optional_sum_case = PB_POINT_SUM;
	message->sum = histogram->sum;
	message->n_explicit_bounds = histogram->bound_count;
	message->explicit_bounds = (double *)(uintptr_t)histogram->bounds;
	message->n_bucket_counts = histogram->bound_count + 1;
	message->bucket_counts = (uint64_t *)(uintptr_t)histogram->bucket_counts;
	return &message->base;
}

/* All points of `metric` as messages; NULL when out of memory. */
static ProtobufCMessage **messages_of(const struct builder *builder, const struct metric *metric)
{
	enum metric_kind kind = metric->description->kind;
	ProtobufCMessage **messages =
		arena__alloc_array(builder->arena, metric->point_count, sizeof(*messages));
	size_t count = 0;

	for (const struct metric_point *point = metric->points; messages && point;
	     point = point->next) {
		messages[count++] = kind == METRIC_HISTOGRAM ? histogram_point(builder, point)
							     : number_point(builder, kind, point);
	}
	return arena__failed(builder->arena) ? NULL : messages;
}

/* A metric with `count` of its points; NULL when out of memory. */
static pb_metric *metric_message(struct arena *arena, const struct metric_description *description,
				 ProtobufCMessage **points, size_t count)
{
	pb_metric *metric = arena__alloc(arena, sizeof(*metric));
	union {
		pb_gauge gauge;
		pb_sum sum;
		pb_histogram histogram;
	} *data = arena__alloc(arena, sizeof(*data));

	if (!metric || !data)
		return NULL;
	*metric = (pb_metric)PB_METRIC_INIT;
	metric->name = otlp_text(arena, description->name);
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
		data->histogram = (pb_histogram)PB_HISTOGRAM_INIT;
		data->histogram.n_data_points = count;
		data->histogram.data_points = (pb_histogram_point **)points;
		data->histogram.aggregation_temporality = PB_CUMULATIVE;
		metric->data_case = PB_METRIC_HISTOGRAM;
		metric->histogram = &data->histogram;
		break;
	}
	return arena__failed(arena) ? NULL : metric;
}

/* How many of `count` points fit in `room` bytes; what they take is added to `*size`. */
static size_t points_within(size_t room, ProtobufCMessage **points, size_t count, size_t *size)
{
	for (size_t i = 0; i < count; i++) {
		size_t next = protobuf_c_message_get_packed_size(points[i]) + OTLP_FIELD_OVERHEAD;

		if (next > room - *size)
			return i;
		*size += next;
	}
	return count;
}

static int builder__add(struct builder *builder, const struct metric *metric)
{
	const struct metric_description *description = metric->description;
	ProtobufCMessage **points = messages_of(builder, metric);
	pb_metric *header = metric_message(builder->arena, description, NULL, 0);

	if (!points || !header)
		return error_out_of_memory(builder->error);

	size_t header_size =
		protobuf_c_message_get_packed_size(&header->base) + 2 * OTLP_FIELD_OVERHEAD;

	for (size_t done = 0; done < metric->point_count;) {
		size_t room = OTLP_REQUEST_LIMIT_BYTES - builder->size;
		size_t size = header_size;
		size_t count = 0;

		if (header_size < room) {
			count = points_within(room, points + done, metric->point_count - done,
					      &size);
		}
		if (count == 0 && builder->scope_metrics.n_metrics == 0) {
			return error_set(builder->error, -EMSGSIZE,
					 "a point of metric %s does not fit in a request",
					 description->name);
		}
		if (count == 0) {
			int r = builder__flush(builder);

			if (r < 0)
				return r;
			continue;
		}

		pb_metric *message =
			metric_message(builder->arena, description, points + done, count);

		if (!message)
			return error_out_of_memory(builder->error);
		builder->scope_metrics.metrics[builder->scope_metrics.n_metrics++] = message;
		builder->size += size;
		done += count;
	}
	return 0;
}

int otlp_encode_metrics(const struct otlp_resource *resource, const struct metric_set *set,
			otlp_request_callback callback, void *context, struct error *error)
{
	_cleanup_(arena__freep) struct arena *arena = arena__new(0);
	_cleanup_(otlp_output__done) struct otlp_output output = {
		.callback = callback,
		.context = context,
	};
	struct builder builder = {.arena = arena, .set = set, .output = &output, .error = error};
	int r;

	if (!arena)
		return error_out_of_memory(error);
	r = builder__init(&builder, resource);
	if (r < 0)
		return r;
	if (builder.empty_size >= OTLP_REQUEST_LIMIT_BYTES)
		return error_set(error, -EMSGSIZE, "the resource does not fit in a request");
	for (const struct metric *metric = set->metrics; metric; metric = metric->next) {
		r = builder__add(&builder, metric);
		if (r < 0)
			return r;
	}
	return builder__flush(&builder);
}
