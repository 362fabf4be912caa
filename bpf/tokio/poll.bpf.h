/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_POLL_BPF_H
#define SCOTTYSCOPE_POLL_BPF_H

/* Tracked polls. Polls nest, so each thread has a stack of frames. */

#include "core/registers.bpf.h"
#include "tokio/current.bpf.h"
#include "tokio/events.bpf.h"
#include "tokio/task.bpf.h"

/* Adds the time the task spent in the run queue. If its wake-up was missed, counts it here. */
static __always_inline void count_runq(struct task *task, __u64 now_ns, bool is_cancelled)
{
	struct schedule_totals *totals = get_schedule_totals();

	if (!totals)
		return;
	if (is_in_poll_epoch(task->wake_ns)) {
		if (now_ns > task->wake_ns)
			task->runq_ns += now_ns - task->wake_ns;
	} else if (settings.wakes_are_observed && !is_cancelled && !poll_sampling &&
		   !(task->flags & TASK_PREEXISTING)) {
		count_check(CHECK_WAKE_UNSEEN);
		add(&totals->scheduled, 1);
	}
	if (!is_cancelled && !(task->flags & TASK_POLLED) && is_in_poll_epoch(task->spawn_ns) &&
	    now_ns >= task->spawn_ns)
		observe(&totals->first_poll, now_ns - task->spawn_ns, settings.poll_bounds_ns);
	task->flags |= TASK_POLLED;
	task->idle_ns = 0;
	task->wake_ns = 0;
}

/* Whether the poll is observed. Before the poll probes are detached, only polls of tasks with a response
 * that hyper has not sent yet are: no later hook may follow on an idle connection. */
static __always_inline bool is_observed(__u64 address)
{
	struct task *task = poll_draining ? bpf_map_lookup_elem(&tasks, &address) : NULL;

	return !poll_draining || (task && task->flags & TASK_RESPONSE_PENDING);
}

/* Pushes a frame for the poll that starts. */
static __always_inline void start_poll(struct pt_regs *ctx, __u32 tid)
{
	/* Read once: user space may detach the poll probes at any time. */
	__u64 epoch_ns = poll_epoch_ns, now_ns;
	__u64 address = read_argument(ctx, ARGUMENT_TASK_HEADER);
	struct task_header header;
	struct poll_frame *frame;
	struct thread *thread;
	struct task *task;
	bool is_cancelled;

	if (!epoch_ns || !is_observed(address) || !read_header(address, &header))
		return;
	/* tokio does not run a task that is running or complete: no poll follows. */
	if (header.state & (STATE_RUNNING | STATE_COMPLETE))
		return;
	task = get_or_insert_task(address, header.vtable, tid, MET_IN_POLL);
	if (task && task->kind.class == TASK_BLOCKING)
		return;
	thread = get_or_init_thread(tid);
	if (!thread)
		return;
	is_cancelled = header.state & STATE_CANCELLED;
	now_ns = bpf_ktime_get_ns();
	if (task)
		count_runq(task, now_ns, is_cancelled);
	thread->stack_pointer = PT_REGS_SP(ctx);
	if (thread->poll_epoch_ns != epoch_ns)
		thread->depth = 0;
	thread->poll_epoch_ns = epoch_ns;
	if (thread->depth >= FRAME_LIMIT - 1) {
		count_drop(DROP_NESTING);
		thread->depth = 0;
	}
	frame = frame_at(thread, ++thread->depth);
	frame->header = address;
	frame->stack_pointer = PT_REGS_SP(ctx);
	frame->flags = is_cancelled ? FRAME_CANCELLED : 0;
	if (task)
		frame->flags |= task->flags >> TASK_RESPONSE_SHIFT & FRAME_HTTP_PENDING;
	frame->kind = task ? task->kind : kind_of_vtable(header.vtable);
	frame->start_ns = now_ns;
}

/* Pops the frame of `header`, together with inner frames whose end was not observed. The frame
 * stays readable until the thread's next poll starts. NULL if there is none. */
static __always_inline struct poll_frame *pop_frame(struct thread *thread, __u64 header)
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

/* Counts a poll that ended. The task is idle now if its state has none of the bits `awake`; 0: the
 * task is complete. */
static __always_inline void count_poll(const struct poll_frame *frame, __u64 now_ns, __u64 awake)
{
	struct task_totals *totals = totals_of(frame->kind);
	__u64 duration_ns = now_ns - frame->start_ns;
	struct task *task;

	if (!totals || frame->flags & FRAME_CANCELLED)
		return;
	observe(&totals->polls, duration_ns, settings.poll_bounds_ns);
	task = bpf_map_lookup_elem(&tasks, &frame->header);
	if (task) {
		task->busy_ns += duration_ns;
		task->idle_ns = awake && is_idle(frame->header, awake) ? now_ns : 0;
	}
	if (duration_ns > settings.slow_poll_ns) {
		add(&totals->slow_polls, 1);
		if (settings.emit_spans)
			handle_slow_poll(frame, duration_ns);
	}
}

/* Ends the poll of a popped frame; `awake` as for count_poll(). With STATE_RUNNING among the bits,
 * tokio has released the task already. */
static __always_inline void finish_poll(struct thread *thread, struct poll_frame *frame,
					__u64 now_ns, __u64 awake)
{
	count_poll(frame, now_ns, awake);
	if (frame->flags & FRAME_PENDING)
		handle_poll_ended(thread, frame, awake);
}

/* Ends the poll of the task at `header`. A second hit at the same end (tokio retries its
 * compare-and-swap) finds no frame. */
static __always_inline void end_poll(__u32 tid, __u64 header, __u64 now_ns, __u64 awake)
{
	struct thread *thread = find_thread(tid);
	__u32 depth = thread ? depth_of(thread) : 0;
	struct poll_frame *frame = thread ? pop_frame(thread, header) : NULL;

	if (!frame)
		return;
	if (thread->depth + 1 != depth)
		count_drop(DROP_FRAME_LOST); /* inner polls whose end was not observed */
	finish_poll(thread, frame, now_ns, awake);
}

#endif
