// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* The end of the observed program by execve(). */

#include "core/admit.bpf.h"

/* The time of the first execve() of the target, by the monotonic clock; 0: none. */
__u64 exec_ns;

/* No thread of the old program is left, and none of the new one has run: what the new program does is
 * not recorded, also where it has the same file and so the same probes. */
SEC("raw_tp/sched_process_exec")
int on_exec(void *context)
{
	(void)context;
	if (process_and_thread() >> 32 != settings.target_tgid)
		return 0;
	if (!exec_ns)
		exec_ns = bpf_ktime_get_ns();
	activation = ACTIVE_NONE;
	return 0;
}
