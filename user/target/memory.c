// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <linux/futex.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "target/privilege.h"
#include "target/proc.h"
#include "target/target.h"

DEFINE_CLEANUP(DIR *, closedir);

int target__memory(const struct target *target, struct target_memory *ret_memory)
{
	_cleanup_free_ char *text = NULL;
	uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
	unsigned long long size_pages, resident_pages;
	size_t size;
	int r = proc__read(target->pid, "statm", 4096, &text, &size);

	if (r < 0)
		return r;
	if (sscanf(text, "%llu %llu", &size_pages, &resident_pages) != 2)
		return -EIO;
	if (size_pages == 0)
		return -ESRCH; /* it has ended */
	ret_memory->virtual_bytes = size_pages * page_bytes;
	ret_memory->rss_bytes = resident_pages * page_bytes;
	return 0;
}

ssize_t target__read_memory(const struct target *target, uint64_t address, void *buffer,
			    size_t size)
{
	struct iovec local = {.iov_base = buffer, .iov_len = size};
	struct iovec remote = {.iov_base = (void *)(uintptr_t)address, .iov_len = size};
	ssize_t count = process_vm_readv(target->pid, &local, 1, &remote, 1, 0);

	return count < 0 ? -errno : count;
}

/* Memory that a program filled itself, unlike files and what the kernel maps for it ("[vdso]"). */
static bool is_anonymous(uint64_t inode, const char *path)
{
	return inode == 0 && (*path == '\0' || strncmp(path, "[heap]", 6) == 0 ||
			      strncmp(path, "[stack", 6) == 0 || strncmp(path, "[anon", 5) == 0);
}

static bool parse_mapping(const char *line, struct target_mapping *ret_mapping)
{
	unsigned long long start, end, offset, inode;
	char access[5];
	int path = 0;

	if (sscanf(line, "%llx-%llx %4s %llx %*x:%*x %llu %n", &start, &end, access, &offset,
		   &inode, &path) != 5)
		return false;
	*ret_mapping = (struct target_mapping){
		.start = start,
		.end = end,
		.offset = offset,
		.inode = inode,
		.readable = access[0] == 'r',
		.writable = access[1] == 'w',
		.executable = access[2] == 'x',
		.anonymous = is_anonymous(inode, line + path),
	};
	return true;
}

int target__for_each_mapping(const struct target *target, target_mapping_callback callback,
			     void *context)
{
	_cleanup_file_ FILE *stream = proc__stream(target->pid, "maps");
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	bool is_empty = true;
	int r = 0;

	if (!stream)
		return -errno;
	/* Line breaks in paths are escaped. */
	while (r == 0 && getline(&line, &size, stream) > 0) {
		struct target_mapping mapping;

		is_empty = false;
		r = parse_mapping(line, &mapping) ? callback(context, &mapping) : -EIO;
	}
	if (r == 0 && ferror(stream))
		return -EIO;
	/* Only a process that has ended has none. */
	return is_empty ? -ESRCH : r;
}

/* Whether that is a wait on a futex that has a timeout (futex(2): the fourth argument). */
static bool is_timed_wait(int number, unsigned long long operation, unsigned long long timeout)
{
	int command = (int)operation & FUTEX_CMD_MASK;

	return number == SYS_futex && (command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET) &&
	       timeout;
}

/* What /proc/PID/task/TID/syscall says: "NUMBER six arguments SP PC", "-1 SP PC" where it is blocked
 * outside of a call, or "running". */
static struct target_thread look_at_thread(const struct target *target, pid_t tid)
{
	_cleanup_free_ char *text = NULL;
	struct target_thread thread = {.tid = tid};
	unsigned long long pointer, operation, timeout;
	char name[64];
	size_t size;
	int number;

	snprintf(name, sizeof(name), "task/%d/syscall", (int)tid);
	if (proc__read(target->pid, name, 4096, &text, &size) < 0)
		return thread;
	if (sscanf(text, "-1 %llx", &pointer) == 1) {
		thread.stack_pointer = pointer;
	} else if (sscanf(text, "%d %*x %llx %*x %llx %*x %*x %llx", &number, &operation, &timeout,
			  &pointer) == 4) {
		thread.stack_pointer = pointer;
		thread.waits_with_timeout = is_timed_wait(number, operation, timeout);
	}
	return thread;
}

int target__for_each_thread(const struct target *target, target_thread_callback callback,
			    void *context)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task", (int)target->pid);

	_cleanup_(closedirp) DIR *directory = opendir(path);

	if (!directory)
		return -errno;
	for (struct dirent *entry; (entry = readdir(directory));) {
		pid_t tid = proc__number(entry->d_name);
		struct target_thread thread;
		int r;

		if (tid <= 0)
			continue;
		thread = look_at_thread(target, tid);
		r = callback(context, &thread);
		if (r != 0)
			return r;
	}
	return 0;
}

/* Where the kernel says that the program's first instruction is (AT_ENTRY), in the process. */
static int read_entry(const struct target *target, uint64_t *ret_entry)
{
	_cleanup_free_ char *vector = NULL;
	size_t size;
	int r = proc__read(target->pid, "auxv", 65536, &vector, &size);

	if (r < 0)
		return r;
	for (size_t i = 0; i + sizeof(ElfW(auxv_t)) <= size; i += sizeof(ElfW(auxv_t))) {
		ElfW(auxv_t) entry;

		memcpy(&entry, vector + i, sizeof(entry));
		if (entry.a_type == AT_ENTRY) {
			*ret_entry = entry.a_un.a_val;
			return 0;
		}
	}
	return -ENOEXEC;
}

struct segment {
	uint64_t address; /* in the process */
	uint64_t offset;
};

static int match_segment(void *context, const struct target_mapping *mapping)
{
	const struct segment *segment = context;

	return mapping->executable && mapping->inode != 0 && mapping->start <= segment->address &&
	       segment->address < mapping->end &&
	       mapping->offset + (segment->address - mapping->start) == segment->offset;
}

int target__load_bias(const struct target *target, uint64_t first_address, uint64_t first_offset,
		      uint64_t *ret_bias, struct error *error)
{
	char advice[PRIVILEGE_ADVICE_SIZE];
	ElfW(Ehdr) header;
	uint64_t entry;
	int r = read_entry(target, &entry);

	if (r == -EACCES || r == -EPERM)
		return error_set(error, r,
				 "process %d: not permitted to read its entry point from "
				 "/proc/%d/auxv; %s",
				 (int)target->pid, (int)target->pid,
				 privilege__advise_inspection(advice));
	if (r < 0)
		return error_set(error, r, "process %d: cannot read its entry point: %m",
				 (int)target->pid);
	if (pread(target->executable_fd, &header, sizeof(header), 0) != sizeof(header) ||
	    memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
		return error_set(error, -ENOEXEC, "%s is not an ELF file", target->executable_path);

	/* Inodes and paths in /proc/PID/maps can differ from the executable's on overlay and btrfs
	 * file systems; the entry point does not, and the mapping proves it. */
	struct segment segment = {entry - header.e_entry + first_address, first_offset};

	r = target__for_each_mapping(target, match_segment, &segment);
	if (r < 0)
		return error_set(error, r, "process %d: cannot read its mappings: %m",
				 (int)target->pid);
	if (r == 0)
		return error_set(error, -ENOEXEC,
				 "process %d: the code of %s is not mapped where it belongs",
				 (int)target->pid, target->executable_path);
	*ret_bias = entry - header.e_entry;
	return 0;
}
