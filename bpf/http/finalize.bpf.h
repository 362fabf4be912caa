/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_HTTP_SETTLE_BPF_H
#define SCOTTYSCOPE_HTTP_SETTLE_BPF_H

/* The end of a request: its status is settled, it is counted in its label set, and its span is
 * sent. A response is settled not where its head is written but at the next hook of its
 * connection's task, when the written text can be read besides the status in memory. */

#include "core/span.bpf.h"

#include "http/head.bpf.h"

/* Rust's Vec<u8>, as laid out by the compilers seen; what is read through it is checked. */
struct rust_vector {
	__u64 capacity;
	__u64 data;
	__u64 length;
};

static __always_inline bool status_is_plausible(__u16 status)
{
	return status >= 100 && status <= 999;
}

/* The status from the response line that was written to the connection's output, 0 when the text is
 * not there any more. */
static __always_inline __u16 written_status(const struct http_connection *connection)
{
	struct rust_vector vector;
	__u8 line[12];

	if (bpf_probe_read_user(&vector, sizeof(vector), (void *)connection->output))
		return 0;
	if (bpf_probe_read_user(line, sizeof(line),
				(void *)(vector.data + connection->output_length)))
		return 0;
	return status_of_line(line);
}

/* Where the status lies in memory is fixed in the server's code, so that after many comparisons in a
 * row that found it right, one in 64 is enough; the first that does not ends that for good. */
static __always_inline bool memory_is_trusted(__u64 now_ns)
{
	__u64 agreements = status_agreements;

	/* The clock's middle bits are as good as dice. */
	return agreements >= AGREEMENTS_TO_TRUST && agreements < AGREEMENTS_NEVER &&
	       (now_ns >> 8 & 63);
}

static __always_inline void note_agreement(bool agrees)
{
	if (!agrees)
		status_agreements = AGREEMENTS_NEVER;
	else if (status_agreements < AGREEMENTS_TO_TRUST)
		add(&status_agreements, 1);
}

/* The status to count. `output_is_live` is false where the connection has ended and its memory may
 * be another's. */
static __always_inline __u16 settled_status(const struct http_connection *connection,
					    bool output_is_live)
{
	__u16 written;

	if (connection->output == OUTPUT_NOT_COMPARED) {
		check(CHECK_STATUS_TRUSTED);
		return connection->status;
	}
	written = output_is_live ? written_status(connection) : 0;
	if (written) {
		bool agrees = written == connection->status;

		note_agreement(agrees);
		check(agrees ? CHECK_STATUS_AGREES : CHECK_STATUS_DIFFERS);
		return written;
	}
	if (status_is_plausible(connection->status)) {
		check(CHECK_STATUS_UNCHECKED);
		return connection->status;
	}
	lose(LOSS_STATUS_UNKNOWN);
	return HTTP_STATUS_UNKNOWN;
}

static __always_inline void count_request(const struct http_connection *connection, __u16 status,
					  __u64 end_ns)
{
	struct http_key key = {.route = connection->route, .status = status};
	struct histogram_counts *series;
	__u32 zero = 0;
	void *fresh;

	key.method = connection->method;
	series = bpf_map_lookup_elem(&http_series, &key);
	if (!series) {
		fresh = bpf_map_lookup_elem(&new_histogram, &zero);
		if (fresh)
			bpf_map_update_elem(&http_series, &key, fresh, BPF_NOEXIST);
		series = bpf_map_lookup_elem(&http_series, &key);
	}
	if (!series) {
		struct http_key overflow = {};

		overflow.route = ROUTE_OVERFLOW;
		lose(LOSS_SERIES_FULL);
		series = bpf_map_lookup_elem(&http_series, &overflow);
	}
	if (series)
		observe(series, end_ns - connection->start_ns, http_bounds_ns);
}

/* Fills all of a record but its tracestate. The record's size is `size`. */
static __always_inline void fill_request(struct record_http_request *record, __u32 size,
					 const struct http_connection *connection, __u16 status,
					 __u64 end_ns)
{
	record->header.kind = RECORD_HTTP_REQUEST;
	record->header.version = WIRE_VERSION;
	record->header.size = size;
	record->span = connection->span;
	record->end_ns = end_ns;
	record->route = connection->route;
	record->peer = connection->peer;
	record->status = status;
	record->url_path_length = connection->url_path_length;
	record->method = connection->method;
	record->reserved[0] = record->reserved[1] = record->reserved[2] = 0;
	record->trace_state_length = 0;
	__builtin_memcpy(record->url_path, connection->url_path, sizeof(record->url_path));
}

/* A request that brought a tracestate; false where that is not known any more. */
static __always_inline bool send_with_trace_state(const struct http_connection *connection,
						  __u64 header, __u16 status, __u64 end_ns)
{
	struct trace_state *state = bpf_map_lookup_elem(&trace_states, &header);
	struct record_http_request *record;

	if (!state)
		return false;
	record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);
	if (!record) {
		lose(LOSS_RING_FULL);
		return true;
	}
	fill_request(record, sizeof(*record), connection, status, end_ns);
	record->trace_state_length = (__u32)state->length;
	__builtin_memcpy(record->trace_state, state->text, sizeof(record->trace_state));
	bpf_ringbuf_submit(record, wake_up_flags());
	return true;
}

static __always_inline void send_request(const struct http_connection *connection, __u64 header,
					 __u16 status, __u64 end_ns)
{
	struct record_http_request *record;

	if (!ends_exported(&connection->span, end_ns))
		return;
	if (connection->has_trace_state &&
	    send_with_trace_state(connection, header, status, end_ns))
		return;
	record = bpf_ringbuf_reserve(&records, RECORD_HTTP_REQUEST_BYTES, 0);
	if (!record) {
		lose(LOSS_RING_FULL);
		return;
	}
	fill_request(record, RECORD_HTTP_REQUEST_BYTES, connection, status, end_ns);
	bpf_ringbuf_submit(record, wake_up_flags());
}

static __always_inline void finish_request(struct http_connection *connection, __u64 header,
					   __u16 status, __u64 end_ns)
{
	count_request(connection, status, end_ns);
	send_request(connection, header, status, end_ns);
	if (connection->has_trace_state)
		bpf_map_delete_elem(&trace_states, &header);
	connection->has_trace_state = 0;
	/* One that waited was answered before. */
	if (!connection->end_ns)
		COUNT(requests_ended, 1);
	connection->seen_ns = 0;
	connection->start_ns = 0;
	connection->end_ns = 0;
	connection->route = ROUTE_UNMATCHED;
}

/* Where the request's time went, as far as its task had it: `in_poll_ns` is the part of the poll in
 * progress. */
static __always_inline void end_request_times(struct http_connection *connection, __u64 header,
					      __u64 in_poll_ns)
{
	end_span_times(&connection->span, bpf_map_lookup_elem(&tasks, &header), in_poll_ns);
}

/* Where the end of the poll will not be seen, the status in memory has to do: it is compared while polls
 * are watched. Only a request of which the route may still come waits for its task's next hook, and any
 * request where memory is not to be trusted. */
static __always_inline bool finish_unseen(struct http_connection *connection, __u64 header,
					  __u64 now_ns)
{
	__u16 status = connection->status;

	if (!status_is_plausible(status) || status_agreements >= AGREEMENTS_NEVER)
		return false;
	if (connection->route == ROUTE_UNMATCHED && status != 404 && status != 405)
		return false;
	if (emit_spans)
		end_span_times(&connection->span, NULL, 0);
	check(CHECK_STATUS_TRUSTED);
	finish_request(connection, header, status, now_ns);
	return true;
}

/* Settles the response that waits on a connection, if one does. */
static __noinline int http_settle(struct http_connection *connection, __u64 header,
				  bool output_is_live)
{
	if (!connection || !connection->end_ns)
		return 0;
	finish_request(connection, header, settled_status(connection, output_is_live),
		       connection->end_ns);
	return 0;
}

/* At the end of a poll in which a response head was written. */
static __always_inline void http_settle_poll(__u64 header)
{
	struct http_connection *connection = bpf_map_lookup_elem(&http_connections, &header);

	if (connection)
		http_settle(connection, header, true);
}

/* At the end of a connection's task: a request without a response was aborted, by its client or by
 * a panic of its handler. */
static __always_inline void http_end_connection(__u64 header, __u64 now_ns)
{
	struct http_connection *connection = bpf_map_lookup_elem(&http_connections, &header);

	if (!connection)
		return;
	if (connection->end_ns)
		http_settle(connection, header, false);
	else if (connection->start_ns) {
		if (emit_spans)
			end_request_times(connection, header, 0);
		finish_request(connection, header, HTTP_STATUS_ABORTED, now_ns);
	}
	bpf_map_delete_elem(&http_connections, &header);
}

#endif
