/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_LAYOUT_HYPER_H
#define SCOTTYSCOPE_LAYOUT_HYPER_H

/* Offsets in hyper 1.8 to 1.12, compiled by rustc 1.85 to 1.97. Both sides compile this file. */

#include "layout/rust.h"

/* `Encode` starts with an Option<BodyLength>; the pointer to the head follows. The head has a
 * HeaderMap (96 bytes) and Extensions (8 bytes) before the status. */
#define ENCODE_HEAD_OFFSET 16
#define HEAD_STATUS_OFFSET 104

/* The Cursor<Vec<u8>> that hyper writes response heads to (hyper/src/proto/h1/io.rs). Its Vec is the
 * output of encode. */
struct hyper_cursor {
	struct rust_vec bytes; /* cleared once the socket took all bytes */
	__u64 position;	       /* number of the bytes that the socket took */
};

/* hyper's Error is a pointer to this (hyper/src/error.rs). An error that the headers of a response
 * cause has the kind User and no cause. */
struct hyper_error {
	__u64 cause; /* 0: none */
	__u64 cause_vtable;
	__u8 kind;
	__u8 reserved[7];
};
#define HYPER_ERROR_USER 1

#endif
