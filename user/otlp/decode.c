// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "otlp/decode.h"

static void *unpack_alloc(void *arena, size_t size)
{
	return arena__alloc(arena, size);
}

static void unpack_free(void *arena, void *memory)
{
	/* The arena's reset frees the memory. */
	(void)arena;
	(void)memory;
}

int otlp_for_each_metric(const pb_metrics_request *request, otlp_metric_visitor visit,
			 void *context)
{
	for (size_t i = 0; i < request->n_resource_metrics; i++) {
		const pb_resource_metrics *resource = request->resource_metrics[i];

		for (size_t j = 0; j < resource->n_scope_metrics; j++) {
			const pb_scope_metrics *scope = resource->scope_metrics[j];

			for (size_t k = 0; k < scope->n_metrics; k++) {
				int r = visit(context, scope->metrics[k]);

				if (r != 0)
					return r;
			}
		}
	}
	return 0;
}

size_t otlp_point_count(const pb_metric *metric)
{
	switch (metric->data_case) {
	case PB_METRIC_GAUGE:
		return metric->gauge->n_data_points;
	case PB_METRIC_SUM:
		return metric->sum->n_data_points;
	case PB_METRIC_HISTOGRAM:
		return metric->histogram->n_data_points;
	case PB_METRIC_EXPONENTIAL:
		return metric->exponential_histogram->n_data_points;
	default:
		return 0;
	}
}

/* Checks that the scale is within the specification's limits and that the bounds are distinct
 * numbers. */
static int check_exponential(const pb_exponential *histogram)
{
	for (size_t i = 0; i < histogram->n_data_points; i++) {
		int32_t scale = histogram->data_points[i]->scale;

		if (scale < -10 || scale > 20)
			return -1;
	}
	return 0;
}

static int check_metric(void *context, const pb_metric *metric)
{
	(void)context;
	if (metric->data_case == PB_METRIC_EXPONENTIAL)
		return check_exponential(metric->exponential_histogram);
	if (metric->data_case != PB_METRIC_HISTOGRAM)
		return 0;
	for (size_t i = 0; i < metric->histogram->n_data_points; i++) {
		const pb_histogram_point *point = metric->histogram->data_points[i];

		/* Both lists may be empty; the point then has a count only. */
		if (point->n_bucket_counts == 0 && point->n_explicit_bounds == 0)
			continue;
		if (point->n_bucket_counts != point->n_explicit_bounds + 1)
			return -1;
	}
	return 0;
}

const pb_metrics_request *otlp_decode_metrics(struct arena *arena, const uint8_t *bytes,
					      size_t size)
{
	ProtobufCAllocator allocator = {
		.alloc = unpack_alloc,
		.free = unpack_free,
		.allocator_data = arena,
	};
	ProtobufCMessage *message =
		protobuf_c_message_unpack(&pb_metrics_request_descriptor, &allocator, size, bytes);
	const pb_metrics_request *request = (const pb_metrics_request *)message;

	return request && otlp_for_each_metric(request, check_metric, NULL) == 0 ? request : NULL;
}
