/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_TASK_BPF_H
#define SCOTTYSCOPE_TASK_BPF_H

/* tokio's tasks as they are met: the live ones by their headers, their kinds, what they are spawned
 * within. */

#include "http/finalize.bpf.h"
#include "scotty/app_check.bpf.h"
#include "scotty/session.bpf.h"

/* The first words of tokio's task header (repr(C), tokio/src/runtime/task/core.rs). */
struct task_header {
	__u64 state;
	__u64 queue_next;
	__u64 vtable;
};

/* Bits of the state word (tokio/src/runtime/task/state.rs). */
#define STATE_RUNNING	1
#define STATE_COMPLETE	2
#define STATE_NOTIFIED	4
#define STATE_CANCELLED 32

static __always_inline struct task_kind kind_of_vtable(__u64 vtable)
{
	struct task_kind *kind = bpf_map_lookup_elem(&vtables, &vtable);
	struct task_kind other = {.index = KIND_OTHER, .class = TASK_ASYNC, .role = ROLE_NONE};

	if (kind)
		return *kind;
	check(CHECK_VTABLE_UNKNOWN);
	return other;
}

static __always_inline struct task_totals *totals_of(struct task_kind kind)
{
	__u32 index = kind.index;

	return bpf_map_lookup_elem(&task_totals, &index);
}

static __always_inline struct schedule_totals *schedule_total(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&schedule_totals, &zero);
}

/* Whether a moment in a task's life was seen since polls are watched: one from before says nothing of
 * what came after it. */
static __always_inline bool is_of_this_turn(__u64 moment_ns)
{
	return moment_ns && moment_ns >= polls_since_ns;
}

/* What a task that the thread spawns now is spawned within: the request that the polled connection
 * is about, else the polled task's own context. NULL outside any poll. */
static __always_inline void inherit_from_poll(struct task *child, __u32 tid)
{
	struct poll_frame *frame = current_poll(tid);
	struct http_connection *connection;
	struct task *parent;
	__u8 role;

	if (!frame)
		return;
	parent = bpf_map_lookup_elem(&tasks, &frame->header);
	role = polled_role(frame, parent);
	/* A compose task may run another one within it, of which the client knows nothing. */
	if (child->kind.role == ROLE_COMPOSE_TASK && role == ROLE_COMPOSE_TASK)
		child->kind.role = ROLE_NONE;
	if (parent)
		child->session = parent->session;
	if (!emit_spans)
		return;
	if (role == ROLE_HTTP_CONNECTION) {
		connection = bpf_map_lookup_elem(&http_connections, &frame->header);
		if (connection && connection->start_ns && !connection->end_ns) {
			inherit(&child->context, &connection->span.context);
			return;
		}
	}
	if (parent)
		child->context = parent->context;
}

/* The task of a connection is spawned by the thread that accepted it, right after. */
static __always_inline void meet_peer(__u64 header, __u32 tid)
{
	struct thread *thread = find_thread(tid);
	struct http_connection *connection;

	if (!emit_spans || !thread || !thread->peer.family)
		return;
	connection = meet_connection(header);
	if (connection)
		connection->peer = thread->peer;
	thread->peer.family = 0;
}

/* A log stream that a client asked for has come to be. */
static __always_inline void serve_request(__u32 tid)
{
	struct poll_frame *frame = current_poll(tid);
	struct task_session *session = frame ? find_session(frame->header) : NULL;

	if (session && session->request == REQUEST_LOG_STREAM)
		session->request = REQUEST_LOG_STREAM_SERVED;
}

/* Enters the task's id, by which it is known where polls are not watched. */
static __always_inline void enter_id(__u64 header, struct task *task)
{
	if (!context_offset || !task->kind.id_word)
		return;
	if (bpf_probe_read_user(&task->id, sizeof(task->id),
				(void *)(header + task->kind.id_word * sizeof(task->id)))) {
		lose(LOSS_READ_FAULT);
		return;
	}
	if (bpf_map_update_elem(&task_headers, &task->id, &header, BPF_ANY))
		lose(LOSS_TASKS_FULL);
}

/* Takes a task out. The census may do so at the same moment: whoever does gets true. */
static __always_inline bool take_out_task(__u64 header, const struct task *task)
{
	__u64 id = task->id;

	if (bpf_map_delete_elem(&tasks, &header))
		return false;
	if (id)
		bpf_map_delete_elem(&task_headers, &id);
	return true;
}

/* Enters a task that was not known: spawned just now, or met late (`is_spawn` false). The census may
 * enter it at the same moment: whoever does enter it counts it. */
static __always_inline struct task *enter_task(__u64 header, __u64 vtable, __u32 tid, bool is_spawn)
{
	__u64 now_ns = bpf_ktime_get_ns();
	bool settled = activation >= ACTIVE_SETTLED;
	struct task_totals *total;
	struct session_totals *sessions_of_role;
	struct task task = {};
	struct task *entered;
	long error;

	task.vtable = vtable;
	task.kind = kind_of_vtable(vtable);
	if (!settled)
		task.flags = TASK_CENSUS;
	else if (is_spawn)
		task.spawn_ns = now_ns;
	if (settled)
		inherit_from_poll(&task, tid);
	error = bpf_map_update_elem(&tasks, &header, &task, BPF_NOEXIST);
	entered = bpf_map_lookup_elem(&tasks, &header);
	if (error) {
		if (!entered)
			lose(LOSS_TASKS_FULL);
		return entered;
	}
	if (entered)
		enter_id(header, entered);
	total = totals_of(task.kind);
	if (total)
		add(&total->started, 1);
	if (is_spawn && task.kind.role == ROLE_APP_CHECK)
		begin_inspection(header, tid);
	if (entered && is_spawn && task.kind.role == ROLE_HTTP_CONNECTION)
		meet_peer(header, tid);
	if (!entered || task.kind.role < ROLE_FIRST_SESSION)
		return entered;
	if (!settled) {
		sessions_of_role = session_total(task.kind.role);
		if (sessions_of_role)
			add(&sessions_of_role->before, 1);
	} else if (task.kind.role != ROLE_WEBSOCKET) {
		/* A websocket opens later, or never where its upgrade fails. */
		begin_session(header, entered, task.kind.role, now_ns);
		if (task.kind.role == ROLE_LOG_STREAM)
			serve_request(tid);
	}
	return entered;
}

/* Takes a task out whose memory another one uses now: its end was not seen. */
static __always_inline void leave_reused(__u64 header, struct task *task, __u64 now_ns)
{
	struct task_totals *total = totals_of(task->kind);

	check(CHECK_TASK_REUSED);
	if (total)
		add(&total->ended, 1);
	if (task->kind.role >= ROLE_FIRST_SESSION)
		end_session(header, task, now_ns, SESSION_CANCELLED);
	if (task->kind.role == ROLE_HTTP_CONNECTION)
		http_end_connection(header, now_ns);
	take_out_task(header, task);
}

/* The task at `header`, entered if it is new. */
static __always_inline struct task *meet_task(__u64 header, __u64 vtable, __u32 tid, bool is_spawn)
{
	struct task *known = bpf_map_lookup_elem(&tasks, &header);

	if (known && known->vtable == vtable)
		return known;
	if (known)
		leave_reused(header, known, bpf_ktime_get_ns());
	return enter_task(header, vtable, tid, is_spawn);
}

#endif
