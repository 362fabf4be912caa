/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_TESTS_BPF_NATIVE_H
#define SCOTTYSCOPE_TESTS_BPF_NATIVE_H

/* Compiles headers of bpf/ natively: user memory is this process's own, and may be made to fail. */

#include <stdint.h>
#include <string.h>

#undef __always_inline
#define __always_inline inline __attribute__((always_inline))
#undef __weak
#define __weak	   static
#define __noinline __attribute__((noinline))

/* Reads from here on fail, as unmapped memory does; 0: none does. */
extern uint64_t native_fault_from;

static inline long bpf_probe_read_user(void *to, uint32_t size, const void *from)
{
	if (native_fault_from && (uint64_t)(uintptr_t)from + size > native_fault_from)
		return -14;
	memcpy(to, from, size);
	return 0;
}

#endif
