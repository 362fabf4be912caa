/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_FRONT_ROUTES_H
#define SCOTTYSCOPE_FRONT_ROUTES_H

#include <pthread.h>

#include "front/collection.h"
#include "front/readers.h"
#include "web/route.h"

/* The context of the handlers. Zeroed but for `collection` and the initialised lock. */
struct front_context {
	struct collection *collection;
	pthread_mutex_t lock; /* of `readers` */
	struct readers readers;
};

/* The pages of the front. Their handlers take a `struct front_context`. */
extern const struct web_routes front_routes;

#endif
