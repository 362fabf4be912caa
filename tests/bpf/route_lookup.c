// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <string.h>

#include "native.h"

#include "base/array.h"

#define PATH_MAP_BUCKETS 32
#include "path_map.h"

static void make(struct path_map *sample, uint32_t items)
{
	memset(sample, 0, sizeof(*sample));
	memset(sample->control, RUST_MAP_EMPTY, sizeof(sample->control));
	sample->map = (struct rust_map){
		.control = native_address(sample->control),
		.bucket_mask = PATH_MAP_BUCKETS - 1,
		.growth_left = rust_map_capacity(PATH_MAP_BUCKETS - 1),
		.key0 = 0x0706050403020100,
		.key1 = 0x0f0e0d0c0b0a0908,
	};
	for (uint32_t id = 1; id <= items; id++)
		path_map__insert(sample, id);
}

static uint32_t found(const struct path_map *sample, uint32_t id)
{
	struct axum_path_bucket bucket = {0};

	return find_path(native_address(&sample->map), id, &bucket) ? bucket.id : 0;
}

/* The values of std's DefaultHasher, whose keys are 0, for a #[derive(Hash)] struct of a u32. */
Test(bpf_route_lookup, hashes_as_std_does)
{
	static const struct {
		uint32_t value;
		uint64_t hash;
	} cases[] = {
		{0, 0xcc2247b79ac48af0},  {1, 0x182e2c74c37b7090},	    {2, 0xe2b86b8f69ecfa91},
		{77, 0x7bc5691313772567}, {0xdeadbeef, 0x35335b9184fb8253},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		cr_expect_eq(siphash_u32(0, 0, cases[i].value), cases[i].hash, "%u",
			     cases[i].value);
}

Test(bpf_route_lookup, finds_each_route_of_a_full_map)
{
	struct path_map sample;
	const uint32_t full = (uint32_t)rust_map_capacity(PATH_MAP_BUCKETS - 1);

	make(&sample, full);
	for (uint32_t id = 1; id <= full; id++)
		cr_expect_eq(found(&sample, id), id, "%u", id);
	cr_expect_eq(found(&sample, full + 1), 0);
}

Test(bpf_route_lookup, finds_nothing_in_other_memory)
{
	struct path_map sample;

	make(&sample, 5);
	sample.map.bucket_mask = 12;
	cr_expect_eq(found(&sample, 1), 0, "the number of buckets is a power of two");
	make(&sample, 5);
	sample.map.growth_left = PATH_MAP_BUCKETS;
	cr_expect_eq(found(&sample, 1), 0, "more items than the map can hold");
	make(&sample, 0);
	cr_expect_eq(found(&sample, 1), 0, "an empty map");
	make(&sample, 5);
	native_fault_from = native_address(&sample);
	cr_expect_eq(found(&sample, 1), 0, "unmapped memory");
	native_fault_from = 0;
	sample.map.key0++;
	cr_expect_eq(found(&sample, 1) + found(&sample, 2) + found(&sample, 3), 0, "other keys");
}
