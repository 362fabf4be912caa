/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_LAYOUT_SCOTTY_H
#define SCOTTYSCOPE_LAYOUT_SCOTTY_H

/* Layouts of Scotty 0.2.9 to 0.3.3. Both sides compile this file. */

#include "layout/rust.h"

/* scotty_core's AppData. The compiler sorts fields by decreasing alignment and keeps the
 * declared order among equals, so the fields up to the settings have had the same offsets in
 * every version. The offset of the status depends on the type of the settings; user space reads
 * it from the code. */
struct app_data {
	struct rust_vec name;
	struct rust_vec root_directory;
	struct rust_vec compose_path;
	struct rust_vec services;
	__u64 settings; /* first word: the capacity of a Vec; RUST_CAPACITY_NICHE for None */
};

/* axum's Message as queued for a websocket client: the variant, then the Bytes of the text. */
#define MESSAGE_TEXT 0

struct queued_message {
	__u64 tag;
	struct rust_bytes text;
};

#endif
