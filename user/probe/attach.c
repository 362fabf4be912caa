// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/wire_names.h"
#include "probe/internal.h"

static int keep_link(struct probe *probe, enum hook hook, struct bpf_link *link)
{
	if (!link)
		return -errno;
	probe->links[probe->link_count++] = (struct probe_link){link, hook};
	return 0;
}

/* Attaches one link for all sites of a hook. */
static int attach_multi(struct probe *probe, enum hook hook)
{
	const struct plan_hook *planned = &probe->plan->hooks[hook];
	_cleanup_free_ unsigned long *offsets = calloc(planned->site_count, sizeof(*offsets));
	LIBBPF_OPTS(bpf_uprobe_multi_opts, options, .offsets = offsets, .cnt = planned->site_count,
		    .retprobe = catalogue_hooks[hook].place == PLACE_RETURN);
	/* Before Linux 6.10, the pid filter matches one thread only; without a filter, programs
	 * compare the process id themselves. */
	pid_t pid = probe->plan->kernel.multi_by_process ? probe->target->pid : -1;

	if (!offsets)
		return -ENOMEM;
	for (size_t i = 0; i < planned->site_count; i++)
		offsets[i] = probe->plan->sites[planned->first_site + i].file_offset;
	return keep_link(probe, hook,
			 bpf_program__attach_uprobe_multi(probe_program(probe, hook), pid,
							  probe->target->attach_path, NULL,
							  &options));
}

static int attach_single(struct probe *probe, enum hook hook)
{
	const struct plan_hook *planned = &probe->plan->hooks[hook];
	LIBBPF_OPTS(bpf_uprobe_opts, options,
		    .retprobe = catalogue_hooks[hook].place == PLACE_RETURN);

	for (size_t i = 0; i < planned->site_count; i++) {
		const struct plan_site *site = &probe->plan->sites[planned->first_site + i];
		int r = keep_link(probe, hook,
				  bpf_program__attach_uprobe_opts(
					  probe_program(probe, hook), probe->target->pid,
					  probe->target->attach_path, site->file_offset, &options));

		if (r < 0)
			return r;
	}
	return 0;
}

int probe_attach_hook(struct probe *probe, enum hook hook, struct error *error)
{
	int r;

	if (catalogue_hook__is_tracepoint(hook))
		r = keep_link(probe, hook, bpf_program__attach(probe_program(probe, hook)));
	else if (probe->plan->kernel.uprobe_multi)
		r = attach_multi(probe, hook);
	else
		r = attach_single(probe, hook);
	if (r < 0)
		return error_set(error, r, "cannot attach hook %s to process %d: %m",
				 wire_hook_name(hook), (int)probe->target->pid);
	return 0;
}

int probe__attach(struct probe *probe, struct error *error)
{
	uint64_t start_ns = clock_monotonic_ns();

	for (int i = 0; i < HOOK_COUNT; i++) {
		if (!probe->plan->hooks[i].wanted)
			continue;

		int r = probe_attach_hook(probe, (enum hook)i, error);

		if (r < 0) {
			probe__detach(probe);
			return r;
		}
		probe->attachment.sites += catalogue_hook__is_tracepoint((enum hook)i)
						   ? 1
						   : probe->plan->hooks[i].site_count;
	}
	probe->attachment.attach_ns = clock_monotonic_ns() - start_ns;
	return 0;
}

/* Destroys a detacher's link, then decrements the count of pending detachers. */
static void *destroy_link(void *context)
{
	struct probe_detacher *detacher = context;

	bpf_link__destroy(detacher->link);
	__atomic_fetch_sub(detacher->pending, 1, __ATOMIC_RELEASE);
	return NULL;
}

/* Moves the links of the selected hooks to the detachers. Returns the number of links. */
static size_t move_links(struct probe *probe, bool (*is_selected)(enum hook hook))
{
	size_t count = 0, remaining = 0;

	for (size_t i = 0; i < probe->link_count; i++) {
		if (is_selected(probe->links[i].hook))
			probe->detachers[count++].link = probe->links[i].link;
		else
			probe->links[remaining++] = probe->links[i];
	}
	probe->link_count = remaining;
	return count;
}

void probe_detach_hooks(struct probe *probe, bool (*is_selected)(enum hook hook))
{
	size_t count;

	probe_await_detached(probe);
	count = move_links(probe, is_selected);
	__atomic_store_n(&probe->detaching, count, __ATOMIC_RELAXED);
	for (size_t i = 0; i < count; i++) {
		struct probe_detacher *detacher = &probe->detachers[i];

		detacher->pending = &probe->detaching;
		detacher->has_thread =
			pthread_create(&detacher->thread, NULL, destroy_link, detacher) == 0;
		if (!detacher->has_thread)
			destroy_link(detacher);
	}
	probe->detacher_count = count;
}

void probe_await_detached(struct probe *probe)
{
	for (size_t i = 0; i < probe->detacher_count; i++) {
		if (probe->detachers[i].has_thread)
			pthread_join(probe->detachers[i].thread, NULL);
	}
	probe->detacher_count = 0;
}

static bool is_any(enum hook hook)
{
	(void)hook;
	return true;
}

void probe__detach(struct probe *probe)
{
	uint64_t start_ns = clock_monotonic_ns();

	probe_await_detached(probe);
	if (probe->link_count == 0)
		return;
	/* Disables recording at all sites at once, so that counts do not depend on the order of
	 * detachment. */
	__atomic_store_n(&probe->skeleton->bss->activation, ACTIVE_NONE, __ATOMIC_RELEASE);
	probe_detach_hooks(probe, is_any);
	probe_await_detached(probe);
	probe->attachment.detach_ns = clock_monotonic_ns() - start_ns;
}
