// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "export/transport.h"

/* A weak reference is NULL where a build does not link the transport. */
#pragma weak export_transport_grpc

/* In order of preference. Every build has the last. */
static const struct export_transport *const transports[] = {
	&export_transport_grpc,
	&export_transport_process,
};

const struct export_transport *export_transport__choose(void)
{
	size_t i = 0;

	while (!transports[i])
		i++;
	return transports[i];
}
