/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_CONFIG_VALUES_H
#define SCOTTYSCOPE_CONFIG_VALUES_H

/* Parsers of the values that users write. `name` is the option or variable of the value `text`; the
 * messages contain it. A value that is not accepted is -EINVAL, with the name, the text and the
 * accepted values. On failure the outputs are unchanged. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "config/config.h"

/* A larger PEM file is no private key and no chain of certificates. */
#define PEM_LIMIT_BYTES ((size_t)16 * 1024)

/* Sets the error of a value that is not accepted: "<name>: '<text>' is not accepted; accepted: "
 * and then `accepted`. Returns -EINVAL. */
int value_refuse(struct error *error, const char *name, const char *text, const char *accepted, ...)
	__attribute__((format(printf, 4, 5)));

/* Decimal digits only. */
int value_parse_number(const char *name, const char *text, uint64_t lowest, uint64_t highest,
		       uint64_t *ret_number, struct error *error);

/* A number, with decimals or without, and a unit (ns, us, ms, s, m, h; default: s). */
int value_parse_duration(const char *name, const char *text, uint64_t lowest_ns,
			 uint64_t highest_ns, uint64_t *ret_ns, struct error *error);

/* A percentage above 0, at most 100, as a share of 1; "none" is 0. */
int value_parse_percent(const char *name, const char *text, double *ret_share, struct error *error);

/* "true" or "false", in any case. */
int value_parse_boolean(const char *name, const char *text, bool *ret_boolean, struct error *error);

/* The index of `text`, in any case, in the list `choices`, which ends with NULL. */
int value_parse_choice(const char *name, const char *text, const char *const *choices,
		       size_t *ret_index, struct error *error);

/* "host:port", "[IPv6 address]:port", or ":port" for all IPv4 addresses. The caller frees
 * `*ret_host`. */
int value_parse_address(const char *name, const char *text, char **ret_host, uint16_t *ret_port,
			struct error *error);

/* "http://host:port" or "https://host:port" as a gRPC target, which the caller frees, and whether
 * it uses TLS. Without a scheme `default_tls` decides, without a port the port is 4317. */
int value_parse_endpoint(const char *name, const char *text, bool default_tls, char **ret_target,
			 bool *ret_tls, struct error *error);

/* "key=value,key=value" with percent-encoding, as in W3C Baggage without properties. The pairs
 * contain no NUL, but may be malformed UTF-8. No error contains them. The caller frees them with
 * config_headers__free(). */
int value_parse_pairs(const char *name, const char *text, struct config_header **ret_pairs,
		      size_t *ret_count, struct error *error);

/* value_parse_pairs() for gRPC metadata: keys in lower case, values printable ASCII. */
int value_parse_headers(const char *name, const char *text, struct config_header **ret_headers,
			size_t *ret_count, struct error *error);

/* The id of a user: the name of a user of this system, or else a number. */
int value_parse_user(const char *name, const char *text, uid_t *ret_user, struct error *error);

/* The content of the PEM file (RFC 7468) at `path`, of at most PEM_LIMIT_BYTES; the caller frees
 * it. No error contains it. */
int value_read_pem(const char *name, const char *path, char **ret_text, struct error *error);

#endif
