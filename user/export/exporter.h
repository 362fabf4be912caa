/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_EXPORT_EXPORTER_H
#define SCOTTYSCOPE_EXPORT_EXPORTER_H

/* Sends OTLP requests to the collector, in the front process. Each signal has a bounded queue and a
 * thread (export/sender.h). Requests that fail for a temporary reason are sent again after growing,
 * random delays, until they are five minutes old. Metrics are cumulative: a newer snapshot
 * supersedes the requests of an older one. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "config/config.h"
#include "export/signal.h"
#include "export/statistics.h"

struct exporter;

/* Opens the program that the exporter runs, if its transport runs one; otherwise `*ret_fd` is 0.
 * Called before the front is started, which may not open the file. -ENOENT: the file does not
 * exist; the error names its path. */
int exporter__open_program(int *ret_fd, struct error *error);

/* Starts a sender for each signal that has a target in `config`. Never waits for the collector. The
 * caller owns `*ret_exporter`. -EINVAL for headers that the protocol cannot carry; errors of reading
 * the certificate or of starting the program. */
int exporter__new(const struct config_otlp *config, struct exporter **ret_exporter,
		  struct error *error);

/* Queues a copy of one packed request with `items` points or spans. A full queue drops its oldest
 * requests and counts them. A signal without a target ignores the request. */
void exporter__queue(struct exporter *exporter, enum export_signal signal, const uint8_t *request,
		     size_t size, uint64_t items);

/* Announces that the next metric requests belong to a newer snapshot: drops older requests that are
 * not delivered yet, and counts them as superseded. */
void exporter__new_snapshot(struct exporter *exporter);

/* Sends the queued requests, for up to `timeout_ns`, or until an attempt fails for a collector that
 * had failed before. Drops the rest, which counts as expired, and ends the senders. */
void exporter__flush(struct exporter *exporter, uint64_t timeout_ns);

/* Stores the counters since exporter__new(). */
void exporter__statistics(struct exporter *exporter, struct export_statistics *ret_statistics);

/* Returns whether the last attempt to send `signal` failed, and stores target and reason, one line.
 */
bool exporter__problem(struct exporter *exporter, enum export_signal signal, char *reason,
		       size_t reason_size);

void exporter__free(struct exporter *exporter);

static inline void exporter__freep(struct exporter **exporter)
{
	exporter__free(*exporter);
}

#endif
