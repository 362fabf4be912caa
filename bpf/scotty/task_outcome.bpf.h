/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_TASK_OUTCOME_BPF_H
#define SCOTTYSCOPE_TASK_OUTCOME_BPF_H

/* The outcome of a session, from the output that its task left in its cell. */

#include "core/address.bpf.h"
#include "layout/tokio.h"
#include "scotty/session.bpf.h"

static __always_inline bool is_user_pointer(__u64 value)
{
	return is_user_address(value) && !(value & 7);
}

/* The address of the stage of the task at `header`, whose vtable tells `id_word`; sets `ret_id` to the
 * task's id. 0 if the vtable does not tell the place of the id or the cell cannot be read. */
static __always_inline __u64 find_stage(__u64 header, __u8 id_word, __u64 *ret_id)
{
	__u64 address = header + id_word * sizeof(*ret_id);

	if (!id_word || bpf_probe_read_user(ret_id, sizeof(*ret_id), (void *)address))
		return 0;
	return address + settings.stage_distance;
}

/* The outcome of the task at `header`, which is about to be marked complete and returns () or,
 * with `returns_result`, a Result. A malformed output is counted and treated as an end without
 * failure. */
static __always_inline enum session_end task_outcome(__u64 header, __u8 id_word,
						     bool returns_result)
{
	__u64 id = 0, address = find_stage(header, id_word, &id);
	struct task_stage_result output;

	if (!address || bpf_probe_read_user(&output, sizeof(output), (void *)address) ||
	    output.stage.tag != STAGE_FINISHED)
		goto unknown;
	if (!output.join_error_id && (!returns_result || !output.value))
		return SESSION_ENDED;
	if (!output.join_error_id && is_user_pointer(output.value))
		return SESSION_FAILED;
	if (output.join_error_id && output.join_error_id == id)
		return output.value ? SESSION_PANICKED : SESSION_CANCELLED;
unknown:
	count_drop(DROP_OUTCOME_UNKNOWN);
	return SESSION_ENDED;
}

/* Ends the session of a task that completes. */
static __always_inline void end_session_task(__u64 header, const struct task *task, __u64 now_ns)
{
	enum session_end outcome =
		task_outcome(header, task->kind.id_word, task->kind.role == ROLE_COMPOSE_TASK);
	struct task_session *session = find_session(header);

	/* An operation that destroyed its application ends with an error: it no longer finds it. */
	if (outcome == SESSION_FAILED && task->flags & TASK_APP_REMOVED)
		outcome = SESSION_ENDED;
	if (session && session->request == REQUEST_LOG_STREAM)
		refuse_request(session);
	/* Where messages are observed in their frames only, the message to the client tells. */
	if (session && session->message_flags & DOCKER_FAILED && !settings.messages_by_frame &&
	    outcome == SESSION_ENDED)
		outcome = SESSION_FAILED;
	end_session(header, task, now_ns, outcome);
}

#endif
