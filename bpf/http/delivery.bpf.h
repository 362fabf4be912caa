/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_HTTP_DELIVERY_BPF_H
#define SCOTTYSCOPE_HTTP_DELIVERY_BPF_H

/* Whether hyper has sent bytes of a response, by the output that it wrote the head to. hyper clears
 * the output once the socket took all bytes (hyper/src/proto/h1/io.rs, WriteBuf::advance()). */

#include "core/helpers.bpf.h"
#include "http/types.h"
#include "layout/hyper.h"

/* Reads the output of a connection that exists still. Returns an enum http_delivery:
 * DELIVERY_SENT, DELIVERY_PENDING, or DELIVERY_UNKNOWN if the output cannot be read. After hyper
 * removed the head, the output looks as if the head was sent. */
static __always_inline __u8 look_at_output(const struct http_connection *connection,
					   struct hyper_cursor *output)
{
	if (bpf_probe_read_user(output, sizeof(*output), (void *)connection->output) ||
	    output->position > output->bytes.length ||
	    output->bytes.length > output->bytes.capacity)
		return DELIVERY_UNKNOWN;
	if (!output->bytes.length || output->position > connection->output_length)
		return DELIVERY_SENT;
	/* Earlier responses may precede this one in the output. */
	if (!output->position || output->bytes.length > connection->output_length)
		return DELIVERY_PENDING;
	return DELIVERY_UNKNOWN;
}

#endif
