/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_SERVE_SERVE_H
#define SCOTTYSCOPE_SERVE_SERVE_H

#include "config/config.h"

/* What the front process does, a front_main: hands requests from the probe to the exporter, serves
 * /metrics, and tells the probe what became of everything, until told to stop or until the socket
 * closes. Returns the exit status. It is the top of its process and so the one to log. */
int serve_main(const struct config *config, int socket_fd);

#endif
