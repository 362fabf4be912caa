/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_BASE_WIRE_NAMES_H
#define SCOTTYSCOPE_BASE_WIRE_NAMES_H

/* Names of the enumerators of wire.h, from the lists in wire.h. */

#include "wire.h"

/* Returns the name of a hook: "http_parse". */
const char *wire_hook_name(enum hook hook);

/* Returns the name of a hook's BPF program: "on_" and the name of the hook. */
const char *wire_hook_program(enum hook hook);

/* Returns the name of a role: "none", "http_connection", "compose_task". */
const char *wire_role_name(enum task_role role);

/* Returns the name of a method by OpenTelemetry's http.request.method; "_OTHER" for unknown
 * methods. */
const char *wire_method_name(enum http_method method);

#endif
