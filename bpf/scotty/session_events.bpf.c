// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* Events within sessions: messages that a session queues for its client, and Scotty's audit log of
 * shell sessions, which Scotty writes even after the client has gone. */

#include "core/admit.bpf.h"
#include "core/registers.bpf.h"
#include "layout/scotty.h"
#include "scotty/session_outcome.bpf.h"

/* The session whose task is polled on this thread; NULL for none. */
static __always_inline struct task_session *current_session(__u32 tid)
{
	struct poll_frame *frame = current_poll(tid);

	return frame ? find_session(frame->header) : NULL;
}

SEC("uprobe")
int on_message_queue(struct pt_regs *ctx)
{
	__u32 tid = admit(HOOK_MESSAGE_QUEUE, ACTIVE_ALL);
	struct task_session *session = tid ? current_session(tid) : NULL;
	struct queued_message message;

	/* Other tasks' messages tell no outcome. */
	if (!session)
		return 0;
	if (bpf_probe_read_user(&message, sizeof(message),
				(void *)read_argument(ctx, ARGUMENT_QUEUED_MESSAGE))) {
		count_drop(DROP_READ_FAULT);
		return 0;
	}
	session->message_flags &= (__u8)~DOCKER_FAILED;
	if (message.tag == MESSAGE_TEXT)
		handle_message(session, message_type_of(message.text.data, message.text.length));
	return 0;
}

/* A shell session that cannot read from its container tells its client and ends. If the client has
 * gone, the only trace of that is the formatting of Docker's error. */
SEC("uprobe")
int on_docker_error(struct pt_regs *ctx)
{
	__u32 tid = admit(HOOK_DOCKER_ERROR, ACTIVE_ALL);
	struct task_session *session = tid ? current_session(tid) : NULL;

	(void)ctx;
	if (session && session->role == ROLE_SHELL)
		session->message_flags |= DOCKER_FAILED;
	return 0;
}

SEC("uprobe")
int on_shell_audit(struct pt_regs *ctx)
{
	__u32 tid = admit(HOOK_SHELL_AUDIT, ACTIVE_ALL);
	struct task_session *session = tid ? current_session(tid) : NULL;
	__u64 reason, length, text[2] = {};

	if (!session || session->role != ROLE_SHELL)
		return 0;
	reason = read_argument(ctx, ARGUMENT_AUDIT_REASON);
	length = read_argument(ctx, ARGUMENT_AUDIT_REASON_LENGTH);
	if (reason && length && length < sizeof("Session timeout") - 1)
		return 0;
	/* Scotty's reasons are not empty. */
	if (!reason || !length ||
	    bpf_probe_read_user(text, sizeof("Session timeout") - 1, (void *)reason)) {
		count_drop(DROP_READ_FAULT);
		return 0;
	}
	if (text[0] == WORD('S', 'e', 's', 's', 'i', 'o', 'n', ' ') &&
	    text[1] == WORD('t', 'i', 'm', 'e', 'o', 'u', 't', 0))
		set_session_end(session, SESSION_TIMED_OUT);
	/* "Error writing input: ..." */
	if (text[0] == WORD('E', 'r', 'r', 'o', 'r', ' ', 'w', 'r') &&
	    text[1] == WORD('i', 't', 'i', 'n', 'g', ' ', 'i', 0))
		set_session_end(session, SESSION_FAILED);
	return 0;
}
