// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "agent/observation.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "agent/internal.h"
#include "agent/resource.h"
#include "base/capabilities.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "front/user.h"
#include "plan/build.h"
#include "planner/planner.h"
#include "probe/features.h"
#include "probe/target_end.h"
#include "probe/traces.h"

/* A snapshot is bounded by the number of label sets; this is far above any. */
#define SNAPSHOT_LIMIT_BYTES ((size_t)64 * 1024 * 1024)

/* The interval of reading the ring buffer. At 100,000 requests/s half a ring of 8 MiB fills in 0.2 s,
 * and a half full ring wakes the reader by itself. */
#define DRAIN_INTERVAL_NS	(100 * NS_PER_MS)
#define LEAST_DRAIN_INTERVAL_NS (10 * NS_PER_MS)

/* Who can write the executable decides at which of its instructions probes are attached. */
static void warn_of_writers(const struct process *process)
{
	char writer[OWNER_NAME_SIZE + 16];

	if (process_owner__writer(&process->owner, writer, sizeof(writer)))
		log_warning("%s can write the executable %s, which runs as user %s", writer,
			    process->executable_path, process->user_name);
}

int observation__new(const struct config *config, struct observation **ret_observation,
		     struct error *error)
{
	_cleanup_(observation__freep) struct observation *observation =
		calloc(1, sizeof(*observation));
	const struct process_selection selection = {
		.pid = config->pid,
		.port = config->port,
		.executable = config->executable,
		.of_user = config->target_user > 0,
		.user = (uid_t)(config->target_user - 1),
	};
	int r;

	if (!observation)
		return error_out_of_memory(error);
	observation->config = config;
	r = process__find(&selection, &observation->process, error);
	if (r < 0)
		return r;
	warn_of_writers(observation->process);
	observation->target_is_up = true;
	observation->pipeline.polls_enabled = 1;
	*ret_observation = TAKE_PTR(observation);
	return 0;
}

/* The bias by which the executable's addresses are shifted in the process, from the first site. */
static int find_load_bias(struct observation *observation, struct error *error)
{
	const struct plan *plan = observation->plan;

	if (plan->site_count == 0)
		return 0;
	return process__load_bias(observation->process, plan->sites[0].code.address,
				  plan->sites[0].file_offset, &observation->load_bias, error);
}

/* Any step may fail in any way, or succeed with less, once the program has ended: then its end is the
 * error. */
static int check_target(const struct observation *observation, int r, struct error *error)
{
	int end = process__check(observation->process);

	if (end == 0)
		return r;
	return error_set(error, -ESRCH, "process %d %s before the probes were attached",
			 (int)observation->process->pid, process__describe_end(end));
}

static int start_planner(const struct observation *observation, struct planner **ret_planner,
			 struct error *error)
{
	const struct process *process = observation->process;
	const struct elf_debug_places places = {
		.directory = observation->config->debug_directory,
		.root = process->root_path,
		.executable_path = process->executable_path,
	};
	struct sandbox_user user;
	int r = front_user__choose(observation->config->front_user, &user, error);

	return r < 0 ? r
		     : planner__start(process->executable_fd, &places, &user, ret_planner, error);
}

/* The planner analyses the executable while this process tries the kernel's features. */
static int make_plan(struct observation *observation, struct error *error)
{
	_cleanup_(planner__freep) struct planner *planner = NULL;
	const struct config *config = observation->config;
	struct plan_kernel kernel;
	struct error features_error;
	int features, r = start_planner(observation, &planner, error);

	if (r < 0)
		return r;
	features = probe_find_features(&kernel, &features_error);
	r = planner__finish(planner, &observation->plan, error);
	if (r < 0)
		return r;
	if (features < 0)
		return error_set(error, features, "%s", features_error.message);
	log_debug("%s: %zu functions from %s", observation->process->executable_path,
		  observation->plan->function_count,
		  elf_symbol_source_name(observation->plan->symbol_source));
	log_debug("probe cost: %llu ns emulated, %llu ns single-stepped",
		  (unsigned long long)kernel.trap_ns, (unsigned long long)kernel.step_ns);
	if (config->attach == ATTACH_SINGLE)
		kernel.uprobe_multi = false;
	r = plan__decide(observation->plan, &kernel, config->level, error);
	if (r < 0)
		return r;
	observation->own_telemetry = own_telemetry__of(observation->process, observation->plan);
	return find_load_bias(observation, error);
}

int observation__plan(struct observation *observation, struct error *error)
{
	return check_target(observation, make_plan(observation, error), error);
}

static const char *route_text(void *context, uint64_t route)
{
	struct observation *observation = context;

	return probe__route(observation->probe, route);
}

static void add_exemplar(struct observation *observation, const struct ring_record *record)
{
	const struct ring_http_request *request = &record->http_request;
	const struct ring_span *span = &record->span;
	const struct http_key key = {
		.route = request->route,
		.status = request->status,
		.method = (uint8_t)request->method,
	};
	struct exemplar exemplar = {
		.duration_ns = span->end_ns - span->start_ns,
		.time_ns = span->end_ns,
	};

	memcpy(exemplar.trace_id, span->trace_id, sizeof(exemplar.trace_id));
	memcpy(exemplar.span_id, span->span_id, sizeof(exemplar.span_id));
	exemplars__add(observation->exemplars, &key, &exemplar);
}

static void add_span(struct observation *observation, const struct ring_record *record)
{
	const struct span_batch *batch = observation->assembler.batch;

	if (batch->count == batch->limit)
		observation__flush_spans(observation);
	if (span_assembler__add(&observation->assembler, record) < 0) {
		observation->pipeline.spans_dropped++;
		return;
	}
	observation->pipeline.spans_made++;
	if (record->kind == RECORD_HTTP_REQUEST)
		add_exemplar(observation, record);
}

static int on_record(void *context, const struct ring_record *record)
{
	struct observation *observation = context;

	observation->pipeline.records++;
	add_span(observation, record);
	return 0;
}

/* A record of what the target left open, or of a response that waited for its finalization. */
static int on_last_record(void *context, const void *bytes, size_t size)
{
	struct ring_record record;
	int r = ring_decode(bytes, size, &record);

	if (r >= 0)
		add_span(context, &record);
	return r;
}

/* What turns the probe's records and counts into spans and metrics. */
static int prepare(struct observation *observation, struct error *error)
{
	const struct config *config = observation->config;
	int r;

	observation->resource_arena = arena__new(0);
	observation->snapshot_arena = arena__new(SNAPSHOT_LIMIT_BYTES);
	observation->assembler.batch = span_batch__new(config->otlp.span_batch);
	observation->exemplars =
		exemplars__new(probe__layout(observation->probe)->http, config->max_series);
	if (!observation->resource_arena || !observation->snapshot_arena ||
	    !observation->assembler.batch || !observation->exemplars)
		return error_out_of_memory(error);
	r = resource__describe(config, observation->process, observation->plan->version,
			       observation->own_telemetry, observation->resource_arena,
			       &observation->resource, error);
	if (r < 0)
		return r;
	observation->assembler.route_text = route_text;
	observation->assembler.context = observation;
	observation->assembler.server_address = resource__host_name(observation->resource_arena);
	observation->assembler.path = config->span_path;
	observation->assembler.has_client = config->span_client;
	observation->assembler.server_port = process__port(observation->process);
	trace_limiter__init(&observation->trace_limiter, config->max_span_rate,
			    clock_monotonic_ns());
	return ring__new(probe__ring_fd(observation->probe), on_record, observation,
			 &observation->ring, error);
}

int observation__try_load(struct observation *observation, struct error *error)
{
	_cleanup_(probe__freep) struct probe *probe = NULL;
	struct config config = *observation->config;
	static char collector[] = "collector";
	struct error reason;
	int r;

	if (!plan__has_sites(observation->plan))
		return 0;
	/* As in a run that exports spans. */
	config.otlp.traces_target = collector;
	r = probe__new(&config, observation->plan, observation->process, observation->load_bias,
		       &probe, error);
	if (r < 0)
		return r;
	r = probe__load(probe, &reason);
	if (r < 0)
		plan__withdraw(observation->plan, r, reason.message);
	return 0;
}

/* Fails where no site can be attached, with the reason. */
static int require_sites(const struct plan *plan, struct error *error)
{
	if (plan__has_sites(plan))
		return 0;
	if (plan->kernel.why_code < 0 && !plan->kernel.uprobe)
		return error_set(error, plan->kernel.why_code, "nothing can be attached: %s",
				 plan->kernel.why_not);
	return error_set(error, -ENOEXEC,
			 "nothing can be attached: %s has none of the functions that are hooked; "
			 "scottyscope verify names them",
			 plan->executable_path);
}

/* The agent keeps CAP_SYS_ADMIN where each attachment takes it. */
static int start_run_stats(struct observation *observation, struct error *error)
{
	if (!capabilities__has(CAP_SYS_ADMIN) || observation__keeps_sys_admin(observation))
		return 0;
	return run_stats__start(&observation->run_stats, error);
}

static int attach(struct observation *observation, struct error *error)
{
	int r = require_sites(observation->plan, error);

	if (r < 0)
		return r;
	r = probe__new(observation->config, observation->plan, observation->process,
		       observation->load_bias, &observation->probe, error);
	if (r < 0)
		return r;
	r = start_run_stats(observation, error);
	if (r < 0)
		return r;
	r = probe__load(observation->probe, error);
	if (r < 0)
		return r;
	r = prepare(observation, error);
	if (r < 0)
		return r;
	r = probe__attach(observation->probe, error);
	return r < 0 ? r : probe__activate(observation->probe, error);
}

int observation__start(struct observation *observation, observation_span_sink sink, void *context,
		       struct error *error)
{
	observation->sink = sink;
	observation->sink_context = context;
	return check_target(observation, attach(observation, error), error);
}

bool observation__keeps_sys_admin(const struct observation *observation)
{
	return !observation->plan->kernel.uprobe_multi;
}

static int on_drain(void *context)
{
	struct observation *observation = context;

	return observation__drain(observation, observation->error);
}

static int on_span_delay(void *context)
{
	struct observation *observation = context;
	int r = observation__drain(observation, observation->error);

	if (r >= 0)
		observation__flush_spans(observation);
	return r;
}

static int on_app_sample(void *context)
{
	struct observation *observation = context;

	return observation__sample_apps(observation, observation->error);
}

/* Returns the interval in which the highest rate of spans fills at most a quarter of the export queue. */
static uint64_t drain_interval_ns(const struct config *config)
{
	uint64_t quarter_ns = DRAIN_INTERVAL_NS;

	if (config->max_span_rate > 0)
		quarter_ns = config->otlp.span_queue * NS_PER_S / 4 / config->max_span_rate;
	if (quarter_ns > DRAIN_INTERVAL_NS)
		return DRAIN_INTERVAL_NS;
	return quarter_ns < LEAST_DRAIN_INTERVAL_NS ? LEAST_DRAIN_INTERVAL_NS : quarter_ns;
}

static int watch_records(struct observation *observation, struct loop *loop, struct error *error)
{
	uint64_t delay_ns = observation->config->otlp.span_delay_ns;
	uint64_t interval_ns = drain_interval_ns(observation->config);
	int r;

	r = loop__add_timer(loop, interval_ns, interval_ns, on_drain, observation, NULL, error);
	if (r < 0)
		return r;
	r = loop__add_timer(loop, delay_ns, delay_ns, on_span_delay, observation, NULL, error);
	if (r < 0)
		return r;
	return loop__add_fd(loop, ring__fd(observation->ring), EPOLLIN, on_drain, observation, NULL,
			    error);
}

int observation__watch(struct observation *observation, struct loop *loop, struct error *error)
{
	const struct config *config = observation->config;
	int r = 0;

	observation->error = error;
	if (plan__has(observation->plan, INSTR_APPLICATIONS))
		r = loop__add_timer(loop, config->app_sample_ns, config->app_sample_ns,
				    on_app_sample, observation, NULL, error);
	if (r >= 0 && config->otlp.traces_target)
		r = watch_records(observation, loop, error);
	return r < 0 ? r : sampling__start(observation, loop, error);
}

int observation__stop(struct observation *observation, struct error *error)
{
	int r;

	sampling__stop(observation);
	probe__freeze(observation->probe);
	observation__target_runs(observation);
	observation->is_stopped = true;
	r = observation__drain(observation, error);
	return r < 0 ? r
		     : probe__end_target(observation->probe, observation->target_end_ns,
					 on_last_record, observation, error);
}

uint64_t observation__detach(struct observation *observation)
{
	/* A run that failed before the attachment. */
	if (!observation->probe)
		return 0;
	probe__detach(observation->probe);
	return probe__attachment(observation->probe).detach_ns;
}

void observation__free(struct observation *observation)
{
	if (!observation)
		return;
	sampling__stop(observation);
	ring__free(observation->ring);
	span_batch__free(observation->assembler.batch);
	exemplars__free(observation->exemplars);
	arena__free(observation->snapshot_arena);
	arena__free(observation->resource_arena);
	probe__free(observation->probe);
	run_stats__free(observation->run_stats);
	plan__free(observation->plan);
	process__free(observation->process);
	free(observation);
}

int observation__flush_spans(struct observation *observation)
{
	struct span_batch *batch = observation->assembler.batch;
	int r = 0;

	if (batch->count == 0)
		return 0;
	r = observation->sink(observation->sink_context, &observation->resource, batch);
	if (r < 0)
		observation->pipeline.spans_dropped += batch->count;
	span_batch__clear(batch);
	return r;
}

int observation__drain(struct observation *observation, struct error *error)
{
	struct trace_limiter *limiter = &observation->trace_limiter;
	uint64_t now_ns = clock_monotonic_ns(), spans;
	int r;

	observation->assembler.clock_offset_ns = clock_realtime_offset_ns();
	r = ring__drain(observation->ring);
	observation->pipeline.malformed_records = ring__malformed(observation->ring);
	if (r < 0)
		return error_set(error, r, "cannot read the ring buffer: %m");
	if (!trace_limiter__is_due(limiter, now_ns))
		return 0;
	r = probe__count_spans(observation->probe, &spans, error);
	if (r < 0)
		return r;
	trace_limiter__end_period(limiter, spans, now_ns);
	probe__set_trace_ratio(observation->probe, limiter->ratio);
	return 0;
}

const struct process *observation__process(const struct observation *observation)
{
	return observation->process;
}

const struct plan *observation__get_plan(const struct observation *observation)
{
	return observation->plan;
}

const struct otlp_resource *observation__resource(const struct observation *observation)
{
	return &observation->resource;
}

struct own_telemetry observation__own_telemetry(const struct observation *observation)
{
	return observation->own_telemetry;
}

struct snapshot_attachment observation__attachment(const struct observation *observation)
{
	return probe__attachment(observation->probe);
}
