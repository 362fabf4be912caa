/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_POLL_BPF_H
#define SCOTTYSCOPE_POLL_BPF_H

/* Polls: each thread has a stack of those in progress, for they may nest. */

#include "http/finalize.bpf.h"
#include "tokio/task.bpf.h"
#include "websocket/verify.bpf.h"

/* A poll whose task was put into a run queue before; or not seen to be, which then is made up for. */
static __always_inline void count_wait(struct task *task, __u64 now_ns, bool is_cancelled)
{
	struct schedule_totals *total = schedule_total();

	if (!total)
		return;
	if (is_of_this_turn(task->wake_ns)) {
		if (now_ns > task->wake_ns)
			task->waiting_ns += now_ns - task->wake_ns;
	} else if (wakes_are_seen && !is_cancelled && !polls_in_turns &&
		   !(task->flags & TASK_CENSUS)) {
		check(CHECK_WAKE_UNSEEN);
		add(&total->scheduled, 1);
	}
	if (!is_cancelled && !(task->flags & TASK_POLLED) && is_of_this_turn(task->spawn_ns) &&
	    now_ns >= task->spawn_ns)
		observe(&total->first_poll, now_ns - task->spawn_ns, poll_bounds_ns);
	task->flags |= TASK_POLLED;
	task->idle_ns = 0;
	task->wake_ns = 0;
}

static __always_inline void start_poll(struct pt_regs *ctx, __u32 tid)
{
	/* Read once: polls may be let go of at any moment. */
	__u64 address = read_argument(ctx, ARGUMENT_TASK_HEADER);
	__u64 since_ns = polls_since_ns, now_ns;
	struct task_header header;
	struct poll_frame *frame;
	struct thread *thread;
	struct task *task;
	bool is_cancelled;

	if (!since_ns || polls_are_ending)
		return;
	if (bpf_probe_read_user(&header, sizeof(header), (void *)address)) {
		lose(LOSS_READ_FAULT);
		return;
	}
	/* tokio refuses to run a task that runs or has ended: no poll follows. */
	if (header.state & (STATE_RUNNING | STATE_COMPLETE))
		return;
	task = meet_task(address, header.vtable, tid, false);
	if (task && task->kind.class == TASK_BLOCKING)
		return;
	thread = meet_thread(tid);
	if (!thread)
		return;
	is_cancelled = header.state & STATE_CANCELLED;
	now_ns = bpf_ktime_get_ns();
	if (task)
		count_wait(task, now_ns, is_cancelled);
	thread->stack_pointer = PT_REGS_SP(ctx);
	if (thread->polls_since_ns != since_ns)
		thread->depth = 0;
	thread->polls_since_ns = since_ns;
	if (thread->depth >= FRAME_LIMIT - 1) {
		lose(LOSS_NESTING);
		thread->depth = 0;
	}
	frame = frame_at(thread, ++thread->depth);
	frame->header = address;
	frame->stack_pointer = PT_REGS_SP(ctx);
	frame->flags = is_cancelled ? FRAME_CANCELLED : 0;
	frame->kind = task ? task->kind : kind_of_vtable(header.vtable);
	frame->start_ns = now_ns;
}

/* Takes the poll of `header` off the thread's stack, together with inner ones whose end was not
 * seen. Gives its frame, which stays readable until the next poll starts; NULL when there is none. */
static __always_inline struct poll_frame *take_frame(struct thread *thread, __u64 header)
{
	__u32 depth = depth_of(thread);

	for (int i = 0; i < FRAME_LIMIT && depth > 0; i++) {
		struct poll_frame *frame = frame_at(thread, depth);

		depth--;
		if (frame->header == header) {
			thread->depth = depth;
			return frame;
		}
	}
	return NULL;
}

/* A slow poll is told by the span that it happened in. */
static __always_inline void tell_slow_poll(const struct poll_frame *frame, __u64 duration_ns)
{
	struct http_connection *connection;
	struct task_session *session;

	connection = bpf_map_lookup_elem(&http_connections, &frame->header);
	if (connection && connection->start_ns)
		note_slow_poll(&connection->span, frame->start_ns, duration_ns);
	session = find_session(frame->header);
	if (session)
		note_slow_poll(&session->span, frame->start_ns, duration_ns);
}

/* Whether none of the state's bits `awake` is set: a task that was woken amid its poll goes on without
 * having been idle. The word may change until tokio has swapped it: who wakes the task then finds it
 * idle, if only for a moment. */
static __always_inline bool is_idle(__u64 header, __u64 awake)
{
	__u64 state = 0;

	if (bpf_probe_read_user(&state, sizeof(state), (void *)header)) {
		lose(LOSS_READ_FAULT);
		return false;
	}
	return !(state & awake);
}

static __always_inline void count_poll(const struct poll_frame *frame, __u64 now_ns, __u64 awake)
{
	struct task_totals *total = totals_of(frame->kind);
	__u64 duration_ns = now_ns - frame->start_ns;
	struct task *task;

	if (!total || frame->flags & FRAME_CANCELLED)
		return;
	observe(&total->polls, duration_ns, poll_bounds_ns);
	task = bpf_map_lookup_elem(&tasks, &frame->header);
	if (task) {
		task->busy_ns += duration_ns;
		task->idle_ns = awake && is_idle(frame->header, awake) ? now_ns : 0;
	}
	if (duration_ns > slow_poll_ns) {
		add(&total->slow_polls, 1);
		if (emit_spans)
			tell_slow_poll(frame, duration_ns);
	}
}

/* A poll ended; `awake` as for is_idle(), 0 where the task ended with it. Where that has the bit of tasks
 * that run, tokio has let go of the task by now: one that runs is another thread's, whose next hook settles
 * what waits. */
static __always_inline void finish_poll(struct thread *thread, struct poll_frame *frame,
					__u64 now_ns, __u64 awake)
{
	count_poll(frame, now_ns, awake);
	if (frame->flags & FRAME_APP_CHECK)
		close_app_check(frame);
	if (frame->flags & FRAME_HTTP_PENDING &&
	    (!(awake & STATE_RUNNING) || is_idle(frame->header, STATE_RUNNING)))
		http_settle_poll(frame->header);
	if (frame->flags & FRAME_WEBSOCKET_PENDING)
		websocket_settle(thread);
}

/* The end of a poll; another hit of the same end (a retried compare-and-swap) finds no frame. */
static __always_inline void end_poll(__u32 tid, __u64 header, __u64 now_ns, __u64 awake)
{
	struct thread *thread = find_thread(tid);
	__u32 depth = thread ? depth_of(thread) : 0;
	struct poll_frame *frame = thread ? take_frame(thread, header) : NULL;

	if (!frame)
		return;
	if (thread->depth + 1 != depth)
		lose(LOSS_FRAME_LOST); /* inner polls whose end was not seen */
	finish_poll(thread, frame, now_ns, awake);
}

#endif
