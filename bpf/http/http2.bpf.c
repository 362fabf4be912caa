// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* Requests over HTTP/2, which are not measured. */

#include "core/admit.bpf.h"
#include "http/link.bpf.h"

/* A request over HTTP/2 is not measured, but counted as dropped. A task that the connection spawns
 * for a stream matches a route of its own. */
SEC("uprobe")
int on_http2_stream(struct pt_regs *ctx)
{
	__u32 tid = admit(HOOK_HTTP2_STREAM, ACTIVE_ALL);
	struct poll_frame *frame = tid ? current_poll(tid) : NULL;
	struct task *task = frame ? bpf_map_lookup_elem(&tasks, &frame->header) : NULL;

	(void)ctx;
	if (tid)
		count_drop(DROP_HTTP2);
	if (task)
		task->request_start_ns = REQUEST_NOT_MEASURED;
	return 0;
}
