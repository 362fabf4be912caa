/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PROCESS_PROCESS_H
#define SCOTTYSCOPE_PROCESS_PROCESS_H

/* The observed process: finding it, and what /proc says of it. Nothing here stops or changes it. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* How to find it; exactly one field is set, or none: then an executable named "scotty". */
struct process_selection {
	pid_t pid;
	uint16_t port;		/* a TCP port it listens on, in its own network namespace */
	const char *executable; /* base name of its executable, " (deleted)" not counted */
};

struct process {
	pid_t pid;
	int pid_fd;	       /* readable when it has ended */
	int executable_fd;     /* through /proc: right in any mount namespace, deleted or not */
	char *executable_path; /* as the process sees it, without " (deleted)" */
	char *attach_path;     /* "/proc/PID/exe" */
	char *root_path;       /* "/proc/PID/root" */
	bool executable_deleted;
	uint64_t start_time_ns; /* realtime */
	uint64_t start_ticks;	/* field 22 of /proc/PID/stat: with the pid, its identity */
};

/* Finds exactly one process. -ESRCH when none matches, -EEXIST when several do (the message lists
 * up to eight: pid, executable, port, so that the user can choose), -EACCES when /proc does not
 * let us look. Kernel threads, this process and its descendants do not count, except that a
 * descendant can be chosen by its pid. Children of a matching process that run the same executable
 * (workers that it forked) do not make it ambiguous only if they were selected by port. */
int process__find(const struct process_selection *selection, struct process **ret_process,
		  struct error *error);
void process__free(struct process *target);

/* Whether the process still is the one that was found and runs the same executable: 0, or -ESRCH.
 * Only what `pid_fd` says comes without asking. */
int process__check(const struct process *target);

/* The load bias of the executable: what has to be added to an address of its ELF file.
 * `first_address` is the file's address of its first executable segment, `first_offset` that
 * segment's file offset: it is -ENOEXEC if the process does not have that segment mapped there. */
int process__load_bias(const struct process *target, uint64_t first_address, uint64_t first_offset,
		       uint64_t *ret_bias, struct error *error);

/* The lowest TCP port that it listens on in its own network namespace, 0 for none. */
uint16_t process__port(const struct process *target);

struct process_memory {
	uint64_t rss_bytes;	/* /proc/PID/statm, resident */
	uint64_t virtual_bytes; /* /proc/PID/statm, size */
};

/* -ESRCH when it has ended. */
int process__memory(const struct process *target, struct process_memory *ret_memory);

/* The resident memory by kind of page, as the kernel accounts for it (/proc/PID/status). */
struct process_resident {
	uint64_t file_bytes;
	uint64_t anonymous_bytes;
	uint64_t shared_bytes;
};

int process__resident(const struct process *target, struct process_resident *ret_resident);

/* Tells for `count` pages from `address` on (a multiple of the page size) which are resident: a
 * reader that keeps to these makes the target's memory no larger than it is. 0 or a negative errno. */
int process__pages_present(const struct process *target, uint64_t address, size_t count,
			   bool *ret_present);

/* An environment variable the process was started with, malloc'ed; NULL where it is not set or
 * cannot be read. */
char *process__environment(const struct process *target, const char *name);

/* Its container's id (64 hexadecimal digits), from its cgroup, malloc'ed; NULL for none. The
 * innermost one where containers are nested. */
char *process__container_id(const struct process *target);

/* How many CPUs' time it can have: those it may run on, or less by the quota of its control group or of one
 * around that. More than 0. */
double process__cpus(const struct process *target);

/* Reads its memory (process_vm_readv). Returns bytes read, maybe fewer, or a negative errno. */
ssize_t process__read_memory(const struct process *target, uint64_t address, void *buffer,
			     size_t size);

/* A mapping of /proc/PID/maps. */
struct process_mapping {
	uint64_t start;
	uint64_t end;
	uint64_t offset;
	uint64_t inode;
	bool readable;
	bool writable;
	bool executable;
	bool anonymous; /* heap, stacks and unnamed memory */
};

/* Calls back for each mapping, in order; ends early on a non-zero return and gives it back. -ESRCH
 * when the process has ended. */
typedef int (*process_mapping_callback)(void *context, const struct process_mapping *mapping);
int process__for_each_mapping(const struct process *target, process_mapping_callback callback,
			      void *context);

struct process_thread {
	pid_t tid;
	uint64_t stack_pointer;	 /* where it is blocked in the kernel; 0: it is running */
	bool waits_with_timeout; /* on a futex */
};

/* Calls back for each thread. Ends early on a non-zero return and gives it back. */
typedef int (*process_thread_callback)(void *context, const struct process_thread *thread);
int process__for_each_thread(const struct process *target, process_thread_callback callback,
			     void *context);

static inline void process__freep(struct process **target)
{
	process__free(*target);
}

#endif
