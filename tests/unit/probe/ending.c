// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "probe/ending.h"

#include <criterion/criterion.h>
#include <string.h>

#include "ring/ring.h"

#define EPOCH_NS 1000
#define START_NS 2000
#define END_NS	 10000

static struct settings settings;
static struct ending ending;
static struct ring_record records[4];
static size_t record_count;

/* Decodes as the reader of the ring buffer does. */
static int keep_record(void *context, const void *record, size_t size)
{
	(void)context;
	return ring_decode(record, size, &records[record_count++]);
}

static void set_up(void)
{
	settings = (struct settings){
		.emit_spans = true,
		.wakes_are_observed = true,
		.slow_poll_ns = 1000,
		.span_age_limit_ns = 100000,
	};
	for (size_t i = 0; i < HISTOGRAM_BOUNDS; i++)
		settings.poll_bounds_ns[i] = settings.http_bounds_ns[i] =
			settings.session_bounds_ns[i] = (i + 1) * 1000;
	ending = (struct ending){
		.settings = &settings,
		.end_ns = END_NS,
		.poll_epoch_ns = EPOCH_NS,
		.sink = keep_record,
	};
	record_count = 0;
}

TestSuite(probe_ending, .init = set_up);

static struct span_state sampled_span(void)
{
	return (struct span_state){
		.context = {.trace_id = {1},
			    .span_id = {2},
			    .flags = TRACE_CONTEXT_PRESENT | TRACE_CONTEXT_SAMPLED},
		.start_ns = START_NS,
		.busy_ns = 100,
		.runq_ns = 10,
	};
}

static struct http_connection open_request(void)
{
	return (struct http_connection){
		.start_ns = START_NS,
		.route = 7,
		.method = METHOD_GET,
		.output = 1,
		.span = sampled_span(),
		.url_path = "/a",
		.url_path_length = 2,
	};
}

Test(probe_ending, an_open_request_is_aborted)
{
	const struct task task = {.busy_ns = 400, .runq_ns = 30};
	struct http_connection connection = open_request();
	struct http_key key;
	uint64_t end_ns;

	cr_assert(ending__request(&ending, &connection, &task, &key, &end_ns));
	cr_assert_eq(key.status, HTTP_STATUS_ABORTED);
	cr_assert_eq(key.route, 7u);
	cr_assert_eq(end_ns, END_NS);
	cr_assert_eq(ending.counters.requests_ended, 1u);
	cr_assert_eq(ending__send_request(&ending, &connection, end_ns, NULL), 0);
	cr_assert_eq(record_count, 1u);
	cr_assert_eq(records[0].kind, RECORD_HTTP_REQUEST);
	cr_assert_eq(records[0].http_request.status, HTTP_STATUS_ABORTED);
	cr_assert_str_eq(records[0].http_request.url_path, "/a");
	cr_assert_eq(records[0].span.end_ns, END_NS);
	cr_assert_eq(records[0].span.busy_ns, 300u);
	cr_assert_eq(records[0].span.runq_ns, 20u);
	cr_assert_eq(ending.counters.events[EVENT_SPANS_ENDED], 1u);
}

/* The tool ends, the target goes on: its requests are still active. */
Test(probe_ending, an_open_request_of_a_running_target_stays_open)
{
	struct http_connection connection = open_request();
	struct http_key key;
	uint64_t end_ns;

	ending.end_ns = 0;
	cr_assert_not(ending__request(&ending, &connection, NULL, &key, &end_ns));
	cr_assert_eq(ending.counters.requests_ended, 0u);
}

Test(probe_ending, a_pending_response_keeps_its_status_and_its_end)
{
	struct http_connection connection = open_request();
	struct http_key key;
	uint64_t end_ns;

	connection.end_ns = 5000;
	connection.status = 201;
	connection.is_compared = true;
	for (int runs = 0; runs < 2; runs++) {
		ending.end_ns = runs ? 0 : END_NS;
		cr_assert(ending__request(&ending, &connection, NULL, &key, &end_ns));
		cr_assert_eq(key.status, 201);
		cr_assert_eq(end_ns, 5000u);
	}
	/* The programs counted its end when the head was written. */
	cr_assert_eq(ending.counters.requests_ended, 0u);
	cr_assert_eq(ending.counters.checks[CHECK_STATUS_UNCHECKED], 2u);
	connection.is_compared = false;
	ending__request(&ending, &connection, NULL, &key, &end_ns);
	cr_assert_eq(ending.counters.checks[CHECK_STATUS_TRUSTED], 1u);
	connection.status = 9;
	ending__request(&ending, &connection, NULL, &key, &end_ns);
	cr_assert_eq(key.status, HTTP_STATUS_UNKNOWN);
	cr_assert_eq(ending.counters.drops[DROP_STATUS_UNKNOWN], 1u);
}

/* The target was killed while the socket took no byte of the response. */
Test(probe_ending, a_response_that_was_not_sent_is_aborted_with_its_target)
{
	struct http_connection connection = open_request();
	struct http_key key;
	uint64_t end_ns;

	connection.end_ns = 5000;
	connection.status = 200;
	connection.delivery = DELIVERY_PENDING;
	struct http_connection running = connection;

	cr_assert(ending__request(&ending, &connection, NULL, &key, &end_ns));
	cr_assert_eq(key.status, HTTP_STATUS_ABORTED);
	cr_assert_eq(end_ns, END_NS);
	ending.end_ns = 0;
	cr_assert(ending__request(&ending, &running, NULL, &key, &end_ns));
	cr_assert_eq(key.status, 200);
	cr_assert_eq(end_ns, 5000u);
}

/* The label set of templates without room has no status; the span has. */
Test(probe_ending, a_response_keeps_its_status_in_the_overflow_label_set)
{
	struct http_connection connection = open_request();
	struct http_key key;
	uint64_t end_ns;

	connection.end_ns = 5000;
	connection.status = 404;
	connection.route = ROUTE_OVERFLOW;
	cr_assert(ending__request(&ending, &connection, NULL, &key, &end_ns));
	cr_assert_eq(key.status, 0);
	cr_assert_eq(ending__send_request(&ending, &connection, end_ns, NULL), 0);
	cr_assert_eq(records[0].http_request.status, 404);
}

Test(probe_ending, an_idle_connection_has_no_request)
{
	struct http_connection connection = {0};
	struct http_key key;
	uint64_t end_ns;

	cr_assert_not(ending__request(&ending, &connection, NULL, &key, &end_ns));
}

Test(probe_ending, the_tracestate_goes_with_the_span)
{
	const struct trace_state state = {.length = 3, .text = "a=b"};
	struct http_connection connection = open_request();
	struct http_key key;
	uint64_t end_ns;

	ending__request(&ending, &connection, NULL, &key, &end_ns);
	cr_assert_eq(ending__send_request(&ending, &connection, end_ns, &state), 0);
	cr_assert_str_eq(records[0].http_request.trace_state, "a=b");
	/* Without its task the times of a span are unknown. */
	cr_assert_eq(records[0].span.busy_ns, TIMES_UNKNOWN);
}

Test(probe_ending, the_sampling_decision_holds)
{
	const struct task task = {.kind.role = ROLE_SHELL, .flags = TASK_SESSION};
	struct http_connection connection = open_request();
	struct task_session session = {.span = sampled_span(), .role = ROLE_SHELL};
	struct http_key key;
	uint64_t end_ns;

	connection.span.context.flags = session.span.context.flags = TRACE_CONTEXT_PRESENT;
	ending__request(&ending, &connection, NULL, &key, &end_ns);
	cr_assert_eq(ending__send_request(&ending, &connection, end_ns, NULL), 0);
	cr_assert_eq(ending__session(&ending, &task, &session), 0);
	cr_assert_eq(record_count, 0u);
	cr_assert_eq(ending.counters.events[EVENT_SPANS_ENDED], 0u);
	cr_assert_eq(ending.sessions[ROLE_SHELL].ended, 1u);
}

Test(probe_ending, a_session_is_cancelled)
{
	const struct task task = {.kind.role = ROLE_SHELL, .flags = TASK_SESSION};
	struct task_session session = {.span = sampled_span(), .role = ROLE_SHELL};

	cr_assert_eq(ending__session(&ending, &task, &session), 0);
	cr_assert_eq(record_count, 1u);
	cr_assert_eq(records[0].session.end, SESSION_CANCELLED);
	cr_assert_eq(records[0].span.end_ns - records[0].span.start_ns, END_NS - START_NS);
	cr_assert_eq(ending.sessions[ROLE_SHELL].ended, 1u);
	cr_assert_eq(ending.sessions[ROLE_SHELL].failed, 0u);
	cr_assert_eq(ending.sessions[ROLE_SHELL].durations.sum_ns, END_NS - START_NS);
	cr_assert_eq(ending.sessions[ROLE_SHELL].durations.buckets[7], 1u);
}

/* The client was told before the target ended. */
Test(probe_ending, a_known_outcome_stays)
{
	const struct task task = {.kind.role = ROLE_SHELL, .flags = TASK_SESSION};
	struct task_session session = {.role = ROLE_SHELL, .end = SESSION_FAILED};

	ending__session(&ending, &task, &session);
	session = (struct task_session){.role = ROLE_SHELL, .end = SESSION_TIMED_OUT};
	ending__session(&ending, &task, &session);
	cr_assert_eq(ending.sessions[ROLE_SHELL].failed, 1u);
	cr_assert_eq(ending.sessions[ROLE_SHELL].timed_out, 1u);
	/* A session from before the attachment has no duration. */
	cr_assert_eq(ending.sessions[ROLE_SHELL].durations.sum_ns, 0u);
}

Test(probe_ending, a_websocket_that_never_opened_is_no_session)
{
	const struct task unopened = {.kind.role = ROLE_WEBSOCKET};
	const struct task old = {.kind.role = ROLE_WEBSOCKET, .flags = TASK_PREEXISTING};

	ending__session(&ending, &unopened, NULL);
	cr_assert_eq(ending.sessions[ROLE_WEBSOCKET].ended, 0u);
	ending__session(&ending, &old, NULL);
	cr_assert_eq(ending.sessions[ROLE_WEBSOCKET].ended, 1u);
}

Test(probe_ending, the_last_message_counts_if_it_was_whole)
{
	const struct task task = {.kind.role = ROLE_WEBSOCKET, .flags = TASK_SESSION};
	struct task_session session = {
		.span = sampled_span(),
		.role = ROLE_WEBSOCKET,
		.received = 4,
		.request = REQUEST_LOG_STREAM,
		.message_flags = MESSAGE_PENDING | MESSAGE_WHOLE,
	};

	ending__session(&ending, &task, &session);
	cr_assert_eq(records[0].session.messages_received, 5u);
	cr_assert_eq(ending.counters.events[EVENT_MESSAGES_RECEIVED], 1u);
	cr_assert_eq(ending.counters.events[EVENT_LOG_STREAM_REFUSED], 1u);
	session.message_flags = MESSAGE_PENDING;
	ending__session(&ending, &task, &session);
	cr_assert_eq(ending.counters.events[EVENT_MESSAGES_RECEIVED], 1u);
	cr_assert_eq(ending.counters.checks[CHECK_MESSAGE_UNCONFIRMED], 1u);
}

Test(probe_ending, a_poll_in_progress_ends)
{
	const struct thread thread = {
		.poll_epoch_ns = EPOCH_NS,
		.depth = 2,
		.frames = {[1] = {.header = 1, .start_ns = START_NS},
			   [2] = {.header = 2, .flags = FRAME_CANCELLED},
			   [3] = {.header = 3}},
	};
	const struct poll_frame *polls[FRAME_LIMIT];
	struct span_state span = sampled_span();
	struct task task = {.busy_ns = 5};

	cr_assert_eq(ending__thread(&ending, &thread, polls), 1u);
	cr_assert_eq(polls[0]->header, 1u);
	ending__poll(&ending, polls[0], &task, &span);
	cr_assert_eq(task.busy_ns, 5 + END_NS - START_NS);
	cr_assert_eq(ending.tasks[0].polls.sum_ns, END_NS - START_NS);
	cr_assert_eq(ending.tasks[0].slow_polls, 1u);
	cr_assert_eq(span.slow_count, 1u);
	cr_assert_eq(span.slow[0].duration_ns, END_NS - START_NS);
}

/* Frames of an earlier epoch belong to polls that ended unobserved. */
Test(probe_ending, stale_frames_are_no_polls)
{
	struct thread thread = {.poll_epoch_ns = EPOCH_NS - 1, .depth = 1};
	const struct poll_frame *polls[FRAME_LIMIT];

	cr_assert_eq(ending__thread(&ending, &thread, polls), 0u);
	ending.poll_epoch_ns = thread.poll_epoch_ns = 0;
	cr_assert_eq(ending__thread(&ending, &thread, polls), 0u);
}

Test(probe_ending, a_written_frame_stays_unchecked)
{
	struct thread thread = {.poll_epoch_ns = EPOCH_NS, .written = {.output = 1}};
	const struct poll_frame *polls[FRAME_LIMIT];

	ending__thread(&ending, &thread, polls);
	cr_assert_eq(ending.counters.drops[DROP_FRAME_STRANGE], 1u);
	thread.written.first_byte = 0x81;
	ending__thread(&ending, &thread, polls);
	cr_assert_eq(ending.counters.checks[CHECK_FRAME_UNCHECKED], 1u);
}

Test(probe_ending, a_span_over_the_age_limit_is_dropped)
{
	const struct task task = {.kind.role = ROLE_SHELL, .flags = TASK_SESSION};
	struct task_session session = {.span = sampled_span(), .role = ROLE_SHELL};

	settings.span_age_limit_ns = 10;
	ending__session(&ending, &task, &session);
	cr_assert_eq(record_count, 0u);
	cr_assert_eq(ending.counters.drops[DROP_SPAN_TOO_OLD], 1u);
	cr_assert_eq(ending.counters.events[EVENT_SPANS_ENDED], 1u);
}
