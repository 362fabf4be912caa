// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "probe/polls.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>

#include "base/clock.h"
#include "layout/tokio.h"
#include "probe/internal.h"
#include "probe/map_keys.h"

/* With more perf events, detaching takes too long to be repeated every few seconds. */
#define SINGLE_SITES_LIMIT 8

static bool is_of_polls(enum hook hook)
{
	return catalogue_hooks[hook].is_of_polls;
}

uint32_t poll_context_word(uint32_t misses, uint64_t samples, bool differs)
{
	uint32_t candidates = ~misses & ((UINT32_C(1) << TOKIO_CONTEXT_WORDS_MAX) - 1);

	if (samples < TASK_ID_SAMPLES || differs || __builtin_popcount(candidates) != 1)
		return 0;
	return (uint32_t)__builtin_ctz(candidates) + 1;
}

static uint32_t context_word(const struct probe *probe)
{
	const struct scottyscope__bss *bss = probe->skeleton->bss;

	return poll_context_word(__atomic_load_n(&bss->task_id_misses, __ATOMIC_RELAXED),
				 __atomic_load_n(&bss->task_id_samples, __ATOMIC_RELAXED),
				 __atomic_load_n(&bss->task_id_differs, __ATOMIC_RELAXED));
}

bool probe__can_disable_polls(const struct probe *probe)
{
	uint64_t agreements =
		__atomic_load_n(&probe->skeleton->bss->status_agreements, __ATOMIC_RELAXED);

	return context_word(probe) && agreements >= AGREEMENTS_TO_TRUST &&
	       agreements < AGREEMENTS_NEVER;
}

bool probe__can_cycle_polls(const struct probe *probe)
{
	size_t sites = 0;

	for (int i = 0; i < HOOK_COUNT; i++) {
		const struct plan_hook *hook = &probe->plan->hooks[i];

		sites += is_of_polls((enum hook)i) && hook->wanted ? hook->site_count : 0;
	}
	return probe->plan->kernel.uprobe_multi || sites <= SINGLE_SITES_LIMIT;
}

void probe__drain_polls(struct probe *probe)
{
	__atomic_store_n(&probe->skeleton->bss->task_id_word, context_word(probe),
			 __ATOMIC_RELAXED);
	__atomic_store_n(&probe->skeleton->bss->poll_sampling, true, __ATOMIC_RELEASE);
	__atomic_store_n(&probe->skeleton->bss->poll_draining, true, __ATOMIC_RELEASE);
}

bool poll_is_pending(const struct thread *thread, uint64_t epoch_ns)
{
	if (!epoch_ns || thread->poll_epoch_ns != epoch_ns)
		return false;
	for (uint32_t depth = 1; depth <= thread->depth && depth < FRAME_LIMIT; depth++) {
		if (thread->frames[depth].flags & FRAME_PENDING)
			return true;
	}
	return false;
}

/* Returns -EBUSY for a thread with a pending poll. */
static int find_pending_poll(void *context, const void *tid)
{
	const struct probe *probe = context;
	struct thread thread;

	if (bpf_map__lookup_elem(probe->skeleton->maps.threads, tid, sizeof(uint32_t), &thread,
				 sizeof(thread), 0) < 0)
		return 0;
	return poll_is_pending(&thread, probe->skeleton->bss->poll_epoch_ns) ? -EBUSY : 0;
}

/* The number of responses that wait for a later poll of their task. */
static uint64_t count_deferred(struct probe *probe)
{
	struct counters counters;

	if (probe_read_counters(probe, &counters) < 0)
		return 0;
	return counters.events[EVENT_RESPONSES_DEFERRED] - counters.events[EVENT_DEFERRED_FINISHED];
}

bool probe__is_draining_polls(struct probe *probe)
{
	uint64_t deferred = count_deferred(probe);

	if (deferred < probe->deferred)
		probe->deferred = deferred;
	return deferred > probe->deferred ||
	       map_keys__visit(probe->skeleton->maps.threads, find_pending_poll, probe) == -EBUSY;
}

void probe__disable_polls(struct probe *probe)
{
	probe->deferred = count_deferred(probe);
	__atomic_store_n(&probe->skeleton->bss->poll_epoch_ns, 0, __ATOMIC_RELEASE);
	probe_detach_hooks(probe, is_of_polls);
}

bool probe__is_disabling_polls(const struct probe *probe)
{
	return __atomic_load_n(&probe->detaching, __ATOMIC_ACQUIRE) > 0;
}

int probe__enable_polls(struct probe *probe, struct error *error)
{
	probe_await_detached(probe);
	for (int i = 0; i < HOOK_COUNT; i++) {
		int r = 0;

		if (is_of_polls((enum hook)i) && probe->plan->hooks[i].wanted)
			r = probe_attach_hook(probe, (enum hook)i, error);
		if (r < 0)
			return r;
	}
	__atomic_store_n(&probe->skeleton->bss->poll_draining, false, __ATOMIC_RELEASE);
	/* Polls count from this time on: attaching takes some time. */
	__atomic_store_n(&probe->skeleton->bss->poll_epoch_ns, clock_monotonic_ns(),
			 __ATOMIC_RELEASE);
	return 0;
}
