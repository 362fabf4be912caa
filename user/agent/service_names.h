/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_AGENT_SERVICE_NAMES_H
#define SCOTTYSCOPE_AGENT_SERVICE_NAMES_H

/* The resource attributes that the observed process may set by its own environment. The process names its
 * service: service.name, service.namespace, service.version and deployment.*. All else says who and where
 * the process is (host.*, process.*, container.*, service.instance.id, ...): that comes from the kernel,
 * or from the settings of the tool, so no process writes into the series of another one. */

#include <stddef.h>

#include "config/config.h"

/* Limits of the attributes of an observed process; a longer value is cut. */
#define SERVICE_NAMES_LIMIT	  16
#define SERVICE_NAMES_VALUE_BYTES ((size_t)255)

/* Reads the value of OTEL_RESOURCE_ATTRIBUTES in the environment of the process, which may be NULL. The
 * caller frees `*ret_pairs` by config_headers__free(); at most SERVICE_NAMES_LIMIT. Warns of attributes
 * that are left out or cut, and of a malformed list, which has no attributes (OpenTelemetry specification,
 * "Resource SDK"). */
void service_names__parse(const char *list, struct config_header **ret_pairs, size_t *ret_count);

/* Cuts the text in place to SERVICE_NAMES_VALUE_BYTES, between two characters, and warns. `name` is the
 * name of the attribute. */
void service_names__cut(const char *name, char *text);

#endif
