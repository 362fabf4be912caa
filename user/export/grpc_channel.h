/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_EXPORT_GRPC_CHANNEL_H
#define SCOTTYSCOPE_EXPORT_GRPC_CHANNEL_H

#include <grpc/grpc.h>
#include <stdbool.h>

#include "config/config.h"

/* Makes a gRPC channel to `target`, which the caller destroys. Errors: reading the certificate. */
int export_grpc_channel_new(const struct config_otlp *config, const char *target, bool tls,
			    grpc_channel **ret_channel, struct error *error);

#endif
