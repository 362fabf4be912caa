// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "config/values.h"

#include <ctype.h>
#include <errno.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "config/trusted_file.h"

#define DEFAULT_OTLP_PORT  "4317"
#define ALL_IPV4_ADDRESSES "0.0.0.0"

int value_refuse(struct error *error, const char *name, const char *text, const char *accepted, ...)
{
	char list[256];
	va_list arguments;

	va_start(arguments, accepted);
	vsnprintf(list, sizeof(list), accepted, arguments);
	va_end(arguments);
	return error_set(error, -EINVAL, "%s: '%.100s' is not accepted; accepted: %s", name, text,
			 list);
}

/* Reads the digits at `*text` and moves `*text` behind them. False without digits, and if the number
 * is too large. */
static bool read_digits(const char **text, uint64_t *ret_number)
{
	const char *digit = *text;
	uint64_t number = 0;

	for (; isdigit((unsigned char)*digit); digit++) {
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_add_overflow(number, (uint64_t)(*digit - '0'), &number))
			return false;
	}
	if (digit == *text)
		return false;
	*text = digit;
	*ret_number = number;
	return true;
}

int value_parse_number(const char *name, const char *text, uint64_t lowest, uint64_t highest,
		       uint64_t *ret_number, struct error *error)
{
	const char *end = text;
	uint64_t number;

	if (!read_digits(&end, &number) || *end || number < lowest || number > highest)
		return value_refuse(error, name, text, "a whole number from %llu to %llu",
				    (unsigned long long)lowest, (unsigned long long)highest);
	*ret_number = number;
	return 0;
}

/* The unit in nanoseconds; 0 for an unknown unit. */
static uint64_t unit_ns(const char *unit)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = {
		{"", NS_PER_S}, {"s", NS_PER_S},      {"ms", NS_PER_MS},      {"us", NS_PER_US},
		{"ns", 1},	{"m", 60 * NS_PER_S}, {"h", 3600 * NS_PER_S},
	};

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (strcmp(units[i].name, unit) == 0)
			return units[i].ns;
	}
	return 0;
}

/* Converts number and unit to nanoseconds, without floating point and its rounding. */
static bool read_duration(const char *text, uint64_t *ret_ns)
{
	uint64_t whole, total;
	const char *fraction = NULL;

	if (!read_digits(&text, &whole))
		return false;
	if (*text == '.') {
		fraction = ++text;
		while (isdigit((unsigned char)*text))
			text++;
		if (text == fraction)
			return false;
	}

	uint64_t unit = unit_ns(text);

	if (!unit || __builtin_mul_overflow(whole, unit, &total))
		return false;
	for (; fraction && isdigit((unsigned char)*fraction); fraction++) {
		unit /= 10;
		if (__builtin_add_overflow(total, unit * (uint64_t)(*fraction - '0'), &total))
			return false;
	}
	*ret_ns = total;
	return true;
}

/* Writes a duration in the largest unit that needs no decimals. */
static void write_duration(uint64_t ns, char *buffer, size_t size)
{
	static const char *const names[] = {"h", "m", "s", "ms", "us", "ns"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		uint64_t unit = unit_ns(names[i]);

		if (ns % unit == 0) {
			snprintf(buffer, size, "%llu%s", (unsigned long long)(ns / unit), names[i]);
			return;
		}
	}
}

int value_parse_duration(const char *name, const char *text, uint64_t lowest_ns,
			 uint64_t highest_ns, uint64_t *ret_ns, struct error *error)
{
	uint64_t ns;

	if (!read_duration(text, &ns) || ns < lowest_ns || ns > highest_ns) {
		char lowest[32], highest[32];

		write_duration(lowest_ns, lowest, sizeof(lowest));
		write_duration(highest_ns, highest, sizeof(highest));
		return value_refuse(error, name, text,
				    "a time from %s to %s, such as 500us, 20ms, 10s, 10 or 2m",
				    lowest, highest);
	}
	*ret_ns = ns;
	return 0;
}

int value_parse_percent(const char *name, const char *text, double *ret_share, struct error *error)
{
	double percent;
	char *end;

	if (strcasecmp(text, "none") == 0) {
		*ret_share = 0;
		return 0;
	}
	percent = strtod(text, &end);
	if (strspn(text, "0123456789.") != strlen(text) || end == text || *end ||
	    !(percent > 0 && percent <= 100))
		return value_refuse(error, name, text,
				    "a percentage over 0 and up to 100, or none");
	*ret_share = percent / 100;
	return 0;
}

int value_parse_boolean(const char *name, const char *text, bool *ret_boolean, struct error *error)
{
	static const char *const choices[] = {"false", "true", NULL};
	size_t index;
	int r = value_parse_choice(name, text, choices, &index, error);

	if (r < 0)
		return r;
	*ret_boolean = index == 1;
	return 0;
}

int value_parse_choice(const char *name, const char *text, const char *const *choices,
		       size_t *ret_index, struct error *error)
{
	char list[128] = "";
	size_t length = 0;

	for (size_t i = 0; choices[i]; i++) {
		if (strcasecmp(text, choices[i]) == 0) {
			*ret_index = i;
			return 0;
		}
		length += (size_t)snprintf(list + length, sizeof(list) - length, "%s%s",
					   i > 0 ? ", " : "", choices[i]);
	}
	return value_refuse(error, name, text, "%s", list);
}

/* Whether `host` is a host name, an IPv4 address or, in brackets, an IPv6 address, which may have a
 * zone. */
static bool is_host(const char *host, size_t length, bool in_brackets)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)host[i];

		if (!isalnum(c) && !strchr(in_brackets ? ":.%-_" : ".-_", c))
			return false;
	}
	return length > 0 && (!in_brackets || memchr(host, ':', length));
}

/* Splits "host[:port]"; `*ret_port` is unchanged without a port. */
static bool split_address(const char *text, const char **ret_host, size_t *ret_length,
			  uint16_t *ret_port, bool *ret_has_port)
{
	bool in_brackets = *text == '[';
	const char *host = text + in_brackets;
	size_t length = strcspn(host, in_brackets ? "]" : ":");
	const char *rest = host + length;
	uint64_t port;

	if (in_brackets && *rest++ != ']')
		return false;
	if (!is_host(host, length, in_brackets))
		return false;
	*ret_has_port = *rest == ':';
	if (*ret_has_port) {
		rest++;
		if (!read_digits(&rest, &port) || port > UINT16_MAX)
			return false;
		*ret_port = (uint16_t)port;
	}
	*ret_host = host;
	*ret_length = length;
	return *rest == '\0';
}

int value_parse_address(const char *name, const char *text, char **ret_host, uint16_t *ret_port,
			struct error *error)
{
	bool is_any = *text == ':';
	const char *host;
	size_t length;
	uint16_t port;
	bool has_port;
	char *full;

	if (asprintf(&full, "%s%s", is_any ? ALL_IPV4_ADDRESSES : "", text) < 0)
		return error_out_of_memory(error);
	if (!split_address(full, &host, &length, &port, &has_port) || !has_port) {
		free(full);
		return value_refuse(error, name, text,
				    "HOST:PORT, such as 127.0.0.1:9464 or [::1]:9464, :PORT, or "
				    "none");
	}
	/* The host alone, without brackets and port. */
	memmove(full, host, length);
	full[length] = '\0';
	*ret_host = full;
	*ret_port = port;
	return 0;
}

int value_parse_endpoint(const char *name, const char *text, bool default_tls, char **ret_target,
			 bool *ret_tls, struct error *error)
{
	static const char accepted[] =
		"http://HOST:PORT or https://HOST:PORT of an OTLP/gRPC receiver, without a path";
	bool is_http = strncasecmp(text, "http://", 7) == 0;
	bool is_https = strncasecmp(text, "https://", 8) == 0;
	const char *address = text + (is_http ? 7 : is_https ? 8 : 0);
	size_t address_length = strlen(address);

	/* An empty path is accepted: many users write the final slash. */
	if (address_length > 0 && address[address_length - 1] == '/')
		address_length--;

	_cleanup_free_ char *copy = strndup(address, address_length);
	const char *host;
	size_t length;
	uint16_t port = 1;
	bool has_port;
	char *target;

	if (!copy)
		return error_out_of_memory(error);
	if (!split_address(copy, &host, &length, &port, &has_port) || port == 0)
		return value_refuse(error, name, strchr(text, '@') ? "URL with credentials" : text,
				    "%s", accepted);
	if (asprintf(&target, "%s%s", copy, has_port ? "" : ":" DEFAULT_OTLP_PORT) < 0)
		return error_out_of_memory(error);
	*ret_target = target;
	*ret_tls = is_https || (!is_http && default_tls);
	return 0;
}

int value_parse_user(const char *name, const char *text, uid_t *ret_user, struct error *error)
{
	const struct passwd *entry = getpwnam(text);
	uint64_t number = 0;

	/* The kernel has no user with the highest id: it means no change (setresuid(2)). */
	if (!entry && value_parse_number(name, text, 0, UINT32_MAX - 1, &number, NULL) < 0)
		return value_refuse(error, name, text, "the name or the number of a user");
	*ret_user = entry ? entry->pw_uid : (uid_t)number;
	return 0;
}

int value_read_pem(const char *name, const char *path, char **ret_text, struct error *error)
{
	_cleanup_free_ char *text = calloc(1, PEM_LIMIT_BYTES + 1);
	_cleanup_file_ FILE *file = NULL;
	size_t size;
	int fd;

	if (!text)
		return error_out_of_memory(error);
	fd = trusted_file__open(name, path, error);
	if (fd < 0)
		return fd;
	file = fdopen(fd, "r");
	if (!file) {
		close(fd);
		return error_out_of_memory(error);
	}
	size = fread(text, 1, PEM_LIMIT_BYTES, file);
	if (ferror(file) || fgetc(file) != EOF || strlen(text) != size ||
	    !strstr(text, "-----BEGIN ")) {
		return error_set(error, -EINVAL,
				 "%s: '%.200s' is not accepted; accepted: a PEM file of at most "
				 "%zu bytes",
				 name, path, PEM_LIMIT_BYTES);
	}
	*ret_text = TAKE_PTR(text);
	return 0;
}
