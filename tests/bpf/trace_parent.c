// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <stdio.h>

#include "native.h"

#include "base/array.h"
#include "http/trace_context.bpf.h"

#define TRACE_ID "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN_ID	 "00f067aa0ba902b7"
#define VALID	 "00-" TRACE_ID "-" SPAN_ID "-01"
#define NO_TRACE "00000000000000000000000000000000"
#define NO_SPAN	 "0000000000000000"
#define LENGTH	 (sizeof(VALID) - 1)

/* Reads the value, which is followed by unreadable memory. Returns an enum trace_parent_result. */
static int read_value(const char *text, size_t length, struct trace_parent *parent)
{
	char *memory = native_memory_at_edge(text, length);
	int result =
		read_trace_parent(native_address(memory), native_address(memory) + length, parent);

	native_free(memory);
	return result;
}

static int is_valid(const char *text)
{
	struct trace_parent parent = {};

	return read_value(text, strlen(text), &parent) == TRACE_PARENT_VALID;
}

Test(bpf_trace_parent, ids_and_the_sampled_flag_are_read)
{
	static const uint8_t trace_id[16] = {0x4b, 0xf9, 0x2f, 0x35, 0x77, 0xb3, 0x4d, 0xa6,
					     0xa3, 0xce, 0x92, 0x9d, 0x0e, 0x0e, 0x47, 0x36};
	static const uint8_t span_id[8] = {0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7};
	static const struct {
		const char *flags;
		uint32_t sampled;
	} rows[] = {{"00", 0}, {"01", 1}, {"02", 0}, {"03", 1}, {"fe", 0}, {"ff", 1}};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct trace_parent parent = {};
		char text[64];
		int length = snprintf(text, sizeof(text), "00-%s-%s-%s\r\n", TRACE_ID, SPAN_ID,
				      rows[i].flags);

		cr_assert(read_value(text, (size_t)length, &parent), "%s", text);
		cr_assert_arr_eq(parent.trace_id, trace_id, sizeof(trace_id));
		cr_assert_arr_eq(parent.span_id, span_id, sizeof(span_id));
		cr_assert_eq(parent.sampled, rows[i].sampled, "%s", text);
	}
}

Test(bpf_trace_parent, random_ids_are_read_correctly)
{
	unsigned int seed = 5;

	for (int round = 0; round < 2000; round++) {
		struct trace_parent parent = {};
		uint8_t bytes[24];
		char text[64] = "00-";
		size_t length = 3;

		for (size_t i = 0; i < sizeof(bytes); i++) {
			bytes[i] = (uint8_t)rand_r(&seed);
			if (i == 16)
				text[length++] = '-';
			length += (size_t)snprintf(text + length, sizeof(text) - length, "%02x",
						   bytes[i]);
		}
		length += (size_t)snprintf(text + length, sizeof(text) - length, "-01\n");
		cr_assert(read_value(text, length, &parent), "%s", text);
		cr_assert_arr_eq(parent.trace_id, bytes, 16, "%s", text);
		cr_assert_arr_eq(parent.span_id, bytes + 16, 8, "%s", text);
	}
}

Test(bpf_trace_parent, only_white_space_may_surround_the_value)
{
	static const char *const taken[] = {
		" " VALID "\r\n", "\t" VALID "\r\n",	  " \t \t \t " VALID "\r\n", VALID " \r\n",
		VALID "\t\r\n",	  VALID " \t \t \t \r\n", " " VALID " \n",	     VALID "\n",
	};
	static const char *const refused[] = {
		"x" VALID "\r\n", "\r\n " VALID "\r\n", "\"" VALID "\"\r\n",
		VALID "x\r\n",	  VALID "-\r\n",	VALID "-00\r\n",
		VALID ",\r\n",	  VALID ";\r\n",	VALID " x\r\n",
		VALID "\tx\r\n",  VALID "0\r\n",	VALID ", " VALID "\r\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(taken); i++)
		cr_assert(is_valid(taken[i]), "%s", taken[i]);
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		cr_assert_not(is_valid(refused[i]), "%s", refused[i]);
	for (int byte = 0; byte < 256; byte++) {
		struct trace_parent parent = {};
		char text[] = VALID "?\r\n";

		text[LENGTH] = (char)byte;
		cr_assert_eq(read_value(text, LENGTH + 3, &parent) != 0,
			     byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n', "%d",
			     byte);
	}
}

Test(bpf_trace_parent, ids_of_zeros_are_invalid)
{
	cr_assert_not(is_valid("00-" NO_TRACE "-" SPAN_ID "-01\r\n"));
	cr_assert_not(is_valid("00-" TRACE_ID "-" NO_SPAN "-01\r\n"));
	cr_assert_not(is_valid("00-" NO_TRACE "-" NO_SPAN "-01\r\n"));
	/* One non-zero digit at any position is valid. */
	for (size_t at = 0; at < 48; at++) {
		char text[] = "00-" NO_TRACE "-" NO_SPAN "-01\r\n";

		text[at < 32 ? 3 + at : 4 + at] = '1';
		text[at < 32 ? 50 : 10] = '1';
		cr_assert(is_valid(text), "%s", text);
	}
}

Test(bpf_trace_parent, the_first_fields_of_later_versions_are_read)
{
	static const char *const versions[] = {"01", "0a", "a0", "cc", "fe", "f0", "0f"};

	for (size_t i = 0; i < ARRAY_SIZE(versions); i++) {
		static const char *const taken[] = {"\r\n", " \r\n", "-\r\n", "-what-will-be\r\n",
						    "- \r\n"};
		static const char *const refused[] = {"x\r\n", ".\r\n", "0-\r\n", " x\r\n",
						      "\xff\r\n"};
		struct trace_parent parent = {};
		char text[128];

		for (size_t k = 0; k < ARRAY_SIZE(taken); k++) {
			int length = snprintf(text, sizeof(text), "%s%s%s", versions[i], &VALID[2],
					      taken[k]);

			cr_assert(read_value(text, (size_t)length, &parent), "%s", text);
			cr_assert_eq(parent.sampled, 1);
		}
		for (size_t k = 0; k < ARRAY_SIZE(refused); k++) {
			snprintf(text, sizeof(text), "%s%s%s", versions[i], &VALID[2], refused[k]);
			cr_assert_not(is_valid(text), "%s", text);
		}
	}
	cr_assert_not(is_valid("ff-" TRACE_ID "-" SPAN_ID "-01\r\n"));
	cr_assert_not(is_valid("ff-" TRACE_ID "-" SPAN_ID "-01-more\r\n"));
}

Test(bpf_trace_parent, fields_of_other_lengths_are_invalid)
{
	static const char *const refused[] = {
		"",
		"\r\n",
		"00\r\n",
		"00-" TRACE_ID "-" SPAN_ID "\r\n",
		"00-" TRACE_ID "-" SPAN_ID "-\r\n",
		"00-" TRACE_ID "-" SPAN_ID "-1\r\n",
		"00-" TRACE_ID "-" SPAN_ID "-001\r\n",
		"0-" TRACE_ID "-" SPAN_ID "-01\r\n ",
		"000-" TRACE_ID "-" SPAN_ID "-01\r\n",
		"00-" TRACE_ID "0-" SPAN_ID "-01\r\n",
		"00-" TRACE_ID "-0" SPAN_ID "-01\r\n",
		"00-" SPAN_ID "-" TRACE_ID "-01\r\n",
		"00-" SPAN_ID "-" SPAN_ID "-01\r\nAccept: */*\r\n\r\n",
		"00 " TRACE_ID " " SPAN_ID " 01\r\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		cr_assert_not(is_valid(refused[i]), "%s", refused[i]);
}

/* Each byte at each position of the value: digits are lower case, dashes are dashes. */
Test(bpf_trace_parent, any_other_byte_is_invalid)
{
	for (size_t at = 0; at < LENGTH; at++) {
		for (int byte = 0; byte < 256; byte++) {
			struct trace_parent parent = {};
			char text[] = VALID "\r\n";
			int expected = VALID[at] == '-' ? byte == '-'
							: (byte >= '0' && byte <= '9') ||
								  (byte >= 'a' && byte <= 'f');

			text[at] = (char)byte;
			cr_assert_eq(read_value(text, LENGTH + 2, &parent) != 0, expected,
				     "%d at %zu", byte, at);
		}
	}
}

Test(bpf_trace_parent, unreadable_values_are_invalid)
{
	struct trace_parent parent = {};

	for (size_t length = 0; length <= LENGTH; length++)
		cr_assert_neq(read_value(VALID, length, &parent), TRACE_PARENT_VALID, "%zu bytes",
			      length);
	cr_assert_eq(read_value(VALID "\n", LENGTH + 1, &parent), TRACE_PARENT_VALID);
	/* The end of the line is unreadable: whether the value is valid is unknown. */
	cr_assert_eq(read_value(VALID " ", LENGTH + 1, &parent), TRACE_PARENT_UNREAD);
}

/* Where the search for the value or for its end is given up, the value is neither valid nor invalid. */
Test(bpf_trace_parent, much_white_space_around_the_value_is_skipped)
{
	struct trace_parent parent = {};
	char text[2 * TRACE_SPACE_LIMIT + 128];

	for (int spaces = 0; spaces <= TRACE_SPACE_LIMIT; spaces += 3) {
		snprintf(text, sizeof(text), "%*s" VALID "%*s\r\n", spaces, "", spaces, "");
		cr_assert(is_valid(text), "%d", spaces);
		snprintf(text, sizeof(text), "%*sx" VALID "\r\n", spaces, "");
		cr_assert_eq(read_value(text, strlen(text), &parent), TRACE_PARENT_INVALID);
	}
	snprintf(text, sizeof(text), "%*s" VALID "\r\n", TRACE_SPACE_LIMIT + 1, "");
	cr_assert_eq(read_value(text, strlen(text), &parent), TRACE_PARENT_UNREAD);
	snprintf(text, sizeof(text), VALID "%*s\r\n", TRACE_SPACE_LIMIT + 1, "");
	cr_assert_eq(read_value(text, strlen(text), &parent), TRACE_PARENT_UNREAD);
	/* An empty value is not valid, and is read. */
	cr_assert_eq(read_value("\r\n\r\n", 4, &parent), TRACE_PARENT_INVALID);
}

Test(bpf_trace_parent, every_pair_of_bytes_is_two_digits_or_invalid)
{
	for (size_t pair = 0; pair < 4; pair++) {
		for (unsigned int both = 0; both < 0x10000; both++) {
			uint8_t bytes[8] = {'0', '1', '2', '3', '4', '5', '6', '7'};
			uint8_t result[4], high = (uint8_t)(both >> 8), low = (uint8_t)both;
			uint64_t digits, bad = 0;
			uint32_t value;
			const char *hex = "0123456789abcdef";
			const char *first = high ? strchr(hex, high) : NULL;
			const char *second = low ? strchr(hex, low) : NULL;

			bytes[2 * pair] = high;
			bytes[2 * pair + 1] = low;
			memcpy(&digits, bytes, sizeof(digits));
			value = bytes_of_hex(digits, (__u64 *)&bad);
			memcpy(result, &value, sizeof(result));
			if ((bad == 0) != (first && second))
				cr_assert_fail("%#x of pair %zu", both, pair);
			if (bad == 0 && result[pair] != (first - hex) * 16 + (second - hex))
				cr_assert_fail("%#x of pair %zu", both, pair);
		}
	}
}
