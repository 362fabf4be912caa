/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_EXPORT_CLIENT_H
#define SCOTTYSCOPE_EXPORT_CLIENT_H

/* One OTLP service of a collector: unary Export calls, one at a time. There are two of this, of which
 * the Makefile takes one: client.c makes the calls over gRPC's C core; remote.c has them made by a
 * program of its own, scottyscope-otlp, which is where client.c then is. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "export/export.h"
#include "export/response.h"

struct export_client;

struct export_result {
	int status; /* gRPC's code */
	struct export_retry_info retry_info;
	uint64_t rejected_items; /* of a request that succeeded */
	char message[256];	 /* the server's or the library's, printable; empty for success */
};

/* For the library as a whole: once before the first client, once after the last. The end waits for
 * the library's threads. */
void export_library_init(void);
void export_library_shutdown(void);

/* A client for `signal`, whose target in `config` is set. Connects when first used. -EINVAL for
 * headers that HTTP/2 cannot carry; what reading the certificate gave. */
int export_client__new(const struct config_otlp *config, enum export_signal signal,
		       struct export_client **ret_client, struct error *error);
void export_client__free(struct export_client *client);

/* Sends one packed request of `items` points or spans and waits for the answer, up to the
 * configured time-out. With `wait_for_ready`, that includes waiting for a connection; without, a
 * collector that cannot be reached fails the call at once, with the reason. */
void export_client__call(struct export_client *client, const uint8_t *request, size_t size,
			 uint64_t items, bool wait_for_ready, struct export_result *ret_result);

/* From another thread: ends the call under way, if there is one, with CANCELLED. */
void export_client__interrupt(struct export_client *client);

/* The same, for all later calls as well. */
void export_client__cancel(struct export_client *client);

static inline void export_client__freep(struct export_client **client)
{
	export_client__free(*client);
}

#endif
