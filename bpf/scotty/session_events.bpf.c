// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* What the tasks of sessions say of themselves: the messages that they queue for their client, and
 * Scotty's audit log of shell sessions, which is also kept when the client is gone. */

#include "scotty/session_outcome.bpf.h"

/* Of axum's Message, as queued: the tag of Text, then the text's bytes::Bytes, which is laid out as in
 * a Frame. */
#define MESSAGE_TEXT 0

static __always_inline struct task_session *session_of(__u32 tid)
{
	struct poll_frame *frame = current_poll(tid);

	return frame ? find_session(frame->header) : NULL;
}

SEC("uprobe")
int on_message_queue(struct pt_regs *ctx)
{
	__u32 tid = admit(HOOK_MESSAGE_QUEUE, ACTIVE_ALL);
	struct task_session *session = tid ? session_of(tid) : NULL;
	struct {
		__u64 tag, vtable, data, length;
	} message;

	/* Only what sessions say of themselves is looked at here. */
	if (!session)
		return 0;
	if (bpf_probe_read_user(&message, sizeof(message),
				(void *)read_argument(ctx, ARGUMENT_QUEUED_MESSAGE))) {
		lose(LOSS_READ_FAULT);
		return 0;
	}
	session->message_flags &= (__u8)~DOCKER_FAILED;
	if (message.tag == MESSAGE_TEXT)
		see_outcome(session, message_type_of(message.data, message.length));
	return 0;
}

/* A session whose container cannot be read from any more says so to its client and ends. Where that
 * client is gone, all that shows is that the error is put into words. */
SEC("uprobe")
int on_docker_error(struct pt_regs *ctx)
{
	__u32 tid = admit(HOOK_DOCKER_ERROR, ACTIVE_ALL);
	struct task_session *session = tid ? session_of(tid) : NULL;

	(void)ctx;
	if (session && session->role == ROLE_SHELL)
		session->message_flags |= DOCKER_FAILED;
	return 0;
}

SEC("uprobe")
int on_shell_audit(struct pt_regs *ctx)
{
	__u32 tid = admit(HOOK_SHELL_AUDIT, ACTIVE_ALL);
	struct task_session *session = tid ? session_of(tid) : NULL;
	__u64 reason, length, text[2] = {};

	if (!session || session->role != ROLE_SHELL)
		return 0;
	reason = read_argument(ctx, ARGUMENT_AUDIT_REASON);
	length = read_argument(ctx, ARGUMENT_AUDIT_REASON_LENGTH);
	if (!reason) {
		lose(LOSS_READ_FAULT);
		return 0;
	}
	if (length < sizeof("Session timeout") - 1 ||
	    bpf_probe_read_user(text, sizeof("Session timeout") - 1, (void *)reason))
		return 0;
	if (text[0] == WORD('S', 'e', 's', 's', 'i', 'o', 'n', ' ') &&
	    text[1] == WORD('t', 'i', 'm', 'e', 'o', 'u', 't', 0))
		note_session_end(session, SESSION_TIMED_OUT);
	/* "Error writing input: ..." */
	if (text[0] == WORD('E', 'r', 'r', 'o', 'r', ' ', 'w', 'r') &&
	    text[1] == WORD('i', 't', 'i', 'n', 'g', ' ', 'i', 0))
		note_session_end(session, SESSION_FAILED);
	return 0;
}
