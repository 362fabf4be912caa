/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_EXPORT_RESPONSE_H
#define SCOTTYSCOPE_EXPORT_RESPONSE_H

#include <stddef.h>
#include <stdint.h>

#include "export/signal.h"

/* Returns how many of `items` the partial_success of a collector's response rejects: at most
 * `items`, and 0 for a malformed response. The body is the same for gRPC and HTTP. */
uint64_t export_rejected_items(enum export_signal signal, const uint8_t *response, size_t size,
			       uint64_t items);

#endif
