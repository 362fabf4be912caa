// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <stdbool.h>

#include "base/clock.h"
#include "export/response.h"

#define BYTES(literal) (const uint8_t *)(literal), sizeof(literal) - 1

/* A google.rpc.Status with code 8 and one detail of that type and value. */
#define RETRY_TYPE "type.googleapis.com/google.rpc.RetryInfo"

Test(export_response, retry_info)
{
	/* retry_delay: 2 s and 500,000,000 ns */
	struct export_retry_info info = export_parse_retry_info(
		BYTES("\x08\x08\x1a\x36\x0a\x28" RETRY_TYPE "\x12\x0a\x0a\x08\x08\x02"
		      "\x10\x80\xca\xb5\xee\x01"));

	cr_assert(info.is_present);
	cr_assert_eq(info.delay_ns, 2500 * NS_PER_MS);
}

Test(export_response, retry_info_without_a_delay)
{
	struct export_retry_info info =
		export_parse_retry_info(BYTES("\x1a\x2a\x0a\x28" RETRY_TYPE));

	cr_assert(info.is_present);
	cr_assert_eq(info.delay_ns, 0u);
}

Test(export_response, retry_info_of_a_hostile_server)
{
	/* seconds: 2^63 - 1, then -1 */
	struct export_retry_info info = export_parse_retry_info(
		BYTES("\x1a\x38\x0a\x28" RETRY_TYPE
		      "\x12\x0c\x0a\x0a\x08\xff\xff\xff\xff\xff\xff\xff\xff\x7f"));

	cr_assert_eq(info.delay_ns, 300 * NS_PER_S);
	info = export_parse_retry_info(
		BYTES("\x1a\x39\x0a\x28" RETRY_TYPE
		      "\x12\x0d\x0a\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
	cr_assert(info.is_present);
	cr_assert_eq(info.delay_ns, 0u);
}

Test(export_response, no_retry_info)
{
	cr_assert_not(export_parse_retry_info(NULL, 0).is_present);
	cr_assert_not(export_parse_retry_info(BYTES("\x08\x08\x12\x01x")).is_present);
	cr_assert_not(export_parse_retry_info(BYTES("\x1a\x7f")).is_present);
	cr_assert_not(export_parse_retry_info(BYTES("\x1a\x05\x0a\x03xyz")).is_present);
}

Test(export_response, retryable)
{
	/* The specification's table, by gRPC status code. */
	static const bool expected[17] = {
		[1] = true, [4] = true, [10] = true, [11] = true, [14] = true, [15] = true};
	const struct export_retry_info none = {false}, some = {.is_present = true};

	for (int status = 1; status < 17; status++) {
		cr_assert_eq(export_is_retryable(status, &none), expected[status], "%d", status);
		cr_assert_eq(export_is_retryable(status, &some), expected[status] || status == 8,
			     "%d", status);
	}
}

Test(export_response, partial_success)
{
	for (enum export_signal signal = EXPORT_METRICS; signal <= EXPORT_SPANS; signal++) {
		cr_assert_eq(export_rejected_items(signal, NULL, 0, 9), 0u);
		cr_assert_eq(export_rejected_items(signal, BYTES("\x0a\x05\x08\x03\x12\x01x"), 9),
			     3u);
		/* more than there were; -1; not a message */
		cr_assert_eq(export_rejected_items(signal, BYTES("\x0a\x02\x08\x0a"), 9), 9u);
		cr_assert_eq(export_rejected_items(
				     signal,
				     BYTES("\x0a\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
				     9),
			     0u);
		cr_assert_eq(export_rejected_items(signal, BYTES("\x0a\x7f"), 9), 0u);
	}
}
