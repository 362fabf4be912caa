/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_HTTP_SETTLE_BPF_H
#define SCOTTYSCOPE_HTTP_SETTLE_BPF_H

/* The end of a request: its status is settled, it is counted in its label set, and its span is
 * sent. A response is settled not where its head is written but at the next hook of its
 * connection's task, when the written text can be read besides the status in memory. */

#include "common.bpf.h"
#include "http_head.bpf.h"

/* Rust's Vec<u8>, as laid out by the compilers seen; what is read through it is checked. */
struct rust_vector {
	__u64 capacity;
	__u64 data;
	__u64 length;
};

static __always_inline struct http_totals *http_total(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&http_totals, &zero);
}

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

/* The status to count. `output_is_live` is false where the connection has ended and its memory may
 * be another's. */
static __always_inline __u16 settled_status(const struct http_connection *connection,
					    bool output_is_live)
{
	__u16 written = output_is_live ? written_status(connection) : 0;

	if (written == connection->status && written) {
		check(CHECK_STATUS_AGREES);
		return written;
	}
	if (written) {
		check(CHECK_STATUS_DIFFERS);
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

static __always_inline void send_request(const struct http_connection *connection, __u64 header,
					 __u16 status, __u64 end_ns)
{
	struct record_http_request *record;

	if (!emit_spans)
		return;
	record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);
	if (!record) {
		lose(LOSS_RING_FULL);
		return;
	}
	record->header.kind = RECORD_HTTP_REQUEST;
	record->header.version = WIRE_VERSION;
	record->header.size = sizeof(*record);
	record->start_ns = connection->start_ns;
	record->end_ns = end_ns;
	record->route = connection->route;
	record->task = header;
	record->status = status;
	record->method = connection->method;
	record->reserved = 0;
	record->url_path_length = connection->url_path_length;
	record->reserved2 = 0;
	__builtin_memcpy(record->url_path, connection->url_path, sizeof(record->url_path));
	/* User space drains the ring by its own clock; it is woken only when the ring fills. */
	bpf_ringbuf_submit(record, bpf_ringbuf_query(&records, BPF_RB_AVAIL_DATA) * 2 >
						   bpf_ringbuf_query(&records, BPF_RB_RING_SIZE)
					   ? BPF_RB_FORCE_WAKEUP
					   : BPF_RB_NO_WAKEUP);
}

static __always_inline void finish_request(struct http_connection *connection, __u64 header,
					   __u16 status, __u64 end_ns)
{
	struct http_totals *total = http_total();

	count_request(connection, status, end_ns);
	send_request(connection, header, status, end_ns);
	if (total)
		add(&total->ended, 1);
	connection->seen_ns = 0;
	connection->start_ns = 0;
	connection->end_ns = 0;
	connection->route = ROUTE_UNMATCHED;
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
	else if (connection->start_ns)
		finish_request(connection, header, HTTP_STATUS_ABORTED, now_ns);
	bpf_map_delete_elem(&http_connections, &header);
}

#endif
