// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* The settings that cross a process boundary: those of the front, and those of scottyscope-otlp. The input, by
 * its first byte: bytes to decode, or texts that are encoded and decoded again. */

#include "fuzz.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "export/settings.h"
#include "front/settings.h"

static void decode_export(struct fuzz_input input)
{
	struct export_settings settings = {0};
	struct error error = {0};
	char *bytes = malloc(input.size + 1);

	if (input.size > 0)
		memcpy(bytes, input.bytes, input.size);
	if (export_settings__decode(bytes, input.size, &settings, &error) == 0) {
		fuzz_check(settings.otlp.metrics_target && settings.otlp.timeout_ns > 0,
			   "no target");
		for (size_t i = 0; i < settings.otlp.header_count; i++)
			fuzz_check(settings.otlp.headers[i].name && settings.otlp.headers[i].value,
				   "half a header");
		export_settings__done(&settings);
	}
	free(bytes);
}

static void load_front(struct fuzz_input input)
{
	struct front_settings settings = {0};
	struct error error = {0};
	int fd = memfd_create("settings", 0);

	if (fd < 0 || write(fd, input.bytes, input.size) != (ssize_t)input.size)
		abort();
	/* A front never frees its settings. */
	if (front_settings__load(fd, &settings, &error) == 0) {
		free(settings.config.otlp.metrics_headers);
		free(settings.config.otlp.traces_headers);
		free(settings.bytes);
	}
	close(fd);
}

static char *text_of(struct fuzz_input *input)
{
	return fuzz_text(fuzz_part(input, fuzz_byte(input) % 32));
}

static bool is_same(const char *left, const char *right)
{
	return left == right || (left && right && strcmp(left, right) == 0);
}

static void check_headers(const struct config_otlp *given, const struct export_settings *decoded)
{
	size_t count, decoded_count;
	const struct config_header *headers = config_otlp__traces_headers(given, &count);
	const struct config_header *copies =
		config_otlp__traces_headers(&decoded->otlp, &decoded_count);

	fuzz_check(fuzz_answer(decoded_count) == count, "%zu headers, not %zu", decoded_count,
		   count);
	for (size_t i = 0; i < count; i++)
		fuzz_check(strcmp(headers[i].name, copies[i].name) == 0 &&
				   strcmp(headers[i].value, copies[i].value) == 0,
			   "header %zu", i);
}

static void round_trip(struct fuzz_input input)
{
	struct config_header headers[3];
	struct config_otlp given = {
		.traces_tls = fuzz_byte(&input) % 2,
		.gzip = fuzz_byte(&input) % 2,
		.timeout_ns = 1 + fuzz_number(&input, 7),
		.traces_headers = headers,
		.traces_header_count = fuzz_byte(&input) % 4,
		.certificate_path = fuzz_byte(&input) % 2 ? text_of(&input) : NULL,
	};
	struct export_settings decoded = {0};
	struct error error = {0};
	char *bytes;
	size_t size;

	given.traces_target = text_of(&input);
	for (size_t i = 0; i < given.traces_header_count; i++)
		headers[i] = (struct config_header){text_of(&input), text_of(&input)};
	fuzz_check(export_settings__encode(&given, EXPORT_SPANS, &bytes, &size, &error) == 0, "%s",
		   error.message);
	fuzz_check(export_settings__decode(bytes, size, &decoded, &error) == 0, "%s",
		   error.message);
	fuzz_check(decoded.signal == EXPORT_SPANS && decoded.otlp.traces_tls == given.traces_tls &&
			   decoded.otlp.gzip == given.gzip &&
			   decoded.otlp.timeout_ns == given.timeout_ns &&
			   is_same(decoded.otlp.traces_target, given.traces_target) &&
			   is_same(decoded.otlp.certificate_path, given.certificate_path),
		   "other settings");
	check_headers(&given, &decoded);
	export_settings__done(&decoded);
	for (size_t i = 0; i < given.traces_header_count; i++) {
		free(headers[i].name);
		free(headers[i].value);
	}
	free(given.traces_target);
	free(given.certificate_path);
	free(bytes);
}

void fuzz_one(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};

	switch (fuzz_byte(&input) % 3) {
	case 0:
		decode_export(input);
		break;
	case 1:
		load_front(input);
		break;
	default:
		round_trip(input);
	}
}
