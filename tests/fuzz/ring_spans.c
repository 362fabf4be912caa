// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* The way of the kernel's records to a request of spans: decoding, assembly, OTLP, and the request decoded
 * again by the generated code. The input: records, each after two bytes with its size. */

#include "fuzz.h"

#include <stdlib.h>

#include "base/utf8.h"
#include "base/wire_names.h"
#include "config/config.h"
#include "otlp/decode.h"
#include "otlp/otlp.h"
#include "ring/ring.h"
#include "span/assembler.h"
#include "trace_service.pb-c.h"

#define RECORDS_MOST 16
#define CLOCK_OFFSET 1000

typedef Opentelemetry__Proto__Collector__Trace__V1__ExportTraceServiceRequest trace_request;

/* Of a record that was decoded. */
struct expected {
	struct ring_record record;
};

struct run {
	struct expected expected[RECORDS_MOST];
	size_t count;
	size_t checked; /* spans of requests */
};

static const char *route_text(void *context, uint64_t route)
{
	(void)context;
	return route % 2 ? "/api/{id}" : "/\xff";
}

/* What spans may have of paths and clients: --span-path and --span-client. */
static enum config_span_path span_path;
static bool span_client;

#define ATTRIBUTES_MOST 32

/* The attributes of the present span, which the encoder packs without the generated code. */
static pb_key_value *attributes[ATTRIBUTES_MOST];
static size_t attribute_count;

static void unpack_attributes(const pb_span *span)
{
	fuzz_check(span->n_attributes <= ATTRIBUTES_MOST, "many attributes");
	for (attribute_count = 0; attribute_count < span->n_attributes; attribute_count++) {
		const ProtobufCBinaryData *packed = &span->attributes[attribute_count];

		attributes[attribute_count] = opentelemetry__proto__common__v1__key_value__unpack(
			NULL, packed->len, packed->data);
		fuzz_check(attributes[attribute_count], "attribute %zu is malformed",
			   attribute_count);
	}
}

static void free_attributes(void)
{
	while (attribute_count > 0)
		opentelemetry__proto__common__v1__key_value__free_unpacked(
			attributes[--attribute_count], NULL);
}

static const pb_any_value *value_of(const char *key)
{
	const pb_any_value *found = NULL;

	for (size_t i = 0; i < attribute_count; i++) {
		if (strcmp(attributes[i]->key, key) != 0)
			continue;
		fuzz_check(!found, "attribute %s twice", key);
		found = attributes[i]->value;
	}
	return found;
}

static void check_text(const char *key, const char *text, bool is_cut)
{
	const pb_any_value *value = value_of(key);
	char repaired[4 * URL_PATH_BYTES + 8];

	if (!*text && !is_cut) {
		fuzz_check(!value, "%s without a text", key);
		return;
	}
	fuzz_check(utf8_repaired_size(text) <= sizeof(repaired) - 4, "a long text");
	utf8_repair(repaired, text);
	strcat(repaired, is_cut ? "\xe2\x80\xa6" : "");
	fuzz_check(value && value->value_case == PB_ANY_VALUE_STRING &&
			   strcmp(value->string_value, repaired) == 0,
		   "%s is '%s', not '%s'", key, value ? value->string_value : "absent", repaired);
}

static void check_request(const pb_span *span, const struct ring_http_request *request)
{
	const pb_any_value *status = value_of("http.response.status_code");
	const pb_any_value *method = value_of("http.request.method");
	bool has_status = request->status >= 100;
	bool has_original = request->method == METHOD_OTHER && *request->method_text;

	fuzz_check(method && strcmp(method->string_value, wire_method_name(request->method)) == 0,
		   "another method");
	fuzz_check(has_status == (status != NULL) &&
			   (!status || fuzz_answer((uint64_t)status->int_value) == request->status),
		   "another status");
	fuzz_check((request->status >= 500 || request->status == HTTP_STATUS_ABORTED) ==
			   (span->status && span->status->code == PB_STATUS_ERROR),
		   "another outcome");
	check_text("url.path", span_path == SPAN_PATH_RAW ? request->url_path : "",
		   span_path == SPAN_PATH_RAW && request->url_path_cut);
	fuzz_check(span_path != SPAN_PATH_OFF || !value_of("http.route"), "a route");
	fuzz_check(span_client || (!value_of("client.address") && !value_of("client.port")),
		   "a client");
	check_text("http.request.method_original", has_original ? request->method_text : "",
		   has_original && request->method_cut);
}

static void check_session(const pb_span *span, const struct ring_session *session)
{
	const pb_any_value *sent = value_of("scotty.websocket.messages_sent");

	fuzz_check(fuzz_answer(
			   (uint64_t)(strcmp(span->name, wire_role_name(session->role)) == 0)) == 1,
		   "another role");
	fuzz_check((session->role == ROLE_WEBSOCKET) == (sent != NULL), "messages");
	fuzz_check(!sent || (uint64_t)sent->int_value == session->messages_sent, "messages");
}

static void check_span(const pb_span *span, const struct ring_record *record)
{
	const struct ring_span *from = &record->span;

	fuzz_check(span->trace_id.len == 16 && memcmp(span->trace_id.data, from->trace_id, 16) == 0,
		   "another trace");
	fuzz_check(span->span_id.len == 8 && memcmp(span->span_id.data, from->span_id, 8) == 0,
		   "another span");
	fuzz_check(span->end_time_unix_nano - span->start_time_unix_nano ==
			   from->end_ns - from->start_ns,
		   "another duration");
	fuzz_check(span->start_time_unix_nano == from->start_ns + CLOCK_OFFSET, "another start");
	fuzz_check(utf8_is_valid(span->name) && utf8_is_valid(span->trace_state), "no UTF-8");
	fuzz_check(!*span->trace_state || from->parent_is_remote,
		   "a tracestate without a traceparent");
	fuzz_check(span->n_events + span->dropped_events_count == (uint32_t)from->slow_count ||
			   from->slow_count > UINT32_MAX,
		   "%zu events", span->n_events);
	unpack_attributes(span);
	if (record->kind == RECORD_SESSION)
		check_session(span, &record->session);
	else
		check_request(span, &record->http_request);
	free_attributes();
}

static int check_packed(void *context, const uint8_t *bytes, size_t size)
{
	struct run *run = context;
	trace_request *request =
		opentelemetry__proto__collector__trace__v1__export_trace_service_request__unpack(
			NULL, size, bytes);

	fuzz_check(request && request->n_resource_spans == 1, "no request");
	fuzz_check(request->resource_spans[0]->n_scope_spans == 1, "no scope");
	fuzz_check(otlp_count_spans(bytes, size) ==
			   request->resource_spans[0]->scope_spans[0]->n_spans,
		   "another count of spans");
	for (size_t i = 0; i < request->resource_spans[0]->scope_spans[0]->n_spans; i++)
		check_span(request->resource_spans[0]->scope_spans[0]->spans[i],
			   &run->expected[run->checked++].record);
	opentelemetry__proto__collector__trace__v1__export_trace_service_request__free_unpacked(
		request, NULL);
	return 0;
}

/* A record that a text of zero bytes ends has no text after it. */
static void check_decoded(const struct ring_record *record)
{
	if (record->kind != RECORD_HTTP_REQUEST)
		return;
	fuzz_check(strlen(record->http_request.url_path) <= URL_PATH_BYTES &&
			   strlen(record->http_request.method_text) <= METHOD_TEXT_BYTES &&
			   strlen(record->http_request.trace_state) <= TRACE_STATE_BYTES,
		   "a text above its capacity");
}

void fuzz_one(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	static struct run run;
	struct span_batch *batch = span_batch__new(RECORDS_MOST);
	struct otlp_resource resource = {0};
	struct error error = {0};
	struct span_assembler assembler = {
		.batch = batch,
		.route_text = route_text,
		.server_address = "host",
		.clock_offset_ns = CLOCK_OFFSET,
		.path = (enum config_span_path)(size % (SPAN_PATH_RAW + 1)),
		.has_client = size % 2,
	};

	span_path = assembler.path;
	span_client = assembler.has_client;
	run.count = run.checked = 0;
	while (input.size > 2 && run.count < RECORDS_MOST) {
		size_t record_size = fuzz_number(&input, 2);
		struct fuzz_input part = fuzz_part(&input, record_size);
		struct ring_record *record = &run.expected[run.count].record;

		memset(record, 0, sizeof(*record));
		if (ring_decode(part.bytes, part.size, record) < 0)
			continue;
		check_decoded(record);
		fuzz_check(span_assembler__add(&assembler, record) == 0, "no span");
		run.count++;
	}
	fuzz_check(otlp_encode_spans(&resource, batch, check_packed, &run, &error) == 0, "%s",
		   error.message);
	fuzz_check(run.checked == run.count, "%zu spans, not %zu", run.checked, run.count);
	span_batch__free(batch);
}
