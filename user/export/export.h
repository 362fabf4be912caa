/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_EXPORT_EXPORT_H
#define SCOTTYSCOPE_EXPORT_EXPORT_H

/* In the front: a bounded queue of OTLP requests for each signal, and the gRPC client that empties
 * it. What fails for a reason that may pass is tried again with growing, random delays, until it is
 * five minutes old. Metrics are cumulative, so that only the newest collection is worth sending: it
 * supersedes what is left of the one before. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "config/config.h"
#include "export/statistics.h"

enum export_signal {
	EXPORT_METRICS,
	EXPORT_SPANS,
};

struct exporter;

/* Opens the program that sends for the exporter, where it takes one, before the front is started
 * and may not look for it any more. `*ret_fd` is 0 where it takes none. -ENOENT: it takes one that
 * is not there, and the error says where it is looked for. */
int export_program_open(int *ret_fd, struct error *error);

/* Starts the client; never blocks on the collector, which may come later. A signal whose target is
 * NULL is not sent: what is queued for it is ignored. -EINVAL for headers that cannot be sent, and
 * what reading the certificate gave. */
int exporter__new(const struct config_otlp *config, struct exporter **ret_exporter,
		  struct error *error);

/* Queues a copy of one packed request with `items` points or spans. What does not fit is dropped,
 * oldest first, and counted. */
void exporter__queue(struct exporter *exporter, enum export_signal signal, const uint8_t *request,
		     size_t size, uint64_t items);

/* Says that the metric requests queued from now on are of a newer collection: older ones that have
 * not been sent are dropped and counted as superseded. */
void exporter__new_collection(struct exporter *exporter);

/* Sends what is queued, until `deadline_ns` from now or until a collector that has not been there
 * before is not there once more; then gives up the rest, which counts as expired. Nothing is sent
 * any more afterwards. */
void exporter__flush(struct exporter *exporter, uint64_t deadline_ns);

/* Stores the counters since exporter__new(). */
void exporter__statistics(struct exporter *exporter, struct export_statistics *ret_statistics);

/* Why `signal` does not get through at present: true and one line, with the target, in `reason`. */
bool exporter__problem(struct exporter *exporter, enum export_signal signal, char *reason,
		       size_t reason_size);

void exporter__free(struct exporter *exporter);

static inline void exporter__freep(struct exporter **exporter)
{
	exporter__free(*exporter);
}

#endif
