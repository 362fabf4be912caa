// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* Texts of /proc. The input is, by its first byte, a text itself, or the values of a text that the target
 * writes as the kernel does: then the parser has to return the same values. */

#include "fuzz.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "process/internal.h"
#include "process/listeners.h"
#include "process/proc.h"
#include "process/restriction.h"

#define NAME "OTEL_SERVICE_NAME"

/* The kernel escapes line breaks in names and paths, and a text of /proc has no NUL but the environment's. */
static char *as_name(struct fuzz_input input)
{
	char *name = fuzz_text(input);

	for (char *c = name; c < name + input.size; c++) {
		if (*c == '\n' || *c == '\0')
			*c = '?';
	}
	return name;
}

/* As the kernel: fs/proc/array.c, do_task_stat(). */
static void check_stat(struct fuzz_input input)
{
	unsigned int parent = (unsigned int)fuzz_number(&input, 3);
	uint64_t start_ticks = fuzz_number(&input, 8);
	unsigned int flags = (unsigned int)fuzz_number(&input, 4);
	char *name = as_name(fuzz_part(&input, 15)), *text = NULL;
	struct proc_stat stat;

	if (asprintf(&text,
		     "7 (%s) S %u 7 7 0 -1 %u 1 2 3 4 5 6 7 8 20 0 1 0 %" PRIu64
		     " 9 10 18446744073709551615 1 1 0 0 0 0\n",
		     name, parent, flags, start_ticks) < 0)
		abort();
	fuzz_check(proc__parse_stat(text, &stat) == 0, "stat: %s", text);
	fuzz_check(fuzz_answer((uint64_t)stat.parent) == parent &&
			   stat.start_ticks == start_ticks && stat.state == 'S' &&
			   strcmp(stat.command, name) == 0,
		   "other values of stat: %s", text);
	fuzz_check(stat.is_kernel_thread == ((flags & 0x00200000) != 0), "a kernel thread: %s",
		   text);
	free(text);
	free(name);
}

/* As the kernel: fs/proc/task_mmu.c, show_map_vma(). */
static void check_mapping(struct fuzz_input input)
{
	uint64_t start = fuzz_number(&input, 6), end = start + fuzz_number(&input, 4);
	uint64_t offset = fuzz_number(&input, 6), inode = fuzz_number(&input, 8);
	uint8_t access = fuzz_byte(&input);
	char *path = as_name(input), *text = NULL;
	struct process_mapping mapping;

	if (asprintf(&text,
		     "%08" PRIx64 "-%08" PRIx64 " %c%c%c%c %08" PRIx64 " 08:01 %" PRIu64 " %s%s\n",
		     start, end, access & 1 ? 'r' : '-', access & 2 ? 'w' : '-',
		     access & 4 ? 'x' : '-', access & 8 ? 's' : 'p', offset, inode,
		     *path ? "           " : "", path) < 0)
		abort();
	fuzz_check(process__parse_mapping(text, &mapping), "maps: %s", text);
	fuzz_check(fuzz_answer(mapping.start) == start && mapping.end == end &&
			   mapping.offset == offset && mapping.inode == inode &&
			   mapping.readable == ((access & 1) != 0) &&
			   mapping.writable == ((access & 2) != 0) &&
			   mapping.executable == ((access & 4) != 0),
		   "other values of maps: %s", text);
	fuzz_check(*path || inode || mapping.is_heap, "no heap: %s", text);
	free(text);
	free(path);
}

/* As the kernel: fs/proc/base.c, proc_pid_syscall(). */
static void check_thread(struct fuzz_input input)
{
	int number = (int)fuzz_number(&input, 2);
	uint64_t values[8];
	struct process_thread thread;
	char text[512];

	for (size_t i = 0; i < 8; i++)
		values[i] = fuzz_number(&input, 8);
	snprintf(text, sizeof(text),
		 "%d 0x%" PRIx64 " 0x%" PRIx64 " 0x%" PRIx64 " 0x%" PRIx64 " 0x%" PRIx64
		 " 0x%" PRIx64 " 0x%" PRIx64 " 0x%" PRIx64 "\n",
		 number, values[0], values[1], values[2], values[3], values[4], values[5],
		 values[6], values[7]);
	thread = process__parse_thread(7, text);
	fuzz_check(thread.tid == 7 && fuzz_answer(thread.stack_pointer) == values[6],
		   "another stack pointer: %s", text);
	snprintf(text, sizeof(text), "-1 0x%" PRIx64 " 0x%" PRIx64 "\n", values[6], values[7]);
	thread = process__parse_thread(7, text);
	fuzz_check(thread.stack_pointer == values[6] && !thread.waits_with_timeout,
		   "another stack pointer: %s", text);
}

/* As the kernel: net/ipv4/tcp_ipv4.c, get_tcp4_sock(). */
static void check_listener(struct fuzz_input input)
{
	unsigned int slot = (unsigned int)fuzz_number(&input, 2), state = fuzz_byte(&input) % 13;
	unsigned int port = (unsigned int)fuzz_number(&input, 2);
	uint64_t inode = fuzz_number(&input, 4), found = 0;
	unsigned int wanted = state == 10 ? port : 0;
	char text[256];

	snprintf(
		text, sizeof(text),
		"%4u: 0100007F:%04X 00000000:0000 %02X 00000000:00000000 00:00000000 00000000     0"
		"        0 %" PRIu64 " 1 0000000000000000 100 0 0 10 0\n",
		slot, port, state, inode);
	fuzz_check(fuzz_answer(listeners__parse_line(text, &found)) == wanted, "tcp: %s", text);
	fuzz_check(!wanted || found == inode, "another inode: %s", text);
}

/* The value of the first variable, by a plain search. */
static char *find_variable(const uint8_t *bytes, size_t size)
{
	static const char start[] = NAME "=";

	for (size_t at = 0; at < size;) {
		const uint8_t *nul = memchr(bytes + at, '\0', size - at);
		size_t length = (nul ? (size_t)(nul - bytes) : size) - at, name = sizeof(start) - 1;

		if (length >= name && memcmp(bytes + at, start, name) == 0)
			return strndup((const char *)bytes + at + name, length - name);
		at += length + 1;
	}
	return NULL;
}

static void check_environment(struct fuzz_input input)
{
	/* Bytes before the input, so that the variable crosses the border of a read. */
	size_t fill = fuzz_number(&input, 2) % 9000, size = fill + input.size;
	int fd = memfd_create("environ", 0);
	uint8_t *bytes = calloc(1, size + 1);
	char *value, *wanted;

	memset(bytes, 'x', fill);
	if (fill > 0)
		bytes[fill - 1] = '\0';
	if (input.size > 0)
		memcpy(bytes + fill, input.bytes, input.size);
	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
		abort();
	lseek(fd, 0, SEEK_SET);
	value = process__search_environment(fd, NAME);
	wanted = find_variable(bytes, size);
	fuzz_check(fuzz_answer(value != NULL) == (wanted != NULL), "a value: %d", value != NULL);
	fuzz_check(!wanted || strcmp(value, wanted) == 0, "another value: %s", value);
	close(fd);
	free(value);
	free(wanted);
	free(bytes);
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static void check_container(const char *text)
{
	char *id = process__parse_container_id(text);

	if (id) {
		fuzz_check(strlen(id) == 64 && strstr(text, id), "id %s", id);
		for (size_t i = 0; i < 64; i++)
			fuzz_check(is_hex(id[i]), "id %s", id);
	}
	free(id);
}

static void check_any_text(struct fuzz_input input)
{
	char *text = fuzz_text(input);
	struct process_mapping mapping;
	struct proc_stat stat;
	uint64_t inode;
	char denier[RESTRICTION_SIZE];

	proc__parse_stat(text, &stat);
	process__parse_mapping(text, &mapping);
	process__parse_thread(1, text);
	listeners__parse_line(text, &inode);
	process__parse_kilobytes(text, "\nRssAnon:");
	process__parse_file_limit(text);
	proc__number(text);
	check_container(text);
	/* No such groups exist. */
	fuzz_check(isinf(process__parse_quota("/nonexistent", text)), "a quota");
	fuzz_check(isinf(process__parse_memory_limit("/nonexistent", text)), "a limit");
	fuzz_check(strlen(restriction__denier(text, text, denier)) > 0, "no reason");
	restriction__parse_lockdown(text);
	free(text);
}

static void check_numbers(struct fuzz_input input)
{
	uint64_t kilobytes = fuzz_number(&input, 6), files = fuzz_number(&input, 6);
	char *name = as_name(fuzz_part(&input, 64)), *text = NULL;

	if (asprintf(&text, "Name:\t%s\nRssAnon:\t%8" PRIu64 " kB\nRssFile:\t       3 kB\n", name,
		     kilobytes) < 0)
		abort();
	fuzz_check(fuzz_answer(process__parse_kilobytes(text, "\nRssAnon:")) == kilobytes * 1024,
		   "status: %s", text);
	free(text);
	if (asprintf(&text,
		     "Limit  Soft Limit\nMax open files            %-20" PRIu64 " 9   files\n",
		     files) < 0)
		abort();
	fuzz_check(process__parse_file_limit(text) == files, "limits: %s", text);
	free(text);
	free(name);
}

void fuzz_one(const uint8_t *data, size_t size)
{
	static void (*const checks[])(struct fuzz_input) = {
		check_any_text, check_stat,	   check_mapping, check_thread,
		check_listener, check_environment, check_numbers,
	};
	struct fuzz_input input = {data, size};

	checks[fuzz_byte(&input) % (sizeof(checks) / sizeof(*checks))](input);
}
