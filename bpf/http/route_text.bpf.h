/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_HTTP_ROUTE_TEXT_BPF_H
#define SCOTTYSCOPE_HTTP_ROUTE_TEXT_BPF_H

/* Texts of route templates and their hashes, read from user memory. The hash is that of the first
 * ROUTE_HASH_BYTES and of the length; of the text the first ROUTE_TEXT_BYTES are stored. Unit tests
 * compile this file natively. */

#include "core/bound.bpf.h"
#include "core/word.bpf.h"
#include "http/types.h"
#include "layout/axum.h"

#define ROUTE_CHUNK_BYTES  64
#define ROUTE_TEXT_MASK	   (ROUTE_TEXT_BYTES - 1)
#define ROUTE_HASH_INITIAL 0x9e3779b97f4a7c15ULL

static __always_inline __u64 hash_route_word(__u64 hash, __u64 word)
{
	hash = (hash ^ word) * 0xff51afd7ed558ccdULL;
	return hash ^ hash >> 32;
}

/* Continues `hash` with a chunk, whose last bytes may be zero. Always the whole chunk: the verifier
 * would follow each possible end of a loop. */
static __always_inline __u64 hash_route_chunk(__u64 hash, const __u64 words[ROUTE_CHUNK_BYTES / 8])
{
	for (__u32 i = 0; i < ROUTE_CHUNK_BYTES / 8; i++)
		hash = hash_route_word(hash, words[i]);
	return hash;
}

/* The hash of a template of `length` bytes, from the hash of its bytes; never one of the
 * reserved values. */
static __always_inline __u64 finish_route_hash(__u64 hash, __u64 length)
{
	hash = hash_route_word(hash, length);
	return hash == ROUTE_UNMATCHED || hash >= ROUTE_UNKNOWN ? 1 : hash;
}

/* Continues `hash` with the `length` bytes at `address`. Returns 0 if they cannot be read. A global
 * function, which the verifier checks once. */
__weak __noinline __u64 hash_route_bytes(__u64 hash, __u64 address, __u64 length)
{
	for (__u32 done = 0; done < ROUTE_HASH_BYTES && done < length; done += ROUTE_CHUNK_BYTES) {
		__u64 words[ROUTE_CHUNK_BYTES / 8] = {};
		__u64 size = at_most(length - done, ROUTE_CHUNK_BYTES);

		if (bpf_probe_read_user(words, (__u32)size, (void *)(address + done)))
			return 0;
		hash = hash_route_chunk(hash, words);
	}
	return hash ? hash : 1;
}

static __always_inline __u64 address_of_path(const struct rust_arc_str *path)
{
	return path->allocation + RUST_ARC_COUNTS_BYTES;
}

/* The hash of the path; 0 if it cannot be read. */
static __always_inline __u64 hash_path(const struct rust_arc_str *path)
{
	__u64 hash = hash_route_bytes(ROUTE_HASH_INITIAL, address_of_path(path), path->length);

	return hash ? finish_route_hash(hash, path->length) : 0;
}

/* Reads the path's text into `route`, which is zeroed. Returns whether that succeeded. */
static __always_inline bool read_path_text(const struct rust_arc_str *path,
					   struct route_text *route)
{
	__u64 size = at_most(path->length, ROUTE_TEXT_BYTES);

	route->length = path->length;
	return !bpf_probe_read_user(route->text, (__u32)size, (void *)address_of_path(path));
}

/* Whether the path is the private one of a nest_service(). */
static __always_inline bool is_nest_path(const struct rust_arc_str *path)
{
	static const char tail[] = AXUM_NEST_TAIL;
	__u64 words[5] = {}, wanted[5] = {};

	if (path->length < AXUM_NEST_TAIL_BYTES)
		return false;
	__builtin_memcpy(wanted, tail, AXUM_NEST_TAIL_BYTES);
	if (bpf_probe_read_user(
		    words, AXUM_NEST_TAIL_BYTES,
		    (void *)(address_of_path(path) + path->length - AXUM_NEST_TAIL_BYTES)))
		return false;
	return words[0] == wanted[0] && words[1] == wanted[1] && words[2] == wanted[2] &&
	       words[3] == wanted[3] && words[4] == wanted[4];
}

/* A template with room behind its text: the verifier knows the largest offset and the largest size
 * of a read, and not that their sum is limited. */
struct route_buffer {
	struct route_text route;
	char behind[ROUTE_TEXT_BYTES];
};

/* Copies the first `length` bytes of the text of `from`. */
static __always_inline void copy_prefix(struct route_text *to, const struct route_text *from,
					__u64 length)
{
	__u64 *words = (__u64 *)to->text;

	for (__u32 i = 0; i < ROUTE_TEXT_BYTES / 8; i++) {
		if (i * 8 + 8 > length) {
			if (i * 8 < length)
				words[i] = ((const __u64 *)from->text)[i] &
					   ((1ULL << (length - i * 8) * 8) - 1);
			break;
		}
		words[i] = ((const __u64 *)from->text)[i];
	}
}

/* Makes the template of a route within another router: the first `prefix` bytes of `outer`, whose
 * hash is `outer_hash`, then the path. `buffer` is zeroed. Returns the hash of the template; 0 if
 * the path cannot be read. */
static __always_inline __u64 join_routes(const struct route_text *outer, __u64 outer_hash,
					 __u64 prefix, const struct rust_arc_str *path,
					 struct route_buffer *buffer)
{
	__u64 address = address_of_path(path), size = path->length, hash = outer_hash, hashed = 0;
	struct route_text *route = &buffer->route;
	const __u64 *words = (const __u64 *)route->text;

	copy_prefix(route, outer, prefix);
	route->length = prefix + path->length;
	/* Of a longer prefix the text before the cut is known, and its hash. */
	if (prefix < ROUTE_TEXT_BYTES) {
		size = at_most(size, ROUTE_TEXT_BYTES);
		if (bpf_probe_read_user(route->text + (prefix & ROUTE_TEXT_MASK), (__u32)size,
					(void *)address))
			return 0;
		hash = ROUTE_HASH_INITIAL;
		for (__u32 i = 0; i < ROUTE_TEXT_BYTES && i < route->length; i += ROUTE_CHUNK_BYTES)
			hash = hash_route_chunk(hash, words + i / 8);
		hashed = ROUTE_TEXT_BYTES - prefix;
	}
	/* As of a whole template: the first ROUTE_HASH_BYTES. */
	if (path->length > hashed)
		hash = hash_route_bytes(
			hash, address + hashed,
			at_most(path->length - hashed, ROUTE_HASH_BYTES - ROUTE_TEXT_BYTES));
	return hash ? finish_route_hash(hash, route->length) : 0;
}

#endif
