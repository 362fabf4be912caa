// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "span/http.h"

static const struct span_attribute *find(const struct span *span, const char *key)
{
	for (size_t i = 0; i < span->attribute_count; i++) {
		if (strcmp(span->attributes[i].key, key) == 0)
			return &span->attributes[i];
	}
	return NULL;
}

static const char *text(const struct span *span, const char *key)
{
	const struct span_attribute *attribute = find(span, key);

	return attribute ? attribute->string : "(none)";
}

static struct ring_http_request request_of(uint16_t status)
{
	return (struct ring_http_request){
		.start_ns = 1000,
		.end_ns = 4000,
		.status = status,
		.method = METHOD_GET,
		.url_path = "/api/v1/apps/info/blog",
	};
}

Test(span_http, a_request_is_a_server_span_by_the_conventions)
{
	struct span_batch *batch = span_batch__new(4);
	struct ring_http_request request = request_of(200);

	cr_assert_eq(span_add_http_request(batch, &request, "/api/v1/apps/info/{app_id}", 500), 0);

	const struct span *span = batch->first;

	cr_assert_str_eq(span->name, "HTTP GET /api/v1/apps/info/{app_id}");
	cr_assert_eq(span->kind, SPAN_SERVER);
	cr_assert_eq(span->start_ns, 1500);
	cr_assert_eq(span->end_ns, 4500);
	cr_assert_eq(span->status, SPAN_STATUS_UNSET);
	cr_assert_str_eq(text(span, "http.request.method"), "GET");
	cr_assert_str_eq(text(span, "http.route"), "/api/v1/apps/info/{app_id}");
	cr_assert_str_eq(text(span, "url.path"), "/api/v1/apps/info/blog");
	cr_assert_str_eq(text(span, "url.scheme"), "http");
	cr_assert_eq(find(span, "http.response.status_code")->integer, 200);
	cr_assert_null(find(span, "error.type"));
	span_batch__free(batch);
}

Test(span_http, only_what_the_server_did_wrong_is_an_error)
{
	static const struct {
		uint16_t status;
		enum span_status outcome;
		const char *type;
	} rows[] = {
		{404, SPAN_STATUS_UNSET, "(none)"},
		{500, SPAN_STATUS_ERROR, "500"},
		{503, SPAN_STATUS_ERROR, "503"},
		{HTTP_STATUS_ABORTED, SPAN_STATUS_ERROR, "aborted"},
	};
	struct span_batch *batch = span_batch__new(8);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ring_http_request request = request_of(rows[i].status);

		cr_assert_eq(span_add_http_request(batch, &request, NULL, 0), 0);
		cr_assert_eq(batch->last->status, rows[i].outcome, "%u", rows[i].status);
		cr_assert_str_eq(text(batch->last, "error.type"), rows[i].type);
	}
	cr_assert_null(find(batch->last, "http.response.status_code"));
	span_batch__free(batch);
}

Test(span_http, without_a_route_the_path_does_not_become_the_name)
{
	struct span_batch *batch = span_batch__new(2);
	struct ring_http_request request = request_of(404);

	span_add_http_request(batch, &request, NULL, 0);
	cr_assert_str_eq(batch->last->name, "HTTP GET");
	cr_assert_null(find(batch->last, "http.route"));
	request.method = METHOD_OTHER;
	span_add_http_request(batch, &request, NULL, 0);
	cr_assert_str_eq(batch->last->name, "HTTP _OTHER");
	cr_assert_str_eq(text(batch->last, "http.request.method"), "_OTHER");
	span_batch__free(batch);
}

Test(span_http, a_full_batch_refuses_and_an_emptied_one_takes_again)
{
	struct span_batch *batch = span_batch__new(3);
	struct ring_http_request request = request_of(200);

	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 3; i++)
			cr_assert_eq(span_add_http_request(batch, &request, "/r", 0), 0);
		cr_assert_eq(span_add_http_request(batch, &request, "/r", 0), -ENOSPC);
		cr_assert_eq(batch->count, 3);
		span_batch__clear(batch);
		cr_assert_eq(batch->count, 0);
		cr_assert_null(batch->first);
	}
	span_batch__free(batch);
}

Test(span_http, ids_are_new_each_time_and_never_zero)
{
	uint8_t trace[2][16], id[2][8], zero[16] = {0};

	for (int i = 0; i < 2; i++) {
		span_new_ids(trace[i], id[i]);
		cr_assert_arr_neq(trace[i], zero, 16);
		cr_assert_arr_neq(id[i], zero, 8);
	}
	cr_assert_arr_neq(trace[0], trace[1], 16);
	cr_assert_arr_neq(id[0], id[1], 8);
}
