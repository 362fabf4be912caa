// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "http/finalize.bpf.h"

#include "http/delivery.bpf.h"
#include "http/head.bpf.h"
#include "http/record.h"

/* The status in the response line that was written to the connection's output; 0 if the text is
 * gone. */
static __always_inline __u16 written_status(const struct http_connection *connection,
					    const struct hyper_cursor *output)
{
	__u8 line[12];

	if (bpf_probe_read_user(line, sizeof(line),
				(void *)(output->bytes.address + connection->output_length)))
		return 0;
	return status_of_line(line);
}

static __always_inline void count_comparison(bool agrees)
{
	count_check(agrees ? CHECK_STATUS_AGREES : CHECK_STATUS_DIFFERS);
	if (!agrees)
		status_agreements = AGREEMENTS_NEVER;
	else if (status_agreements < AGREEMENTS_TO_TRUST)
		add(&status_agreements, 1);
}

/* The status in memory, as it is the only source. `is_certain`: whether the socket took bytes of the
 * response. */
static __always_inline __u16 unwritten_status(const struct http_connection *connection,
					      bool is_certain)
{
	__u16 status = status_from_memory(connection);

	if (status == HTTP_STATUS_ABORTED)
		return status;
	if (status == HTTP_STATUS_UNKNOWN)
		count_drop(DROP_STATUS_UNKNOWN);
	else
		count_check(is_certain && memory_agrees() ? CHECK_STATUS_TRUSTED
							  : CHECK_STATUS_UNCHECKED);
	return status;
}

/* The status of a response that was sent. */
static __always_inline __u16 sent_status(const struct http_connection *connection,
					 const struct hyper_cursor *output)
{
	__u16 written = 0;

	if (connection->is_compared)
		written = written_status(connection, output);
	if (!written)
		return unwritten_status(connection, true);
	/* A status that could not be read is not compared. */
	if (connection->status)
		count_comparison(written == connection->status);
	return written;
}

static __always_inline void count_request(const struct http_connection *connection, __u16 status,
					  __u64 end_ns)
{
	struct http_key key = http_key_of(connection, status);
	struct histogram_counts *series = get_or_init(&http_series, &key, &new_histogram);

	if (!series) {
		struct http_key overflow = {};

		overflow.route = ROUTE_OVERFLOW;
		count_drop(DROP_SERIES_FULL);
		series = bpf_map_lookup_elem(&http_series, &overflow);
	}
	if (series)
		observe(series, end_ns - connection->start_ns, settings.http_bounds_ns);
}

/* Sends the span of a request with a tracestate. Returns false if the tracestate is gone. */
static __always_inline bool send_with_trace_state(const struct http_connection *connection,
						  __u64 header, __u16 status, __u64 end_ns)
{
	struct trace_state *state = bpf_map_lookup_elem(&trace_states, &header);
	struct record_http_request *record;

	if (!state)
		return false;
	record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);
	if (!record) {
		count_drop(DROP_RING_FULL);
		return true;
	}
	http_fill_record(record, sizeof(*record), connection, status, end_ns);
	record->trace_state_length = (__u32)state->length;
	__builtin_memcpy(record->trace_state, state->text, sizeof(record->trace_state));
	bpf_ringbuf_submit(record, submit_flags());
	return true;
}

/* Sends the span of a request. A function of its own: at its return the verifier's states are equal. */
static __noinline void send_request(const struct http_connection *connection, __u64 header,
				    __u16 status, __u64 end_ns)
{
	struct record_http_request *record;

	if (!is_exported(&connection->span, end_ns))
		return;
	if (connection->has_trace_state &&
	    send_with_trace_state(connection, header, status, end_ns))
		return;
	record = bpf_ringbuf_reserve(&records, RECORD_HTTP_REQUEST_BYTES, 0);
	if (!record) {
		count_drop(DROP_RING_FULL);
		return;
	}
	http_fill_record(record, RECORD_HTTP_REQUEST_BYTES, connection, status, end_ns);
	bpf_ringbuf_submit(record, submit_flags());
}

__hidden bool http_finish_request(struct http_connection *connection, __u64 header, __u16 status,
				  __u64 end_ns)
{
	count_request(connection, status, end_ns);
	if (settings.emit_spans)
		send_request(connection, header, status, end_ns);
	if (connection->has_trace_state)
		bpf_map_delete_elem(&trace_states, &header);
	connection->has_trace_state = 0;
	if (connection->is_deferred)
		count_event(EVENT_DEFERRED_FINISHED);
	connection->is_deferred = 0;
	/* A response that waited for its finalization was counted before. */
	if (!connection->end_ns)
		ADD_TO_COUNTER(requests_ended, 1);
	connection->seen_ns = 0;
	connection->start_ns = 0;
	connection->end_ns = 0;
	connection->route = ROUTE_UNMATCHED;
	connection->delivery = DELIVERY_UNKNOWN;
	if (!connection->previous)
		return true;
	http_release(connection, header);
	return false;
}

__hidden bool http_finalize(struct http_connection *connection, __u64 header, bool may_wait)
{
	struct hyper_cursor output = {};
	__u8 delivery = look_at_output(connection, &output);
	bool is_pending;
	__u16 status;

	if (connection->delivery != DELIVERY_REFUSED)
		connection->delivery = delivery;
	is_pending = connection->delivery == DELIVERY_PENDING;
	if (may_wait && is_pending) {
		if (!connection->is_deferred)
			count_event(EVENT_RESPONSES_DEFERRED);
		connection->is_deferred = 1;
		return false;
	}
	status = is_pending || connection->delivery == DELIVERY_SENT
			 ? sent_status(connection, &output)
			 : unwritten_status(connection, false);
	if (http_finish_request(connection, header, status, connection->end_ns) && is_pending)
		connection->delivery = DELIVERY_ASSUMED;
	return true;
}

__hidden void http_finalize_gone(struct http_connection *connection, __u64 header, __u64 now_ns)
{
	/* hyper sends a response, or ends the connection with an error, which is observed unless the
	 * task drives several connections. */
	bool is_certain = settings.failures_are_observed &&
			  connection->delivery < DELIVERY_PENDING && !connection->next &&
			  !connection->previous;
	__u16 status = unwritten_status(connection, is_certain);

	http_finish_request(connection, header, status,
			    status == HTTP_STATUS_ABORTED ? now_ns : connection->end_ns);
}
