/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_EXPORT_TRANSPORT_H
#define SCOTTYSCOPE_EXPORT_TRANSPORT_H

/* The interface between the sender (export/sender.h) and the protocols that deliver OTLP requests.
 * A transport makes clients; a client calls one OTLP service of a collector, one call at a time. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "config/config.h"
#include "export/signal.h"

/* The longest delay that a server can ask for. */
#define EXPORT_RETRY_LIMIT_NS (300 * NS_PER_S)

enum export_outcome {
	EXPORT_DELIVERED, /* the collector accepted the request, or all but the rejected items */
	EXPORT_RETRY,	  /* the request may succeed later: "retryable" in the OTLP specification */
	EXPORT_REFUSED,	  /* the request never succeeds: "not retryable" */
	EXPORT_OUTCOME_COUNT,
};

/* The causes of a failure that the sender distinguishes. */
enum export_cause {
	EXPORT_CAUSE_OTHER,
	EXPORT_CAUSE_NO_CONNECTION, /* no connection to the collector */
	EXPORT_CAUSE_TIME_OUT,	    /* the call ran into its time limit */
	EXPORT_CAUSE_COUNT,
};

/* The outcome of a call; also the payload of a MESSAGE_RESULT. */
struct export_result {
	enum export_outcome outcome;
	enum export_cause cause;
	uint64_t retry_after_ns; /* the delay the server asks for, up to EXPORT_RETRY_LIMIT_NS */
	uint64_t rejected_items; /* of a delivered request: points or spans in partial_success */
	char reason[320];	 /* of a failure: one printable line, without the target */
};

struct export_transport;

/* The part of a client that all transports have. A transport embeds it as the first member. */
struct export_client {
	const struct export_transport *transport;
};

struct export_transport {
	/* Opens the program that the transport runs; NULL when it runs none. Called before the
	 * front is started, which may not open the file. -ENOENT: the file does not exist; the
	 * error names its path. */
	int (*open_program)(int *ret_fd, struct error *error);

	/* Makes a client for the target of `signal`, which `config` has. Connects at the first
	 * call. The caller owns `*ret_client`. -EINVAL for headers that the protocol cannot carry;
	 * errors of reading the certificate. */
	int (*new_client)(const struct config_otlp *config, enum export_signal signal,
			  struct export_client **ret_client, struct error *error);

	/* Frees a client that has no call in progress. */
	void (*free_client)(struct export_client *client);

	/* Sends one packed request of `items` points or spans and waits for the response, up to the
	 * configured time-out. With `wait_for_connection` the call also waits for a connection;
	 * without, it fails at once when there is none, and says why. A cancelled call gives
	 * EXPORT_RETRY. */
	void (*call)(struct export_client *client, const uint8_t *request, size_t size,
		     uint64_t items, bool wait_for_connection, struct export_result *ret_result);

	/* From another thread: cancels the call in progress, if any, and with `and_later_calls` all
	 * calls to come. */
	void (*cancel)(struct export_client *client, bool and_later_calls);
};

/* gRPC's C core in this process. The static build does not have this transport. */
extern const struct export_transport export_transport_grpc;

/* A child process that runs scottyscope-otlp, which then uses gRPC. */
extern const struct export_transport export_transport_process;

/* Returns the preferred transport of those that are linked into this program. */
const struct export_transport *export_transport__choose(void);

#endif
