// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "export/settings.h"
#include "ipc/message.h"

static char metrics_target[] = "localhost:4317", traces_target[] = "[::1]:4318";
static char certificate[] = "/etc/a=b.pem";
static char client_certificate[] = "-----BEGIN A-----\na=b\n";
static char client_key[] = "-----BEGIN B-----\n=\n";
static char name[] = "x-token", value[] = "a=b, c", other[] = "x-other", empty[] = "";
static struct config_header headers[] = {{name, value}, {other, empty}};
static struct config_header traces_headers[] = {{other, value}};
static struct config_otlp config = {
	.metrics_target = metrics_target,
	.traces_target = traces_target,
	.traces_tls = true,
	.certificate_path = certificate,
	.client_certificate = client_certificate,
	.client_key = client_key,
	.headers = headers,
	.header_count = 2,
	.gzip = true,
	.timeout_ns = UINT64_C(10000000000),
};
static struct error error;

static struct export_settings pass(enum export_signal signal, char **ret_bytes)
{
	struct export_settings settings;
	size_t size;

	cr_assert_eq(export_settings__encode(&config, signal, ret_bytes, &size, &error), 0);
	cr_assert_eq(export_settings__decode(*ret_bytes, size, &settings, &error), 0, "%s",
		     error.message);
	return settings;
}

Test(export_settings, arrive_unchanged)
{
	char *bytes;
	struct export_settings settings = pass(EXPORT_METRICS, &bytes);
	size_t count;
	const struct config_header *got = config_otlp__metrics_headers(&settings.otlp, &count);

	cr_assert_eq(settings.signal, EXPORT_METRICS);
	cr_assert_str_eq(settings.otlp.metrics_target, metrics_target);
	cr_assert_not(settings.otlp.metrics_tls);
	cr_assert(settings.otlp.gzip);
	cr_assert_str_eq(settings.otlp.certificate_path, certificate);
	cr_assert_str_eq(settings.otlp.client_certificate, client_certificate);
	cr_assert_str_eq(settings.otlp.client_key, client_key);
	cr_assert_eq(settings.otlp.timeout_ns, config.timeout_ns);
	cr_assert_eq(count, 2u);
	for (size_t i = 0; i < count; i++) {
		cr_assert_str_eq(got[i].name, headers[i].name);
		cr_assert_str_eq(got[i].value, headers[i].value);
	}
	export_settings__done(&settings);
	free(bytes);
}

Test(export_settings, each_signal_has_its_own_headers)
{
	char *bytes;
	struct export_settings settings;
	size_t count;
	const struct config_header *got;

	config.traces_headers = traces_headers;
	config.traces_header_count = 1;
	config.certificate_path = NULL;
	config.client_certificate = NULL;
	config.client_key = NULL;
	settings = pass(EXPORT_SPANS, &bytes);
	got = config_otlp__traces_headers(&settings.otlp, &count);
	cr_assert_eq(settings.signal, EXPORT_SPANS);
	cr_assert_str_eq(settings.otlp.traces_target, traces_target);
	cr_assert(settings.otlp.traces_tls);
	cr_assert_null(settings.otlp.certificate_path);
	cr_assert_null(settings.otlp.client_key);
	cr_assert_eq(count, 1u);
	cr_assert_str_eq(got[0].name, other);
	export_settings__done(&settings);
	free(bytes);
}

Test(export_settings, too_many_headers)
{
	static char long_value[MESSAGE_SETTINGS_LIMIT];
	struct config_header one = {name, long_value};
	char *bytes;
	size_t size;

	memset(long_value, 'x', sizeof(long_value) - 1);
	config.headers = &one;
	config.header_count = 1;
	cr_assert_eq(export_settings__encode(&config, EXPORT_METRICS, &bytes, &size, &error),
		     -E2BIG);
}

static void reject(const char *bytes, size_t size)
{
	struct export_settings settings;
	char *copy = malloc(size);

	memcpy(copy, bytes, size);
	cr_assert_eq(export_settings__decode(copy, size, &settings, &error), -EPROTO, "%s", bytes);
	free(copy);
}

#define REJECT(text) reject("protocol=3\0" text, sizeof("protocol=3\0" text))

Test(export_settings, malformed_settings_are_rejected)
{
	char *bytes;
	size_t size;

	REJECT("target=a:1\0");				 /* no time-out */
	REJECT("timeout=1\0");				 /* no target */
	REJECT("target=a:1\0timeout=-1\0");		 /* no number */
	REJECT("target=a:1\0timeout=1 \0");		 /* not only a number */
	REJECT("target=a:1\0timeout=1\0client_key=x\0"); /* no certificate */
	REJECT("target=a:1\0timeout=1\0tls=2\0");	 /* no flag */
	REJECT("target=a:1\0timeout=1\0colour=red\0");	 /* unknown */
	REJECT("target=a:1\0timeout=1\0tls\0");		 /* no value */
	REJECT("target=a:1\0timeout=1\0header=a\0");	 /* no value of it */
	REJECT("target=a:1\0timeout=1\0value=a\0");	 /* no header of it */
	reject("protocol=3", strlen("protocol=3"));	 /* no end */
	reject("target=a:1", sizeof("target=a:1"));	 /* no version */

	/* Another version. */
	cr_assert_eq(export_settings__encode(&config, EXPORT_METRICS, &bytes, &size, NULL), 0);
	bytes[strlen("protocol=")]++;
	reject(bytes, size);
	cr_assert(strstr(error.message, "different versions"));
	free(bytes);
}
