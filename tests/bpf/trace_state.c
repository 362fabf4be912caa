// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <stdio.h>

#include "native.h"

#include "base/array.h"
#include "http/trace_state.bpf.h"

#define SECRET "Authorization: Bearer secret\r\n\r\n"

/* Whether the state has exactly this text. */
static void assert_text(const struct trace_state *state, const char *text, size_t length)
{
	cr_assert_eq(state->length, length, "%zu, not %zu", (size_t)state->length, length);
	cr_assert_arr_eq(state->text, text, length);
	for (size_t i = length; i < TRACE_STATE_BYTES; i++)
		cr_assert_eq(state->text[i], 0, "%d is left at %zu of %zu", state->text[i], i,
			     length);
}

/* Reads the value at the end of a head and of readable memory; whether it is stored as `text`. */
static int is_kept(const char *value, size_t size, const char *text, size_t length)
{
	struct trace_state state = {0};
	char *memory = native_memory_at_edge(value, size);
	int kept =
		append_trace_state(native_address(memory), native_address(memory) + size, &state);

	assert_text(&state, text, length);
	native_free(memory);
	return kept;
}

Test(bpf_trace_state, a_value_is_stored_up_to_the_end_of_its_line)
{
	static const char *const rows[][2] = {
		{"a=1\r\n\r\n", "a=1"},
		{"a=1\r\n" SECRET, "a=1"},
		{"a=1\n" SECRET, "a=1"},
		{" congo=t61rcWkgMzE,rojo=00f067aa0ba902b7\r\n" SECRET,
		 "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7"},
		{"\t \ta=1 \r\n" SECRET, "a=1 "},
		{"a=\xc3\xbc\r\n" SECRET, "a=\xc3\xbc"},
		{"\r\n" SECRET, ""},
		{" \r\n" SECRET, ""},
		{"\n" SECRET, ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *value = rows[i][0], *text = rows[i][1];

		cr_assert(is_kept(value, strlen(value), text, strlen(text)), "%s", value);
	}
}

/* Every length up to the capacity and every line end, before another header and at the head's
 * end. */
Test(bpf_trace_state, no_byte_after_the_value_is_stored)
{
	static const char *const behind[] = {"\r\n" SECRET, "\n" SECRET, "\r\n\r\n", "\n\n"};
	char value[TRACE_STATE_BYTES + 1];

	memset(value, 's', sizeof(value));
	value[TRACE_STATE_BYTES] = '\0';
	for (size_t length = 1; length <= TRACE_STATE_BYTES; length++) {
		for (size_t b = 0; b < ARRAY_SIZE(behind); b++) {
			char head[TRACE_STATE_BYTES + 64];
			int size = snprintf(head, sizeof(head), "%.*s%s", (int)length, value,
					    behind[b]);

			cr_assert(is_kept(head, (size_t)size, value, length), "%zu", length);
		}
	}
}

Test(bpf_trace_state, a_value_longer_than_the_capacity_is_not_stored)
{
	char value[2 * TRACE_STATE_BYTES];

	memset(value, 's', sizeof(value));
	for (size_t length = TRACE_STATE_BYTES + 1; length < sizeof(value) - 32; length += 7) {
		memcpy(value + length, "\r\n" SECRET, 32);
		cr_assert_not(is_kept(value, length + 32, "", 0), "%zu", length);
		memset(value + length, 's', 32);
	}
}

Test(bpf_trace_state, bytes_after_the_head_are_not_read)
{
	static const char head[] = "a=1,b=2\r\n\r\nbody";
	char *memory = native_memory(head, sizeof(head));
	uint64_t at = native_address(memory);

	for (size_t end = 0; end < sizeof(head); end++) {
		struct trace_state state = {0};
		size_t kept = end < 7 ? end : 7;

		cr_assert(append_trace_state(at, at + end, &state));
		assert_text(&state, "a=1,b=2", kept);
	}
	native_free(memory);
}

Test(bpf_trace_state, unreadable_values_are_not_stored)
{
	struct trace_state state = {0};
	char *memory = native_memory_at_edge("a=1", 3);
	uint64_t at = native_address(memory);

	cr_assert_not(append_trace_state(at, at + 100, &state));
	assert_text(&state, "", 0);
	native_free(memory);
}

/* Appends each line to one list; whether the last one was stored. */
static int append_all(struct trace_state *state, const char *const *lines)
{
	int kept = 0;

	for (; *lines; lines++) {
		char *memory = native_memory(*lines, strlen(*lines));
		uint64_t at = native_address(memory);

		kept = append_trace_state(at, at + strlen(*lines), state);
		native_free(memory);
	}
	return kept;
}

Test(bpf_trace_state, several_lines_are_one_list_in_their_order)
{
	static const struct {
		const char *lines[5];
		const char *text;
	} rows[] = {
		{{" a=1\r\n" SECRET, " b=2\r\n" SECRET}, "a=1,b=2"},
		{{"a=1\n\n", "b=2,c=3\n\n", "d=4\n\n"}, "a=1,b=2,c=3,d=4"},
		/* An empty line adds nothing, wherever it is. */
		{{" \r\n" SECRET, "a=1\r\n" SECRET}, "a=1"},
		{{"\r\n" SECRET, "\r\n" SECRET, "a=1\r\n" SECRET, "\r\n" SECRET}, "a=1"},
		{{"a=1\r\n" SECRET, "\r\n" SECRET, "b=2\r\n" SECRET}, "a=1,b=2"},
		{{"\r\n" SECRET, "\r\n" SECRET}, ""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct trace_state state = {0};

		cr_assert(append_all(&state, rows[i].lines));
		assert_text(&state, rows[i].text, strlen(rows[i].text));
	}
}

Test(bpf_trace_state, a_list_longer_than_the_capacity_is_not_stored)
{
	for (size_t first = 1; first < TRACE_STATE_BYTES; first += 3) {
		for (size_t second = TRACE_STATE_BYTES - 3; second <= TRACE_STATE_BYTES; second++) {
			char one[TRACE_STATE_BYTES + 3], two[TRACE_STATE_BYTES + 3];
			const char *const lines[] = {one, two, NULL};
			const char *const again[] = {"c=3\n\n", NULL};
			struct trace_state state = {0};
			size_t rest = second - first;
			int fits = first + 1 + rest <= TRACE_STATE_BYTES;

			if (first >= second)
				continue;
			snprintf(one, sizeof(one), "%0*d\n", (int)first, 0);
			snprintf(two, sizeof(two), "%0*d\n", (int)rest, 0);
			cr_assert_eq(append_all(&state, lines), fits, "%zu, %zu", first, rest);
			cr_assert_eq(state.length, fits ? first + 1 + rest : 0);
			/* A part of a list is never stored. */
			if (!fits) {
				cr_assert_not(append_all(&state, again));
				assert_text(&state, "", 0);
			}
		}
	}
}

Test(bpf_trace_state, much_white_space_before_a_value_is_skipped)
{
	char head[TRACE_SPACE_LIMIT + 32];

	for (int spaces = 0; spaces <= TRACE_SPACE_LIMIT; spaces += 5) {
		int size = snprintf(head, sizeof(head), "%*sa=1\r\n\r\n-", spaces, "");

		cr_assert(is_kept(head, (size_t)size, "a=1", 3), "%d", spaces);
	}
	snprintf(head, sizeof(head), "%*sa=1\r\n\r\n--------", TRACE_SPACE_LIMIT + 1, "");
	cr_assert_not(is_kept(head, TRACE_SPACE_LIMIT + 16, "", 0));
}
