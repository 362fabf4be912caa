// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <stdio.h>

#include "native.h"

#include "base/array.h"
#include "scotty/request_type.bpf.h"

#define ASKS	   "\"type\":\"StartLogStream\""
#define ASKS_BYTES ((int)sizeof(ASKS) - 1)

static int asks_for_log_stream(uint64_t text, uint64_t length, uint32_t mask)
{
	return request_type_of(text, length, mask) == REQUEST_TYPE_LOG_STREAM;
}

/* Whether a client's message, sent with this mask, asks for a log stream. */
static int asks_masked(const char *text, size_t length, const uint8_t mask[4])
{
	char *memory = native_memory(text, length);
	uint32_t word;
	int asks;

	for (size_t i = 0; i < length; i++)
		memory[i] = (char)(memory[i] ^ mask[i % 4]);
	memcpy(&word, mask, sizeof(word));
	asks = asks_for_log_stream(native_address(memory), length, word);
	native_free(memory);
	return asks;
}

/* As above with several masks; -1 if the results differ. */
static int asks(const char *text, size_t length)
{
	static const uint8_t masks[][4] = {
		{0, 0, 0, 0},		{0xff, 0xff, 0xff, 0xff}, {0x12, 0x34, 0x56, 0x78},
		{'"', 'S', 't', 'a'},	{0x80, 0, 0, 0x01},	  {0x37, 0xfa, 0x21, 0x3d},
		{'"' ^ 1, 0, '"', 'm'},
	};
	int result = asks_masked(text, length, masks[0]);

	for (size_t i = 1; i < ARRAY_SIZE(masks); i++) {
		if (asks_masked(text, length, masks[i]) != result)
			return -1;
	}
	return result;
}

Test(bpf_message_request, a_request_for_a_log_stream_is_recognized_in_any_formatting)
{
	static const char *const texts[] = {
		"{" ASKS ",\"data\":{\"app_name\":\"blog\",\"service_name\":\"web\","
		"\"follow\":true,\"lines\":100,\"since\":null,\"until\":null,\"timestamps\":true}}",
		"{\"type\": \"StartLogStream\", \"data\": {\"app_name\": \"blog\"}}",
		"{ \"type\" :\t\"StartLogStream\" , \"data\" : { } }",
		"{\r\n  \"type\": \"StartLogStream\",\n  \"data\": {}\n}",
		" \n{\n\n\"type\"\n:\r\n\t\t\"StartLogStream\"}",
		"{\"data\":{\"app_name\":\"blog\",\"service_name\":\"web\"}," ASKS "}",
		"{\"data\":{\"a\":{\"b\":{}},\"c\":{}}," ASKS "}",
		"{\"data\":{\"app_name\":\"}}{{\"}," ASKS "}",
		"{\"data\":{\"app_name\":\"a\\\"}\"}," ASKS "}",
		"{\"data\":{\"app_name\":\"a\\\\\"}," ASKS "}",
		"{\"data\":{\"app_name\":\"a\\\\\\\"}\"}," ASKS "}",
		"{\"data\":{\"app_name\":\"b\xc3\xbcro \\u00fc\"}," ASKS "}",
		"{" ASKS "}",
		/* An array: the type, then the data. */
		"[\"StartLogStream\",{\"app_name\":\"blog\"}]",
		" [\n\"StartLogStream\" , {}]",
		"[\"StartLogStream\"]",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		cr_assert_eq(asks(texts[i], strlen(texts[i])), 1, "%s", texts[i]);
}

Test(bpf_message_request, other_messages_are_no_requests_for_a_log_stream)
{
	static const char *const texts[] = {
		"",
		"{}",
		"{\"type\":\"Ping\"}",
		"{\"type\":\"StopLogStream\",\"data\":{\"stream_id\":\"x\"}}",
		"{\"type\":\"StartLogStreams\",\"data\":{}}",
		"{\"type\":\"startLogStream\",\"data\":{}}",
		"{\"type\":\"StartLogstream\",\"data\":{}}",
		"{\"type\":\"StartTaskOutputStream\",\"data\":{\"task_id\":\"x\"}}",
		"{\"type\":\"CreateShellSession\",\"data\":{\"app_name\":\"blog\"}}",
		"{\"type\":StartLogStream}",
		"{\"type\":'StartLogStream'}",
		"{\"type\":\" StartLogStream\"}",
		"{\"type\":\"Start LogStream\"}",
		"{\"type\":\"StartLogStream \"}",
		"{\"type \":\"StartLogStream\"}",
		"{\"ty pe\":\"StartLogStream\"}",
		"{\"types\":\"StartLogStream\"}",
		"{\"a_type\":\"StartLogStream\"}",
		"{\"Type\":\"StartLogStream\"}",
		"{\"type\":[\"StartLogStream\"]}",
		"{\"type\":null,\"data\":\"StartLogStream\"}",
		ASKS,
		"\"StartLogStream\"",
		"[\"Ping\",\"StartLogStream\"]",
		"[{},\"StartLogStream\"]",
		"[[\"StartLogStream\"]]",
		"[\"StartLogStreams\",{}]",
		"[\"x\",{" ASKS "}]",
		"x[\"StartLogStream\"]",
		/* serde refuses a field that occurs twice. */
		"{\"type\":\"Ping\"," ASKS "}",
		"{" ASKS ",\"type\":\"Ping\"}",
		"{" ASKS "," ASKS "}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		cr_assert_eq(asks(texts[i], strlen(texts[i])), 0, "%s", texts[i]);
}

/* The client chooses names and shell input. */
Test(bpf_message_request, values_of_other_fields_are_no_requests_for_a_log_stream)
{
	static const char *const texts[] = {
		"{\"type\":\"Authenticate\",\"data\":{\"token\":\"StartLogStream\"}}",
		"{\"type\":\"Authenticate\",\"data\":{" ASKS "}}",
		"{\"data\":{\"a\":{}," ASKS "},\"type\":\"Ping\"}",
		"{\"type\":\"ShellSessionData\",\"data\":{\"data\":\"\\\"StartLogStream\\\"\"}}",
		"{\"type\":\"Error\",\"data\":\"{\\\"type\\\":\\\"StartLogStream\\\"}\"}",
		"{\"type\":\"Error\",\"data\":\"}\\\"type\\\":\\\"StartLogStream\\\",\"}",
		"{\"type\":\"Authenticate\",\"data\":{\"token\":\"\\\\\\\"StartLogStream\\\"\"}}",
		"{\"type\":\"Authenticate\",\"data\":{\"token\":\"}\"," ASKS "}}",
		"{\"type\":\"Authenticate\",\"data\":{\"token\":\"\\\"}\"," ASKS "}}",
		"{\"type\":\"Authenticate\",\"data\":{\"token\":\"\\\\\"," ASKS "}}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		cr_assert_eq(asks(texts[i], strlen(texts[i])), 0, "%s", texts[i]);
}

Test(bpf_message_request, a_field_with_one_other_byte_is_not_recognized)
{
	static const char text[] = "{" ASKS ",\"data\":{}}";

	for (size_t at = 0; at < sizeof(text) - 1; at++) {
		for (int change = 1; change < 256; change += 3) {
			char changed[sizeof(text)];

			memcpy(changed, text, sizeof(text));
			changed[at] = (char)(changed[at] ^ change);
			cr_assert_eq(asks(changed, sizeof(text) - 1), at > ASKS_BYTES, "%s",
				     changed);
		}
	}
}

Test(bpf_message_request, a_request_is_found_at_any_position_in_the_scanned_part)
{
	for (int before = 0; before < REQUEST_BYTES + 40; before++) {
		for (int behind = 0; behind < 40; behind += 3) {
			char text[2 * REQUEST_BYTES + 64];
			int expected, length;

			length = snprintf(text, sizeof(text), "{%*s" ASKS "%*s}", before, "",
					  behind, "");
			expected = 1 + before + ASKS_BYTES <= REQUEST_BYTES;
			cr_assert_eq(asks(text, (size_t)length), expected, "%s", text);
			length = snprintf(text, sizeof(text), "{\"a\":\"%0*d\"," ASKS "%*s}",
					  before, 0, behind, "");
			expected = (int)(strstr(text, ASKS) - text) + ASKS_BYTES <= REQUEST_BYTES;
			cr_assert_eq(asks(text, (size_t)length), expected, "%s", text);
		}
	}
}

Test(bpf_message_request, bytes_after_the_message_are_not_scanned)
{
	static const char text[] = "{" ASKS ",\"data\":{}}";

	/* The message ends within the field; the rest of the field follows in memory. */
	for (size_t length = 0; length < sizeof(text); length++)
		cr_assert_eq(asks_for_log_stream(native_address(text), length, 0),
			     length >= 1 + ASKS_BYTES, "%zu bytes", length);
}

Test(bpf_message_request, unreadable_messages_are_no_requests)
{
	char text[2 * REQUEST_BYTES] = "{" ASKS ",\"data\":{}}";
	uint64_t at = native_address(text);

	native_fault_from = at + REQUEST_BYTES;
	cr_assert_eq(asks_for_log_stream(at, sizeof(text), 0), 1);
	native_fault_from = at + REQUEST_BYTES - 1;
	cr_assert_eq(asks_for_log_stream(at, sizeof(text), 0), 0);
	cr_assert_eq(asks_for_log_stream(at, 40, 0), 1);
	native_fault_from = 0;
}

/* Expects the type of each prefix of the text with several masks: unknown below `known_from` bytes,
 * which include the closing quote of the type, then `type`. */
static void expect_known_from(const char *text, size_t known_from, int type)
{
	static const uint32_t masks[] = {0, ~0U, 0x22222222, 0x2c2c2c2c, 0x7d7d7d7d, 0x12345678};

	for (size_t m = 0; m < ARRAY_SIZE(masks); m++) {
		for (size_t length = 0; length <= strlen(text); length++) {
			char *memory = native_memory(text, length);
			const uint8_t *mask = (const uint8_t *)&masks[m];

			for (size_t i = 0; i < length; i++)
				memory[i] = (char)(memory[i] ^ mask[i % 4]);
			cr_assert_eq(request_type_of(native_address(memory), length, masks[m]),
				     length < known_from ? REQUEST_TYPE_MISSING : type,
				     "%zu of %s, mask %x", length, text, masks[m]);
			native_free(memory);
		}
	}
}

Test(bpf_message_request, the_type_is_unknown_until_its_value_is_complete)
{
	expect_known_from("{\"type\":\"Ping\"}", sizeof("{\"type\":\"Ping\"") - 1,
			  REQUEST_TYPE_OTHER);
	expect_known_from("{" ASKS ",\"data\":{}}", 1 + ASKS_BYTES, REQUEST_TYPE_LOG_STREAM);
	expect_known_from("{\"type\" : \"StartLogStreams\"}",
			  sizeof("{\"type\" : \"StartLogStreams\"") - 1, REQUEST_TYPE_OTHER);
	expect_known_from("{\"data\":{\"type\":\"x\",\"a\":1},\"type\":\"Ping\"}",
			  sizeof("{\"data\":{\"type\":\"x\",\"a\":1},\"type\":\"Ping\"") - 1,
			  REQUEST_TYPE_OTHER);
	expect_known_from("{\"type\":null,\"a\":1}", sizeof("{\"type\":null,") - 1,
			  REQUEST_TYPE_OTHER);
}

Test(bpf_message_request, a_type_beyond_the_scanned_part_is_unknown)
{
	static const char late[] = "{\"data\":{\"text\":\"0123456789012345678901234567890123456789"
				   "0123456789012345678901234567890123456789\"},\"type\":\"Ping\"}";
	static const char early[] = "{\"type\":\"Ping\"}";
	char *memory = native_memory(late, sizeof(late) - 1);

	cr_assert_gt(sizeof(late), REQUEST_BYTES);
	cr_assert_eq(request_type_of(native_address(memory), sizeof(late) - 1, 0),
		     REQUEST_TYPE_MISSING);
	native_free(memory);
	memory = native_memory(early, sizeof(early) - 1);
	cr_assert_eq(request_type_of(native_address(memory), sizeof(early) - 1, 0),
		     REQUEST_TYPE_OTHER);
	native_free(memory);
}

static int type_of(const char *text)
{
	char *memory = native_memory(text, strlen(text));
	int type = request_type_of(native_address(memory), strlen(text), 0);

	native_free(memory);
	return type;
}

/* What serde reads as a type without the bytes of its name in the text. */
Test(bpf_message_request, a_type_that_is_written_in_another_way_is_unknown)
{
	static const char *const unknown[] = {
		"{\"type\":\"Start\\u004cogStream\",\"data\":{}}",
		"{\"\\u0074ype\":\"StartLogStream\",\"data\":{}}",
		"{\"data\":{},\"\\u0074ype\":\"StartLogStream\"}",
		"[\"Start\\u004cogStream\",{}]",
		"{\"type\":{\"StartLogStream\":null},\"data\":{}}",
		"{\"type\":\"a\\\"b\"}",
	};
	static const char *const other[] = {
		"{\"type\":\"Ping\",\"data\":\"\\n\"}",
		"{\"data\":{\"data\":\"ls\\n\"},\"type\":\"ShellSessionData\"}",
		"[\"Ping\",{\"a\":\"\\n\"}]",
		"[1,{}]",
		"[{\"StartLogStream\":null},{}]",
	};
	static const char *const missing[] = {"", "{}", "[]", "hello", "{\"a\":\"b\"}", "[[]]"};

	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
		cr_assert_eq(type_of(unknown[i]), REQUEST_TYPE_UNKNOWN, "%s", unknown[i]);
	for (size_t i = 0; i < ARRAY_SIZE(other); i++)
		cr_assert_eq(type_of(other[i]), REQUEST_TYPE_OTHER, "%s", other[i]);
	for (size_t i = 0; i < ARRAY_SIZE(missing); i++)
		cr_assert_eq(type_of(missing[i]), REQUEST_TYPE_MISSING, "%s", missing[i]);
}
