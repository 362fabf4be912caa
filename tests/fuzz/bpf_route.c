// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* Texts of route templates, axum's map of routes, and data of applications. The input: the size of a page and
 * a choice, then what that choice says. */

#include "fuzz.h"
#include "kernel.h"
#include "pages.h"

#include "http/route_path.bpf.h"
#include "scotty/app_data.bpf.h"

#define PATH_MAP_BUCKETS 16
#include "bpf/path_map.h"

static struct counters native_counters;

static void *native_lookup(const void *map)
{
	return map == &counters ? &native_counters : NULL;
}

/* The hash of a text without chunks: of each word up to the bound, the last chunk padded with zero bytes. */
static uint64_t plain_hash(const char *text, size_t size)
{
	size_t hashed = size < ROUTE_HASH_BYTES ? (size + 63) / 64 * 64 : ROUTE_HASH_BYTES;
	uint64_t hash = 0x9e3779b97f4a7c15ULL;

	for (size_t at = 0; at <= hashed; at += 8) {
		uint64_t word = at == hashed ? size : 0;

		for (size_t i = 0; at < hashed && i < 8 && at + i < size; i++)
			word |= (uint64_t)(uint8_t)text[at + i] << 8 * i;
		hash = (hash ^ word) * 0xff51afd7ed558ccdULL;
		hash ^= hash >> 32;
	}
	return hash == ROUTE_UNMATCHED || hash >= ROUTE_UNKNOWN ? 1 : hash;
}

/* An Arc<str> at the start of the pages. */
static struct rust_arc_str path_of(const struct pages *pages)
{
	return (struct rust_arc_str){pages->address, pages->size - RUST_ARC_COUNTS_BYTES};
}

static void check_text(const struct pages *pages, bool faults)
{
	static const char tail[] = "/{*__private__axum_nest_tail_param}";
	struct rust_arc_str path = path_of(pages);
	const char *text = pages->memory + RUST_ARC_COUNTS_BYTES;
	uint64_t hash = fuzz_answer(hash_path(&path)), wanted = plain_hash(text, path.length);
	bool is_nest = path.length >= strlen(tail) &&
		       memcmp(text + path.length - strlen(tail), tail, strlen(tail)) == 0;
	struct route_text route = {0};

	fuzz_check(hash == wanted || (faults && hash == 0), "another hash");
	fuzz_check(is_nest_path(&path) == is_nest || faults, "is_nest_path");
	if (read_path_text(&path, &route))
		fuzz_check(route.length == path.length &&
				   memcmp(route.text, text,
					  path.length < ROUTE_TEXT_BYTES ? path.length
									 : ROUTE_TEXT_BYTES) == 0,
			   "another text");
	else
		fuzz_check(faults, "no text");
}

/* Joins a prefix of the text, which is known, with the rest, which is read. */
static void check_joined(const struct pages *pages, struct fuzz_input prefix, bool faults)
{
	struct rust_arc_str path = path_of(pages);
	size_t size = prefix.size + path.length;
	struct route_text outer = {.length = prefix.size};
	struct route_buffer buffer = {0};
	char *whole = malloc(size + 1);
	uint64_t hash;

	memcpy(outer.text, prefix.bytes, prefix.size);
	memcpy(whole, prefix.bytes, prefix.size);
	memcpy(whole + prefix.size, pages->memory + RUST_ARC_COUNTS_BYTES, path.length);
	hash = join_routes(&outer, 1, prefix.size, &path, &buffer);
	fuzz_check(hash == plain_hash(whole, size) || (faults && hash == 0), "another joined hash");
	if (hash)
		fuzz_check(buffer.route.length == size &&
				   memcmp(buffer.route.text, whole,
					  size < ROUTE_TEXT_BYTES ? size : ROUTE_TEXT_BYTES) == 0,
			   "another joined text");
	free(whole);
}

static void fuzz_text_of_route(struct fuzz_input input, size_t page_bytes)
{
	struct fuzz_input prefix = fuzz_part(&input, fuzz_byte(&input) % ROUTE_TEXT_BYTES);
	char *bytes = calloc(1, RUST_ARC_COUNTS_BYTES + input.size);
	struct pages pages;

	if (input.size > 0)
		memcpy(bytes + RUST_ARC_COUNTS_BYTES, input.bytes, input.size);
	pages = pages_make(bytes, RUST_ARC_COUNTS_BYTES + input.size, page_bytes);
	do {
		check_text(&pages, pages.next > 0);
		check_joined(&pages, prefix, pages.next > 0);
	} while (pages_fault_next(&pages));
	pages_free(&pages);
	free(bytes);
}

static bool lookup(const struct pages *pages, uint32_t id)
{
	struct axum_path_bucket bucket = {0};
	bool found = find_path(pages->address, id, &bucket);

	fuzz_check(!found || bucket.id == id, "the bucket of another route");
	return found;
}

static bool has_id(const uint32_t *ids, uint32_t count, uint32_t id)
{
	for (uint32_t i = 0; i < count; i++) {
		if (ids[i] == id)
			return true;
	}
	return false;
}

static void fuzz_map(struct fuzz_input input, size_t page_bytes)
{
	struct path_map sample = {.map = {.bucket_mask = PATH_MAP_BUCKETS - 1}};
	uint32_t ids[14], count = 0, absent = (uint32_t)fuzz_number(&input, 4);
	struct pages pages;

	memset(sample.control, RUST_MAP_EMPTY, sizeof(sample.control));
	sample.map.growth_left = rust_map_capacity(PATH_MAP_BUCKETS - 1);
	sample.map.key0 = fuzz_number(&input, 8);
	sample.map.key1 = fuzz_number(&input, 8);
	while (input.size >= 4 && sample.map.growth_left > 0) {
		uint32_t id = (uint32_t)fuzz_number(&input, 4);

		if (id != absent && !has_id(ids, count, id))
			path_map__insert(&sample, ids[count++] = id);
	}
	pages = pages_make(&sample, sizeof(sample), page_bytes);
	((struct path_map *)(void *)pages.memory)->map.control =
		pages.address + offsetof(struct path_map, control);
	fuzz_check(!lookup(&pages, absent), "a route that is not in the map");
	for (uint32_t i = 0; i < count; i++)
		fuzz_check(fuzz_answer(lookup(&pages, ids[i])) == 1, "no route %u of %u", i, count);
	while (pages_fault_next(&pages))
		fuzz_check(!lookup(&pages, absent), "a route that is not in the map");
	pages_free(&pages);
}

#define EXTENSIONS 8

/* The extensions of a request: boxed values, and a path among the values. */
struct extensions {
	uint64_t address;
	struct rust_map map;
	struct http_extension_bucket buckets[EXTENSIONS];
	uint8_t control[EXTENSIONS];
	struct rust_arc_str boxes[EXTENSIONS];
	char text[RUST_ARC_COUNTS_BYTES + 16];
};

static void fuzz_extensions(struct fuzz_input input, size_t page_bytes)
{
	struct extensions sample = {.map = {.bucket_mask = EXTENSIONS - 1}};
	struct pages pages = pages_make(&sample, sizeof(sample), page_bytes);
	struct extensions *memory = (struct extensions *)(void *)pages.memory;
	uint8_t place = fuzz_byte(&input) % (EXTENSIONS + 1), used = fuzz_byte(&input);
	struct rust_arc_str path = {native_address(memory->text), fuzz_byte(&input) % 17};
	uint64_t hash;

	memory->address = native_address(&memory->map);
	memory->map.control = native_address(memory->control);
	memcpy(memory->text + RUST_ARC_COUNTS_BYTES, "/a/{template}/{x}", path.length);
	for (size_t i = 0; i < EXTENSIONS; i++) {
		memory->control[i] = used >> i & 1 || i == place ? 0x11 : RUST_MAP_EMPTY;
		memory->buckets[EXTENSIONS - 1 - i].value = native_address(&memory->boxes[i]);
		memory->boxes[i] = i == place ? path : (struct rust_arc_str){path.allocation, 99};
	}
	hash = hash_path(&path);
	do {
		int holds = extensions_hold_path(pages.address, hash, path.length);

		fuzz_check(holds == (place < EXTENSIONS) ||
				   (pages.next > 0 && holds == EXTENSIONS_UNREAD),
			   "extensions_hold_path: %d", holds);
	} while (pages_fault_next(&pages));
	pages_free(&pages);
}

/* Any words as a map, and as data of an application, with addresses in the memory and outside. */
static void fuzz_words(struct fuzz_input input, size_t page_bytes)
{
	uint32_t id = (uint32_t)fuzz_number(&input, 4), status_offset = fuzz_byte(&input);
	struct pages pages = pages_make(input.bytes, input.size, page_bytes);

	/* Addresses that the input chooses are relative to the memory. */
	for (size_t i = 0; i + 8 <= pages.size; i += 8) {
		uint64_t word;

		memcpy(&word, pages.memory + i, 8);
		if (word >> 56 == 'A')
			word = pages.address + (word & 0xffff);
		memcpy(pages.memory + i, &word, 8);
	}
	do {
		struct app_data data;
		uint8_t status;
		uint64_t hash = read_app(pages.address, status_offset, &data, &status);

		lookup(&pages, id);
		fuzz_check(!hash || !status_offset || status < APP_STATUS_COUNT, "status %u",
			   status);
		fuzz_check(!hash || data.name.length <= NAME_BYTES, "a long name");
	} while (pages_fault_next(&pages));
	pages_free(&pages);
}

void fuzz_one(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	size_t page_bytes = fuzz_byte(&input) + 1U;

	switch (fuzz_byte(&input) % 4) {
	case 0:
		fuzz_text_of_route(input, page_bytes);
		break;
	case 1:
		fuzz_map(input, page_bytes);
		break;
	case 2:
		fuzz_extensions(input, page_bytes);
		break;
	default:
		fuzz_words(input, page_bytes);
	}
}
