// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <stdio.h>

#include "native.h"

#include "base/array.h"
#include "scotty/message_lines.bpf.h"

#define HEAD "{\"type\":\"TaskOutputData\",\"data\":{\"task_id\":\"0b8a1bd4\",\"lines\":["
#define TAIL "],\"is_historical\":true,\"has_more\":false}}"

static size_t count_at(uint64_t address, size_t length)
{
	return (size_t)lines_in_text(address, length);
}

/* Counts the text's lines twice: before unreadable memory, and before the rest of a mark. */
static size_t count_lines(const char *text, size_t length)
{
	static const char more[] = "uence\":quence\":";
	char *memory = native_memory_at_edge(text, length);
	size_t lines = count_at(native_address(memory), length);

	native_free(memory);
	memory = malloc(length + sizeof(more));
	memcpy(memory, text, length);
	memcpy(memory + length, more, sizeof(more));
	cr_assert_eq(count_at(native_address(memory), length), lines);
	free(memory);
	return lines;
}

struct message {
	char *text;
	size_t length;
	FILE *stream;
};

/* A message of `count` lines with this content, escaped as serde does. */
static struct message message_of(size_t lines, const char *content)
{
	struct message message = {0};

	message.stream = open_memstream(&message.text, &message.length);
	fputs(HEAD, message.stream);
	for (size_t i = 0; i < lines; i++)
		fprintf(message.stream,
			"%s{\"timestamp\":\"2026-01-02T03:04:05.678Z\",\"stream\":\"Stdout\","
			"\"content\":\"%s\",\"sequence\":%zu}",
			i > 0 ? "," : "", content, i);
	fputs(TAIL, message.stream);
	fclose(message.stream);
	return message;
}

static void assert_lines(size_t lines, const char *content)
{
	struct message message = message_of(lines, content);
	size_t counted = count_lines(message.text, message.length);

	cr_assert_eq(counted, lines, "%zu, not %zu lines of: %s", counted, lines, content);
	free(message.text);
}

Test(bpf_message_lines, each_line_is_counted_once)
{
	for (size_t lines = 0; lines < 40; lines++)
		assert_lines(lines, "Pulling image");
	assert_lines(1000, "Container blog-web-1  Started");
	assert_lines(1000, "");
}

Test(bpf_message_lines, the_text_of_a_line_is_not_counted)
{
	static const char *const contents[] = {
		"q",
		"qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq"
		"q",
		"quence",
		"sequence",
		"sequence:",
		"quence:quence:quence:",
		"{\\\"sequence\\\":1}",
		"\\\"sequence\\\":1,\\\"sequence\\\":2",
		"\\\\\\\"sequence\\\":1",
		"\\\\",
		"quence\\\":",
		"quence\\\\",
		"\xc3\xbcq\xf1\xf1\xf1",
	};

	for (size_t i = 0; i < ARRAY_SIZE(contents); i++) {
		for (size_t lines = 0; lines < 10; lines++)
			assert_lines(lines, contents[i]);
	}
}

/* Each position of the mark relative to word and chunk borders, with and without other q. */
Test(bpf_message_lines, a_line_is_counted_at_any_position)
{
	for (size_t length = 0; length < 3 * LINE_CHUNK_BYTES; length++) {
		for (int q = 0; q < 2; q++) {
			char content[3 * LINE_CHUNK_BYTES + 1];

			memset(content, q ? 'q' : 'x', length);
			content[length] = '\0';
			assert_lines(3, content);
		}
	}
}

Test(bpf_message_lines, counts_of_random_texts_equal_a_plain_search)
{
	static const char *const parts[] = {
		"q", "quence\":", "quenc", "e\":", "x", "\"", "se", "qq"};
	unsigned int seed = 11;
	size_t total = 0;

	for (int round = 0; round < 3000; round++) {
		char text[512] = "";
		size_t length = 0, expected = 0, lines;

		for (int i = rand_r(&seed) % 60; i > 0; i--)
			length += (size_t)snprintf(text + length, sizeof(text) - length, "%s",
						   parts[rand_r(&seed) % 8]);
		for (const char *at = text; (at = strstr(at, "quence\":")); at++)
			expected++;
		/* A mark that extends beyond the text does not count. */
		text[length++] = '}';
		lines = count_lines(text, length);
		cr_assert_eq(lines, expected, "%zu, not %zu in: %s", lines, expected, text);
		total += lines;
	}
	cr_assert_gt(total, 1000);
}

Test(bpf_message_lines, a_partly_unreadable_text_has_no_count)
{
	struct message message = message_of(100, "x");
	uint64_t at = native_address(message.text);

	native_fault_from = at + message.length / 2;
	cr_assert_eq(lines_in_text(at, message.length), -1);
	native_fault_from = at;
	cr_assert_eq(lines_in_text(at, message.length), -1);
	native_fault_from = 0;
	cr_assert_eq(lines_in_text(at, message.length), 100);
	cr_assert_eq(lines_in_text(at, 0), 0);
	free(message.text);
}
