// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* Responses that hyper discards. When a connection's task ends, hyper has freed the output that
 * shows whether the response was sent. These hooks read the output before: where axum drops the
 * error that ended the connection, and where a panic starts. Successful requests pass neither. */

#include "core/admit.bpf.h"
#include "core/registers.bpf.h"
#include "http/delivery.bpf.h"
#include "http/finalize.bpf.h"

/* The connection of the poll in progress; NULL if the poll belongs to another task, or to a task that
 * drives several connections. */
static __always_inline struct http_connection *failing_connection(enum hook hook)
{
	__u32 tid = admit(hook, ACTIVE_ALL);
	struct poll_frame *frame = tid ? current_poll(tid) : NULL;
	struct http_connection *connection =
		frame ? bpf_map_lookup_elem(&http_connections, &frame->header) : NULL;

	return connection && !connection->next ? connection : NULL;
}

/* Stores the state of the connection's response at a failure. A request that was finished when its
 * head was written cannot be corrected: the wrong status is counted as a check. */
static __always_inline void store_failure(struct http_connection *connection, __u8 delivery)
{
	if (connection->end_ns) {
		connection->delivery = delivery;
	} else if (connection->delivery == DELIVERY_ASSUMED && delivery >= DELIVERY_FAILED) {
		count_check(CHECK_RESPONSE_UNSENT);
		connection->delivery = DELIVERY_UNKNOWN;
	}
}

static __always_inline __u8 delivery_at_failure(const struct http_connection *connection)
{
	struct hyper_cursor output = {};
	__u8 delivery = look_at_output(connection, &output);

	return delivery == DELIVERY_PENDING ? DELIVERY_FAILED : delivery;
}

/* As delivery_at_failure(), for hyper's Error at `address`. hyper removes a head with refused headers
 * from the output, which looks as if the head was sent. hyper also refuses informational statuses,
 * but sends 500 in their place. */
static __always_inline __u8 delivery_at_error(const struct http_connection *connection,
					      __u64 address)
{
	struct hyper_error error = {};
	__u64 inner = 0;

	/* The end of the connection counts an undecided response. */
	if (bpf_probe_read_user(&inner, sizeof(inner), (void *)address) ||
	    bpf_probe_read_user(&error, sizeof(error), (void *)inner))
		return DELIVERY_PENDING;
	if (error.kind == HYPER_ERROR_USER && !error.cause && !connection->is_replaced)
		return DELIVERY_REFUSED;
	return delivery_at_failure(connection);
}

SEC("uprobe")
int on_http_error(struct pt_regs *ctx)
{
	struct http_connection *connection = failing_connection(HOOK_HTTP_ERROR);

	if (connection && connection->output)
		store_failure(
			connection,
			delivery_at_error(connection, read_argument(ctx, ARGUMENT_HTTP_ERROR)));
	return 0;
}

/* The panic is one of the response's body, or the poll catches the panic and continues. */
SEC("uprobe")
int on_panic(struct pt_regs *ctx)
{
	struct http_connection *connection = failing_connection(HOOK_PANIC);

	(void)ctx;
	if (connection && connection->output)
		store_failure(connection, delivery_at_failure(connection));
	return 0;
}
