/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_CONFIG_VALUES_H
#define SCOTTYSCOPE_CONFIG_VALUES_H

/* Values as users write them. `name` is the option or variable that `text` was given for; what is
 * not accepted is -EINVAL, and the error says name, text and what would have been accepted. Outputs
 * are untouched on failure. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "config/config.h"

/* The error of all functions here: `accepted` completes "accepted: ". */
int value_refuse(struct error *error, const char *name, const char *text, const char *accepted, ...)
	__attribute__((format(printf, 4, 5)));

/* Decimal digits only. */
int value_parse_number(const char *name, const char *text, uint64_t lowest, uint64_t highest,
		       uint64_t *ret_number, struct error *error);

/* A number, with decimals if need be, and a unit (ns, us, ms, s, m, h); seconds without one. */
int value_parse_duration(const char *name, const char *text, uint64_t lowest_ns,
			 uint64_t highest_ns, uint64_t *ret_ns, struct error *error);

/* "true" or "false", in any case. */
int value_parse_boolean(const char *name, const char *text, bool *ret_boolean, struct error *error);

/* One of `choices`, in any case: its index. */
int value_parse_choice(const char *name, const char *text, const char *const *choices, size_t count,
		       size_t *ret_index, struct error *error);

/* "host:port" or "[IPv6 address]:port". */
int value_parse_address(const char *name, const char *text, char **ret_host, uint16_t *ret_port,
			struct error *error);

/* "http://host:port" or "https://host:port" as a gRPC target and whether it takes TLS; without a
 * scheme `default_tls` says so, without a port it is 4317. */
int value_parse_endpoint(const char *name, const char *text, bool default_tls, char **ret_target,
			 bool *ret_tls, struct error *error);

/* "key=value,key=value" with percent-encoding, as in W3C Baggage without properties. They are
 * free of NULs, but not sure to be UTF-8. Neither appears in an error. Free with
 * value_free_pairs(). */
int value_parse_pairs(const char *name, const char *text, struct config_header **ret_pairs,
		      size_t *ret_count, struct error *error);

/* The same, made fit for gRPC metadata: keys in lower case, values printable ASCII. */
int value_parse_headers(const char *name, const char *text, struct config_header **ret_headers,
			size_t *ret_count, struct error *error);

void value_free_pairs(struct config_header *pairs, size_t count);

#endif
