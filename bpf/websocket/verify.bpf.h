/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_WEBSOCKET_VERIFY_BPF_H
#define SCOTTYSCOPE_WEBSOCKET_VERIFY_BPF_H

/* Verification of written frames: the fields of a frame in memory are compared with the bytes in
 * the output, at the next hook of the same poll. */

#include "core/counters.bpf.h"
#include "layout/rust.h"
#include "websocket/frame.h"

/* Reads the first two bytes of the written frame. Returns false if they are no longer in the
 * output: the output was partly sent, or another worker wrote a frame in their place, most likely
 * of another length. */
static __always_inline bool read_written(const struct written_frame *written, __u8 head[2])
{
	struct rust_vec output;

	if (bpf_probe_read_user(&output, sizeof(output), (void *)written->output) ||
	    bpf_probe_read_user(head, 2, (void *)(output.address + written->output_length)))
		return false;
	return (head[1] & ~FRAME_MASKED) == written->length_byte &&
	       (!output.length ||
		output.length == written->output_length + written->size +
					 (head[1] & FRAME_MASKED ? FRAME_MASK_BYTES : 0));
}

/* Counts a frame that cannot be verified. */
static __always_inline void count_unverified(__u8 first_byte)
{
	if (first_byte)
		count_check(CHECK_FRAME_UNCHECKED);
	else
		count_drop(DROP_FRAME_STRANGE);
}

/* Verifies the frame that the thread's poll wrote, if it wrote one. A text message whose fields in
 * memory were malformed is counted here. */
static __always_inline void verify_written_frame(struct thread *thread)
{
	struct written_frame *written = &thread->written;
	__u8 head[2] = {};

	if (!written->output)
		return;
	if (!read_written(written, head)) {
		count_unverified(written->first_byte);
	} else if (written->first_byte) {
		count_check(head[0] == written->first_byte &&
					    (head[1] & FRAME_MASKED) ==
						    (written->is_masked ? FRAME_MASKED : 0)
				    ? CHECK_FRAME_AGREES
				    : CHECK_FRAME_DIFFERS);
	} else {
		count_check(CHECK_FRAME_DIFFERS);
		if (head[0] == (FRAME_FIN | OPCODE_TEXT) && !(head[1] & FRAME_MASKED))
			count_event(EVENT_MESSAGES_SENT);
	}
	written->output = 0;
}

/* Drops the frame to verify of a poll whose end is not observed. */
static __always_inline void drop_written_frame(struct thread *thread)
{
	if (thread->written.output)
		count_check(CHECK_FRAME_UNCHECKED);
	thread->written.output = 0;
}

#endif
