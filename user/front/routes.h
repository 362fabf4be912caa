/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_FRONT_ROUTES_H
#define SCOTTYSCOPE_FRONT_ROUTES_H

#include "web/route.h"

/* The pages of the front. Their handlers take a `struct collection` as context. */
extern const struct web_routes front_routes;

#endif
