/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_APP_DATA_BPF_H
#define SCOTTYSCOPE_APP_DATA_BPF_H

/* Reads Scotty's AppData and checks that the values are plausible. Of a name only a hash is stored.
 * Unit tests compile this file natively. */

#include "core/address.bpf.h"
#include "layout/scotty.h"
#include "scotty/types.h"

#define APP_PATH_BYTES	   4096
#define APP_SERVICES_LIMIT 65536

/* Names are hashed in chunks. */
#define NAME_CHUNK_BYTES 32
#define NAME_CHUNKS	 8
#define NAME_BYTES	 (NAME_CHUNK_BYTES * NAME_CHUNKS)

/* Whether a String can hold a text of 1 to `limit` bytes. */
static __always_inline bool is_text(const struct rust_vec *text, __u64 limit)
{
	return text->length > 0 && text->length <= limit && text->capacity >= text->length &&
	       text->capacity <= 2 * limit && is_user_address(text->address);
}

/* Scotty copies the paths from string slices: the capacity equals the length. */
static __always_inline bool is_path(const struct rust_vec *path)
{
	return is_text(path, APP_PATH_BYTES) && path->capacity == path->length;
}

static __always_inline bool is_plausible_app(const struct app_data *app)
{
	return is_text(&app->name, NAME_BYTES) && is_path(&app->root_directory) &&
	       is_path(&app->compose_path) &&
	       app->compose_path.length > app->root_directory.length &&
	       app->services.length <= app->services.capacity &&
	       app->services.capacity < APP_SERVICES_LIMIT &&
	       (!app->services.capacity || is_user_address(app->services.address));
}

/* Hash of an application's name, never 0; 0 if the text cannot be read. */
static __always_inline __u64 hash_name(const struct rust_vec *name)
{
	__u64 hash = 0x9e3779b97f4a7c15ULL ^ name->length;
	__u64 words[NAME_CHUNK_BYTES / 8];

	for (__u32 i = 0; i < NAME_CHUNKS; i++) {
		__u64 done = (__u64)i * NAME_CHUNK_BYTES, rest = name->length - done;

		if (done >= name->length)
			break;
		if (rest > NAME_CHUNK_BYTES)
			rest = NAME_CHUNK_BYTES;
		__builtin_memset(words, 0, sizeof(words));
		if (bpf_probe_read_user(words, (__u32)rest, (void *)(name->address + done)))
			return 0;
		for (__u32 j = 0; j < NAME_CHUNK_BYTES / 8; j++) {
			hash = (hash ^ words[j]) * 0xff51afd7ed558ccdULL;
			hash ^= hash >> 32;
		}
	}
	return hash ? hash : 1;
}

/* Reads the AppData at `address`, whose status is at `status_offset`; with 0 the status is unknown.
 * Returns the hash of its name; 0 if the data is malformed. */
static __always_inline __u64 read_app(__u64 address, __u32 status_offset, struct app_data *app,
				      __u8 *status)
{
	*status = APP_STATUS_UNKNOWN;
	if (bpf_probe_read_user(app, sizeof(*app), (void *)address) || !is_plausible_app(app))
		return 0;
	if (status_offset) {
		if (bpf_probe_read_user(status, sizeof(*status),
					(void *)(address + status_offset)) ||
		    *status >= APP_STATUS_COUNT)
			return 0;
	}
	return hash_name(&app->name);
}

#endif
