// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <stddef.h>

#include "native.h"

#include "scotty/app_data.bpf.h"

#define STATUS_OFFSET 0xa0

/* An AppData in the compilers' layout. */
struct sample {
	struct app_data data;
	uint8_t rest[STATUS_OFFSET - sizeof(struct app_data)];
	uint8_t status;
};
_Static_assert(offsetof(struct sample, status) == STATUS_OFFSET, "where the status is");

static char names[2][300];

static struct rust_vec text(const char *characters, uint64_t capacity)
{
	return (struct rust_vec){
		.capacity = capacity,
		.address = native_address(characters),
		.length = strlen(characters),
	};
}

static struct sample sample_of(const char *name)
{
	static const char root[] = "/apps/blog", path[] = "/apps/blog/compose.yml";
	static char service[3];

	return (struct sample){
		.data =
			{
				.name = text(name, strlen(name) + 3),
				.root_directory = text(root, strlen(root)),
				.compose_path = text(path, strlen(path)),
				.services = {4, native_address(service), 3},
				.settings = RUST_CAPACITY_NICHE,
			},
		.status = APP_STATUS_UNSUPPORTED,
	};
}

static uint64_t read_sample(const struct sample *sample, uint8_t *status)
{
	struct app_data data;

	return read_app(native_address(sample), STATUS_OFFSET, &data, status);
}

Test(bpf_app_data, reads)
{
	struct sample sample = sample_of("blog");
	struct app_data data;
	uint8_t status;
	uint64_t hash = read_app(native_address(&sample), STATUS_OFFSET, &data, &status);

	cr_expect_neq(hash, 0);
	cr_expect_eq(status, APP_STATUS_UNSUPPORTED);
	cr_expect_eq(data.services.length, 3);
	cr_expect_eq(read_app(native_address(&sample), 0, &data, &status), hash);
	cr_expect_eq(status, APP_STATUS_UNKNOWN, "where it is is not known");
}

/* The hash depends on all characters of a name and on its length, and on nothing else. */
Test(bpf_app_data, hashes_names)
{
	uint8_t status;

	for (size_t length = 1; length <= NAME_BYTES; length++) {
		memset(names, 0, sizeof(names));
		memset(names[0], 'a', length);
		memset(names[1], 'a', length);
		memset(names[1] + length + 1, 'x', 8);

		struct sample first = sample_of(names[0]), second = sample_of(names[1]);

		cr_assert_eq(read_sample(&first, &status), read_sample(&second, &status));
		names[1][length - 1] = 'b';
		cr_assert_neq(read_sample(&first, &status), read_sample(&second, &status),
			      "the last of %zu characters", length);
		first.data.name.length--;
		names[1][length - 1] = 'a';
		cr_assert_neq(read_sample(&first, &status), read_sample(&second, &status));
	}
}

static void expect_none(struct sample sample, const char *why)
{
	uint8_t status;

	cr_expect_eq(read_sample(&sample, &status), 0, "%s", why);
}

Test(bpf_app_data, refuses)
{
	struct sample sample = sample_of("blog");

#define EXPECT_NONE(change)                   \
	do {                                  \
		sample = sample_of("blog");   \
		sample.change;                \
		expect_none(sample, #change); \
	} while (0)
	EXPECT_NONE(status = APP_STATUS_COUNT);
	EXPECT_NONE(data.name.length = 0);
	EXPECT_NONE(data.name.length = NAME_BYTES + 1);
	EXPECT_NONE(data.name.capacity = 3);
	EXPECT_NONE(data.name.address = 8);
	EXPECT_NONE(data.name.address = 1ULL << 48);
	EXPECT_NONE(data.root_directory.capacity++);
	EXPECT_NONE(data.compose_path.capacity++);
	EXPECT_NONE(data.compose_path = sample.data.root_directory);
	EXPECT_NONE(data.services.length = 5);
	EXPECT_NONE(data.services.address = 8);
	EXPECT_NONE(data.services.capacity = APP_SERVICES_LIMIT);
#undef EXPECT_NONE
}

Test(bpf_app_data, no_services)
{
	struct sample sample = sample_of("blog");
	uint8_t status;

	/* The pointer of an empty Vec is its alignment. */
	sample.data.services = (struct rust_vec){.address = 8};
	cr_expect_neq(read_sample(&sample, &status), 0);
}

Test(bpf_app_data, faults)
{
	struct sample sample = sample_of("blog");
	uint8_t status;
	char *edge;

	edge = native_memory_at_edge(&sample, sizeof(struct app_data) - 1);
	cr_expect_eq(read_sample((struct sample *)(void *)edge, &status), 0, "the data");
	native_free(edge);
	edge = native_memory_at_edge(&sample, STATUS_OFFSET);
	cr_expect_eq(read_sample((struct sample *)(void *)edge, &status), 0, "the status");
	native_free(edge);
}
