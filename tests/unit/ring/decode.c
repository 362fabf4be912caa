// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/array.h"
#include "ring/ring.h"

static struct span_state valid_span(void)
{
	struct span_state span = {
		.context = {.flags = TRACE_CONTEXT_PRESENT | TRACE_CONTEXT_SAMPLED |
				     TRACE_CONTEXT_REMOTE},
		.start_ns = 100,
		.busy_ns = 60,
		.runq_ns = 30,
		.slow_count = 7,
	};

	memset(span.context.trace_id, 0x4b, sizeof(span.context.trace_id));
	memset(span.context.span_id, 0x05, sizeof(span.context.span_id));
	memset(span.parent_span_id, 0xb7, sizeof(span.parent_span_id));
	for (uint64_t i = 0; i < SLOW_POLL_LIMIT; i++)
		span.slow[i] = (struct slow_poll){.start_ns = 110 + i, .duration_ns = 5 + i};
	return span;
}

/* With a tracestate. Without one, it is RECORD_HTTP_REQUEST_BYTES long. */
static struct record_http_request valid_request(void)
{
	struct record_http_request record = {
		.header = {RECORD_HTTP_REQUEST, WIRE_VERSION, sizeof(record)},
		.span = valid_span(),
		.end_ns = 350,
		.route = 7,
		.peer = {.family = AF_INET, .port = 40000, .address = {192, 0, 2, 1}},
		.status = 200,
		.method = METHOD_POST,
		.method_length = 5,
		.method_text = "PURGE",
		.url_path_length = 4,
		.url_path = "/a/b",
		.trace_state_length = 3,
		.trace_state = "a=1",
	};

	return record;
}

static struct record_http_request without_trace_state(void)
{
	struct record_http_request record = valid_request();

	record.header.size = RECORD_HTTP_REQUEST_BYTES;
	record.trace_state_length = 0;
	return record;
}

static struct record_session valid_session(void)
{
	return (struct record_session){
		.header = {RECORD_SESSION, WIRE_VERSION, sizeof(struct record_session)},
		.span = valid_span(),
		.end_ns = 350,
		.sent = 12,
		.received = 34,
		.role = ROLE_SHELL,
		.end = SESSION_TIMED_OUT,
	};
}

/* Decodes the record from memory of just that size, so that a read past it is found by the
 * sanitizer. What was in `ret_record` before does not show. */
static int decode(const void *bytes, size_t size, struct ring_record *ret_record)
{
	void *copy = malloc(size ? size : 1);
	int r;

	memcpy(copy, bytes, size);
	memset(ret_record, 'x', sizeof(*ret_record));
	r = ring_decode(copy, size, ret_record);
	free(copy);
	return r;
}

static void assert_span(const struct ring_span *span)
{
	const struct span_state expected = valid_span();

	cr_assert_arr_eq(span->trace_id, expected.context.trace_id, 16);
	cr_assert_arr_eq(span->span_id, expected.context.span_id, 8);
	cr_assert_arr_eq(span->parent_span_id, expected.parent_span_id, 8);
	cr_assert_eq(span->parent_is_remote, 1);
	cr_assert_eq(span->start_ns, 100);
	cr_assert_eq(span->end_ns, 350);
	cr_assert_eq(span->busy_ns, 60);
	cr_assert_eq(span->runq_ns, 30);
	cr_assert_eq(span->slow_count, 7);
	for (uint64_t i = 0; i < SLOW_POLL_LIMIT; i++) {
		cr_assert_eq(span->slow[i].start_ns, 110 + i);
		cr_assert_eq(span->slow[i].duration_ns, 5 + i);
	}
}

Test(ring_decode, a_request_is_taken_over_field_by_field)
{
	struct record_http_request record = valid_request();
	const struct ring_http_request *request;
	struct ring_record decoded;

	cr_assert_eq(decode(&record, sizeof(record), &decoded), 0);
	request = &decoded.http_request;
	cr_assert_eq(decoded.kind, RECORD_HTTP_REQUEST);
	assert_span(&decoded.span);
	cr_assert_eq(request->route, 7);
	cr_assert_eq(request->status, 200);
	cr_assert_eq(request->method, METHOD_POST);
	cr_assert_eq(memcmp(&request->peer, &record.peer, sizeof(record.peer)), 0);
	cr_assert_str_eq(request->url_path, "/a/b");
	cr_assert_not(request->url_path_cut);
	cr_assert_str_eq(request->method_text, "PURGE");
	cr_assert_not(request->method_cut);
	cr_assert_str_eq(request->trace_state, "a=1");
}

Test(ring_decode, a_request_without_a_tracestate_is_shorter)
{
	struct record_http_request record = without_trace_state();
	struct ring_record decoded;

	cr_assert_eq(decode(&record, RECORD_HTTP_REQUEST_BYTES, &decoded), 0);
	assert_span(&decoded.span);
	cr_assert_str_eq(decoded.http_request.url_path, "/a/b");
	cr_assert_str_eq(decoded.http_request.trace_state, "");
	/* One that was too long to keep leaves its room empty. */
	record.header.size = sizeof(record);
	cr_assert_eq(decode(&record, sizeof(record), &decoded), 0);
	cr_assert_str_eq(decoded.http_request.trace_state, "");
}

Test(ring_decode, a_session_is_taken_over_field_by_field)
{
	for (int role = ROLE_WEBSOCKET; role < ROLE_COUNT; role++) {
		for (int end = 0; end < SESSION_END_COUNT; end++) {
			struct record_session record = valid_session();
			struct ring_record decoded;

			record.role = (uint8_t)role;
			record.end = (uint8_t)end;
			cr_assert_eq(decode(&record, sizeof(record), &decoded), 0);
			cr_assert_eq(decoded.kind, RECORD_SESSION);
			assert_span(&decoded.span);
			cr_assert_eq(decoded.session.role, role);
			cr_assert_eq(decoded.session.end, end);
			cr_assert_eq(decoded.session.messages_sent, 12);
			cr_assert_eq(decoded.session.messages_received, 34);
		}
	}
}

Test(ring_decode, only_a_remote_parent_is_remote)
{
	struct record_session record = valid_session();
	struct ring_record decoded;

	record.span.context.flags = TRACE_CONTEXT_PRESENT | TRACE_CONTEXT_SAMPLED;
	cr_assert_eq(decode(&record, sizeof(record), &decoded), 0);
	cr_assert_eq(decoded.span.parent_is_remote, 0);
}

Test(ring_decode, texts_that_fill_their_room_are_terminated)
{
	struct record_http_request record = valid_request();
	struct ring_record decoded;

	memset(record.url_path, 'p', sizeof(record.url_path));
	record.url_path_length = URL_PATH_BYTES;
	memset(record.method_text, 'm', sizeof(record.method_text));
	record.method_length = METHOD_TEXT_BYTES;
	memset(record.trace_state, 't', sizeof(record.trace_state));
	record.trace_state_length = TRACE_STATE_BYTES;
	cr_assert_eq(decode(&record, sizeof(record), &decoded), 0);
	cr_assert_eq(strlen(decoded.http_request.url_path), URL_PATH_BYTES);
	cr_assert_not(decoded.http_request.url_path_cut);
	cr_assert_eq(strlen(decoded.http_request.method_text), METHOD_TEXT_BYTES);
	cr_assert_not(decoded.http_request.method_cut);
	cr_assert_eq(strlen(decoded.http_request.trace_state), TRACE_STATE_BYTES);
	/* A length above the capacity stands for a longer text. */
	record.url_path_length = URL_PATH_BYTES + 1;
	record.method_length = METHOD_TEXT_BYTES + 1;
	cr_assert_eq(decode(&record, sizeof(record), &decoded), 0);
	cr_assert_eq(strlen(decoded.http_request.url_path), URL_PATH_BYTES);
	cr_assert(decoded.http_request.url_path_cut);
	cr_assert_eq(strlen(decoded.http_request.method_text), METHOD_TEXT_BYTES);
	cr_assert(decoded.http_request.method_cut);
}

/* What the record has behind a text is not a part of it. */
Test(ring_decode, texts_are_as_long_as_the_record_says)
{
	struct record_http_request record = valid_request();
	struct ring_record decoded;

	record.url_path_length = 2;
	record.trace_state_length = 1;
	cr_assert_eq(decode(&record, sizeof(record), &decoded), 0);
	cr_assert_str_eq(decoded.http_request.url_path, "/a");
	cr_assert_str_eq(decoded.http_request.trace_state, "a");
}

Test(ring_decode, responses_that_never_were_are_taken)
{
	static const uint16_t statuses[] = {HTTP_STATUS_ABORTED, HTTP_STATUS_UNKNOWN, 100, 999};

	for (size_t i = 0; i < ARRAY_SIZE(statuses); i++) {
		struct record_http_request record = valid_request();
		struct ring_record decoded;

		record.status = statuses[i];
		cr_assert_eq(decode(&record, sizeof(record), &decoded), 0);
		cr_assert_eq(decoded.http_request.status, statuses[i]);
	}
}

#define REFUSED(valid, bytes, change)                                             \
	do {                                                                      \
		__typeof__(valid()) record = valid();                             \
		struct ring_record decoded;                                       \
                                                                                  \
		cr_assert_eq(decode(&record, bytes, &decoded), 0);                \
		change;                                                           \
		cr_assert_eq(decode(&record, bytes, &decoded), -EPROTO, #change); \
	} while (0)

#define ZERO(array) memset(array, 0, sizeof(array))

Test(ring_decode, requests_that_the_kernel_side_does_not_write_are_refused)
{
	const size_t bytes = sizeof(struct record_http_request);

	REFUSED(valid_request, bytes, record.header.kind = 0);
	REFUSED(valid_request, bytes, record.header.kind = RECORD_SESSION);
	REFUSED(valid_request, bytes, record.header.kind = RECORD_SESSION + 1);
	REFUSED(valid_request, bytes, record.header.version = WIRE_VERSION + 1);
	REFUSED(valid_request, bytes, record.header.version = WIRE_VERSION - 1);
	REFUSED(valid_request, bytes, record.header.size--);
	REFUSED(valid_request, bytes, record.header.size++);
	REFUSED(valid_request, bytes, record.header.size = 0);
	REFUSED(valid_request, bytes, record.header.size = RECORD_HTTP_REQUEST_BYTES);
	REFUSED(valid_request, bytes, record.method = METHOD_COUNT);
	REFUSED(valid_request, bytes, record.end_ns = record.span.start_ns - 1);
	REFUSED(valid_request, bytes, record.url_path_length = URL_PATH_BYTES + 2);
	REFUSED(valid_request, bytes, record.method_length = METHOD_TEXT_BYTES + 2);
	REFUSED(valid_request, bytes, record.url_path_length = UINT16_MAX);
	REFUSED(valid_request, bytes, record.trace_state_length = TRACE_STATE_BYTES + 1);
	REFUSED(valid_request, bytes, record.trace_state_length = UINT32_MAX);
	REFUSED(valid_request, bytes, record.status = 2);
	REFUSED(valid_request, bytes, record.status = 99);
	REFUSED(valid_request, bytes, record.status = 1000);
	REFUSED(valid_request, bytes, record.status = UINT16_MAX);
	REFUSED(valid_request, bytes, ZERO(record.span.context.trace_id));
	REFUSED(valid_request, bytes, ZERO(record.span.context.span_id));
	REFUSED(valid_request, bytes, record.span.context.flags = 0);
	REFUSED(valid_request, bytes,
		record.span.context.flags &= ~(uint32_t)TRACE_CONTEXT_PRESENT);
	/* Its text would lie behind its end. */
	REFUSED(without_trace_state, RECORD_HTTP_REQUEST_BYTES, record.trace_state_length = 1);
	REFUSED(without_trace_state, RECORD_HTTP_REQUEST_BYTES,
		record.header.size = sizeof(record));
}

Test(ring_decode, sessions_that_the_kernel_side_does_not_write_are_refused)
{
	const size_t bytes = sizeof(struct record_session);

	REFUSED(valid_session, bytes, record.header.kind = RECORD_HTTP_REQUEST);
	REFUSED(valid_session, bytes, record.header.version = WIRE_VERSION + 1);
	REFUSED(valid_session, bytes, record.header.size--);
	REFUSED(valid_session, bytes, record.header.size++);
	REFUSED(valid_session, bytes, record.role = ROLE_COUNT);
	REFUSED(valid_session, bytes, record.role = UINT8_MAX);
	REFUSED(valid_session, bytes, record.role = ROLE_NONE);
	REFUSED(valid_session, bytes, record.role = ROLE_HTTP_CONNECTION);
	REFUSED(valid_session, bytes, record.end = SESSION_END_COUNT);
	REFUSED(valid_session, bytes, record.end = UINT8_MAX);
	REFUSED(valid_session, bytes, record.end_ns = record.span.start_ns - 1);
	REFUSED(valid_session, bytes, ZERO(record.span.context.trace_id));
	REFUSED(valid_session, bytes, ZERO(record.span.context.span_id));
	REFUSED(valid_session, bytes, record.span.context.flags = TRACE_CONTEXT_SAMPLED);
}

Test(ring_decode, ids_are_none_only_if_all_of_them_is_zero)
{
	for (size_t at = 0; at < 16; at++) {
		struct record_session record = valid_session();
		struct ring_record decoded;

		ZERO(record.span.context.trace_id);
		ZERO(record.span.context.span_id);
		record.span.context.trace_id[at] = 1;
		record.span.context.span_id[at % 8] = 1;
		cr_assert_eq(decode(&record, sizeof(record), &decoded), 0);
	}
}

Test(ring_decode, a_record_of_any_other_size_is_refused)
{
	struct record_http_request request = valid_request();
	struct record_http_request shorter = without_trace_state();
	struct record_session session = valid_session();
	struct ring_record decoded;
	char bytes[sizeof(request) + 64] = {0};

	for (size_t size = 0; size <= sizeof(bytes); size++) {
		memcpy(bytes, &request, sizeof(request));
		cr_assert_eq(decode(bytes, size, &decoded), size == sizeof(request) ? 0 : -EPROTO,
			     "request of %zu", size);
		memcpy(bytes, &shorter, sizeof(shorter));
		cr_assert_eq(decode(bytes, size, &decoded),
			     size == RECORD_HTTP_REQUEST_BYTES ? 0 : -EPROTO,
			     "request without a tracestate of %zu", size);
		memcpy(bytes, &session, sizeof(session));
		cr_assert_eq(decode(bytes, size, &decoded), size == sizeof(session) ? 0 : -EPROTO,
			     "session of %zu", size);
	}
}

/* All that later stages rely on. */
static void assert_sound(const struct ring_record *decoded)
{
	static const uint8_t none[16];

	cr_assert_geq(decoded->span.end_ns, decoded->span.start_ns);
	cr_assert_neq(memcmp(decoded->span.trace_id, none, 16), 0);
	cr_assert_neq(memcmp(decoded->span.span_id, none, 8), 0);
	if (decoded->kind == RECORD_SESSION) {
		cr_assert_geq(decoded->session.role, ROLE_WEBSOCKET);
		cr_assert_lt(decoded->session.role, ROLE_COUNT);
		cr_assert_lt(decoded->session.end, SESSION_END_COUNT);
		return;
	}
	cr_assert_eq(decoded->kind, RECORD_HTTP_REQUEST);
	cr_assert_lt(decoded->http_request.method, METHOD_COUNT);
	cr_assert_leq(strnlen(decoded->http_request.url_path, URL_PATH_BYTES + 1), URL_PATH_BYTES);
	cr_assert_leq(strnlen(decoded->http_request.trace_state, TRACE_STATE_BYTES + 1),
		      TRACE_STATE_BYTES);
}

/* Valid records with some bytes changed, most of them where the numbers are. */
Test(ring_decode, changed_records_decode_to_sound_ones_or_not_at_all)
{
	unsigned int seed = 3;
	size_t taken = 0, refused = 0;

	for (int round = 0; round < 60000; round++) {
		struct record_http_request record = valid_request();
		struct record_session session = valid_session();
		struct ring_record decoded;
		unsigned char *bytes = (unsigned char *)&record;
		size_t size = sizeof(record);

		if (round % 3 == 0) {
			record = without_trace_state();
			size = RECORD_HTTP_REQUEST_BYTES;
		} else if (round % 3 == 1) {
			bytes = (unsigned char *)&session;
			size = sizeof(session);
		}
		for (int flips = rand_r(&seed) % 4; flips >= 0; flips--) {
			size_t at = (size_t)rand_r(&seed) % (flips & 1 ? size : 200);

			if (at < size)
				bytes[at] = (unsigned char)(rand_r(&seed) >> 4);
		}
		if (decode(bytes, size, &decoded) < 0) {
			refused++;
			continue;
		}
		taken++;
		assert_sound(&decoded);
	}
	cr_assert_gt(taken, 1000);
	cr_assert_gt(refused, 1000);
}

/* Random bytes behind a header that is right, so that they get as far as they can. */
Test(ring_decode, random_bytes_decode_to_sound_records_or_not_at_all)
{
	static const size_t sizes[] = {sizeof(struct record_http_request),
				       RECORD_HTTP_REQUEST_BYTES, sizeof(struct record_session)};
	unsigned int seed = 17;
	size_t taken = 0;

	for (int round = 0; round < 30000; round++) {
		unsigned char bytes[sizeof(struct record_http_request)];
		size_t size = round % 4 ? sizes[round % 3] : (size_t)rand_r(&seed) % sizeof(bytes);
		struct record_header header = {
			(uint16_t)(round % 3 == 2 ? RECORD_SESSION : RECORD_HTTP_REQUEST),
			WIRE_VERSION, (uint32_t)size};
		struct ring_record decoded;

		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (unsigned char)(rand_r(&seed) >> 8 & rand_r(&seed) >> 4 & 7);
		if (round % 5)
			memcpy(bytes, &header, sizeof(header));
		if (decode(bytes, size, &decoded) < 0)
			continue;
		taken++;
		assert_sound(&decoded);
	}
	cr_assert_gt(taken, 100);
}
