// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "export/exporter.h"

/* Without a collector, which tests/integration/ has. */

static struct exporter *exporter;
static struct error error;
static struct export_statistics statistics;
static char target[32];

/* Makes a target that refuses connections: a bound port without a listener. */
static void start(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	cr_assert_eq(bind(fd, (struct sockaddr *)&address, size), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	snprintf(target, sizeof(target), "127.0.0.1:%u", ntohs(address.sin_port));
}

static void end(void)
{
	exporter__free(exporter);
}

TestSuite(exporter, .init = start, .fini = end, .timeout = 60);

static struct config_otlp config_to(char *to)
{
	return (struct config_otlp){
		.metrics_target = to,
		.traces_target = to,
		.timeout_ns = 10 * NS_PER_S,
		.span_queue = 10,
	};
}

static void queue(enum export_signal signal, uint64_t items)
{
	exporter__queue(exporter, signal, (const uint8_t *)"request", 7, items);
}

Test(exporter, without_targets_nothing_is_started_or_counted)
{
	struct config_otlp config = config_to(NULL);

	cr_assert_eq(exporter__new(&config, &exporter, &error), 0);
	queue(EXPORT_METRICS, 1);
	queue(EXPORT_SPANS, 1);
	exporter__new_snapshot(exporter);
	exporter__flush(exporter, NS_PER_S);
	exporter__statistics(exporter, &statistics);
	cr_assert_eq(statistics.queue_bytes, 0u);
	cr_assert_eq(statistics.metric_requests_dropped_expired, 0u);
}

Test(exporter, an_unreachable_collector)
{
	struct config_otlp config = config_to(target);
	char reason[512] = "";

	cr_assert_eq(exporter__new(&config, &exporter, &error), 0, "%s", error.message);
	queue(EXPORT_METRICS, 5);
	queue(EXPORT_SPANS, 2);
	for (int i = 0; i < 500 && !(exporter__problem(exporter, EXPORT_METRICS, reason, 512) &&
				     exporter__problem(exporter, EXPORT_SPANS, reason, 512));
	     i++)
		poll(NULL, 0, 10);
	cr_assert_not_null(strstr(reason, target), "%s", reason);
	cr_assert_not_null(strstr(reason, "Connection refused"), "%s", reason);

	exporter__new_snapshot(exporter);
	queue(EXPORT_METRICS, 5);
	queue(EXPORT_METRICS, 5);
	exporter__new_snapshot(exporter);
	queue(EXPORT_METRICS, 5);
	queue(EXPORT_SPANS, 6);
	queue(EXPORT_SPANS, 6);
	exporter__statistics(exporter, &statistics);
	cr_assert_eq(statistics.spans_dropped_queue_full, 6u);
	cr_assert_geq(statistics.metric_requests_dropped_superseded, 2u);
	cr_assert_gt(statistics.queue_bytes, 0u);

	/* One attempt per signal decides, before the deadline. */
	exporter__flush(exporter, 30 * NS_PER_S);
	exporter__statistics(exporter, &statistics);
	cr_assert_eq(statistics.queue_bytes, 0u);
	cr_assert_eq(statistics.requests_sent, 0u);
	cr_assert_eq(statistics.metric_requests_dropped_superseded +
			     statistics.metric_requests_dropped_expired,
		     4u);
	cr_assert_eq(statistics.spans_dropped_expired, 8u);
}

Test(exporter, is_freed_at_once_during_a_call)
{
	struct config_otlp config = config_to(target);
	uint64_t before;

	config.timeout_ns = 600 * NS_PER_S;
	cr_assert_eq(exporter__new(&config, &exporter, &error), 0);
	queue(EXPORT_SPANS, 2);
	poll(NULL, 0, 1500);
	before = clock_monotonic_ns();
	exporter__free(exporter);
	exporter = NULL;
	cr_assert_lt(clock_monotonic_ns() - before, 5 * NS_PER_S);
}

Test(exporter, headers_that_cannot_be_sent)
{
	static struct config_header bad[] = {{"a b", "x"}, {"a", "x\ny"}};

	for (size_t i = 0; i < 2; i++) {
		struct config_otlp config = config_to(target);

		config.headers = &bad[i];
		config.header_count = 1;
		cr_assert_eq(exporter__new(&config, &exporter, &error), -EINVAL);
		cr_assert_null(exporter);
	}
}

Test(exporter, a_missing_certificate)
{
	struct config_otlp config = config_to(target);
	char path[] = "/nonexistent/certificate.pem";

	config.traces_tls = true;
	config.certificate_path = path;
	cr_assert_eq(exporter__new(&config, &exporter, &error), -ENOENT);
	cr_assert_not_null(strstr(error.message, path));
}
