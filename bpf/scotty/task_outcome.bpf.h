/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_TASK_OUTCOME_BPF_H
#define SCOTTYSCOPE_TASK_OUTCOME_BPF_H

/* How a task that is a session ended, from the output that it left in its cell. The cell is
 * repr(C) (tokio/src/runtime/task/core.rs): header, scheduler, id, stage; a stage is a tag and what
 * the task gave, Result<T, JoinError>, of which the compiler chose the layout: the id of the JoinError
 * or 0 for Ok, then its other word or what T is, where T is (), or Result<(), anyhow::Error>. */

#include "core/address.bpf.h"
#include "scotty/session.bpf.h"
#include "websocket/verify.bpf.h"

/* The tenth word of a vtable, after seven functions and two other offsets. */
#define VTABLE_ID_OFFSET 72

#define STAGE_FINISHED 1

struct task_stage {
	__u32 tag;
	__u32 padding;
	__u64 join_error_id; /* 0: the task gave a value */
	__u64 value; /* a panic's or an error's pointer, 0 for Ok or cancelled; of () anything */
};

static __always_inline bool is_user_pointer(__u64 value)
{
	return is_user_address(value) && !(value & 7);
}

/* Where the task at `header` keeps its stage; `ret_id` is the task's id. 0 where memory is not as
 * expected. */
static __always_inline __u64 find_stage(__u64 header, __u64 vtable, __u64 *ret_id)
{
	__u64 id_offset = 0;

	if (bpf_probe_read_user(&id_offset, sizeof(id_offset),
				(void *)(vtable + VTABLE_ID_OFFSET)) ||
	    id_offset <= 0x20 || id_offset > 0x40 || id_offset & 7 ||
	    bpf_probe_read_user(ret_id, sizeof(*ret_id), (void *)(header + id_offset)))
		return 0;
	return header + id_offset + sizeof(*ret_id);
}

/* Reads the outcome of the task at `header`, which is about to be marked complete and gives a Result
 * or (). What is not as expected is counted and taken for an end without failure. */
static __always_inline enum session_end task_outcome(__u64 header, __u64 vtable, bool gives_result)
{
	__u64 id = 0, address = find_stage(header, vtable, &id);
	struct task_stage stage;

	if (!address || bpf_probe_read_user(&stage, sizeof(stage), (void *)address) ||
	    stage.tag != STAGE_FINISHED)
		goto unknown;
	if (!stage.join_error_id && (!gives_result || !stage.value))
		return SESSION_ENDED;
	if (!stage.join_error_id && is_user_pointer(stage.value))
		return SESSION_FAILED;
	if (stage.join_error_id && stage.join_error_id == id)
		return stage.value ? SESSION_PANICKED : SESSION_CANCELLED;
unknown:
	lose(LOSS_OUTCOME_UNKNOWN);
	return SESSION_ENDED;
}

/* Ends the session that the task at `header` is. */
static __always_inline void end_session_task(__u64 header, const struct task *task, __u64 now_ns)
{
	enum session_end outcome =
		task_outcome(header, task->vtable, task->kind.role == ROLE_COMPOSE_TASK);
	struct task_session *session = find_session(header);

	/* An operation that has destroyed its application ends by not finding it. */
	if (outcome == SESSION_FAILED && task->flags & TASK_APP_REMOVED)
		outcome = SESSION_ENDED;
	if (session && session->request == REQUEST_LOG_STREAM)
		refuse_request(session);
	/* Where messages are seen in their frames only, the client's tells. */
	if (session && session->message_flags & DOCKER_FAILED && !messages_by_frame &&
	    outcome == SESSION_ENDED)
		outcome = SESSION_FAILED;
	end_session(header, task, now_ns, outcome);
}

#endif
