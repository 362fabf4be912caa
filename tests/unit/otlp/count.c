// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <string.h>

#include "otlp/decode.h"

#define BYTES(literal) (const uint8_t *)(literal), sizeof(literal) - 1

Test(otlp_count, points_of_all_kinds)
{
	/* Two empty points of a gauge, one of a sum, one of a histogram; a name and a description
	 * between them. */
	cr_assert_eq(otlp_count_points(BYTES("\x0a\x1b\x12\x19"
					     "\x12\x09\x0a\x01n\x2a\x04\x0a\x00\x0a\x00"
					     "\x12\x04\x3a\x02\x0a\x00"
					     "\x12\x06\x4a\x04\x0a\x00\x10\x02")),
		     4u);
}

Test(otlp_count, spans_of_several_scopes)
{
	cr_assert_eq(otlp_count_spans(BYTES("\x0a\x0a\x12\x04\x12\x00\x12\x00\x12\x02\x12\x00"
					    "\x0a\x04\x12\x02\x12\x00")),
		     4u);
}

Test(otlp_count, unknown_fields_are_passed_over)
{
	cr_assert_eq(otlp_count_spans(BYTES("\x08\x96\x01"		  /* varint */
					    "\x11\0\0\0\0\0\0\0\0"	  /* fixed64 */
					    "\x1d\0\0\0\0"		  /* fixed32 */
					    "\xfa\x7f\x02xy"		  /* number 2047 */
					    "\x0a\x04\x12\x02\x12\x00")), /* a span */
		     1u);
}

Test(otlp_count, garbage)
{
	cr_assert_eq(otlp_count_points(NULL, 0), 0u);
	cr_assert_eq(otlp_count_points(BYTES("\x0a\x7f")), 0u);
	cr_assert_eq(otlp_count_points(BYTES("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")), 0u);
	cr_assert_eq(otlp_count_points(BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")), 0u);
	cr_assert_eq(otlp_count_points(BYTES("\x0b\x0c\x0e\x0f")), 0u);
}

Test(otlp_count, random_bytes)
{
	static const uint8_t likely[] = {0x0a, 0x12, 0x2a, 0x08};
	uint32_t random = 99;

	for (int round = 0; round < 20000; round++) {
		uint8_t bytes[64];
		size_t size = (size_t)round % sizeof(bytes);

		for (size_t i = 0; i < size; i++) {
			random = random * 1664525 + 1013904223;
			/* Mostly tags and lengths that lead somewhere. */
			bytes[i] = random >> 31 ? (uint8_t)(random >> 20) : likely[random >> 29];
		}
		cr_assert_leq(otlp_count_points(bytes, size), size);
	}
}
