/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_EXPORT_SENDER_H
#define SCOTTYSCOPE_EXPORT_SENDER_H

/* The queue of one signal and a thread that sends its requests one after the other, by the retry
 * rules of the OTLP specification. The thread's calls go through a transport. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "export/signal.h"
#include "export/transport.h"

struct export_sender;

/* Cumulative, but for `queue_bytes`. Items are points or spans. */
struct export_counts {
	uint64_t requests_sent;
	uint64_t requests_retried;
	uint64_t items_sent;
	uint64_t items_rejected;
	uint64_t requests_queue_full, items_queue_full;
	uint64_t requests_expired, items_expired;
	uint64_t requests_superseded, items_superseded;
	uint64_t requests_refused, items_refused;
	uint64_t queue_bytes; /* in the queue and in the current call */
};

/* Starts a sender to the target of `signal` in `config`, which has one and outlives the sender. The
 * caller owns `*ret_sender`. Errors: those of the transport's new_client(); no memory or thread. */
int export_sender__new(const struct config_otlp *config, enum export_signal signal,
		       const struct export_transport *transport, struct export_sender **ret_sender,
		       struct error *error);

/* Queues a copy of a packed request of `items`. Drops the oldest requests if the queue is full. */
void export_sender__queue(struct export_sender *sender, const uint8_t *request, size_t size,
			  uint64_t items);

/* Drops all requests that are not delivered yet, as superseded. */
void export_sender__supersede(struct export_sender *sender);

/* Announces that the queue gets no more requests. From now on the sender does not wait for a
 * collector that has not answered before: the next attempt, made at once, decides. */
void export_sender__begin_drain(struct export_sender *sender);

/* Waits until the queue is empty or until the monotonic time `deadline_ns`; then drops the rest as
 * expired and ends the thread. */
void export_sender__drain(struct export_sender *sender, uint64_t deadline_ns);

void export_sender__counts(struct export_sender *sender, struct export_counts *ret_counts);

/* Returns whether the last attempt failed, and stores target and reason, one line. */
bool export_sender__problem(struct export_sender *sender, char *reason, size_t reason_size);

/* Cancels the current call, ends the thread and frees the sender. */
void export_sender__free(struct export_sender *sender);

static inline void export_sender__freep(struct export_sender **sender)
{
	export_sender__free(*sender);
}

#endif
