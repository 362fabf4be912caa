// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>

#include "native.h"

#include "base/array.h"
#include "http/delivery.bpf.h"
#include "http/status.h"

Test(bpf_http_status, hyper_replaces_informational_statuses_except_101)
{
	for (uint16_t status = 0; status < 1000; status++) {
		bool is_replaced = status >= 100 && status < 200 && status != 101;

		cr_assert_eq(status_hyper_sends(status), is_replaced ? 500 : status, "%u", status);
	}
}

Test(bpf_http_status, a_discarded_response_is_aborted)
{
	static const struct {
		uint8_t delivery;
		uint16_t memory, status;
	} rows[] = {
		{DELIVERY_UNKNOWN, 200, 200},
		{DELIVERY_SENT, 404, 404},
		{DELIVERY_PENDING, 200, 200},
		{DELIVERY_PENDING, 7, HTTP_STATUS_UNKNOWN},
		{DELIVERY_FAILED, 200, HTTP_STATUS_ABORTED},
		{DELIVERY_REFUSED, 0, HTTP_STATUS_ABORTED},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct http_connection connection = {.delivery = rows[i].delivery,
						     .status = rows[i].memory};

		cr_assert_eq(status_from_memory(&connection), rows[i].status, "row %zu", i);
	}
}

/* hyper's output before, during and after the socket takes it, with another response before it. */
Test(bpf_http_status, the_output_shows_whether_bytes_were_sent)
{
	static const struct {
		uint64_t length, position, output_length;
		uint8_t delivery;
	} rows[] = {
		{0, 0, 0, DELIVERY_SENT},
		{0, 0, 120, DELIVERY_SENT},
		{200, 0, 0, DELIVERY_PENDING},
		{200, 1, 0, DELIVERY_SENT},
		{200, 200, 0, DELIVERY_SENT},
		{320, 0, 120, DELIVERY_PENDING},
		{320, 120, 120, DELIVERY_PENDING},
		{320, 121, 120, DELIVERY_SENT},
		{120, 60, 120, DELIVERY_UNKNOWN},
		{200, 0, OUTPUT_LENGTH_UNKNOWN, DELIVERY_PENDING},
		{200, 1, OUTPUT_LENGTH_UNKNOWN, DELIVERY_UNKNOWN},
		/* Malformed. */
		{200, 201, 0, DELIVERY_UNKNOWN},
		{8193, 0, 0, DELIVERY_UNKNOWN},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct hyper_cursor output = {
			.bytes = {.capacity = 8192, .address = 1, .length = rows[i].length},
			.position = rows[i].position,
		};
		struct http_connection connection = {.output = native_address(&output),
						     .output_length = rows[i].output_length};
		struct hyper_cursor copy;

		cr_assert_eq(look_at_output(&connection, &copy), rows[i].delivery, "row %zu", i);
		native_fault_from = native_address(&output) + sizeof(output) - 1;
		cr_assert_eq(look_at_output(&connection, &copy), DELIVERY_UNKNOWN);
		native_fault_from = 0;
	}
}
