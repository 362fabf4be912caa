// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "probe/internal.h"

/* Where the kernel cannot be asked to wait: longer than any program runs, also on a machine that is
 * short of CPUs. */
#define PROGRAMS_GAP_NS (100 * NS_PER_MS)

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

/* A change of an element in a map of maps returns after a grace period of RCU, and so after the end
 * of all programs that ran at the change (maybe_wait_bpf_programs() in Linux,
 * kernel/bpf/syscall.c). Returns a negative errno where the kernel did not wait. */
static int wait_for_grace_period(void)
{
	_cleanup_close_ int inner_fd =
		bpf_map_create(BPF_MAP_TYPE_ARRAY, NULL, sizeof(int), sizeof(int), 1, NULL);
	LIBBPF_OPTS(bpf_map_create_opts, options, .inner_map_fd = (__u32)inner_fd);
	_cleanup_close_ int outer_fd = -1;
	int zero = 0;

	if (inner_fd < 0)
		return inner_fd;
	outer_fd = bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, NULL, sizeof(int), sizeof(int), 1,
				  &options);
	if (outer_fd < 0)
		return outer_fd;
	return bpf_map_update_elem(outer_fd, &zero, &inner_fd, BPF_ANY);
}

void probe__freeze(struct probe *probe)
{
	const struct timespec gap = {.tv_nsec = (long)PROGRAMS_GAP_NS};

	__atomic_store_n(&probe->skeleton->bss->activation, ACTIVE_NONE, __ATOMIC_RELEASE);
	if (wait_for_grace_period() < 0)
		nanosleep(&gap, NULL);
}

/* In the child: waits until the parent has closed its copies of the links, then detaches them. */
static _Noreturn void detach_in_child(struct probe *probe, int parent_fd)
{
	char byte;

	while (read(parent_fd, &byte, 1) < 0 && errno == EINTR)
		continue;
	probe_detach_hooks(probe, is_any);
	probe_await_detached(probe);
	_exit(EXIT_SUCCESS);
}

/* Forks the child that detaches. Returns its process id; a negative errno if that fails. */
static pid_t fork_detacher(struct probe *probe, int *ret_child_fd)
{
	_cleanup_close_ int read_fd = -1;
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	read_fd = ends[0];
	child = fork();
	if (child < 0) {
		int code = -errno;

		close(ends[1]);
		return code;
	}
	if (child == 0) {
		close(ends[1]);
		detach_in_child(probe, read_fd);
	}
	*ret_child_fd = ends[1];
	return child;
}

/* The kernel detaches a link when its last descriptor is closed, and the closing process, even a
 * killed one, does not end before that. So a child has the last descriptors: this process can end
 * at any time. */
static void detach_all(struct probe *probe)
{
	int child_fd = -1;
	pid_t child = fork_detacher(probe, &child_fd);

	probe_detach_hooks(probe, is_any);
	probe_await_detached(probe);
	if (child < 0)
		return;
	close(child_fd);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		continue;
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
	detach_all(probe);
	probe->attachment.detach_ns = clock_monotonic_ns() - start_ns;
}
