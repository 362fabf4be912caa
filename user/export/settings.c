// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "export/settings.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "ipc/message.h"

/* The version of the settings and of the messages after them. Every change increments it. */
#define PROTOCOL 3

/* Writes "name=value" and a NUL. */
static void write_setting(FILE *stream, const char *name, const char *value)
{
	fprintf(stream, "%s=%s", name, value);
	fputc('\0', stream);
}

static void write_number(FILE *stream, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	write_setting(stream, name, text);
}

static void write_all(FILE *stream, const struct config_otlp *config, enum export_signal signal)
{
	bool is_metrics = signal == EXPORT_METRICS;
	size_t count;
	const struct config_header *headers = is_metrics
						      ? config_otlp__metrics_headers(config, &count)
						      : config_otlp__traces_headers(config, &count);

	write_number(stream, "protocol", PROTOCOL);
	write_number(stream, "signal", (uint64_t)signal);
	write_setting(stream, "target",
		      is_metrics ? config->metrics_target : config->traces_target);
	write_number(stream, "tls", is_metrics ? config->metrics_tls : config->traces_tls);
	write_number(stream, "gzip", config->gzip);
	write_number(stream, "timeout", config->timeout_ns);
	if (config->certificate_path)
		write_setting(stream, "certificate", config->certificate_path);
	if (config->client_key) {
		write_setting(stream, "client_certificate", config->client_certificate);
		write_setting(stream, "client_key", config->client_key);
	}
	for (size_t i = 0; i < count; i++) {
		write_setting(stream, "header", headers[i].name);
		write_setting(stream, "value", headers[i].value);
	}
}

int export_settings__encode(const struct config_otlp *config, enum export_signal signal,
			    char **ret_bytes, size_t *ret_size, struct error *error)
{
	/* A buffer that grows would leave parts of secrets behind, and so would one of the stream. */
	const size_t capacity = MESSAGE_SETTINGS_LIMIT + 2;
	_cleanup_free_ char *bytes = malloc(capacity);
	FILE *stream = bytes ? fmemopen(bytes, capacity, "w") : NULL;
	bool has_failed;
	long size;

	if (!stream)
		return error_out_of_memory(error);
	setvbuf(stream, NULL, _IONBF, 0);
	write_all(stream, config, signal);
	has_failed = ferror(stream);
	size = ftell(stream);
	fclose(stream);
	if (has_failed || size < 0 || size > (long)MESSAGE_SETTINGS_LIMIT) {
		explicit_bzero(bytes, capacity);
		return error_set(error, -E2BIG,
				 "the OTLP headers and the client certificate exceed %u bytes",
				 MESSAGE_SETTINGS_LIMIT);
	}
	*ret_size = (size_t)size;
	*ret_bytes = TAKE_PTR(bytes);
	return 0;
}

/* Parses a decimal number up to `most`. */
static bool read_number(const char *text, uint64_t most, uint64_t *ret_value)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*ret_value = strtoull(text, &end, 10);
	return errno == 0 && *end == '\0' && *ret_value <= most;
}

static bool add_header(struct config_otlp *otlp, char *name)
{
	struct config_header *headers =
		reallocarray(otlp->headers, otlp->header_count + 1, sizeof(*headers));

	if (!headers)
		return false;
	otlp->headers = headers;
	headers[otlp->header_count++] = (struct config_header){.name = name};
	return true;
}

static bool add_value(struct config_otlp *otlp, char *value)
{
	if (otlp->header_count == 0 || otlp->headers[otlp->header_count - 1].value)
		return false;
	otlp->headers[otlp->header_count - 1].value = value;
	return true;
}

static bool take_setting(struct export_settings *settings, const char *name, char *value)
{
	struct config_otlp *otlp = &settings->otlp;
	uint64_t number = 0;
	bool is_flag = read_number(value, 1, &number);

	if (strcmp(name, "signal") == 0) {
		settings->signal = number ? EXPORT_SPANS : EXPORT_METRICS;
		return is_flag;
	}
	if (strcmp(name, "tls") == 0) {
		otlp->metrics_tls = otlp->traces_tls = number != 0;
		return is_flag;
	}
	if (strcmp(name, "gzip") == 0) {
		otlp->gzip = number != 0;
		return is_flag;
	}
	if (strcmp(name, "timeout") == 0)
		return read_number(value, INT64_MAX, &otlp->timeout_ns);
	if (strcmp(name, "target") == 0)
		otlp->metrics_target = otlp->traces_target = value;
	else if (strcmp(name, "certificate") == 0)
		otlp->certificate_path = value;
	else if (strcmp(name, "client_certificate") == 0)
		otlp->client_certificate = value;
	else if (strcmp(name, "client_key") == 0)
		otlp->client_key = value;
	else if (strcmp(name, "header") == 0)
		return add_header(otlp, value);
	else
		return strcmp(name, "value") == 0 && add_value(otlp, value);
	return true;
}

static bool is_complete(const struct export_settings *settings)
{
	const struct config_otlp *otlp = &settings->otlp;

	for (size_t i = 0; i < otlp->header_count; i++) {
		if (!otlp->headers[i].value)
			return false;
	}
	return otlp->metrics_target && otlp->timeout_ns > 0 &&
	       !otlp->client_certificate == !otlp->client_key;
}

/* Parses the settings in order; the version is the first. */
static int take_all(struct export_settings *settings, char *bytes, size_t size, struct error *error)
{
	uint64_t protocol = 0;

	for (char *at = bytes, *next; at < bytes + size; at = next) {
		char *value = strchr(at, '=');

		next = at + strlen(at) + 1;
		if (value)
			*value++ = '\0';
		if (value && at == bytes && strcmp(at, "protocol") == 0)
			read_number(value, UINT64_MAX, &protocol);
		if (protocol != PROTOCOL)
			return error_set(error, -EPROTO,
					 EXPORT_PROGRAM " and scottyscope have different versions");
		if (at != bytes && (!value || !take_setting(settings, at, value)))
			return error_set(error, -EPROTO, "malformed setting \"%.32s\"", at);
	}
	return 0;
}

int export_settings__decode(char *bytes, size_t size, struct export_settings *ret_settings,
			    struct error *error)
{
	struct export_settings settings = {0};
	int r;

	if (size == 0 || bytes[size - 1] != '\0')
		return error_set(error, -EPROTO, "truncated settings");
	r = take_all(&settings, bytes, size, error);
	if (r == 0 && !is_complete(&settings))
		r = error_set(error, -EPROTO, "incomplete settings");
	if (r < 0) {
		export_settings__done(&settings);
		return r;
	}
	*ret_settings = settings;
	return 0;
}

void export_settings__done(struct export_settings *settings)
{
	free(settings->otlp.headers);
	*settings = (struct export_settings){0};
}
