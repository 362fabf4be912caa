/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_SERVE_ROUTES_H
#define SCOTTYSCOPE_SERVE_ROUTES_H

#include "web/route.h"

/* The pages of the front. The context of their handlers is the front's `struct scrape`. */
extern const struct web_routes front_routes;

#endif
