// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

#include "assembled.h"
#include "base/array.h"

static const struct scene no_route;

Test(span_http, a_request_is_a_server_span_by_the_conventions)
{
	const struct scene scene = {
		.route = "/api/v1/apps/info/{app_id}",
		.server_address = "host",
		.server_port = 21342,
		.clock_offset_ns = 500,
	};
	struct span_batch *batch = span_batch__new(4);
	struct ring_record record = request_of(200);
	const struct span *span = add_span(batch, &record, &scene);

	cr_assert_str_eq(span->name, "HTTP GET /api/v1/apps/info/{app_id}");
	cr_assert_eq(span->kind, SPAN_SERVER);
	cr_assert_eq(span->start_ns, 1500);
	cr_assert_eq(span->end_ns, 4500);
	cr_assert_eq(span->status, SPAN_STATUS_UNSET);
	cr_assert_str_eq(text(span, "http.request.method"), "GET");
	cr_assert_str_eq(text(span, "http.route"), "/api/v1/apps/info/{app_id}");
	cr_assert_str_eq(text(span, "url.path"), "/api/v1/apps/info/blog");
	cr_assert_str_eq(text(span, "url.scheme"), "http");
	cr_assert_str_eq(text(span, "server.address"), "host");
	cr_assert_eq(integer(span, "server.port"), 21342);
	cr_assert_eq(integer(span, "http.response.status_code"), 200);
	cr_assert_null(find(span, "error.type"));
	span_batch__free(batch);
}

Test(span_http, a_path_is_left_out_as_far_as_the_user_wants)
{
	const struct scene scenes[] = {
		{.route = "/apps/{app_id}"},
		{.route = "/apps/{app_id}", .without_path = true},
		{.route = "/apps/{app_id}", .without_template = true},
	};
	static const struct {
		const char *name, *route, *path;
	} expected[] = {
		{"HTTP GET /apps/{app_id}", "/apps/{app_id}", "/api/v1/apps/info/blog"},
		{"HTTP GET /apps/{app_id}", "/apps/{app_id}", "(none)"},
		{"HTTP GET", "(none)", "(none)"},
	};
	struct span_batch *batch = span_batch__new(3);
	struct ring_record record = request_of(200);

	for (size_t i = 0; i < ARRAY_SIZE(scenes); i++) {
		const struct span *span = add_span(batch, &record, &scenes[i]);

		cr_expect_str_eq(span->name, expected[i].name);
		cr_expect_str_eq(text(span, "http.route"), expected[i].route);
		cr_expect_str_eq(text(span, "url.path"), expected[i].path);
		cr_expect_eq(integer(span, "http.response.status_code"), 200);
	}
	span_batch__free(batch);
}

Test(span_http, a_client_is_left_out_if_the_user_wants)
{
	const struct scene scene = {.without_client = true};
	struct span_batch *batch = span_batch__new(1);
	struct ring_record record = request_of(200);
	const struct span *span;

	record.http_request.peer = (struct socket_address){
		.family = AF_INET, .address = {10, 1, 2, 3}, .port = 54321, .local_port = 80};
	span = add_span(batch, &record, &scene);
	cr_expect_null(find(span, "client.address"));
	cr_expect_null(find(span, "client.port"));
	cr_expect_eq(integer(span, "server.port"), 80);
	span_batch__free(batch);
}

Test(span_http, only_what_the_server_did_wrong_is_an_error)
{
	static const struct {
		uint16_t status;
		enum span_status outcome;
		const char *type;
		int64_t code;
	} rows[] = {
		{100, SPAN_STATUS_UNSET, "(none)", 100},
		{404, SPAN_STATUS_UNSET, "(none)", 404},
		{499, SPAN_STATUS_UNSET, "(none)", 499},
		{500, SPAN_STATUS_ERROR, "500", 500},
		{503, SPAN_STATUS_ERROR, "503", 503},
		{HTTP_STATUS_UNKNOWN, SPAN_STATUS_UNSET, "(none)", -1},
		{HTTP_STATUS_ABORTED, SPAN_STATUS_ERROR, "aborted", -1},
	};
	struct span_batch *batch = span_batch__new(8);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ring_record record = request_of(rows[i].status);
		const struct span *span = add_span(batch, &record, &no_route);

		cr_assert_eq(span->status, rows[i].outcome, "%u", rows[i].status);
		cr_assert_str_eq(text(span, "error.type"), rows[i].type);
		cr_assert_eq(integer(span, "http.response.status_code"), rows[i].code);
	}
	cr_assert_not_null(batch->last->status_message);
	span_batch__free(batch);
}

Test(span_http, without_a_route_the_path_does_not_become_the_name)
{
	struct span_batch *batch = span_batch__new(3);
	struct ring_record record = request_of(404);
	const struct span *span = add_span(batch, &record, &no_route);

	cr_assert_str_eq(span->name, "HTTP GET");
	cr_assert_null(find(span, "http.route"));
	record.http_request.method = METHOD_OTHER;
	span = add_span(batch, &record, &no_route);
	cr_assert_str_eq(span->name, "HTTP");
	cr_assert_str_eq(text(span, "http.request.method"), "_OTHER");
	/* Of a target in another form there is no path. */
	record.http_request.url_path[0] = '\0';
	span = add_span(batch, &record, &no_route);
	cr_assert_null(find(span, "url.path"));
	span_batch__free(batch);
}

Test(span_http, an_unknown_method_has_its_own_name_beside)
{
	const struct scene scene = {.route = "/dav/{name}"};
	struct span_batch *batch = span_batch__new(4);
	struct ring_record record = request_of(207);
	const struct span *span;

	record.http_request.method = METHOD_OTHER;
	memcpy(record.http_request.method_text, "PROPFIND", sizeof("PROPFIND"));
	span = add_span(batch, &record, &scene);
	cr_assert_str_eq(span->name, "HTTP /dav/{name}");
	cr_assert_str_eq(text(span, "http.request.method"), "_OTHER");
	cr_assert_str_eq(text(span, "http.request.method_original"), "PROPFIND");
	cr_assert_str_eq(text(span, "http.route"), "/dav/{name}");
	/* A cut is marked. */
	record.http_request.method_cut = true;
	span = add_span(batch, &record, &scene);
	cr_assert_str_eq(text(span, "http.request.method_original"), "PROPFIND…");
	/* Of a known method there is no other name. */
	record.http_request.method = METHOD_QUERY;
	span = add_span(batch, &record, &scene);
	cr_assert_str_eq(span->name, "HTTP QUERY /dav/{name}");
	cr_assert_null(find(span, "http.request.method_original"));
	span_batch__free(batch);
}

Test(span_http, a_path_that_was_cut_is_marked)
{
	struct span_batch *batch = span_batch__new(2);
	struct ring_record record = request_of(404);

	record.http_request.url_path_cut = true;
	cr_assert_str_eq(text(add_span(batch, &record, &no_route), "url.path"),
			 "/api/v1/apps/info/blog…");
	span_batch__free(batch);
}

/* A client's end of a connection. The address has commas. */
#define PEER(number, at, ...)                                        \
	{                                                            \
		.family = number, .port = at, .address = __VA_ARGS__ \
	}

Test(span_http, the_client_s_address_goes_with_its_port)
{
	static const struct {
		struct socket_address peer;
		const char *address;
		int64_t port;
	} rows[] = {
		{PEER(AF_INET, 40000, {192, 0, 2, 7}), "192.0.2.7", 40000},
		/* The same again, and what is alike. */
		{PEER(AF_INET, 2, {192, 0, 2, 7}), "192.0.2.7", 2},
		{PEER(AF_INET6, 2, {192, 0, 2, 7}), "c000:207::", 2},
		{PEER(AF_INET, 1, {127, 0, 0, 1}), "127.0.0.1", 1},
		{PEER(AF_INET6, 65535, {0x20, 0x01, 0x0d, 0xb8, [15] = 1}), "2001:db8::1", 65535},
		{PEER(AF_INET6, 80, {[15] = 1}), "::1", 80},
		{PEER(AF_INET6, 80, {[10] = 0xff, 0xff, 192, 0, 2, 7}), "192.0.2.7", 80},
		{PEER(AF_INET6, 80, {[9] = 1, 0xff, 0xff, 192, 0, 2, 7}), "::1:ffff:c000:207", 80},
		{PEER(AF_INET6, 80,
		      {0x20, 0x01, 0x0d, 0xb8, 0x11, 0x11, 0x22, 0x22, 0x33, 0x33, 0x44, 0x44, 0x55,
		       0x55, 0x66, 0x66}),
		 "2001:db8:1111:2222:3333:4444:5555:6666", 80},
		/* Not known, or of a family that is none of the internet's. */
		{PEER(0, 0, {0}), "(none)", -1},
		{PEER(0, 40000, {192, 0, 2, 7}), "(none)", -1},
		{PEER(AF_UNIX, 40000, {192, 0, 2, 7}), "(none)", -1},
		{PEER(UINT16_MAX, 40000, {192, 0, 2, 7}), "(none)", -1},
		{PEER(AF_INET, 3, {192, 0, 2, 7}), "192.0.2.7", 3},
	};
	const size_t count = ARRAY_SIZE(rows);
	struct span_batch *batch = span_batch__new(16);

	/* The second time in memory that was used before. */
	for (size_t i = 0; i < 2 * count; i++) {
		struct ring_record record = request_of(200);
		const struct span *span;

		if (i == count) {
			span_batch__clear(batch);
			memset(arena__alloc(batch->arena, 32768), 'x', 32768);
		}
		record.http_request.peer = rows[i % count].peer;
		span = add_span(batch, &record, &no_route);
		cr_assert_str_eq(text(span, "client.address"), rows[i % count].address);
		cr_assert_eq(integer(span, "client.port"), rows[i % count].port, "%s",
			     rows[i % count].address);
		cr_assert_null(find(span, "server.address"));
		cr_assert_null(find(span, "server.port"));
	}
	span_batch__free(batch);
}

Test(span_http, the_server_s_port_is_the_connection_s_own)
{
	static const struct {
		struct socket_address socket;
		uint16_t listening; /* 0: on no port, or on several */
		int64_t port;
		const char *transport;
	} rows[] = {
		{{.family = AF_INET, .local_port = 8080}, 21342, 8080, "(none)"},
		{{.family = AF_INET6, .local_port = 8081}, 0, 8081, "(none)"},
		{{.family = AF_UNIX}, 21342, -1, "unix"},
		/* The socket is not known. */
		{{0}, 21342, 21342, "(none)"},
		{{0}, 0, -1, "(none)"},
		/* The connection was reset. */
		{{.family = AF_INET}, 21342, -1, "(none)"},
	};
	struct span_batch *batch = span_batch__new(8);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct scene scene = {.server_port = rows[i].listening};
		struct ring_record record = request_of(200);
		const struct span *span;

		record.http_request.peer = rows[i].socket;
		span = add_span(batch, &record, &scene);
		cr_assert_eq(integer(span, "server.port"), rows[i].port, "%zu", i);
		cr_assert_str_eq(text(span, "network.transport"), rows[i].transport, "%zu", i);
	}
	span_batch__free(batch);
}

Test(span_http, a_tracestate_goes_with_the_caller_s_trace_only)
{
	static const struct {
		bool remote;
		const char *header, *kept;
	} rows[] = {
		{true, "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7",
		 "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"},
		{true, "a=1 \t", "a=1"},
		{true, "", NULL},
		{true, "no list", NULL},
		{true, "a=1,a=2", NULL},
		/* Without a traceparent it means nothing (W3C Trace Context 3.3). */
		{false, "congo=t61rcWkgMzE", NULL},
	};
	struct span_batch *batch = span_batch__new(8);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ring_record record = request_of(200);
		const struct span *span;

		record.span.parent_is_remote = rows[i].remote;
		strcpy(record.http_request.trace_state, rows[i].header);
		span = add_span(batch, &record, &no_route);
		if (rows[i].kept)
			cr_assert_str_eq(span->trace_state, rows[i].kept);
		else
			cr_assert_null(span->trace_state, "%s", rows[i].header);
	}
	span_batch__free(batch);
}

/* Texts are the batch's own: the record and the scene change with the next one. */
Test(span_http, texts_outlive_the_record)
{
	char route[] = "/api/{id}";
	struct scene scene = {.route = route};
	struct span_batch *batch = span_batch__new(1);
	struct ring_record record = request_of(500);
	const struct span *span;

	record.span.parent_is_remote = true;
	record.http_request.peer = (struct socket_address){AF_INET, 2, {192, 0, 2, 7}, 0, 0};
	strcpy(record.http_request.trace_state, "a=1");
	span = add_span(batch, &record, &scene);
	memset(route, 'x', sizeof(route) - 1);
	memset(&record, 'x', sizeof(record));
	cr_assert_str_eq(span->name, "HTTP GET /api/{id}");
	cr_assert_str_eq(text(span, "http.route"), "/api/{id}");
	cr_assert_str_eq(text(span, "url.path"), "/api/v1/apps/info/blog");
	cr_assert_str_eq(text(span, "client.address"), "192.0.2.7");
	cr_assert_str_eq(text(span, "error.type"), "500");
	cr_assert_str_eq(span->trace_state, "a=1");
	span_batch__free(batch);
}

Test(span_http, a_full_batch_refuses_and_an_emptied_one_takes_again)
{
	const struct scene scene = {.route = "/r"};
	struct span_batch *batch = span_batch__new(3);
	struct ring_record record = request_of(200);

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 3; i++)
			cr_assert_eq(add_record(batch, &record, &scene), 0);
		cr_assert_eq(add_record(batch, &record, &scene), -ENOSPC);
		cr_assert_eq(batch->count, 3);
		span_batch__clear(batch);
		cr_assert_eq(batch->count, 0);
		cr_assert_null(batch->first);
	}
	span_batch__free(batch);
}

/* The longest texts and all events in each span of a batch. */
Test(span_http, a_batch_has_room_for_its_largest_spans)
{
	char route[ROUTE_TEXT_BYTES], server[256];
	struct scene scene = {.route = route, .server_address = server, .server_port = 65535};
	struct span_batch *batch = span_batch__new(512);
	struct ring_record record = request_of(500);

	memset(route, 'r', sizeof(route) - 1);
	route[sizeof(route) - 1] = '\0';
	memset(server, 's', sizeof(server) - 1);
	server[sizeof(server) - 1] = '\0';
	record.span.parent_is_remote = true;
	record.span.slow_count = SLOW_POLL_LIMIT;
	memset(record.http_request.url_path, 'p', URL_PATH_BYTES);
	memset(record.http_request.trace_state, 't', TRACE_STATE_BYTES);
	memset(record.http_request.trace_state + 1, '=', 1);
	memset(record.http_request.trace_state + 250, ',', 1);
	memset(record.http_request.trace_state + 252, '=', 1);
	record.http_request.trace_state[251] = 'u';
	record.http_request.trace_state[500] = '\0';
	record.http_request.peer = (struct socket_address){AF_INET6, 65535, {0}, 65535, 0};
	memset(record.http_request.peer.address, 0xff, 16);
	for (size_t i = 0; i < 512; i++) {
		const struct span *span = add_span(batch, &record, &scene);

		cr_assert_not_null(span->name);
		cr_assert_not_null(span->trace_state);
		cr_assert_eq(span->event_count, SLOW_POLL_LIMIT);
		cr_assert_eq(span->dropped_events, 0);
	}
	cr_assert_not(arena__failed(batch->arena));
	span_batch__free(batch);
}
