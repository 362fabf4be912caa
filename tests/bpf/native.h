/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_TESTS_BPF_NATIVE_H
#define SCOTTYSCOPE_TESTS_BPF_NATIVE_H

/* Stubs to compile headers of bpf/ natively. User memory is this process's own; reads can be made
 * to fail. */

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#undef __always_inline
#define __always_inline inline __attribute__((always_inline))
#undef __weak
#define __weak	   static __attribute__((unused)) /* a test does not use every function of a header */
#define __noinline __attribute__((noinline))

/* Reads at and above this address fail like unmapped memory; 0: no read fails. */
extern uint64_t native_fault_from;

/* The end of the unreadable memory; 0: the memory has no end. */
extern uint64_t native_fault_until;

/* The memory that reads may use at all; 0: all of this process's memory. */
extern uint64_t native_begin, native_end;

static inline bool native_faults(uint64_t from, uint64_t until)
{
	if (native_end && (from < native_begin || until < from || until > native_end))
		return true;
	return native_fault_from && until > native_fault_from &&
	       (!native_fault_until || from < native_fault_until);
}

static inline long bpf_probe_read_user(void *to, uint32_t size, const void *from)
{
	uint64_t address = (uint64_t)(uintptr_t)from;

	if (native_faults(address, address + size)) {
		memset(to, 0, size); /* like the kernel */
		return -14;
	}
	memcpy(to, from, size);
	return 0;
}

/* Allocates user memory with these bytes. It ends after them, so that the sanitizer reports reads
 * past the end. The caller frees it. */
static inline char *native_memory(const void *bytes, size_t length)
{
	char *memory = malloc(length ? length : 1);

	return memory && length ? memcpy(memory, bytes, length) : memory;
}

static inline uint64_t native_address(const void *memory)
{
	return (uint64_t)(uintptr_t)memory;
}

/* As native_memory(), but a read past the bytes fails. Only one at a time may exist. */
static inline char *native_memory_at_edge(const void *bytes, size_t length)
{
	char *memory = native_memory(bytes, length);

	native_fault_from = native_address(memory) + length;
	return memory;
}

static inline void native_free(char *memory)
{
	native_fault_from = 0;
	free(memory);
}

#endif
