/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_LAYOUT_AXUM_H
#define SCOTTYSCOPE_LAYOUT_AXUM_H

/* Layouts of axum 0.8 and http 1, compiled by rustc 1.85 to 1.97. Both sides compile this file. */

#include "layout/rust.h"

/* A bucket of the router's HashMap<RouteId, Arc<str>> (axum/src/routing/path_router.rs, Node). */
struct axum_path_bucket {
	__u32 id;
	__u32 padding;
	struct rust_arc_str path;
};

/* The end of the path of a nest_service() (axum/src/routing/mod.rs, NEST_TAIL_PARAM_CAPTURE). axum
 * stores such a path in a request as its private MatchedNestedPath: a prefix for the router within,
 * and no template. */
#define AXUM_NEST_TAIL_BYTES 35
#define AXUM_NEST_TAIL	     "/{*__private__axum_nest_tail_param}"

/* A bucket of a request's extensions, HashMap<TypeId, Box<dyn AnyClone>> (http/src/extensions.rs). */
struct http_extension_bucket {
	__u64 type_id[2];
	__u64 value; /* address of the boxed value */
	__u64 vtable;
};

#endif
