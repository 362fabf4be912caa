/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_EXPORT_LANE_H
#define SCOTTYSCOPE_EXPORT_LANE_H

/* One signal's way to its collector: a queue, and a thread that sends what is in it, one request
 * after the other. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "export/export.h"

struct export_lane;

/* What became of a lane's requests. `items` are points or spans. */
struct export_counts {
	uint64_t requests_sent;
	uint64_t requests_retried;
	uint64_t items_sent;
	uint64_t items_rejected;
	uint64_t requests_queue_full, items_queue_full;
	uint64_t requests_expired, items_expired;
	uint64_t requests_superseded, items_superseded;
	uint64_t requests_refused, items_refused;
	uint64_t queue_bytes;
};

/* Starts a lane to the target of `signal` in `config`, which must be set and outlive the lane. */
int export_lane__new(const struct config_otlp *config, enum export_signal signal,
		     struct export_lane **ret_lane, struct error *error);

void export_lane__queue(struct export_lane *lane, const uint8_t *request, size_t size,
			uint64_t items);
void export_lane__supersede(struct export_lane *lane);

/* Says that nothing more will come. From now on the lane does not wait for a collector that was not
 * there before: one more attempt, at once, decides. */
void export_lane__begin_drain(struct export_lane *lane);

/* Waits until the lane has nothing left, or the monotonic time `deadline_ns` has come; then gives
 * up the rest and ends the thread. */
void export_lane__drain(struct export_lane *lane, uint64_t deadline_ns);

void export_lane__counts(struct export_lane *lane, struct export_counts *ret_counts);
bool export_lane__problem(struct export_lane *lane, char *reason, size_t reason_size);

/* Ends the thread, if it still runs, without sending anything more. */
void export_lane__free(struct export_lane *lane);

static inline void export_lane__freep(struct export_lane **lane)
{
	export_lane__free(*lane);
}

#endif
