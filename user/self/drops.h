/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_SELF_DROPS_H
#define SCOTTYSCOPE_SELF_DROPS_H

/* X(name, description, expression over `snapshot`, a struct snapshot pointer, and `counters`, a struct
 * self_counters pointer): the causes of dropped data in user space. DROP_LIST in wire.h has the causes
 * in the kernel. */
#define USER_DROP_LIST(X)                                                                      \
	X("malformed_record",                                                                  \
	  "records of the ring buffer: malformed, not decoded; please report this",            \
	  snapshot->pipeline.malformed_records)                                                \
	X("span_batch_full",                                                                   \
	  "spans: the process that exports did not take them, because it had ended or was "    \
	  "too slow",                                                                          \
	  snapshot->pipeline.spans_dropped)                                                    \
	X("span_unfinished", "spans: still open when the observation ended",                   \
	  snapshot->pipeline.spans_unfinished)                                                 \
	X("metrics_not_taken",                                                                 \
	  "the last snapshot: the process that exports had ended and did not take it",         \
	  counters->snapshots_not_taken)                                                       \
	X("metrics_not_collected",                                                             \
	  "snapshots for the collector: not taken or not encoded, for the reason in the log; " \
	  "the next one has the values",                                                       \
	  counters->exports_failed)                                                            \
	X("metrics_queue_full",                                                                \
	  "requests with metrics: the export queue was full; the next export has the values, " \
	  "but for the memory peak",                                                           \
	  counters->exporter.metric_requests_dropped_queue_full)                               \
	X("metrics_superseded",                                                                \
	  "requests with metrics: a newer snapshot replaced an unsent one, because the "       \
	  "collector is slow or not there; the newer values include the older ones, but for "  \
	  "the memory peak of the older interval",                                             \
	  counters->exporter.metric_requests_dropped_superseded)                               \
	X("metrics_expired",                                                                   \
	  "requests with metrics: the collector did not answer in time; check the collector",  \
	  counters->exporter.metric_requests_dropped_expired)                                  \
	X("metrics_refused",                                                                   \
	  "requests with metrics: the collector refused the request; its log has the reason",  \
	  counters->exporter.metric_requests_dropped_refused)                                  \
	X("points_rejected",                                                                   \
	  "metric points: the collector took the request without them; its log has the "       \
	  "reason",                                                                            \
	  counters->exporter.points_rejected)                                                  \
	X("spans_queue_full",                                                                  \
	  "spans: the export queue was full; lower --max-span-rate, or raise "                 \
	  "OTEL_BSP_MAX_QUEUE_SIZE",                                                           \
	  counters->exporter.spans_dropped_queue_full)                                         \
	X("spans_expired", "spans: the collector did not answer in time; check the collector", \
	  counters->exporter.spans_dropped_expired)                                            \
	X("spans_refused", "spans: the collector refused the request; its log has the reason", \
	  counters->exporter.spans_dropped_refused)                                            \
	X("spans_rejected",                                                                    \
	  "spans: the collector took the request without them; its log has the reason",        \
	  counters->exporter.spans_rejected)

#endif
