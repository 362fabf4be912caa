// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "probe/settings.h"

#include <sys/stat.h>

#include "base/clock.h"

#define INITIAL_PID_NAMESPACE 0xEFFFFFFCU

/* Sets unused bounds to the maximum, so that no value lies above them. */
static void set_bounds(__u64 *settings, const struct histogram_bounds *bounds)
{
	for (size_t i = 0; i < HISTOGRAM_BOUNDS; i++)
		settings[i] = i < bounds->count ? bounds->ns[i] : UINT64_MAX;
}

uint64_t probe_sampler_threshold(const struct config_sampler *sampler)
{
	const double all = 0x1p63;

	switch (sampler->kind) {
	case SAMPLER_ALWAYS_ON:
		return UINT64_MAX;
	case SAMPLER_ALWAYS_OFF:
		return 0;
	case SAMPLER_RATIO:
		break;
	}
	return sampler->ratio >= 1 ? UINT64_MAX : (uint64_t)(sampler->ratio * all);
}

/* In a PID namespace, programs look up ids relative to the namespace. */
static void set_pid_namespace(struct settings *settings)
{
	struct stat namespace;

	if (stat("/proc/self/ns/pid", &namespace) < 0 || namespace.st_ino == INITIAL_PID_NAMESPACE)
		return;
	settings->pid_namespace_device = namespace.st_dev;
	settings->pid_namespace_inode = namespace.st_ino;
}

void probe_set_span_limit(uint64_t rate, uint64_t queue, struct span_limit *ret_limit)
{
	uint64_t burst = rate < queue / 2 ? rate : queue / 2;
	uint64_t interval_ns = rate ? NS_PER_S / rate : 0;
	uint64_t burst_ns = interval_ns * (burst ? burst : 1);
	uint64_t margin_ns = burst_ns / 4;

	*ret_limit = (struct span_limit){
		.interval_ns = interval_ns,
		.burst_ns = burst_ns,
		.margin_ns = margin_ns,
		.slope = margin_ns ? UINT64_MAX / margin_ns : 0,
	};
}

void probe_write_settings(struct settings *settings, const struct config *config,
			  const struct plan *plan, const struct histogram_layout *layout, pid_t pid)
{
	settings->target_tgid = (uint32_t)pid;
	set_pid_namespace(settings);
	settings->slow_poll_ns = config->slow_poll_ns;
	set_bounds(settings->poll_bounds_ns, layout->polls);
	set_bounds(settings->http_bounds_ns, layout->http);
	set_bounds(settings->session_bounds_ns, layout->sessions);
	if (plan__can_detach_polls(plan))
		settings->context_offset = plan->tokio.context_offset;
	settings->context_words = plan->tokio.context_words;
	settings->stage_distance = plan->tokio.stage_distance;
	settings->app_status_offset = plan->app_status_offset;
	settings->app_result_register = plan->app_result_register;
	settings->encode_head_offset = plan->encode_head_offset;
	settings->head_status_offset = plan->head_status_offset;
	settings->frame_payload_offset = plan->frame_payload_offset;
	settings->frame_head_offset = plan->frame_head_offset;
	settings->messages_by_frame = !plan->hooks[HOOK_MESSAGE_QUEUE].wanted;
	settings->wakes_are_observed = plan__has(plan, INSTR_TOKIO_SCHEDULING);
	settings->failures_are_observed =
		plan->hooks[HOOK_HTTP_ERROR].wanted && plan->hooks[HOOK_PANIC].wanted;
	settings->routes_come_first = !plan->hooks[HOOK_HTTP_ROUTE].wanted;
	settings->spawns_are_observed = plan->hooks[HOOK_TASK_SPAWN].wanted;
	settings->emit_spans = config->otlp.traces_target != NULL;
	settings->span_age_limit_ns = config->span_age_limit_ns;
	probe_set_span_limit(config->max_span_rate, config->otlp.span_queue, &settings->span_limit);
	settings->sampler_parent_based = config->sampler.parent_based;
	settings->sampler_threshold = probe_sampler_threshold(&config->sampler);
}
