/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PROBE_TARGET_END_H
#define SCOTTYSCOPE_PROBE_TARGET_END_H

#include "probe/ending.h"
#include "probe/probe.h"

/* Counts, after probe__freeze() and after the ring buffer was drained, what no program ends any
 * more, and passes the records of the spans to `sink`. Always: responses that wait for their
 * finalization (see await_finalization() in bpf/http/response.bpf.c). If the target ended at the
 * monotonic time `end_ns` (0: it runs): also the polls, requests and sessions that were open. A
 * second call finds nothing. */
int probe__end_target(struct probe *probe, uint64_t end_ns, probe_record_sink sink, void *context,
		      struct error *error);

/* Returns the monotonic time of the target's first execve() since the attachment; 0: none. The programs do
 * not record what happens after it. */
uint64_t probe__exec_ns(const struct probe *probe);

#endif
