/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PROCESS_PROCESS_H
#define SCOTTYSCOPE_PROCESS_PROCESS_H

/* The observed process: search and data from /proc. No function here stops or changes the
 * process. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "process/owner.h"

/* How to find the process. At most one of the first three fields is set; without any, the search is for an
 * executable named "scotty". */
struct process_selection {
	pid_t pid;
	uint16_t port;		/* a listening TCP port in the process's own network namespace */
	const char *executable; /* base name of the executable, without " (deleted)" */
	bool of_user;		/* only processes of `user` */
	uid_t user;
};

struct process {
	pid_t pid;
	int pid_fd;	   /* readable when the process has ended */
	int mappings_fd;   /* /proc/PID/maps of the observed program: empty after an execve() */
	int executable_fd; /* opened through /proc: valid in any mount namespace and after deletion */
	dev_t executable_device; /* of `executable_fd` */
	ino_t executable_inode;
	char *executable_path; /* as the process sees the path, without " (deleted)" */
	char *attach_path;     /* of `executable_fd`, for this process only: "/proc/self/fd/N" */
	char *root_path;       /* "/proc/PID/root" */
	bool executable_deleted;
	uint64_t start_time_ns; /* realtime */
	uint64_t start_ticks;	/* field 22 of /proc/PID/stat; with the pid, the identity */
	struct process_owner owner;
	char user_name[OWNER_NAME_SIZE]; /* of owner.user and owner.file_user */
	char file_user_name[OWNER_NAME_SIZE];
};

/* Finds exactly one process. -ESRCH without a match; -EEXIST for several matches (the message lists
 * up to eight with pid, executable, port and owners, for the user to choose from); -EACCES if /proc is not
 * readable. Ignores kernel threads, this process and its descendants; a pid can select a
 * descendant. In a search by port, ignores workers: children of a matching process that run the
 * same executable. */
int process__find(const struct process_selection *selection, struct process **ret_process,
		  struct error *error);
void process__free(struct process *target);

/* Returns the time since the process started, in nanoseconds, by a clock that nobody sets. The kernel
 * rounds the start to a clock tick. */
uint64_t process__age_ns(const struct process *target);

/* Whether the process has ended; its parent may not have waited for it yet. */
bool process__has_ended(const struct process *target);

/* Returns 0 if the process still runs the program that process__find() found; -ESRCH if the process
 * has ended; -ESTALE if it called execve(), also with the same executable. `pid_fd` reports the end of the
 * process only. Three system calls. */
int process__check(const struct process *target);

/* Returns what happened after process__check() returned `code`: the second half of a sentence whose subject
 * is the process. */
const char *process__describe_end(int code);

/* Sets `*ret_bias` to the load bias of the executable, which is added to an address of its ELF
 * file. `first_address` is the file's address of the first executable segment, `first_offset` the
 * segment's file offset. -ENOEXEC if the process has no such mapping. */
int process__load_bias(const struct process *target, uint64_t first_address, uint64_t first_offset,
		       uint64_t *ret_bias, struct error *error);

/* Returns the only TCP port on which the process listens in its own network namespace; 0 without one
 * or with several. */
uint16_t process__port(const struct process *target);

/* Returns the soft limit of open files, which limits the connections; UINT64_MAX: unlimited; 0:
 * unknown. */
uint64_t process__file_limit(const struct process *target);

struct process_memory {
	uint64_t rss_bytes;	/* /proc/PID/statm, resident */
	uint64_t virtual_bytes; /* /proc/PID/statm, size */
};

/* Returns 0, or -ESRCH when the process has ended. */
int process__memory(const struct process *target, struct process_memory *ret_memory);

/* Resident memory by type of page, as the kernel accounts for it (/proc/PID/status). */
struct process_resident {
	uint64_t file_bytes;
	uint64_t anonymous_bytes;
	uint64_t shared_bytes;
};

int process__resident(const struct process *target, struct process_resident *ret_resident);

/* Sets `ret_present[i]` to whether page i of `count` pages from `address` (a multiple of the page
 * size) is resident, and `*ret_swapped` to the number of pages that are in swap. Reading resident
 * pages only does not grow the target's memory. Returns 0 or a negative errno. */
int process__pages_present(const struct process *target, uint64_t address, size_t count,
			   bool *ret_present, size_t *ret_swapped);

/* Returns the value of an environment variable at the start of the process, malloc'ed; NULL if the
 * variable is unset or not readable. execve() takes no string over 128 KiB: a longer value, which the
 * process made of several ones, is ignored with a warning. */
char *process__environment(const struct process *target, const char *name);

/* Returns the id of the innermost container (64 hexadecimal digits), read from the cgroup,
 * malloc'ed; NULL outside a container. */
char *process__container_id(const struct process *target);

/* Returns the number of CPUs available to the process, limited by its affinity and by the quotas of
 * its control group and of the parent groups. Greater than 0. */
double process__cpus(const struct process *target);

/* Reads the target's memory (process_vm_readv). Returns the number of bytes read, possibly fewer
 * than `size`, or a negative errno. */
ssize_t process__read_memory(const struct process *target, uint64_t address, void *buffer,
			     size_t size);

/* One mapping of /proc/PID/maps. */
struct process_mapping {
	uint64_t start;
	uint64_t end;
	uint64_t offset;
	uint64_t inode;
	bool readable;
	bool writable;
	bool executable;
	bool is_heap; /* can hold the heap: unnamed memory, stacks, files of memory file systems */
};

/* Calls `callback` for each mapping, in order. Stops at a non-zero return and returns the value.
 * -ESRCH when the process has ended. */
typedef int (*process_mapping_callback)(void *context, const struct process_mapping *mapping);
int process__for_each_mapping(const struct process *target, process_mapping_callback callback,
			      void *context);

struct process_thread {
	pid_t tid;
	uint64_t stack_pointer;	 /* of a thread blocked in the kernel; 0: the thread runs */
	bool waits_with_timeout; /* the thread waits on a futex with a timeout */
};

/* Calls `callback` for each thread. Stops at a non-zero return and returns the value. */
typedef int (*process_thread_callback)(void *context, const struct process_thread *thread);
int process__for_each_thread(const struct process *target, process_thread_callback callback,
			     void *context);

#define PROCESS_SHARERS_NAMED 8
#define PROCESS_SHARERS_SIZE  256

/* The other processes that run the same executable file. */
struct process_sharers {
	pid_t pids[PROCESS_SHARERS_NAMED]; /* the first ones */
	size_t count;			   /* of all */
};

/* Searches /proc for them. Returns 0 or a negative errno. Processes that this one may not inspect are left
 * out. */
int process__find_sharers(const struct process *target, struct process_sharers *ret_sharers);

/* Writes a list such as "process 1, process 2" to `text`, which PROCESS_SHARERS_SIZE is enough for. Returns
 * `text`; "" for no process. */
const char *process_sharers__name(const struct process_sharers *sharers, char *text, size_t size);

static inline void process__freep(struct process **target)
{
	process__free(*target);
}

#endif
