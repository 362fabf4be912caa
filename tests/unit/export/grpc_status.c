// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <grpc/status.h>
#include <string.h>

#include "export/grpc_status.h"

#define BYTES(literal) (const uint8_t *)(literal), sizeof(literal) - 1

/* A google.rpc.Status with code 8 and one detail of this type and value. */
#define RETRY_TYPE "type.googleapis.com/google.rpc.RetryInfo"

/* A RetryInfo without a delay. */
#define RETRY_SOME "\x1a\x2a\x0a\x28" RETRY_TYPE

static struct export_result read_code(int code, const uint8_t *details, size_t size)
{
	const struct export_grpc_status status = {
		.code = code, .details = details, .details_size = size};
	struct export_result result;

	export_grpc_status__read(&status, &result);
	return result;
}

static struct export_result read_details(const uint8_t *details, size_t size)
{
	return read_code(GRPC_STATUS_RESOURCE_EXHAUSTED, details, size);
}

Test(export_grpc_status, retry_delay)
{
	/* retry_delay: 2 s and 500,000,000 ns */
	struct export_result result =
		read_details(BYTES("\x08\x08\x1a\x36\x0a\x28" RETRY_TYPE "\x12\x0a\x0a\x08\x08\x02"
				   "\x10\x80\xca\xb5\xee\x01"));

	cr_assert_eq(result.outcome, EXPORT_RETRY);
	cr_assert_eq(result.retry_after_ns, 2500 * NS_PER_MS);
	result = read_details(BYTES(RETRY_SOME));
	cr_assert_eq(result.outcome, EXPORT_RETRY);
	cr_assert_eq(result.retry_after_ns, 0u);
}

Test(export_grpc_status, extreme_retry_delays_are_bounded)
{
	/* seconds: 2^63 - 1, then -1 */
	struct export_result result =
		read_details(BYTES("\x1a\x38\x0a\x28" RETRY_TYPE
				   "\x12\x0c\x0a\x0a\x08\xff\xff\xff\xff\xff\xff\xff\xff\x7f"));

	cr_assert_eq(result.retry_after_ns, EXPORT_RETRY_LIMIT_NS);
	result =
		read_details(BYTES("\x1a\x39\x0a\x28" RETRY_TYPE
				   "\x12\x0d\x0a\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
	cr_assert_eq(result.outcome, EXPORT_RETRY);
	cr_assert_eq(result.retry_after_ns, 0u);
}

Test(export_grpc_status, no_retry_info)
{
	cr_assert_eq(read_details(NULL, 0).outcome, EXPORT_REFUSED);
	cr_assert_eq(read_details(BYTES("\x08\x08\x12\x01x")).outcome, EXPORT_REFUSED);
	cr_assert_eq(read_details(BYTES("\x1a\x7f")).outcome, EXPORT_REFUSED);
	cr_assert_eq(read_details(BYTES("\x1a\x05\x0a\x03xyz")).outcome, EXPORT_REFUSED);
}

Test(export_grpc_status, retryable_codes)
{
	/* The table of the OTLP specification. */
	static const bool expected[17] = {
		[1] = true, [4] = true, [10] = true, [11] = true, [14] = true, [15] = true};

	for (int code = 1; code < 17; code++) {
		bool without = read_code(code, NULL, 0).outcome == EXPORT_RETRY;
		bool with = read_code(code, BYTES(RETRY_SOME)).outcome == EXPORT_RETRY;

		cr_assert_eq(without, expected[code], "%d", code);
		cr_assert_eq(with, expected[code] || code == 8, "%d", code);
	}
}

Test(export_grpc_status, causes)
{
	cr_assert_eq(read_code(GRPC_STATUS_DEADLINE_EXCEEDED, NULL, 0).cause,
		     EXPORT_CAUSE_TIME_OUT);
	cr_assert_eq(read_code(GRPC_STATUS_UNAVAILABLE, NULL, 0).cause, EXPORT_CAUSE_NO_CONNECTION);
	cr_assert_eq(read_code(GRPC_STATUS_INTERNAL, NULL, 0).cause, EXPORT_CAUSE_OTHER);
}

Test(export_grpc_status, reasons_are_printable_and_bounded)
{
	uint8_t text[1000];
	struct export_grpc_status status = {
		.code = 14, .text = (const uint8_t *)"re\x1b[fused", .text_size = 9};
	struct export_result result;

	export_grpc_status__read(&status, &result);
	cr_assert_str_eq(result.reason, "gRPC status 14: re?[fused");
	memset(text, 'x', sizeof(text));
	status.text = text;
	status.text_size = sizeof(text);
	export_grpc_status__read(&status, &result);
	cr_assert_eq(strlen(result.reason), sizeof(result.reason) - 1);
}
