// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <string.h>

#include "ring/ring.h"

static int decode_span(const struct span_state *state, uint64_t end_ns, struct ring_span *span)
{
	static const uint8_t none[16];
	const struct trace_context *context = &state->context;

	if (end_ns < state->start_ns || !(context->flags & TRACE_CONTEXT_PRESENT) ||
	    memcmp(context->trace_id, none, sizeof(context->trace_id)) == 0 ||
	    memcmp(context->span_id, none, sizeof(context->span_id)) == 0)
		return -EPROTO;
	memcpy(span->trace_id, context->trace_id, sizeof(span->trace_id));
	memcpy(span->span_id, context->span_id, sizeof(span->span_id));
	memcpy(span->parent_span_id, state->parent_span_id, sizeof(span->parent_span_id));
	span->parent_is_remote = context->flags & TRACE_CONTEXT_REMOTE;
	span->start_ns = state->start_ns;
	span->end_ns = end_ns;
	span->busy_ns = state->busy_ns;
	span->runq_ns = state->runq_ns;
	span->slow_count = state->slow_count;
	memcpy(span->slow, state->slow, sizeof(span->slow));
	return 0;
}

/* Copies the `length` bytes at `text` and terminates the copy. A length above `capacity` stands for a
 * text that was cut to the capacity; returns whether it was. */
static bool copy_text(char *copy, const char *text, size_t length, size_t capacity)
{
	bool is_cut = length > capacity;

	memcpy(copy, text, is_cut ? capacity : length);
	copy[is_cut ? capacity : length] = '\0';
	return is_cut;
}

static int decode_http_request(const void *bytes, size_t size, struct ring_record *ret_record)
{
	struct ring_http_request *request = &ret_record->http_request;
	struct record_http_request record = {0};

	if (size != RECORD_HTTP_REQUEST_BYTES && size != sizeof(record))
		return -EPROTO;
	memcpy(&record, bytes, size);
	if (record.trace_state_length > TRACE_STATE_BYTES ||
	    (record.trace_state_length > 0 && size != sizeof(record)))
		return -EPROTO;
	if (record.method >= METHOD_COUNT || record.url_path_length > URL_PATH_BYTES + 1 ||
	    record.method_length > METHOD_TEXT_BYTES + 1 || record.status > 999 ||
	    (record.status < 100 && record.status != HTTP_STATUS_ABORTED &&
	     record.status != HTTP_STATUS_UNKNOWN))
		return -EPROTO;

	request->route = record.route;
	request->status = record.status;
	request->method = (enum http_method)record.method;
	request->peer = record.peer;
	request->method_cut = copy_text(request->method_text, record.method_text,
					record.method_length, METHOD_TEXT_BYTES);
	request->url_path_cut = copy_text(request->url_path, record.url_path,
					  record.url_path_length, URL_PATH_BYTES);
	memcpy(request->trace_state, record.trace_state, record.trace_state_length);
	request->trace_state[record.trace_state_length] = '\0';
	return decode_span(&record.span, record.end_ns, &ret_record->span);
}

static int decode_session(const void *bytes, size_t size, struct ring_record *ret_record)
{
	struct record_session record;

	if (size != sizeof(record))
		return -EPROTO;
	memcpy(&record, bytes, sizeof(record));
	if (record.role >= ROLE_COUNT || record.role < ROLE_WEBSOCKET ||
	    record.end >= SESSION_END_COUNT)
		return -EPROTO;
	ret_record->session = (struct ring_session){
		.role = (enum task_role)record.role,
		.end = (enum session_end)record.end,
		.messages_sent = record.sent,
		.messages_received = record.received,
	};
	return decode_span(&record.span, record.end_ns, &ret_record->span);
}

int ring_decode(const void *bytes, size_t size, struct ring_record *ret_record)
{
	struct record_header header;

	if (size < sizeof(header))
		return -EPROTO;
	memcpy(&header, bytes, sizeof(header));
	if (header.version != WIRE_VERSION || header.size != size)
		return -EPROTO;
	ret_record->kind = (enum record_kind)header.kind;
	switch (header.kind) {
	case RECORD_HTTP_REQUEST:
		return decode_http_request(bytes, size, ret_record);
	case RECORD_SESSION:
		return decode_session(bytes, size, ret_record);
	default:
		return -EPROTO;
	}
}
