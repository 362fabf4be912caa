// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stddef.h>
#include <sys/epoll.h>

#include "agent/internal.h"
#include "base/clock.h"
#include "base/log.h"
#include "probe/target_end.h"

/* Nothing wakes this process at an execve() of the target, and no scrape may come. */
#define CHECK_INTERVAL_NS NS_PER_S

/* An execve() may be noticed late. The clock of a process's end is that of this process. */
static void end(struct observation *observation, int code)
{
	uint64_t exec_ns = probe__exec_ns(observation->probe);

	observation->target_is_up = false;
	observation->target_end_ns = exec_ns ? exec_ns : clock_monotonic_ns();
	log_info("process %d %s", (int)observation->process->pid, process__describe_end(code));
	if (observation->on_end)
		observation->on_end(observation->end_context);
}

bool observation__target_runs(struct observation *observation)
{
	int r;

	if (!observation->target_is_up)
		return false;
	r = process__check(observation->process);
	if (r == 0 && probe__exec_ns(observation->probe))
		r = -ESTALE;
	if (r < 0)
		end(observation, r);
	return r == 0;
}

static int on_check(void *context)
{
	observation__target_runs(context);
	return 0;
}

/* The descriptor stays readable. */
static int on_pid_fd(void *context)
{
	struct observation *observation = context;

	loop__remove(observation->loop, observation->pid_source);
	observation__target_runs(observation);
	return 0;
}

int observation__watch_target(struct observation *observation, observation_end_callback on_end,
			      void *context, struct loop *loop, struct error *error)
{
	int r;

	observation->on_end = on_end;
	observation->end_context = context;
	observation->loop = loop;
	r = loop__add_fd(loop, observation->process->pid_fd, EPOLLIN, on_pid_fd, observation,
			 &observation->pid_source, error);
	if (r < 0)
		return r;
	return loop__add_timer(loop, CHECK_INTERVAL_NS, CHECK_INTERVAL_NS, on_check, observation,
			       NULL, error);
}
