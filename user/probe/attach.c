// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/wire_names.h"
#include "probe/internal.h"

/* Keeps a new link. Fails where the target ended or called execve() meanwhile: the kernel looks for the
 * process of a link by its id, which may belong to another program by now. */
static int keep_link(struct probe *probe, enum hook hook, struct bpf_link *link)
{
	if (!link)
		return -errno;
	probe->links[probe->link_count++] = (struct probe_link){link, hook};
	return process__check(probe->target);
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

/* By the descriptor of the file that the plan was made from: the kernel follows /proc/self/fd/N in this
 * process (kern_path() in Linux, create_local_trace_uprobe() and bpf_uprobe_multi_link_attach()). An
 * execve() of the target cannot put another file there. */
static int attach_sites(struct probe *probe, enum hook hook)
{
	if (catalogue_hook__is_tracepoint(hook))
		return keep_link(probe, hook, bpf_program__attach(probe_program(probe, hook)));
	return probe->plan->kernel.uprobe_multi ? attach_multi(probe, hook)
						: attach_single(probe, hook);
}

int probe_attach_hook(struct probe *probe, enum hook hook, struct error *error)
{
	int r = process__check(probe->target), end;

	if (r == 0)
		r = attach_sites(probe, hook);
	if (r == 0)
		return 0;
	end = process__check(probe->target);
	if (end < 0)
		return error_set(error, end, "process %d %s", (int)probe->target->pid,
				 process__describe_end(end));
	return error_set(error, r, "cannot attach hook %s to process %d: %m", wire_hook_name(hook),
			 (int)probe->target->pid);
}

/* Not by a hook: the program belongs to no instrumentation. */
static int attach_exec(struct probe *probe, struct error *error)
{
	struct scottyscope *skeleton = probe->skeleton;

	skeleton->links.on_exec = bpf_program__attach(skeleton->progs.on_exec);
	return skeleton->links.on_exec
		       ? 0
		       : error_set(error, -errno,
				   "cannot attach to the tracepoint sched_process_exec: %m");
}

int probe__attach(struct probe *probe, struct error *error)
{
	uint64_t start_ns = clock_monotonic_ns();
	int exec = attach_exec(probe, error);

	if (exec < 0)
		return exec;
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
