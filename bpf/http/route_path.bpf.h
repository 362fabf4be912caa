/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_HTTP_ROUTE_PATH_BPF_H
#define SCOTTYSCOPE_HTTP_ROUTE_PATH_BPF_H

/* The template of a path that axum's router matched: the path itself or, in a router within another
 * one's route, the path behind that of the outer route
 * (axum/src/extract/matched_path.rs, append_nested_matched_path). */

#include "core/counters.bpf.h"
#include "http/maps.bpf.h"
#include "http/route_text.bpf.h"

#define E2BIG 7

/* Buckets that are searched in a request's extensions. */
#define EXTENSION_LIMIT 32

/* Stores a template by its hash. Returns the hash; ROUTE_OVERFLOW if the map is full. */
static __always_inline __u64 store_route(__u64 hash, const struct route_text *route)
{
	long error;

	if (bpf_map_lookup_elem(&routes, &hash))
		return hash;
	error = bpf_map_update_elem(&routes, &hash, route, BPF_NOEXIST);
	if (error == -E2BIG) {
		count_drop(DROP_ROUTES_FULL);
		return ROUTE_OVERFLOW;
	}
	if (!error && route->length > ROUTE_HASH_BYTES)
		count_drop(DROP_ROUTE_LONG);
	return hash;
}

/* Reads the path of a route of an outermost router. `known` is the hash of a template that is stored.
 * Returns the hash of the path; 0 if it cannot be read or is no path, which is counted. */
static __noinline __u64 read_route(__u64 known, const struct rust_arc_str *path)
{
	struct route_text route = {};
	__u64 hash = hash_path(path);

	if (hash && hash == known)
		return hash;
	if (hash && read_path_text(path, &route) && route.text[0] == '/')
		return store_route(hash, &route);
	count_drop(DROP_ROUTE_STRANGE);
	return 0;
}

/* Results of the search in a request's extensions, besides 0 and 1. */
#define EXTENSIONS_UNREAD -1 /* not found, and a part cannot be read */

/* Whether a boxed value at `address` is an Arc<str> of this length whose text has this hash: 0, 1 or
 * EXTENSIONS_UNREAD. */
static __always_inline int holds_path(__u64 address, __u64 hash, __u64 length)
{
	struct rust_arc_str path;
	__u64 found;

	if (bpf_probe_read_user(&path, sizeof(path), (void *)address))
		return EXTENSIONS_UNREAD;
	if (path.length != length)
		return 0;
	found = hash_path(&path);
	return found ? found == hash : EXTENSIONS_UNREAD;
}

/* Whether the request's extensions hold a path with this hash and length: then the request was
 * matched before. Otherwise it is a request that the server made itself. Returns 0, 1 or
 * EXTENSIONS_UNREAD. A global function, which the verifier checks once. */
__weak __noinline int extensions_hold_path(__u64 extensions, __u64 hash, __u64 length)
{
	struct rust_map map;
	__u64 address = 0;
	int result = 0;

	if (bpf_probe_read_user(&address, sizeof(address), (void *)extensions))
		return EXTENSIONS_UNREAD;
	if (!address)
		return 0;
	if (bpf_probe_read_user(&map, RUST_MAP_WITHOUT_KEYS_BYTES, (void *)address))
		return EXTENSIONS_UNREAD;
	for (__u32 i = 0; i < EXTENSION_LIMIT && i <= map.bucket_mask; i++) {
		struct http_extension_bucket bucket;
		__u8 tag = RUST_MAP_EMPTY;
		int holds = EXTENSIONS_UNREAD;

		if (bpf_probe_read_user(&tag, sizeof(tag), (void *)(map.control + i))) {
			result = EXTENSIONS_UNREAD;
			continue;
		}
		if (tag & 0x80)
			continue;
		if (!bpf_probe_read_user(&bucket, sizeof(bucket),
					 (void *)(map.control - (__u64)(i + 1) * sizeof(bucket))))
			holds = holds_path(bucket.value, hash, length);
		if (holds > 0)
			return 1;
		result |= holds;
	}
	return result;
}

/* Reads the path of a route within the route `outer`, whose hash is `outer_hash`, behind its first
 * `prefix` bytes. Returns the hash of the whole template; 0 if the path cannot be read, which is
 * counted. */
static __noinline __u64 read_inner_route(const struct route_text *outer, __u64 outer_hash,
					 __u64 prefix, const struct rust_arc_str *path)
{
	struct route_buffer buffer = {};
	__u64 hash = join_routes(outer, outer_hash, prefix, path, &buffer);

	if (hash)
		return store_route(hash, &buffer.route);
	count_drop(DROP_ROUTE_STRANGE);
	return 0;
}

#endif
