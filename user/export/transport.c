// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "export/transport.h"

#include "base/array.h"

/* A weak reference is NULL where a build does not link the transport. */
#pragma weak export_transport_grpc

/* In order of preference. Every build has the last one. */
static const struct export_transport *const transports[] = {
	&export_transport_grpc,
	&export_transport_process,
};

const struct export_transport *export_transport__choose(void)
{
	const size_t last = ARRAY_SIZE(transports) - 1;

	for (size_t i = 0; i < last; i++) {
		if (transports[i])
			return transports[i];
	}
	return transports[last];
}
