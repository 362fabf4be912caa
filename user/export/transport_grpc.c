// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "export/transport.h"

#include <ctype.h>
#include <errno.h>
#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc.h>
#include <grpc/slice.h>
#include <grpc/support/alloc.h>
#include <grpc/support/log.h>
#include <grpc/support/time.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "export/grpc_channel.h"
#include "export/grpc_status.h"
#include "export/response.h"

#define METRICS_METHOD "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
#define TRACES_METHOD  "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
#define STATUS_DETAILS "grpc-status-details-bin"

struct grpc_client {
	struct export_client base;
	enum export_signal signal;
	uint64_t timeout_ns;
	grpc_channel *channel;
	grpc_completion_queue *queue;
	grpc_metadata *headers;
	size_t header_count;
	pthread_mutex_t lock; /* of the fields below */
	grpc_call *call;      /* in progress; NULL for none */
	bool is_cancelled;
};

/* Filled in by the library during one call. */
struct call_state {
	grpc_metadata_array initial;
	grpc_metadata_array trailing;
	grpc_byte_buffer *request;
	grpc_byte_buffer *response;
	grpc_status_code status;
	grpc_slice details;
};

static struct grpc_client *grpc_client_of(struct export_client *client)
{
	return (struct grpc_client *)client;
}

static void discard_log(gpr_log_func_args *arguments)
{
	/* The status of a call has the reason of a failure. */
	(void)arguments;
}

static int add_header(struct grpc_client *client, const struct config_header *header,
		      struct error *error)
{
	grpc_metadata *metadata = &client->headers[client->header_count];
	grpc_slice key = grpc_slice_from_copied_string(header->name);
	grpc_slice value = grpc_slice_from_copied_string(header->value);
	bool is_legal;

	/* HTTP/2 requires lower case names; see RFC 9113, section 8.2.1. */
	for (uint8_t *byte = GRPC_SLICE_START_PTR(key); byte < GRPC_SLICE_END_PTR(key); byte++)
		*byte = (uint8_t)tolower(*byte);
	is_legal = grpc_header_key_is_legal(key) &&
		   (grpc_is_binary_header(key) || grpc_header_nonbin_value_is_legal(value));
	metadata->key = key;
	metadata->value = value;
	client->header_count++;
	if (!is_legal)
		return error_set(error, -EINVAL, "the OTLP header \"%s\" cannot be sent",
				 header->name);
	return 0;
}

static int add_headers(struct grpc_client *client, const struct config_otlp *config,
		       struct error *error)
{
	size_t count;
	const struct config_header *headers = client->signal == EXPORT_METRICS
						      ? config_otlp__metrics_headers(config, &count)
						      : config_otlp__traces_headers(config, &count);

	client->headers = calloc(count + 1, sizeof(*client->headers));
	if (!client->headers)
		return error_out_of_memory(error);
	for (size_t i = 0; i < count; i++) {
		int r = add_header(client, &headers[i], error);

		if (r < 0)
			return r;
	}
	return 0;
}

static void grpc_client__free(struct grpc_client *client)
{
	if (!client)
		return;
	if (client->channel)
		grpc_channel_destroy(client->channel);
	if (client->queue) {
		grpc_completion_queue_shutdown(client->queue);
		while (grpc_completion_queue_next(client->queue, gpr_inf_future(GPR_CLOCK_REALTIME),
						  NULL)
			       .type != GRPC_QUEUE_SHUTDOWN)
			continue;
		grpc_completion_queue_destroy(client->queue);
	}
	for (size_t i = 0; i < client->header_count; i++) {
		grpc_slice_unref(client->headers[i].key);
		grpc_slice_unref(client->headers[i].value);
	}
	free(client->headers);
	pthread_mutex_destroy(&client->lock);
	free(client);
	/* The library counts its users; the last one waits for the library's threads. */
	grpc_shutdown_blocking();
}

DEFINE_CLEANUP(struct grpc_client *, grpc_client__free);

static int new_client(const struct config_otlp *config, enum export_signal signal,
		      struct export_client **ret_client, struct error *error)
{
	bool is_metrics = signal == EXPORT_METRICS;
	_cleanup_(grpc_client__freep) struct grpc_client *client = calloc(1, sizeof(*client));
	int r;

	if (!client)
		return error_out_of_memory(error);
	client->base.transport = &export_transport_grpc;
	client->signal = signal;
	client->timeout_ns = config->timeout_ns;
	pthread_mutex_init(&client->lock, NULL);
	gpr_set_log_function(discard_log);
	grpc_init();
	r = add_headers(client, config, error);
	if (r < 0)
		return r;
	client->queue = grpc_completion_queue_create_for_next(NULL);
	r = export_grpc_channel_new(
		config, is_metrics ? config->metrics_target : config->traces_target,
		is_metrics ? config->metrics_tls : config->traces_tls, &client->channel, error);
	if (r < 0)
		return r;
	*ret_client = &TAKE_PTR(client)->base;
	return 0;
}

static void free_client(struct export_client *client)
{
	grpc_client__free(grpc_client_of(client));
}

/* Opens a call, which cancel() then ends; NULL when the client is cancelled. */
static grpc_call *open_call(struct grpc_client *client)
{
	gpr_timespec timeout = gpr_time_from_nanos((int64_t)client->timeout_ns, GPR_TIMESPAN);
	gpr_timespec deadline = gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), timeout);
	grpc_slice method = grpc_slice_from_static_string(
		client->signal == EXPORT_METRICS ? METRICS_METHOD : TRACES_METHOD);
	grpc_call *call = NULL;

	pthread_mutex_lock(&client->lock);
	if (!client->is_cancelled) {
		call = grpc_channel_create_call(client->channel, NULL, GRPC_PROPAGATE_DEFAULTS,
						client->queue, method, NULL, deadline, NULL);
		client->call = call;
	}
	pthread_mutex_unlock(&client->lock);
	return call;
}

static void close_call(struct grpc_client *client, grpc_call *call)
{
	pthread_mutex_lock(&client->lock);
	client->call = NULL;
	pthread_mutex_unlock(&client->lock);
	grpc_call_unref(call);
}

/* Runs a unary call as one batch and waits for its end, at the deadline at the latest. */
static bool run_call(struct grpc_client *client, grpc_call *call, bool wait_for_connection,
		     struct call_state *state)
{
	grpc_op operations[6] = {
		{.op = GRPC_OP_SEND_INITIAL_METADATA},	{.op = GRPC_OP_SEND_MESSAGE},
		{.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT}, {.op = GRPC_OP_RECV_INITIAL_METADATA},
		{.op = GRPC_OP_RECV_MESSAGE},		{.op = GRPC_OP_RECV_STATUS_ON_CLIENT},
	};

	operations[0].flags = GRPC_INITIAL_METADATA_WAIT_FOR_READY_EXPLICITLY_SET |
			      (wait_for_connection ? GRPC_INITIAL_METADATA_WAIT_FOR_READY : 0);
	operations[0].data.send_initial_metadata.count = client->header_count;
	operations[0].data.send_initial_metadata.metadata = client->headers;
	operations[1].data.send_message.send_message = state->request;
	operations[3].data.recv_initial_metadata.recv_initial_metadata = &state->initial;
	operations[4].data.recv_message.recv_message = &state->response;
	operations[5].data.recv_status_on_client.trailing_metadata = &state->trailing;
	operations[5].data.recv_status_on_client.status = &state->status;
	operations[5].data.recv_status_on_client.status_details = &state->details;

	if (grpc_call_start_batch(call, operations, 6, state, NULL) != GRPC_CALL_OK)
		return false;
	grpc_completion_queue_next(client->queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
	return true;
}

static uint64_t read_rejected(const struct grpc_client *client, grpc_byte_buffer *response,
			      uint64_t items)
{
	grpc_byte_buffer_reader reader;
	uint64_t rejected;

	if (!response || !grpc_byte_buffer_reader_init(&reader, response))
		return 0;

	grpc_slice bytes = grpc_byte_buffer_reader_readall(&reader);

	rejected = export_rejected_items(client->signal, GRPC_SLICE_START_PTR(bytes),
					 GRPC_SLICE_LENGTH(bytes), items);
	grpc_slice_unref(bytes);
	grpc_byte_buffer_reader_destroy(&reader);
	return rejected;
}

/* Finds the details in the trailing metadata. They stay owned by `trailing`. */
static void find_details(const grpc_metadata_array *trailing, struct export_grpc_status *status)
{
	for (size_t i = 0; i < trailing->count; i++) {
		const grpc_metadata *entry = &trailing->metadata[i];

		if (grpc_slice_str_cmp(entry->key, STATUS_DETAILS) != 0)
			continue;
		status->details = GRPC_SLICE_START_PTR(entry->value);
		status->details_size = GRPC_SLICE_LENGTH(entry->value);
		return;
	}
}

static void read_result(const struct grpc_client *client, const struct call_state *state,
			uint64_t items, struct export_result *ret_result)
{
	struct export_grpc_status status = {
		.code = (int)state->status,
		.text = GRPC_SLICE_START_PTR(state->details),
		.text_size = GRPC_SLICE_LENGTH(state->details),
	};

	if (state->status == GRPC_STATUS_OK) {
		*ret_result = (struct export_result){
			.outcome = EXPORT_DELIVERED,
			.rejected_items = read_rejected(client, state->response, items),
		};
		return;
	}
	find_details(&state->trailing, &status);
	export_grpc_status__read(&status, ret_result);
}

static void call(struct export_client *base, const uint8_t *request, size_t size, uint64_t items,
		 bool wait_for_connection, struct export_result *ret_result)
{
	const struct export_grpc_status cancelled = {.code = GRPC_STATUS_CANCELLED};
	struct grpc_client *client = grpc_client_of(base);
	struct call_state state = {
		.status = GRPC_STATUS_CANCELLED,
		.details = grpc_empty_slice(),
	};
	grpc_call *opened = open_call(client);
	grpc_slice bytes;

	export_grpc_status__read(&cancelled, ret_result);
	if (!opened)
		return;
	grpc_metadata_array_init(&state.initial);
	grpc_metadata_array_init(&state.trailing);
	/* A copy: after a call was cancelled, the library may still be writing the request. */
	bytes = grpc_slice_from_copied_buffer((const char *)request, size);
	state.request = grpc_raw_byte_buffer_create(&bytes, 1);
	grpc_slice_unref(bytes);
	if (run_call(client, opened, wait_for_connection, &state))
		read_result(client, &state, items, ret_result);
	close_call(client, opened);
	grpc_byte_buffer_destroy(state.request);
	if (state.response)
		grpc_byte_buffer_destroy(state.response);
	grpc_slice_unref(state.details);
	grpc_metadata_array_destroy(&state.initial);
	grpc_metadata_array_destroy(&state.trailing);
}

static void cancel(struct export_client *base, bool and_later_calls)
{
	struct grpc_client *client = grpc_client_of(base);

	pthread_mutex_lock(&client->lock);
	if (client->call)
		grpc_call_cancel(client->call, NULL);
	client->is_cancelled |= and_later_calls;
	pthread_mutex_unlock(&client->lock);
}

const struct export_transport export_transport_grpc = {
	.new_client = new_client,
	.free_client = free_client,
	.call = call,
	.cancel = cancel,
};
