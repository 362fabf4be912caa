// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <string.h>

#include "native.h"

#include "http/route_text.bpf.h"

/* An Arc<str>: both counts, then the text, at the end of the memory. */
struct sample {
	char *memory;
	struct rust_arc_str path;
};

static struct sample sample_of(const char *text)
{
	size_t length = strlen(text);
	char *bytes = calloc(1, RUST_ARC_COUNTS_BYTES + length);
	struct sample sample;

	memcpy(bytes + RUST_ARC_COUNTS_BYTES, text, length);
	sample.memory = native_memory(bytes, RUST_ARC_COUNTS_BYTES + length);
	sample.path = (struct rust_arc_str){native_address(sample.memory), length};
	free(bytes);
	return sample;
}

static uint64_t hash_of(const char *text)
{
	struct sample sample = sample_of(text);
	uint64_t hash = hash_path(&sample.path);

	native_free(sample.memory);
	return hash;
}

static char *repeated(char first, size_t length)
{
	char *text = malloc(length + 1);

	memset(text, first, length);
	text[0] = '/';
	text[length] = '\0';
	return text;
}

Test(bpf_route_text, texts_are_told_apart_up_to_the_bound)
{
	static const size_t lengths[] = {2, 8, 63, 64, 65, 127, 128, 129, 500, ROUTE_HASH_BYTES};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		char *text = repeated('a', lengths[i]);
		uint64_t hash = hash_of(text);

		cr_expect_neq(hash, 0);
		cr_expect_eq(hash, hash_of(text));
		text[lengths[i] - 1] = 'b';
		cr_expect_neq(hash, hash_of(text), "the last of %zu bytes", lengths[i]);
		free(text);
	}
}

Test(bpf_route_text, the_length_counts_behind_the_bound)
{
	char *text = repeated('a', ROUTE_HASH_BYTES + 2);
	uint64_t hash = hash_of(text);

	text[ROUTE_HASH_BYTES + 1] = 'b';
	cr_expect_eq(hash_of(text), hash);
	text[ROUTE_HASH_BYTES + 1] = '\0';
	cr_expect_neq(hash_of(text), hash);
	free(text);
}

Test(bpf_route_text, an_unreadable_text_has_no_hash)
{
	struct sample sample = sample_of("/api/v1/health");

	native_fault_from = native_address(sample.memory) + 20;
	cr_expect_eq(hash_path(&sample.path), 0);
	native_free(sample.memory);
}

Test(bpf_route_text, only_a_nest_path_is_private)
{
	static const struct {
		const char *text;
		bool is_nest;
	} cases[] = {
		{"/svc" AXUM_NEST_TAIL, true},
		{AXUM_NEST_TAIL, true},
		{"/svc/{*__private__axum_nest_tail_para}", false},
		{"/svc" AXUM_NEST_TAIL "/x", false},
		{"/a/template/that/is/as/long/as/the/tail/{id}", false},
		{"/svc", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct sample sample = sample_of(cases[i].text);

		cr_expect_eq(is_nest_path(&sample.path), cases[i].is_nest, "%s", cases[i].text);
		native_free(sample.memory);
	}
}

/* Joins the first `prefix` bytes of `outer` with `inner` and compares with the whole text. */
static void expect_joined(const char *outer, size_t prefix, const char *inner)
{
	struct sample first = sample_of(outer), second = sample_of(inner);
	struct route_buffer buffer = {0};
	struct route_text outer_text = {0};
	char *whole = calloc(1, prefix + strlen(inner) + 1);
	uint64_t hash;

	memcpy(whole, outer, prefix);
	memcpy(whole + prefix, inner, strlen(inner));
	cr_assert(read_path_text(&first.path, &outer_text));
	hash = join_routes(&outer_text, hash_path(&first.path), prefix, &second.path, &buffer);
	cr_expect_eq(buffer.route.length, strlen(whole));
	cr_expect_eq(strncmp(buffer.route.text, whole, ROUTE_TEXT_BYTES), 0, "%s", whole);
	if (prefix < ROUTE_TEXT_BYTES)
		cr_expect_eq(hash, hash_of(whole), "%s", whole);
	else
		cr_expect_neq(hash, 0);
	native_free(first.memory);
	native_free(second.memory);
	free(whole);
}

Test(bpf_route_text, a_joined_template_equals_the_whole_one)
{
	static const size_t lengths[] = {
		1, 7, 8, 60, 120, 127, 128, 129, 200, ROUTE_HASH_BYTES - 60, 2000};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		for (size_t j = 0; j < sizeof(lengths) / sizeof(*lengths); j++) {
			char *outer = repeated('a', lengths[i]), *inner = repeated('b', lengths[j]);

			expect_joined(outer, lengths[i], inner);
			free(outer);
			free(inner);
		}
	}
	expect_joined("/svc" AXUM_NEST_TAIL, 4, "/item/{id}");
}

Test(bpf_route_text, joined_templates_of_a_long_prefix_are_told_apart)
{
	char *outer = repeated('a', 300);
	struct sample first = sample_of(outer), second = sample_of("/b"), third = sample_of("/c");
	struct route_buffer buffer = {0}, other = {0};
	struct route_text text = {0};

	cr_assert(read_path_text(&first.path, &text));
	cr_expect_neq(join_routes(&text, 1, 300, &second.path, &buffer),
		      join_routes(&text, 1, 300, &third.path, &other));
	native_free(first.memory);
	native_free(second.memory);
	native_free(third.memory);
	free(outer);
}
