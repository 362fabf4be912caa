// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <string.h>

#include "native.h"

#include "base/array.h"
#include "http/route_lookup.bpf.h"

#define BUCKETS	    32
#define GROUP_BYTES (RUST_MAP_GROUP_WORDS * 8)

/* A map as hashbrown builds it: the buckets from the last to the first, then the control bytes, of
 * which the first ones are repeated behind the last. */
struct sample {
	struct rust_map map;
	struct axum_path_bucket buckets[BUCKETS];
	uint8_t control[BUCKETS + GROUP_BYTES];
};

static void set_control(struct sample *sample, uint64_t index, uint8_t tag)
{
	sample->control[index] = tag;
	if (index < GROUP_BYTES)
		sample->control[BUCKETS + index] = tag;
}

static void insert(struct sample *sample, uint32_t id)
{
	uint64_t hash = siphash_u32(sample->map.key0, sample->map.key1, id), index = hash;

	for (uint64_t stride = 0;; stride += GROUP_BYTES, index += stride) {
		for (uint64_t i = 0; i < GROUP_BYTES; i++) {
			uint64_t at = (index + i) % BUCKETS;

			if (sample->control[at] != RUST_MAP_EMPTY)
				continue;
			set_control(sample, at, (uint8_t)(hash >> 57));
			sample->buckets[BUCKETS - 1 - at].id = id;
			sample->map.items++;
			sample->map.growth_left--;
			return;
		}
	}
}

static void make(struct sample *sample, uint32_t items)
{
	memset(sample, 0, sizeof(*sample));
	memset(sample->control, RUST_MAP_EMPTY, sizeof(sample->control));
	sample->map = (struct rust_map){
		.control = native_address(sample->control),
		.bucket_mask = BUCKETS - 1,
		.growth_left = rust_map_capacity(BUCKETS - 1),
		.key0 = 0x0706050403020100,
		.key1 = 0x0f0e0d0c0b0a0908,
	};
	for (uint32_t id = 1; id <= items; id++)
		insert(sample, id);
}

static uint32_t found(const struct sample *sample, uint32_t id)
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
	struct sample sample;
	const uint32_t full = (uint32_t)rust_map_capacity(BUCKETS - 1);

	make(&sample, full);
	for (uint32_t id = 1; id <= full; id++)
		cr_expect_eq(found(&sample, id), id, "%u", id);
	cr_expect_eq(found(&sample, full + 1), 0);
}

Test(bpf_route_lookup, finds_nothing_in_other_memory)
{
	struct sample sample;

	make(&sample, 5);
	sample.map.bucket_mask = 12;
	cr_expect_eq(found(&sample, 1), 0, "the number of buckets is a power of two");
	make(&sample, 5);
	sample.map.growth_left = BUCKETS;
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
