/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_METRIC_DESCRIPTIONS_TOOL_H
#define SCOTTYSCOPE_METRIC_DESCRIPTIONS_TOOL_H

/* The metrics of the tool itself, in the columns of metric/descriptions.h, which includes this
 * file. */

#define METRIC_LIST_TOOL(X)                                                                        \
	X(PROBE_HITS, "scottyscope.probe.hits", SAME, "{hit}", METRIC_COUNTER, "hook",             \
	  "Probe hits, by hook.")                                                                  \
	X(LOST, "scottyscope.lost", SAME, "{event}", METRIC_COUNTER, "cause",                      \
	  "Events lost, by cause.")                                                                \
	X(CHECKS, "scottyscope.checks", SAME, "{event}", METRIC_COUNTER, "check",                  \
	  "Results of the checks of assumptions about the server, by result.")                     \
	X(PROBE_SITES, "scottyscope.probe.sites", SAME, "{site}", METRIC_GAUGE, UNLABELED,         \
	  "Probe sites attached.")                                                                 \
	X(PROBE_ATTACH_DURATION, "scottyscope.probe.attach.duration", SAME, "s", METRIC_GAUGE,     \
	  UNLABELED, "Time to attach all probes.")                                                 \
	X(PROBE_CPU_TIME, "scottyscope.probe.cpu.time", SAME, "s", METRIC_COUNTER, UNLABELED,      \
	  "CPU time that probes took from the server. An estimate from hits and measured times; "  \
	  "paired runs gave 0.6 to 1.4 times the value. Absent until it is measured.")             \
	X(PROBE_OVERHEAD, "scottyscope.probe.overhead", SAME, "1", METRIC_GAUGE, UNLABELED,        \
	  "Recent CPU time of the probes, as a fraction of the CPU time available to the "         \
	  "server. An estimate, as the CPU time of the probes. Absent until it is measured.")      \
	X(POLLS_WATCHED, "scottyscope.polls.watched", SAME, "1", METRIC_GAUGE, UNLABELED,          \
	  "Fraction of the time in which the poll probes are attached. Below 1, the metrics of "   \
	  "polls are estimates.")                                                                  \
	X(RING_RECORDS, "scottyscope.ring.records", SAME, "{record}", METRIC_COUNTER, UNLABELED,   \
	  "Records read from the ring buffer.")                                                    \
	X(SPANS_MADE, "scottyscope.spans.made", SAME, "{span}", METRIC_COUNTER, UNLABELED,         \
	  "Spans assembled.")                                                                      \
	X(SPANS_OPEN, "scottyscope.spans.open", SAME, "{span}", METRIC_GAUGE, UNLABELED,           \
	  "Sampled spans that have not ended.")                                                    \
	X(SPANS_LEFT_OUT, "scottyscope.spans.left_out", SAME, "{span}", METRIC_COUNTER, UNLABELED, \
	  "Spans sampled out by --max-span-rate.")                                                 \
	X(TRACES_KEPT, "scottyscope.traces.kept", SAME, "1", METRIC_GAUGE, UNLABELED,              \
	  "Fraction of the sampled traces that --max-span-rate keeps.")                            \
	X(COLLECTIONS, "scottyscope.collections", SAME, "{collection}", METRIC_COUNTER, UNLABELED, \
	  "Collections of metrics.")                                                               \
	X(FRONT_RESTARTS, "scottyscope.front.restarts", SAME, "{restart}", METRIC_COUNTER,         \
	  UNLABELED, "Restarts of the unprivileged process.")                                      \
	X(EXPORT_REQUESTS, "scottyscope.export.requests", SAME, "{request}", METRIC_COUNTER,       \
	  UNLABELED, "OTLP requests that the collector accepted.")                                 \
	X(EXPORT_RETRIES, "scottyscope.export.retries", SAME, "{request}", METRIC_COUNTER,         \
	  UNLABELED, "OTLP requests sent again after a failed attempt.")                           \
	X(EXPORT_ITEMS, "scottyscope.export.items", SAME, "{item}", METRIC_COUNTER, "kind",        \
	  "Metric points and spans that the collector accepted.")                                  \
	X(EXPORT_QUEUE, "scottyscope.export.queue", SAME, "By", METRIC_GAUGE, UNLABELED,           \
	  "Size of the requests in the export queue.")                                             \
	X(SCRAPES, "scottyscope.scrapes", SAME, "{scrape}", METRIC_COUNTER, "outcome",             \
	  "Requests for /metrics, by outcome.")                                                    \
	X(PROCESS_CPU_TIME, "scottyscope.process.cpu.time", SAME, "s", METRIC_COUNTER, UNLABELED,  \
	  "CPU time of the privileged process.")                                                   \
	X(PROCESS_MEMORY_RSS_MAX, "scottyscope.process.memory.rss.max", SAME, "By", METRIC_GAUGE,  \
	  UNLABELED, "Highest resident memory of the privileged process.")

#endif
