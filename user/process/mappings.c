// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "process/internal.h"
#include "process/privilege.h"
#include "process/proc.h"
#include "process/process.h"

static bool starts_with(const char *path, const char *start)
{
	return strncmp(path, start, strlen(start)) == 0;
}

/* Returns whether a file is nameless memory: shared anonymous memory, huge pages and System V segments
 * ("/dev/zero (deleted)", "/anon_hugepage (deleted)", "/SYSV00000000 (deleted)"), memfds
 * ("/memfd:name (deleted)") and files of memory file systems. Allocators use all of them, glibc for
 * glibc.malloc.hugetlb=2. */
static bool is_memory_file(const char *path)
{
	size_t length = strcspn(path, "\n");
	static const char deleted[] = " (deleted)";
	size_t suffix = sizeof(deleted) - 1;

	return starts_with(path, "/memfd:") || starts_with(path, "/dev/shm/") ||
	       starts_with(path, "/dev/hugepages/") ||
	       (length > suffix && strncmp(path + length - suffix, deleted, suffix) == 0);
}

/* Returns whether a mapping can be a part of the program's heap: memory that the program filled, not
 * a file or a mapping of the kernel such as "[vdso]". */
static bool is_heap(uint64_t inode, const char *path)
{
	if (inode != 0)
		return is_memory_file(path);
	return *path == '\0' || *path == '\n' || starts_with(path, "[heap]") ||
	       starts_with(path, "[stack") || starts_with(path, "[anon");
}

bool process__parse_mapping(const char *line, struct process_mapping *ret_mapping)
{
	unsigned long long start, end, offset, inode;
	char access[5];
	int path = 0;

	if (sscanf(line, "%llx-%llx %4s %llx %*x:%*x %llu %n", &start, &end, access, &offset,
		   &inode, &path) != 5)
		return false;
	*ret_mapping = (struct process_mapping){
		.start = start,
		.end = end,
		.offset = offset,
		.inode = inode,
		.readable = access[0] == 'r',
		.writable = access[1] == 'w',
		.executable = access[2] == 'x',
		.is_heap = is_heap(inode, line + path),
	};
	return true;
}

int process__for_each_mapping(const struct process *target, process_mapping_callback callback,
			      void *context)
{
	_cleanup_file_ FILE *stream = proc__stream(target->pid, "maps");
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	bool is_empty = true;
	int r = 0;

	if (!stream)
		return -errno;
	/* The kernel escapes line breaks in paths. */
	while (r == 0 && getline(&line, &size, stream) > 0) {
		struct process_mapping mapping;

		is_empty = false;
		r = process__parse_mapping(line, &mapping) ? callback(context, &mapping) : -EIO;
	}
	if (r == 0 && ferror(stream))
		return -EIO;
	/* Only an ended process has no mappings. */
	return is_empty ? -ESRCH : r;
}

/* Sets `ret_entry` to the address of the program's first instruction in the process (AT_ENTRY). */
static int read_entry(const struct process *target, uint64_t *ret_entry)
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
	uint64_t address; /* in the process's memory */
	uint64_t offset;
};

static int match_segment(void *context, const struct process_mapping *mapping)
{
	const struct segment *segment = context;

	return mapping->executable && mapping->inode != 0 && mapping->start <= segment->address &&
	       segment->address < mapping->end &&
	       mapping->offset + (segment->address - mapping->start) == segment->offset;
}

int process__load_bias(const struct process *target, uint64_t first_address, uint64_t first_offset,
		       uint64_t *ret_bias, struct error *error)
{
	char advice[PRIVILEGE_ADVICE_SIZE];
	ElfW(Ehdr) header;
	uint64_t entry;
	int r = read_entry(target, &entry);

	if (r == -EACCES || r == -EPERM)
		return error_set(error, r,
				 "process %d: no permission to read the entry point from "
				 "/proc/%d/auxv; %s",
				 (int)target->pid, (int)target->pid,
				 privilege__advise_inspection(advice));
	if (r < 0)
		return error_set(error, r, "process %d: cannot read the entry point: %m",
				 (int)target->pid);
	if (pread(target->executable_fd, &header, sizeof(header), 0) != sizeof(header) ||
	    memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
		return error_set(error, -ENOEXEC, "%s is not an ELF file", target->executable_path);

	/* On overlay and btrfs file systems, inodes and paths in /proc/PID/maps can differ from the
	 * executable's. The entry point is reliable, and the mapping confirms the bias. */
	struct segment segment = {entry - header.e_entry + first_address, first_offset};

	r = process__for_each_mapping(target, match_segment, &segment);
	if (r < 0)
		return error_set(error, r, "process %d: cannot read the mappings: %m",
				 (int)target->pid);
	if (r == 0)
		return error_set(error, -ENOEXEC,
				 "process %d: the code of %s is not mapped at the expected address",
				 (int)target->pid, target->executable_path);
	*ret_bias = entry - header.e_entry;
	return 0;
}
