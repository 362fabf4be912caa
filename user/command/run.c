// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "command/command.h"
#include "command/output.h"
#include "command/publish.h"
#include "command/session.h"
#include "command/subject.h"
#include "config/exit_status.h"
#include "export/exporter.h"
#include "front/main.h"
#include "ipc/message.h"

/* How long the front may take to send what is left at the end. */
#define STOP_DEADLINE_NS (3 * NS_PER_S)

static int print_libbpf(enum libbpf_print_level level, const char *format, va_list arguments)
{
	/* libbpf's own words are for those who asked; what fails rises as an error. */
	if (log_level() < LOG_LEVEL_DEBUG || level == LIBBPF_DEBUG)
		return 0;
	return vfprintf(stderr, format, arguments);
}

/* Whether anything is exported or served at all. */
static bool needs_front(const struct config *config)
{
	return config->listen_host || config->otlp.metrics_target || config->otlp.traces_target;
}

/* Finds out whether OTLP can be sent, and if not, leaves it out: what is encoded and queued would
 * only be lost. */
static int prepare_export(struct config_otlp *otlp, struct error *error)
{
	struct error reason = {0};
	int r;

	if (!otlp->metrics_target && !otlp->traces_target)
		return 0;
	r = exporter__open_program(&otlp->program_fd, &reason);
	if (r == -ENOENT) {
		log_warning("OTLP is not exported: %s; install the one that was built with this "
			    "program, or say --otlp-endpoint none",
			    reason.message);
		otlp->metrics_target = NULL;
		otlp->traces_target = NULL;
		return 0;
	}
	return r < 0 ? error_set(error, r, "%s", reason.message) : 0;
}

static int attach(struct publisher *publisher, const struct subject *subject, struct error *error)
{
	int r = probe__new(publisher->config, subject->plan, subject->target, subject->load_bias,
			   &publisher->probe, error);

	if (r >= 0)
		r = probe__load(publisher->probe, error);
	if (r >= 0)
		r = publisher__init(publisher, error);
	if (r >= 0)
		r = probe__attach(publisher->probe, error);
	if (r >= 0)
		r = probe__activate(publisher->probe, error);
	return r;
}

static void announce(const struct publisher *publisher)
{
	const struct config *config = publisher->config;
	const struct subject *subject = publisher->subject;
	struct probe_attachment attachment = probe__attachment(publisher->probe);

	log_info("attached to process %d (%s): %zu of %d signals, %zu sites in %.1f ms",
		 (int)subject->target->pid, subject->target->executable_path,
		 plan__available(subject->plan), (int)INSTR_COUNT, attachment.sites,
		 (double)attachment.attach_ns / (double)NS_PER_MS);
	if (publisher->front && front__port(publisher->front))
		log_info("metrics at http://%s:%u/metrics", config->listen_host,
			 front__port(publisher->front));
	if (config->otlp.metrics_target || config->otlp.traces_target)
		log_info("OTLP to %s", config->otlp.metrics_target ? config->otlp.metrics_target
								   : config->otlp.traces_target);
}

/* The last of everything, when nothing more can come: the ring, the spans, one more collection. */
static int finish(struct publisher *publisher, struct error *error)
{
	int r = publisher__drain(publisher, error);

	if (r >= 0)
		r = probe__count_waiting(publisher->probe, error);
	if (r >= 0)
		r = publisher__close_spans(publisher, error);
	if (r >= 0)
		r = output__print(publisher, error);
	if (r >= 0 && publisher->front)
		r = publisher__send_spans(publisher, error);
	if (r >= 0 && publisher->config->otlp.metrics_target)
		r = publisher__send_metrics(publisher, MESSAGE_FLAG_EXPORT, 0, error);
	return r;
}

static int observe(struct publisher *publisher, const struct subject *subject, struct error *error)
{
	struct error ignored;
	int r = attach(publisher, subject, error);

	if (r < 0)
		return r;
	announce(publisher);
	r = session__run(publisher, error);
	if (r < 0)
		return r;
	probe__detach(publisher->probe);
	r = finish(publisher, error);
	if (publisher->front) {
		front__stop(publisher->front, STOP_DEADLINE_NS);
		session__take_last_statistics(publisher);
	}
	log_info("detached in %.1f ms, %llu events lost",
		 (double)probe__attachment(publisher->probe).detach_ns / (double)NS_PER_MS,
		 (unsigned long long)publisher__lost(publisher, &ignored));
	return r;
}

int command_run(const struct config *wanted, struct error *error)
{
	_cleanup_(subject__done) struct subject subject = {0};
	_cleanup_(front__freep) struct front *front = NULL;
	struct config config = *wanted;
	struct publisher publisher = {.config = &config, .subject = &subject};
	int r;

	libbpf_set_print(print_libbpf);
	r = subject__find(&subject, &config, error);
	if (r >= 0)
		r = prepare_export(&config.otlp, error);
	if (r < 0)
		return r;
	/* Before anything starts a thread. */
	if (needs_front(&config)) {
		r = front__start(&config, front_main, &front, error);
		if (r < 0)
			return r;
	}
	publisher.front = front;
	r = subject__plan(&subject, &config, error);
	if (r >= 0)
		r = observe(&publisher, &subject, error);
	publisher__done(&publisher);
	probe__free(publisher.probe);
	return r < 0 ? r : EXIT_STATUS_DONE;
}
