/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PROBE_REFUSAL_H
#define SCOTTYSCOPE_PROBE_REFUSAL_H

/* Sentences for what the kernel refuses: not permitted, not enough memory, not there, and rejected by
 * the verifier are four causes with four remedies. */

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum refusal {
	REFUSAL_PERMISSION,
	REFUSAL_MEMORY,
	REFUSAL_MEMORY_LOCK, /* kernels that account BPF memory by RLIMIT_MEMLOCK */
	REFUSAL_ABSENT,
	REFUSAL_VERIFIER,
};

/* Returns the cause of a failed load of BPF maps and programs. `has_capabilities`: CAP_BPF and
 * CAP_PERFMON; `locks_memory`: the kernel accounts BPF memory by a finite RLIMIT_MEMLOCK. */
enum refusal refusal_of(int code, bool has_capabilities, bool locks_memory);

/* Sets the error of a failed load of `what`, which takes about `memory_bytes` of kernel memory (0:
 * little). Returns `code`, or -EPERM for a missing permission. */
int refusal_explain(int code, const char *what, uint64_t memory_bytes, struct error *error);

#endif
