// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "probe/ending.h"

#include <string.h>

#include "core/histogram.h"
#include "http/record.h"

static void observe(struct histogram_counts *histogram, uint64_t value_ns, const __u64 *bounds_ns)
{
	histogram->sum_ns += value_ns;
	histogram->buckets[histogram_bucket(bounds_ns, HISTOGRAM_BOUNDS, value_ns)]++;
}

/* The clock of the end was read after the event, but on another CPU. */
static uint64_t elapsed(uint64_t start_ns, uint64_t end_ns)
{
	return end_ns > start_ns ? end_ns - start_ns : 0;
}

size_t ending__thread(struct ending *ending, const struct thread *thread,
		      const struct poll_frame *ret_polls[FRAME_LIMIT])
{
	const struct written_frame *written = &thread->written;
	size_t count = 0;

	if (!ending->poll_epoch_ns || thread->poll_epoch_ns != ending->poll_epoch_ns)
		return 0;
	if (written->output && written->first_byte)
		ending->counters.checks[CHECK_FRAME_UNCHECKED]++;
	else if (written->output)
		ending->counters.drops[DROP_FRAME_STRANGE]++;
	for (uint32_t depth = 1; depth <= thread->depth && depth < FRAME_LIMIT; depth++) {
		const struct poll_frame *poll = &thread->frames[depth];

		if (!(poll->flags & FRAME_CANCELLED) && poll->kind.index < KIND_LIMIT)
			ret_polls[count++] = poll;
	}
	return count;
}

static void add_slow_poll(struct span_state *span, const struct poll_frame *poll,
			  uint64_t duration_ns)
{
	uint64_t index = span->slow_count++;

	if (index < SLOW_POLL_LIMIT)
		span->slow[index] = (struct slow_poll){poll->start_ns, duration_ns};
}

void ending__poll(struct ending *ending, const struct poll_frame *poll, struct task *task,
		  struct span_state *span)
{
	struct task_totals *totals = &ending->tasks[poll->kind.index];
	uint64_t duration_ns = elapsed(poll->start_ns, ending->end_ns);

	observe(&totals->polls, duration_ns, ending->settings->poll_bounds_ns);
	if (task)
		task->busy_ns += duration_ns;
	if (duration_ns <= ending->settings->slow_poll_ns)
		return;
	totals->slow_polls++;
	if (span && ending->settings->emit_spans)
		add_slow_poll(span, poll, duration_ns);
}

/* The times within a span that ends with the target. */
static void end_span_times(const struct ending *ending, struct span_state *span,
			   const struct task *task)
{
	if (!task || span->busy_ns == TIMES_UNKNOWN || !ending->poll_epoch_ns ||
	    span->start_ns < ending->poll_epoch_ns) {
		span->busy_ns = span->runq_ns = TIMES_UNKNOWN;
		return;
	}
	span->busy_ns = task->busy_ns - span->busy_ns;
	span->runq_ns = ending->settings->wakes_are_observed ? task->runq_ns - span->runq_ns
							     : TIMES_UNKNOWN;
}

/* Whether the span is exported; counts its end. */
static bool is_exported(struct ending *ending, const struct span_state *span, uint64_t end_ns)
{
	if (!ending->settings->emit_spans || !(span->context.flags & TRACE_CONTEXT_SAMPLED))
		return false;
	ending->counters.events[EVENT_SPANS_ENDED]++;
	if (elapsed(span->start_ns, end_ns) > ending->settings->span_age_limit_ns) {
		ending->counters.drops[DROP_SPAN_TOO_OLD]++;
		return false;
	}
	return true;
}

/* The status of a response whose written text is gone or was never to be compared; aborted if the target
 * ended before it sent the response. */
static uint16_t take_status(struct ending *ending, const struct http_connection *connection)
{
	uint16_t status = status_from_memory(connection);

	if (ending->end_ns && connection->delivery == DELIVERY_PENDING)
		status = HTTP_STATUS_ABORTED;
	if (status == HTTP_STATUS_UNKNOWN)
		ending->counters.drops[DROP_STATUS_UNKNOWN]++;
	else if (status != HTTP_STATUS_ABORTED && connection->is_compared)
		ending->counters.checks[CHECK_STATUS_UNCHECKED]++;
	else if (status != HTTP_STATUS_ABORTED)
		ending->counters.checks[CHECK_STATUS_TRUSTED]++;
	return status;
}

static uint64_t end_of_request(const struct ending *ending,
			       const struct http_connection *connection)
{
	return ending->end_ns > connection->start_ns ? ending->end_ns : connection->start_ns;
}

bool ending__request(struct ending *ending, struct http_connection *connection,
		     const struct task *task, struct http_key *ret_key, uint64_t *ret_end_ns)
{
	if (connection->end_ns) {
		connection->status = take_status(ending, connection);
		*ret_key = http_key_of(connection, connection->status);
		*ret_end_ns = connection->status == HTTP_STATUS_ABORTED && ending->end_ns
				      ? end_of_request(ending, connection)
				      : connection->end_ns;
		return true;
	}
	if (!connection->start_ns || !ending->end_ns)
		return false;
	if (ending->settings->emit_spans)
		end_span_times(ending, &connection->span, task);
	ending->counters.requests_ended++;
	connection->status = HTTP_STATUS_ABORTED;
	*ret_key = http_key_of(connection, connection->status);
	*ret_end_ns = end_of_request(ending, connection);
	return true;
}

int ending__send_request(struct ending *ending, const struct http_connection *connection,
			 uint64_t end_ns, const struct trace_state *state)
{
	struct record_http_request record = {0};
	uint32_t size = state ? sizeof(record) : RECORD_HTTP_REQUEST_BYTES;

	if (!is_exported(ending, &connection->span, end_ns))
		return 0;
	http_fill_record(&record, size, connection, connection->status, end_ns);
	if (state) {
		record.trace_state_length = (uint32_t)state->length;
		memcpy(record.trace_state, state->text, sizeof(record.trace_state));
	}
	return ending->sink(ending->context, &record, size);
}

static int send_session(struct ending *ending, const struct task *task,
			const struct task_session *session, uint64_t end_ns)
{
	struct record_session record = {
		.header.kind = RECORD_SESSION,
		.header.version = WIRE_VERSION,
		.header.size = sizeof(record),
		.span = session->span,
		.end_ns = end_ns,
		.sent = session->sent,
		.received = session->received,
		.role = session->role,
		.end = session->end,
	};

	if (!is_exported(ending, &session->span, end_ns))
		return 0;
	end_span_times(ending, &record.span, task);
	return ending->sink(ending->context, &record, sizeof(record));
}

static void count_session(struct ending *ending, const struct task *task,
			  const struct task_session *session, enum session_end end)
{
	struct session_totals *totals = &ending->sessions[task->kind.role];

	/* A websocket that was never opened is no session. */
	if (!(task->flags & (TASK_SESSION | TASK_PREEXISTING)))
		return;
	totals->ended++;
	if (end == SESSION_FAILED || end == SESSION_PANICKED)
		totals->failed++;
	else if (end == SESSION_TIMED_OUT)
		totals->timed_out++;
	if (session && session->span.start_ns)
		observe(&totals->durations, elapsed(session->span.start_ns, ending->end_ns),
			ending->settings->session_bounds_ns);
}

/* The last message that the target received: see end_message() in bpf/scotty/session.bpf.c. */
static void end_message(struct ending *ending, struct task_session *session)
{
	if (!(session->message_flags & MESSAGE_PENDING))
		return;
	if (!(session->message_flags & MESSAGE_WHOLE)) {
		ending->counters.checks[CHECK_MESSAGE_UNCONFIRMED]++;
		return;
	}
	session->received++;
	ending->counters.events[EVENT_MESSAGES_RECEIVED]++;
}

int ending__session(struct ending *ending, const struct task *task, struct task_session *session)
{
	uint64_t end_ns = ending->end_ns;

	if (!session) {
		count_session(ending, task, NULL, SESSION_CANCELLED);
		return 0;
	}
	if (session->end == SESSION_ENDED)
		session->end = SESSION_CANCELLED;
	end_message(ending, session);
	if (session->request == REQUEST_LOG_STREAM)
		ending->counters.events[EVENT_LOG_STREAM_REFUSED]++;
	if (end_ns < session->span.start_ns)
		end_ns = session->span.start_ns;
	count_session(ending, task, session, (enum session_end)session->end);
	return send_session(ending, task, session, end_ns);
}
