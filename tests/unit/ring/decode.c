// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ring/ring.h"

static struct record_http_request valid_record(void)
{
	struct record_http_request record = {
		.header = {RECORD_HTTP_REQUEST, WIRE_VERSION, sizeof(record)},
		.start_ns = 100,
		.end_ns = 350,
		.route = 7,
		.task = 0xffff0080,
		.status = 200,
		.method = METHOD_POST,
		.url_path_length = 4,
		.url_path = "/a/b",
	};

	return record;
}

Test(ring_decode, a_record_is_taken_over_field_by_field)
{
	struct record_http_request record = valid_record();
	struct ring_http_request request;

	cr_assert_eq(ring_decode_http_request(&record, sizeof(record), &request), 0);
	cr_assert_eq(request.start_ns, 100);
	cr_assert_eq(request.end_ns, 350);
	cr_assert_eq(request.route, 7);
	cr_assert_eq(request.task, 0xffff0080);
	cr_assert_eq(request.status, 200);
	cr_assert_eq(request.method, METHOD_POST);
	cr_assert_str_eq(request.url_path, "/a/b");
	cr_assert_not(request.url_path_cut);
}

Test(ring_decode, a_full_path_is_terminated_and_may_have_been_cut)
{
	struct record_http_request record = valid_record();
	struct ring_http_request request;

	memset(record.url_path, 'p', sizeof(record.url_path));
	record.url_path_length = URL_PATH_BYTES;
	cr_assert_eq(ring_decode_http_request(&record, sizeof(record), &request), 0);
	cr_assert_eq(strlen(request.url_path), URL_PATH_BYTES);
	cr_assert(request.url_path_cut);
}

Test(ring_decode, responses_that_never_were_are_taken)
{
	struct record_http_request record = valid_record();
	struct ring_http_request request;

	record.status = HTTP_STATUS_ABORTED;
	cr_assert_eq(ring_decode_http_request(&record, sizeof(record), &request), 0);
	record.status = HTTP_STATUS_UNKNOWN;
	cr_assert_eq(ring_decode_http_request(&record, sizeof(record), &request), 0);
}

#define REFUSED(change)                                                                            \
	do {                                                                                       \
		struct record_http_request record = valid_record();                                \
		struct ring_http_request request;                                                  \
                                                                                                   \
		change;                                                                            \
		cr_assert_eq(ring_decode_http_request(&record, sizeof(record), &request), -EPROTO, \
			     #change);                                                             \
	} while (0)

Test(ring_decode, what_the_kernel_side_does_not_write_is_refused)
{
	REFUSED(record.header.kind = 0);
	REFUSED(record.header.kind = RECORD_HTTP_REQUEST + 1);
	REFUSED(record.header.version = WIRE_VERSION + 1);
	REFUSED(record.header.size--);
	REFUSED(record.method = METHOD_COUNT);
	REFUSED(record.end_ns = record.start_ns - 1);
	REFUSED(record.url_path_length = URL_PATH_BYTES + 1);
	REFUSED(record.status = 99);
	REFUSED(record.status = 1000);
	REFUSED(record.status = 2);
}

Test(ring_decode, a_record_cut_short_is_refused_at_every_length)
{
	struct record_http_request record = valid_record();
	struct ring_http_request request;

	for (size_t size = 0; size < sizeof(record); size++) {
		/* In memory of just that size, so that reading on is found by the sanitizer. */
		void *bytes = malloc(size ? size : 1);

		memcpy(bytes, &record, size);
		cr_assert_eq(ring_decode_http_request(bytes, size, &request), -EPROTO, "%zu", size);
		free(bytes);
	}
}

Test(ring_decode, random_records_decode_to_valid_requests_or_not_at_all)
{
	unsigned int seed = 3;
	size_t taken = 0;

	for (int round = 0; round < 100000; round++) {
		struct record_http_request record = valid_record();
		struct ring_http_request request;
		unsigned char *bytes = (unsigned char *)&record;

		for (int flips = 0; flips < 3; flips++)
			bytes[(size_t)rand_r(&seed) % sizeof(record)] =
				(unsigned char)rand_r(&seed);
		if (ring_decode_http_request(&record, sizeof(record), &request) < 0)
			continue;
		taken++;
		cr_assert_lt(request.method, METHOD_COUNT);
		cr_assert_geq(request.end_ns, request.start_ns);
		cr_assert_leq(strlen(request.url_path), URL_PATH_BYTES);
	}
	cr_assert_gt(taken, 0);
}

Test(ring_decode, methods_have_the_names_of_the_conventions)
{
	cr_assert_str_eq(ring_method_name(METHOD_GET), "GET");
	cr_assert_str_eq(ring_method_name(METHOD_PATCH), "PATCH");
	cr_assert_str_eq(ring_method_name(METHOD_OTHER), "_OTHER");
	cr_assert_str_eq(ring_method_name(METHOD_COUNT), "_OTHER");
}
