// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/array.h"
#include "front/settings.h"

static const struct sandbox_user user = {1234, 5678};
static struct error error;

static char host[] = "::1", allowed[] = "metrics.test", target[] = "collector:4317";
static char name[] = "x-token", value[] = "secret", other[] = "other", key[] = "-----KEY";

static struct front_settings stored(const struct config *config)
{
	struct front_settings settings;
	int fd = -1;

	cr_assert_eq(front_settings__store(config, &user, &fd, &error), 0, "%s", error.message);
	cr_assert_eq(front_settings__load(fd, &settings, &error), 0, "%s", error.message);
	/* A second supervisor reads the same file, which nobody can change. */
	cr_assert_eq(write(fd, "x", 1), -1);
	free(settings.bytes);
	cr_assert_eq(front_settings__load(fd, &settings, &error), 0, "%s", error.message);
	close(fd);
	return settings;
}

Test(front_settings, nothing_to_export)
{
	struct config config = {.log_level = LOG_LEVEL_DEBUG, .listen_port = 77};
	struct front_settings settings = stored(&config);

	cr_assert_eq(settings.user.user, user.user);
	cr_assert_eq(settings.user.group, user.group);
	cr_assert_eq(settings.agent, getpid());
	cr_assert_eq(settings.config.log_level, LOG_LEVEL_DEBUG);
	cr_assert_eq(settings.config.listen_port, 77);
	cr_assert_null(settings.config.listen_host);
	cr_assert_null(settings.config.otlp.metrics_target);
	cr_assert_null(settings.config.otlp.traces_target);
	free(settings.bytes);
}

Test(front_settings, all_settings)
{
	struct config_header common[] = {{name, value}}, of_traces[] = {{name, other}};
	struct config config = {
		.listen_host = host,
		.allowed_host = allowed,
		.otlp = {.metrics_target = target,
			 .traces_target = host,
			 .traces_tls = true,
			 .client_certificate = key,
			 .client_key = key,
			 .headers = common,
			 .header_count = 1,
			 .traces_headers = of_traces,
			 .traces_header_count = 1,
			 .gzip = true,
			 .timeout_ns = 99,
			 .span_queue = 2048},
	};
	struct front_settings settings = stored(&config);
	const struct config_otlp *otlp = &settings.config.otlp;
	const struct config_header *headers;
	size_t count;

	cr_assert_str_eq(settings.config.listen_host, host);
	cr_assert_str_eq(settings.config.allowed_host, allowed);
	cr_assert_str_eq(otlp->metrics_target, target);
	cr_assert_str_eq(otlp->traces_target, host);
	cr_assert(otlp->traces_tls && !otlp->metrics_tls && otlp->gzip);
	cr_assert_eq(otlp->timeout_ns, 99u);
	cr_assert_eq(otlp->span_queue, 2048u);
	cr_assert_str_eq(otlp->client_key, key);
	headers = config_otlp__metrics_headers(otlp, &count);
	cr_assert(count == 1 && strcmp(headers[0].value, value) == 0);
	headers = config_otlp__traces_headers(otlp, &count);
	cr_assert(count == 1 && strcmp(headers[0].value, other) == 0);
	free(otlp->metrics_headers);
	free(otlp->traces_headers);
	free(settings.bytes);
}

/* Whatever the length of the file, loading it fails and reads nothing beyond its end. */
Test(front_settings, a_truncated_file)
{
	struct config config = {.listen_host = host, .allowed_host = allowed};
	static char bytes[4096];
	struct front_settings settings;
	ssize_t size;
	int fd = -1;

	cr_assert_eq(front_settings__store(&config, &user, &fd, &error), 0, "%s", error.message);
	size = pread(fd, bytes, sizeof(bytes), 0);
	close(fd);
	for (ssize_t i = 0; i < size; i++) {
		fd = memfd_create("truncated", MFD_CLOEXEC);
		cr_assert_eq(write(fd, bytes, (size_t)i), i);
		cr_assert_eq(front_settings__load(fd, &settings, &error), -EPROTO, "%zd", i);
		close(fd);
	}
}
