// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "agent/agent.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "agent/app_interval.h"
#include "agent/confine.h"
#include "agent/drop_log.h"
#include "agent/front_watch.h"
#include "agent/second_signal.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/token_bucket.h"
#include "ipc/message.h"
#include "metric/collect.h"
#include "web/listen.h"

/* The front may take this long to send the rest at the end. */
#define STOP_DEADLINE_NS (3 * NS_PER_S)

/* Failed exports that are logged. */
#define FAILURE_INTERVAL_NS (10 * NS_PER_S)

/* After the target's end, /metrics is served for this long, until one scrape has the last snapshot. */
#define LAST_SCRAPE_NS (1 * NS_PER_S)

struct agent {
	const struct config *config;
	struct observation *observation;
	struct front *front;
	struct loop *loop;
	struct error *error;		 /* of the run */
	struct front_watch *front_watch; /* NULL: no front */
	struct self_counters counters;
	struct drop_log *drop_log;
	struct snapshot *snapshot; /* the latest one, and its metrics; NULL: none */
	struct metric_set *set;
	bool target_has_ended;
	bool is_last_scrape;  /* the loop ends with the next scrape */
	uint64_t exported_ns; /* when the last exported snapshot was taken; monotonic */
	struct token_bucket failures;
};

static int answer_scrape(void *context, uint64_t sequence, uint64_t since_ns, struct error *error);

int agent__new(const struct config *config, struct observation *observation, struct front *front,
	       struct agent **ret_agent, struct error *error)
{
	_cleanup_(agent__freep) struct agent *agent = calloc(1, sizeof(*agent));
	int r;

	if (!agent) {
		observation__free(observation);
		return error_out_of_memory(error);
	}
	agent->config = config;
	agent->observation = observation;
	agent->front = front;
	agent->failures = (struct token_bucket){.interval_ns = FAILURE_INTERVAL_NS, .burst = 1};
	r = loop__new(&agent->loop, error);
	if (r >= 0 && front)
		r = front_watch__new(front, &agent->counters, answer_scrape, agent,
				     &agent->front_watch, error);
	if (r < 0)
		return r;
	*ret_agent = TAKE_PTR(agent);
	return 0;
}

void agent__free(struct agent *agent)
{
	if (!agent)
		return;
	/* The observation's sources are in the loop. */
	observation__free(agent->observation);
	loop__free(agent->loop);
	front_watch__free(agent->front_watch);
	drop_log__free(agent->drop_log);
	free(agent);
}

/* A message to the front whose payload an encoder makes. */
struct outgoing {
	struct agent *agent;
	enum message_kind kind;
	uint16_t flags;
	uint64_t sequence;
	struct error *error;
};

static int send_request(void *context, const uint8_t *request, size_t size)
{
	const struct outgoing *outgoing = context;

	return message__send(front__socket_fd(outgoing->agent->front), outgoing->kind,
			     outgoing->flags, outgoing->sequence, request, size, outgoing->error);
}

/* The sink of the observation: what the front does not take is counted as dropped. */
static int on_spans(void *context, const struct otlp_resource *resource,
		    const struct span_batch *batch)
{
	struct agent *agent = context;
	struct error error;
	struct outgoing spans = {agent, MESSAGE_SPANS, 0, batch->count, &error};
	int r;

	if (!agent->front)
		return 0;
	r = otlp_encode_spans(resource, batch, send_request, &spans, &error);
	if (r < 0)
		log_debug("the front does not take spans: %s", error.message);
	return r;
}

/* A new snapshot reuses the memory of the one before, also where the new one fails. */
static void forget_snapshot(struct agent *agent)
{
	agent->snapshot = NULL;
	agent->set = NULL;
}

/* Takes a snapshot and makes its metrics. */
static int collect(struct agent *agent, uint64_t since_ns, uint64_t *ret_now_ns,
		   struct error *error)
{
	struct snapshot *snapshot;
	struct metric_set *set;
	int r;

	forget_snapshot(agent);
	r = observation__snapshot(agent->observation, since_ns, &snapshot, ret_now_ns, error);
	if (r < 0)
		return r;
	set = metric_set__new(snapshot->arena, snapshot->start_ns, snapshot->time_ns);
	if (!set)
		return error_out_of_memory(error);
	set->names = agent->config->metric_names;
	agent->counters.collections++;
	r = metric_collect(set, snapshot);
	if (r >= 0)
		r = self_collect(set, snapshot, &agent->counters);
	if (r < 0)
		return error_out_of_memory(error);
	agent->snapshot = snapshot;
	agent->set = set;
	return 0;
}

/* Takes a snapshot with the memory peak since `since_ns`, and sends its metrics. `flags`
 * (MESSAGE_FLAG_...) say what for, `sequence` answers a MESSAGE_TAKE_SNAPSHOT. */
static int send_snapshot(struct agent *agent, uint16_t flags, uint64_t sequence, uint64_t since_ns,
			 uint64_t *ret_now_ns, struct error *error)
{
	struct outgoing metrics = {agent, MESSAGE_METRICS, flags, sequence, error};
	uint64_t now_ns;
	int r = collect(agent, since_ns, &now_ns, error);

	if (r < 0)
		return r;
	r = otlp_encode_metrics(observation__resource(agent->observation), agent->set, send_request,
				&metrics, error);
	if (r < 0)
		return r;
	r = message__send(front__socket_fd(agent->front), MESSAGE_METRICS_END, flags, sequence,
			  &now_ns, sizeof(now_ns), error);
	if (r < 0)
		return r;
	*ret_now_ns = now_ns;
	return 0;
}

/* A front that died is started again by front_watch.c. The spans it did not take are counted. */
static bool is_dead_front(int r, const struct error *error)
{
	if (r != -EPIPE && r != -ECONNRESET && r != -EAGAIN)
		return false;
	log_debug("the front does not take metrics: %s", error->message);
	return true;
}

static int on_signal(void *context, int signal)
{
	struct agent *agent = context;

	log_debug("signal %d", signal);
	loop__stop(agent->loop);
	return 0;
}

static int on_duration(void *context)
{
	struct agent *agent = context;

	loop__stop(agent->loop);
	return 0;
}

static void on_target_end(void *context)
{
	struct agent *agent = context;

	agent->target_has_ended = true;
	loop__stop(agent->loop);
}

/* A snapshot that the front does not take does not end the interval of the export. */
static int send_export(struct agent *agent, struct error *error)
{
	return send_snapshot(agent, MESSAGE_FLAG_EXPORT, 0, agent->exported_ns, &agent->exported_ns,
			     error);
}

/* A failure is a loss, and the next export has the values. What an observed process makes fail must not
 * end the tool. */
static int on_export(void *context)
{
	struct agent *agent = context;
	struct error error = {0};
	int r = send_export(agent, &error);

	if (r >= 0 || is_dead_front(r, &error))
		return 0;
	agent->counters.exports_failed++;
	if (token_bucket__take(&agent->failures, clock_monotonic_ns()))
		log_warning("no metrics were exported: %s", error.message);
	return 0;
}

/* The front knows when each of its readers had its last snapshot. */
static int answer_scrape(void *context, uint64_t sequence, uint64_t since_ns, struct error *error)
{
	struct agent *agent = context;
	uint64_t now_ns;
	int r;

	if (agent->is_last_scrape)
		loop__stop(agent->loop);
	r = send_snapshot(agent, MESSAGE_FLAG_SCRAPE, sequence, since_ns, &now_ns, error);
	return is_dead_front(r, error) ? 0 : r;
}

static int watch_signals(struct agent *agent, struct error *error)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	return loop__add_signals(agent->loop, &signals, on_signal, agent, error);
}

static int watch(struct agent *agent, struct error *error)
{
	const struct config *config = agent->config;
	uint64_t export_ns = config->otlp.metric_interval_ns;
	int r = watch_signals(agent, error);

	if (r < 0)
		return r;
	r = observation__watch_target(agent->observation, on_target_end, agent, agent->loop, error);
	if (r >= 0 && config->duration_ns)
		r = loop__add_timer(agent->loop, config->duration_ns, 0, on_duration, agent, NULL,
				    error);
	if (r >= 0 && config->otlp.metrics_target)
		r = loop__add_timer(agent->loop, export_ns, export_ns, on_export, agent, NULL,
				    error);
	if (r >= 0 && agent->front)
		r = front_watch__start(agent->front_watch, agent->loop, error);
	if (r >= 0)
		r = drop_log__start(agent->observation, &agent->counters, agent->loop,
				    &agent->drop_log, error);
	return r < 0 ? r : observation__watch(agent->observation, agent->loop, error);
}

/* Both sets of metrics and spans have the same names. */
static void warn_of_own_telemetry(const struct agent *agent)
{
	struct own_telemetry own = observation__own_telemetry(agent->observation);

	if (!own_telemetry__is_on(own) || agent->config->own_telemetry != OWN_TELEMETRY_WARN)
		return;
	log_warning(
		"the server exports %s itself (SCOTTY__TELEMETRY): each appears twice under one "
		"name. Remove the variable from the server's environment, or set "
		"--own-telemetry replace (another service name) or ignore",
		own_telemetry__name(own));
}

/* Before Linux 6.10, their threads stop at the traps as well. */
static void warn_of_sharers(const struct agent *agent)
{
	const struct process *process = observation__process(agent->observation);
	struct process_sharers sharers;
	char names[PROCESS_SHARERS_SIZE];

	if (!plan__reaches_other_processes(observation__get_plan(agent->observation)) ||
	    process__find_sharers(process, &sharers) < 0 || sharers.count == 0)
		return;
	log_warning(
		"this kernel attaches the probes to all processes that run %s: they cost time in "
		"%s too, whose events are not counted. Linux 6.10 or newer attaches to the "
		"selected process only",
		process->executable_path, process_sharers__name(&sharers, names, sizeof(names)));
}

static void announce(const struct agent *agent)
{
	const struct snapshot_attachment attachment = observation__attachment(agent->observation);
	const struct config *config = agent->config;
	const struct config_otlp *otlp = &config->otlp;
	const struct process *process = observation__process(agent->observation);
	char url[WEB_URL_SIZE];
	char interval[APP_INTERVAL_SIZE];

	log_info("attached to process %d of user %s (%s, file of %s): %zu of %d instrumentations, "
		 "%zu probe sites in %.1f ms",
		 (int)process->pid, process->user_name, process->executable_path,
		 process->file_user_name,
		 plan__available(observation__get_plan(agent->observation)), (int)INSTR_COUNT,
		 attachment.sites, (double)attachment.attach_ns / (double)NS_PER_MS);
	if (plan__has(observation__get_plan(agent->observation), INSTR_APPLICATIONS))
		log_info("applications are known after the server's next check of all of them; the "
			 "interval is %s",
			 app_interval__of(process, interval));
	if (agent->front && front__runs_as_nobody(agent->front))
		log_info("the network process runs as nobody: there is no user scottyscope");
	if (agent->front && front__port(agent->front))
		log_info("metrics at %s",
			 web_listen__url(config->listen_host, front__port(agent->front), url,
					 sizeof(url)));
	if (otlp->metrics_target || otlp->traces_target)
		log_info("OTLP to %s",
			 otlp->metrics_target ? otlp->metrics_target : otlp->traces_target);
}

/* Answers the scrapes that arrive soon after the target's end. */
static int serve_last_scrape(struct agent *agent)
{
	int r;

	if (!agent->target_has_ended || !front_watch__has_front(agent->front_watch) ||
	    !front__port(agent->front))
		return 0;
	agent->is_last_scrape = true;
	r = loop__add_timer(agent->loop, LAST_SCRAPE_NS, 0, on_duration, agent, NULL, agent->error);
	return r < 0 ? r : loop__run(agent->loop);
}

/* No other front is started for the last snapshot. */
static int send_last_export(struct agent *agent, struct error *error)
{
	int r = send_export(agent, error);

	if (r >= 0 || !agent->snapshot)
		return r;
	agent->counters.snapshots_not_taken++;
	return error_prefix(error, r, "the last metrics were not exported");
}

/* Exports the last spans and the last snapshot, and stops the front. Fails where the front does not
 * take the snapshot; the snapshot stays for the report. */
static int finish(struct agent *agent, struct error *error)
{
	int r;

	forget_snapshot(agent);
	r = observation__stop(agent->observation, error);
	if (r < 0)
		return r;
	observation__flush_spans(agent->observation);
	if (agent->front && agent->config->otlp.metrics_target)
		r = send_last_export(agent, error);
	else
		r = collect(agent, agent->exported_ns, NULL, error);
	if (!agent->front)
		return r;
	if (r >= 0)
		r = serve_last_scrape(agent);
	front__stop(agent->front, STOP_DEADLINE_NS);
	front_watch__finish(agent->front_watch);
	return r;
}

static void log_drop(void *context, const char *cause, const char *what, uint64_t count)
{
	(void)context;
	log_warning("  %llu %s (%s)", (unsigned long long)count, what, cause);
}

static void log_end(const struct agent *agent, uint64_t detach_ns)
{
	uint64_t dropped = self_total_dropped(agent->snapshot, &agent->counters);
	double milliseconds = (double)detach_ns / (double)NS_PER_MS;

	if (dropped == 0)
		log_info("detached in %.1f ms; nothing was dropped", milliseconds);
	else
		log_warning("detached in %.1f ms; %llu events were dropped:", milliseconds,
			    (unsigned long long)dropped);
	self_for_each_drop(agent->snapshot, &agent->counters, log_drop, NULL);
}

int agent__run(struct agent *agent, struct error *error)
{
	const struct config *config = agent->config;
	int r;

	agent->error = error;
	r = observation__start(agent->observation, on_spans, agent, error);
	if (r < 0)
		return r;
	r = agent_confine__finish(observation__keeps_sys_admin(agent->observation), error);
	if (r < 0)
		return r;
	announce(agent);
	warn_of_own_telemetry(agent);
	warn_of_sharers(agent);
	/* --once alone needs no time to pass. */
	if (!config->once || config->duration_ns) {
		r = watch(agent, error);
		if (r >= 0)
			r = loop__run(agent->loop);
		if (r < 0) {
			forget_snapshot(agent);
			return r;
		}
	}
	r = second_signal__end_at_once(error);
	return r < 0 ? r : finish(agent, error);
}

void agent__detach(struct agent *agent)
{
	uint64_t detach_ns = observation__detach(agent->observation);

	if (agent->snapshot)
		log_end(agent, detach_ns);
}

struct agent_result agent__result(const struct agent *agent)
{
	return (struct agent_result){
		.snapshot = agent->snapshot,
		.set = agent->set,
		.resource = observation__resource(agent->observation),
		.process = observation__process(agent->observation),
		.counters = &agent->counters,
		.port = agent->front ? front__port(agent->front) : 0,
	};
}
