// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "probe/polls.h"

#include <bpf/libbpf.h>
#include <stdbool.h>

#include "base/clock.h"
#include "layout/tokio.h"
#include "probe/internal.h"

/* More perf events than these are not let go of once in some seconds. */
#define SINGLE_SITES_LIMIT 8

static bool is_of_polls(enum hook hook)
{
	return catalogue_hooks[hook].is_of_polls;
}

/* The word of tokio's context that holds the polled task's id, plus 1; 0 while that is not known. */
static uint32_t id_place(const struct probe *probe)
{
	uint32_t misses = __atomic_load_n(&probe->skeleton->bss->task_id_misses, __ATOMIC_RELAXED);
	uint64_t samples =
		__atomic_load_n(&probe->skeleton->bss->task_id_samples, __ATOMIC_RELAXED);
	uint32_t holding = ~misses & ((UINT32_C(1) << TOKIO_CONTEXT_WORDS) - 1);

	if (samples < TASK_ID_SAMPLES || __builtin_popcount(holding) != 1 ||
	    __atomic_load_n(&probe->skeleton->bss->task_id_differs, __ATOMIC_RELAXED))
		return 0;
	return (uint32_t)__builtin_ctz(holding) + 1;
}

bool probe__can_disable_polls(const struct probe *probe)
{
	uint64_t agreements =
		__atomic_load_n(&probe->skeleton->bss->status_agreements, __ATOMIC_RELAXED);

	return id_place(probe) && agreements >= AGREEMENTS_TO_TRUST &&
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
	__atomic_store_n(&probe->skeleton->bss->task_id_word, id_place(probe), __ATOMIC_RELAXED);
	__atomic_store_n(&probe->skeleton->bss->poll_sampling, true, __ATOMIC_RELEASE);
	__atomic_store_n(&probe->skeleton->bss->poll_draining, true, __ATOMIC_RELEASE);
}

void probe__disable_polls(struct probe *probe)
{
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
	/* From here on: attaching took its time. */
	__atomic_store_n(&probe->skeleton->bss->poll_epoch_ns, clock_monotonic_ns(),
			 __ATOMIC_RELEASE);
	return 0;
}
