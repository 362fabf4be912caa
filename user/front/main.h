/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_FRONT_MAIN_H
#define SCOTTYSCOPE_FRONT_MAIN_H

#include "config/config.h"

/* The work of the front process, a front_entry: passes the agent's requests to the exporter, serves
 * HTTP, and sends statistics to the agent. Returns the exit status after a MESSAGE_STOP or when the
 * probe has closed the socket. Logs its errors, since no other process receives them. */
int front_main(const struct config *config, int socket_fd);

#endif
