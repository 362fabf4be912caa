/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_HTTP_CALLER_BPF_H
#define SCOTTYSCOPE_HTTP_CALLER_BPF_H

/* The trace context of a request's caller, from the headers of the request. */

#include "core/counters.bpf.h"
#include "core/scratch.bpf.h"
#include "http/maps.bpf.h"
#include "http/trace_state.bpf.h"

/* Maximum number of traceparent and tracestate headers of a head. */
#define TRACE_HEADER_LIMIT 64

/* Appends the tracestate line at `value` to the list of the request's span; returns whether the list
 * exists. A global function, which the verifier checks once. Before kernel 5.12 such functions take
 * numbers only. */
__weak __noinline int store_trace_state(__u64 key, __u64 value, __u64 end)
{
	struct trace_state *state = get_or_init(&trace_states, &key, &new_trace_state);

	if (!state || !append_trace_state(value, end, state))
		count_drop(DROP_TRACE_HEADERS);
	return state != NULL;
}

/* What is known of a head's trace headers: these bits, and above them the position of the first
 * traceparent's value. */
#define HAS_TRACE_STATE	   1
#define HAS_TRACE_PARENT   2
#define HAS_TRACE_PARENTS  4 /* several: invalid (W3C Trace Context 3.2) */
#define TRACE_PARENT_SHIFT 3

/* Adds the header `found` of the head at `data` to `known` and returns the sum; stores tracestate.
 * A global function without which the verifier would follow each sequence of headers. */
__weak __noinline int add_trace_header(__u64 key, __u64 data, __u64 length, int found, int known)
{
	__u64 line = TRACE_FOUND_LINE(found);

	if (TRACE_FOUND_HEADER(found) == TRACE_HEADER_STATE)
		return known |
		       (store_trace_state(key, data + line + sizeof("tracestate"), data + length)
				? HAS_TRACE_STATE
				: 0);
	if (known & HAS_TRACE_PARENT)
		return known | HAS_TRACE_PARENTS;
	line += sizeof("traceparent");
	return known | HAS_TRACE_PARENT | (int)line << TRACE_PARENT_SHIFT;
}

/* Finds the trace headers in the head at `data`, and stores tracestate. */
__weak __noinline int read_trace_headers(__u64 key, __u64 data, __u64 length)
{
	int found = TRACE_LINE_FAR, known = 0;
	__u64 from = 0;

	for (__u32 i = 0; i < TRACE_HEADER_LIMIT; i++) {
		found = next_trace_header(data, length, from);
		if (found < 0)
			break;
		from = TRACE_FOUND_LINE(found) + 1;
		known = add_trace_header(key, data, length, found, known);
	}
	/* The search ended before the end of the head. */
	if (found != TRACE_LINE_NONE)
		count_drop(DROP_TRACE_HEADERS);
	return known;
}

/* Reads the trace context of the caller from the headers in the head at `data`. */
static __always_inline void read_caller(struct http_connection *connection, __u64 key, __u64 data,
					__u64 length, struct trace_context *caller)
{
	int known = read_trace_headers(key, data, length);
	struct trace_parent parent = {};
	int result;

	connection->has_trace_state = known & HAS_TRACE_STATE;
	if (!(known & HAS_TRACE_PARENT) || known & HAS_TRACE_PARENTS)
		return;
	result = read_trace_parent(data + ((__u64)known >> TRACE_PARENT_SHIFT), data + length,
				   &parent);
	if (result == TRACE_PARENT_UNREAD)
		count_drop(DROP_TRACE_HEADERS);
	if (result != TRACE_PARENT_VALID)
		return;
	__builtin_memcpy(caller->trace_id, parent.trace_id, sizeof(caller->trace_id));
	__builtin_memcpy(caller->span_id, parent.span_id, sizeof(caller->span_id));
	caller->flags = TRACE_CONTEXT_PRESENT | TRACE_CONTEXT_REMOTE |
			(parent.sampled ? TRACE_CONTEXT_SAMPLED : 0);
}

#endif
