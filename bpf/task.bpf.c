// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* tokio's tasks: every poll of every task, which lasts from `transition_to_running` to the next
 * `transition_to_idle` or `transition_to_complete` on the same thread; polls may nest. */

#include "common.bpf.h"
#include "http_settle.bpf.h"

/* The first words of tokio's task header (repr(C), tokio/src/runtime/task/core.rs). */
struct task_header {
	__u64 state;
	__u64 queue_next;
	__u64 vtable;
};

/* Bits of the state word (tokio/src/runtime/task/state.rs). */
#define STATE_RUNNING	1
#define STATE_COMPLETE	2
#define STATE_CANCELLED 32

static __always_inline enum task_kind kind_of_vtable(__u64 vtable)
{
	__u32 *kind = bpf_map_lookup_elem(&vtables, &vtable);

	if (!kind) {
		check(CHECK_VTABLE_UNKNOWN);
		return TASK_ASYNC;
	}
	return *kind;
}

static __always_inline struct task_totals *totals(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&task_totals, &zero);
}

/* The kind of the task at `header`, which is entered among the live ones if it is new. */
static __always_inline enum task_kind meet_task(__u64 header, __u64 vtable)
{
	struct task *known = bpf_map_lookup_elem(&tasks, &header);
	struct task_totals *total = totals();
	struct task task = {};
	long error;

	if (known && known->vtable == vtable)
		return known->kind;

	task.vtable = vtable;
	task.kind = kind_of_vtable(vtable);
	if (known) {
		check(CHECK_TASK_REUSED);
		if (total && known->kind == TASK_ASYNC)
			add(&total->ended, 1);
	}
	/* The census may enter it at the same moment: whoever does enter it counts it. */
	error = bpf_map_update_elem(&tasks, &header, &task, known ? BPF_ANY : BPF_NOEXIST);
	if (!error && total && task.kind == TASK_ASYNC)
		add(&total->started, 1);
	else if (error && error != -17 /* EEXIST */)
		lose(LOSS_TASKS_FULL);
	return task.kind;
}

static __always_inline struct thread *meet_thread(__u32 tid)
{
	struct thread *thread = find_thread(tid);
	__u32 zero = 0;
	void *fresh;

	if (thread)
		return thread;
	fresh = bpf_map_lookup_elem(&new_thread, &zero);
	if (!fresh || bpf_map_update_elem(&threads, &tid, fresh, BPF_NOEXIST))
		lose(LOSS_THREADS_FULL);
	return find_thread(tid);
}

static __always_inline void start_poll(struct pt_regs *ctx, __u32 tid)
{
	__u64 address = PT_REGS_PARM1(ctx);
	struct task_header header;
	struct thread *thread;
	struct poll_frame *frame;

	if (bpf_probe_read_user(&header, sizeof(header), (void *)address)) {
		lose(LOSS_READ_FAULT);
		return;
	}
	/* tokio refuses to run a task that runs or has ended: no poll follows. */
	if (header.state & (STATE_RUNNING | STATE_COMPLETE) ||
	    meet_task(address, header.vtable) == TASK_BLOCKING)
		return;
	thread = meet_thread(tid);
	if (!thread)
		return;
	thread->stack_pointer = PT_REGS_SP(ctx);
	if (thread->depth >= FRAME_LIMIT) {
		lose(LOSS_NESTING);
		thread->depth = 0;
	}
	frame = &thread->frames[thread->depth & (FRAME_LIMIT - 1)];
	frame->header = address;
	frame->flags = header.state & STATE_CANCELLED ? FRAME_CANCELLED : 0;
	frame->start_ns = bpf_ktime_get_ns();
	thread->depth++;
}

/* Takes the poll of `header` off the thread's stack, together with inner ones whose end was not
 * seen. Gives its frame, which stays readable until the next poll starts; NULL when there is none. */
static __always_inline struct poll_frame *take_frame(struct thread *thread, __u64 header)
{
	__u32 depth = thread->depth;

	for (int i = 0; i < FRAME_LIMIT && depth > 0; i++) {
		struct poll_frame *frame = &thread->frames[(depth - 1) & (FRAME_LIMIT - 1)];

		depth--;
		if (frame->header == header) {
			thread->depth = depth;
			return frame;
		}
	}
	return NULL;
}

static __always_inline void count_poll(const struct poll_frame *frame, __u64 now_ns)
{
	struct task_totals *total = totals();
	__u64 duration_ns = now_ns - frame->start_ns;

	if (!total || frame->flags & FRAME_CANCELLED)
		return;
	observe(&total->polls, duration_ns, poll_bounds_ns);
	if (duration_ns > slow_poll_ns)
		add(&total->slow_polls, 1);
}

/* The end of a poll; another hit of the same end (a retried compare-and-swap) finds no frame. */
static __always_inline void end_poll(__u32 tid, __u64 header, __u64 now_ns)
{
	struct thread *thread = find_thread(tid);
	__u32 depth = thread ? thread->depth : 0;
	struct poll_frame *frame = thread ? take_frame(thread, header) : NULL;

	if (!frame)
		return;
	if (thread->depth + 1 != depth)
		lose(LOSS_FRAME_LOST); /* inner polls whose end was not seen */
	count_poll(frame, now_ns);
	if (frame->flags & FRAME_HTTP_PENDING)
		http_settle_poll(header);
}

SEC("uprobe")
int on_poll_start(struct pt_regs *ctx)
{
	__u32 tid = admit(HOOK_POLL_START, ACTIVE_POLLS);

	if (tid)
		start_poll(ctx, tid);
	return 0;
}

SEC("uprobe")
int on_poll_idle(struct pt_regs *ctx)
{
	__u64 now_ns = bpf_ktime_get_ns();
	__u32 tid = admit(HOOK_POLL_IDLE, ACTIVE_POLLS);

	if (tid)
		end_poll(tid, PT_REGS_PARM1(ctx), now_ns);
	return 0;
}

SEC("uprobe")
int on_task_complete(struct pt_regs *ctx)
{
	__u64 now_ns = bpf_ktime_get_ns();
	__u32 tid = admit(HOOK_TASK_COMPLETE, ACTIVE_POLLS);
	__u64 header = PT_REGS_PARM1(ctx);
	struct task_totals *total = totals();
	struct task *task;
	__u32 kind;

	if (!tid)
		return 0;
	end_poll(tid, header, now_ns);
	http_end_connection(header, now_ns);

	task = bpf_map_lookup_elem(&tasks, &header);
	if (!task || !total)
		return 0;
	kind = task->kind;
	/* The census may take it out at the same moment: whoever does take it out counts its end. */
	if (!bpf_map_delete_elem(&tasks, &header))
		add(kind == TASK_BLOCKING ? &total->blocking_runs : &total->ended, 1);
	return 0;
}
