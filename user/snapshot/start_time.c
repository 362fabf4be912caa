// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "snapshot/start_time.h"

uint64_t start_time__at(struct start_time *start, uint64_t time_ns, uint64_t monotonic_ns)
{
	uint64_t elapsed_ns = monotonic_ns - start->monotonic_ns;

	if (start->realtime_ns > time_ns)
		start->realtime_ns = elapsed_ns < time_ns ? time_ns - elapsed_ns : 0;
	return start->realtime_ns;
}
