/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PROBE_ENDING_H
#define SCOTTYSCOPE_PROBE_ENDING_H

/* What is open when no program observes its end: polls, requests and sessions of a target that was
 * killed, and responses that wait for their finalization when recording ends. The rules are those of
 * the programs (bpf/http/finalize.bpf.c, bpf/scotty/session.bpf.c, bpf/tokio/poll.bpf.h), without
 * the target's memory. No function reads a map: target_end.c does. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire.h"

/* Takes one record of the ring buffer's format. A negative return ends the walk. */
typedef int (*probe_record_sink)(void *context, const void *record, size_t size);

struct ending {
	const struct settings *settings;
	uint64_t end_ns;	/* monotonic: the end of the target; 0: it still runs */
	uint64_t poll_epoch_ns; /* as in the programs; 0: polls were not tracked at the end */
	probe_record_sink sink;
	void *context;
	/* To be added to the maps' counts. */
	struct counters counters;
	struct session_totals sessions[ROLE_COUNT];
	struct task_totals tasks[KIND_LIMIT];
};

/* Ends the tracked polls of a thread and the check of a written frame. Returns the number of polls;
 * `ret_polls` (capacity FRAME_LIMIT) gets those that count, from the outermost on. */
size_t ending__thread(struct ending *ending, const struct thread *thread,
		      const struct poll_frame *ret_polls[FRAME_LIMIT]);

/* Adds a poll to its task and, if the poll was slow, to the span that it was a part of. Both may be
 * NULL. */
void ending__poll(struct ending *ending, const struct poll_frame *poll, struct task *task,
		  struct span_state *span);

/* Ends the connection's request: a response that waits for its finalization counts with the status
 * in memory; else, at the end of the target, the request was aborted. Returns whether there was a
 * request to end; sets the connection's status, the label set of the request and its end. `task`: the
 * connection's, or NULL. */
bool ending__request(struct ending *ending, struct http_connection *connection,
		     const struct task *task, struct http_key *ret_key, uint64_t *ret_end_ns);

/* Sends the record of a request that ending__request() ended. `state` is NULL for none. Returns what
 * the sink returns. */
int ending__send_request(struct ending *ending, const struct http_connection *connection,
			 uint64_t end_ns, const struct trace_state *state);

/* Ends the session that `task` is: cancelled, if its outcome is not known from its messages. Counts
 * the session and sends its record. `session` is NULL if it did not fit into its map. Returns what
 * the sink returns; 0 without a record. */
int ending__session(struct ending *ending, const struct task *task, struct task_session *session);

#endif
