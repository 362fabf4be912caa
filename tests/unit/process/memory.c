// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "child.h"

#define PAGE	     ((size_t)sysconf(_SC_PAGESIZE))
#define MANY_BYTES   ((size_t)16 * 1024 * 1024)
#define THREADS	     3
#define PATTERN_SIZE 1000

TestSuite(process_memory, .fini = child__stop_all, .timeout = 60);

static struct process *open_process(const struct child *process)
{
	return find_one(&(struct process_selection){.pid = process->pid});
}

/* One page with a pattern, and after it one that is not there. */
static void fill_page(struct child *process)
{
	unsigned char *pages =
		mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages == MAP_FAILED || munmap(pages + PAGE, PAGE) < 0)
		_exit(97);
	for (size_t i = 0; i < PAGE; i++)
		pages[i] = (unsigned char)(i * 7);
	process->shared->address = (uintptr_t)pages;
	child__tell(process);
}

Test(process_memory, contents)
{
	struct child process = child__start(fill_page);
	struct process *target = open_process(&process);
	uint64_t address = process.shared->address;
	unsigned char *bytes = calloc(2, PAGE);

	cr_assert_eq(process__read_memory(target, address + 5, bytes, PATTERN_SIZE), PATTERN_SIZE);
	for (size_t i = 0; i < PATTERN_SIZE; i++)
		cr_assert_eq(bytes[i], (unsigned char)((i + 5) * 7));

	/* What lies beyond the end is not read, what lies before it is. */
	memset(bytes, 0, 2 * PAGE);
	cr_assert_eq(process__read_memory(target, address + PAGE - 16, bytes, PAGE), 16);
	for (size_t i = 0; i < 16; i++)
		cr_assert_eq(bytes[i], (unsigned char)((PAGE - 16 + i) * 7));
	cr_assert_eq(process__read_memory(target, address + PAGE, bytes, 1), -EFAULT);
	cr_assert_eq(process__read_memory(target, 0, bytes, 1), -EFAULT);

	child__stop(&process);
	cr_assert_eq(process__read_memory(target, address, bytes, 1), -ESRCH);
	free(bytes);
	process__free(target);
}

static void grow(struct child *process)
{
	child__tell(process);
	child__await_command(process);

	char *memory = mmap(NULL, MANY_BYTES, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (memory == MAP_FAILED)
		_exit(98);
	child__tell(process);
}

static int add_size(void *context, const struct process_mapping *mapping)
{
	uint64_t *size = context;

	/* The vsyscall page belongs to the kernel, which does not count it. */
	if (mapping->start >> 63 == 0)
		*size += mapping->end - mapping->start;
	return 0;
}

Test(process_memory, sizes)
{
	struct child process = child__start(grow);
	struct process *target = open_process(&process);
	struct process_memory before, after;
	uint64_t mapped = 0;
	char byte;

	cr_assert_eq(process__memory(target, &before), 0);
	child__command(&process);
	cr_assert_eq(read(process.event_fd, &byte, 1), 1);
	cr_assert_eq(process__memory(target, &after), 0);
	cr_assert_geq(after.virtual_bytes, before.virtual_bytes + MANY_BYTES);
	cr_assert_geq(after.rss_bytes, before.rss_bytes + MANY_BYTES);
	cr_assert_lt(after.rss_bytes, before.rss_bytes + 2 * MANY_BYTES);

	/* The same from another source. */
	cr_assert_eq(process__for_each_mapping(target, add_size, &mapped), 0);
	cr_assert_eq(after.virtual_bytes, mapped);
	child__stop(&process);
	process__free(target);
}

/* Maps the executable, a memfd, and shared memory without a file. */
static void map_memory_files(struct shared *shared)
{
	int executable = open("/proc/self/exe", O_RDONLY);
	int memory = memfd_create("heap", 0);
	void *own, *named, *nameless;

	if (executable < 0 || memory < 0 || ftruncate(memory, (off_t)PAGE) < 0)
		_exit(101);
	own = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, executable, 0);
	named = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	nameless = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (own == MAP_FAILED || named == MAP_FAILED || nameless == MAP_FAILED)
		_exit(102);
	shared->addresses[3] = (uintptr_t)own;
	shared->addresses[4] = (uintptr_t)named;
	shared->addresses[5] = (uintptr_t)nameless;
}

static void map_some(struct child *process)
{
	struct shared *shared = process->shared;
	char name[] = "/tmp/scottyscope-map-XXXXXX";
	int fd = mkstemp(name);
	/* Between pages without access, so that the kernel does not join it to another. */
	char *around = mmap(NULL, 5 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct stat status;

	unlink(name);
	if (ftruncate(fd, (off_t)(4 * PAGE)) < 0 || around == MAP_FAILED ||
	    mprotect(around + PAGE, 3 * PAGE, PROT_READ | PROT_WRITE) < 0)
		_exit(99);
	shared->addresses[0] = (uintptr_t)around + PAGE;

	void *file = mmap(NULL, 2 * PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, (off_t)PAGE);

	if (file == MAP_FAILED || fstat(fd, &status) < 0)
		_exit(100);
	shared->addresses[1] = (uintptr_t)file;
	shared->addresses[2] = status.st_ino;
	map_memory_files(shared);
	child__tell(process);
}

/* The mapping that starts at an address. */
struct wanted {
	uint64_t start;
	struct process_mapping mapping;
	uint64_t last_end;
};

static int pick(void *context, const struct process_mapping *mapping)
{
	struct wanted *wanted = context;

	cr_assert_geq(mapping->start, wanted->last_end, "not in order");
	cr_assert_lt(mapping->start, mapping->end);
	wanted->last_end = mapping->end;
	if (mapping->start != wanted->start)
		return 0;
	wanted->mapping = *mapping;
	return 42;
}

Test(process_memory, mappings)
{
	struct child process = child__start(map_some);
	struct process *target = open_process(&process);
	struct wanted anonymous = {.start = process.shared->addresses[0]};
	struct wanted file = {.start = process.shared->addresses[1]};
	struct wanted own = {.start = process.shared->addresses[3]};
	struct wanted none = {.start = 1};

	cr_assert_eq(process__for_each_mapping(target, pick, &anonymous), 42);
	cr_assert_eq(anonymous.mapping.end, anonymous.start + 3 * PAGE);
	cr_assert(anonymous.mapping.is_heap);
	cr_assert(anonymous.mapping.readable);
	cr_assert(anonymous.mapping.writable);
	cr_assert_not(anonymous.mapping.executable);
	cr_assert_eq(anonymous.mapping.inode, 0);

	cr_assert_eq(process__for_each_mapping(target, pick, &file), 42);
	cr_assert_eq(file.mapping.end, file.start + 2 * PAGE);
	cr_assert(file.mapping.is_heap, "a file without a name is memory");
	cr_assert(file.mapping.readable);
	cr_assert_not(file.mapping.writable);
	cr_assert(file.mapping.executable);
	cr_assert_eq(file.mapping.offset, PAGE);
	cr_assert_eq(file.mapping.inode, process.shared->addresses[2]);

	/* Allocators have their memory from files without a name, too. */
	for (size_t i = 4; i < 6; i++) {
		struct wanted memory = {.start = process.shared->addresses[i]};

		cr_assert_eq(process__for_each_mapping(target, pick, &memory), 42);
		cr_assert(memory.mapping.is_heap, "memory file %zu", i);
		cr_assert_neq(memory.mapping.inode, 0);
	}
	cr_assert_eq(process__for_each_mapping(target, pick, &own), 42);
	cr_assert_not(own.mapping.is_heap);

	cr_assert_eq(process__for_each_mapping(target, pick, &none), 0);
	child__stop(&process);
	cr_assert_lt(process__for_each_mapping(target, pick, &none), 0);
	process__free(target);
}

static struct child *threads_process;

static void *block(void *context)
{
	struct shared *shared = threads_process->shared;
	size_t i = (size_t)(uintptr_t)context;
	char byte;

	shared->addresses[i] = (uintptr_t)__builtin_frame_address(0);
	shared->tids[i] = gettid();
	child__tell(threads_process);
	return read(threads_process->command_fd, &byte, 1) == 1 ? NULL : context;
}

static void *spin(void *context)
{
	struct shared *shared = threads_process->shared;
	size_t i = (size_t)(uintptr_t)context;

	shared->tids[i] = gettid();
	child__tell(threads_process);
	while (__atomic_load_n(&shared->pid, __ATOMIC_RELAXED) != 0)
		;
	return NULL;
}

static void start_threads(struct child *process)
{
	threads_process = process;
	for (size_t i = 0; i <= THREADS; i++) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, i < THREADS ? block : spin,
				   (void *)(uintptr_t)i) != 0)
			_exit(92);
	}
}

struct seen {
	const struct shared *shared;
	uint64_t pointers[THREADS + 1];
	int known;
	int total;
};

static int see_thread(void *context, const struct process_thread *thread)
{
	struct seen *seen = context;

	seen->total++;
	for (int i = 0; i <= THREADS; i++) {
		if (seen->shared->tids[i] == thread->tid) {
			seen->pointers[i] = thread->stack_pointer;
			seen->known++;
		}
	}
	return 0;
}

static int stop_at_once(void *context, const struct process_thread *thread)
{
	(void)thread;
	++*(int *)context;
	return -ECANCELED;
}

Test(process_memory, threads)
{
	struct child process = child__start(start_threads);
	struct process *target = open_process(&process);
	uint64_t deadline_ns = clock_monotonic_ns() + 20 * NS_PER_S;
	struct seen seen;
	int calls = 0;
	char byte;

	/* The first has told already. */
	for (int i = 0; i < THREADS; i++)
		cr_assert_eq(read(process.event_fd, &byte, 1), 1);
	/* That a thread has got from there into its system call is no event that can be awaited. */
	do {
		sched_yield();
		seen = (struct seen){.shared = process.shared};
		cr_assert_eq(process__for_each_thread(target, see_thread, &seen), 0);
		cr_assert_eq(seen.known, THREADS + 1);
		cr_assert_eq(seen.total, THREADS + 2);
		cr_assert_lt(clock_monotonic_ns(), deadline_ns);
	} while (!seen.pointers[0] || !seen.pointers[1] || !seen.pointers[2]);

	for (int i = 0; i < THREADS; i++) {
		cr_assert_leq(seen.pointers[i], process.shared->addresses[i]);
		cr_assert_leq(process.shared->addresses[i] - seen.pointers[i], 65536);
	}
	cr_assert_eq(seen.pointers[THREADS], 0, "a running thread has no stack pointer to show");
	cr_assert_eq(process__for_each_thread(target, stop_at_once, &calls), -ECANCELED);
	cr_assert_eq(calls, 1);
	child__stop(&process);
	process__free(target);
}

struct waiter {
	pid_t tid;
	bool is_told;
	bool waits_with_timeout;
};

static int see_waiter(void *context, const struct process_thread *thread)
{
	struct waiter *waiter = context;

	if (thread->tid == waiter->tid && thread->stack_pointer) {
		waiter->is_told = true;
		waiter->waits_with_timeout = thread->waits_with_timeout;
	}
	return 0;
}

/* A wait on a futex is told from one that has no timeout, and from other calls that have one. */
Test(process_memory, timed_waits)
{
	for (int kind = 0; kind < 3; kind++) {
		struct waiter waiter = {.tid = fork()};
		uint64_t deadline_ns = clock_monotonic_ns() + 20 * NS_PER_S;

		cr_assert_geq(waiter.tid, 0);
		if (waiter.tid == 0) {
			static uint32_t word = 1;
			struct timespec minute = {.tv_sec = 60};

			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (kind == 2)
				nanosleep(&minute, NULL);
			else
				syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 1,
					kind == 1 ? &minute : NULL, NULL, 0);
			_exit(0);
		}

		struct process *target = find_one(&(struct process_selection){.pid = waiter.tid});

		/* It takes a while to get there, and then stays there. */
		for (int in_a_row = 0; in_a_row < 50;) {
			waiter.is_told = false;
			cr_assert_eq(process__for_each_thread(target, see_waiter, &waiter), 0);
			in_a_row = waiter.is_told && waiter.waits_with_timeout == (kind == 1)
					   ? in_a_row + 1
					   : 0;
			cr_assert_lt(clock_monotonic_ns(), deadline_ns, "kind %d", kind);
			usleep(1000);
		}
		cr_assert_eq(kill(waiter.tid, SIGKILL), 0);
		waitpid(waiter.tid, NULL, 0);
		process__free(target);
	}
}

/* Stopped while it computes: it has a stack pointer, but is in no system call. */
Test(process_memory, stopped_thread)
{
	struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t deadline_ns = clock_monotonic_ns() + 20 * NS_PER_S;
	struct seen seen = {.shared = shared};
	pid_t child = fork();
	int status;

	cr_assert_geq(child, 0);
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		shared->addresses[0] = (uintptr_t)__builtin_frame_address(0);

		pid_t own_id = getpid();

		for (;;)
			__atomic_store_n(&shared->tids[0], own_id, __ATOMIC_RELAXED);
	}
	while (__atomic_load_n(&shared->tids[0], __ATOMIC_RELAXED) == 0) {
		sched_yield();
		cr_assert_lt(clock_monotonic_ns(), deadline_ns);
	}
	cr_assert_eq(kill(child, SIGSTOP), 0);
	cr_assert_eq(waitpid(child, &status, WUNTRACED), child);
	cr_assert(WIFSTOPPED(status));

	struct process *target = find_one(&(struct process_selection){.pid = child});

	cr_assert_eq(process__for_each_thread(target, see_thread, &seen), 0);
	cr_assert_eq(seen.total, 1);
	cr_assert_neq(seen.pointers[0], 0);
	cr_assert_leq(seen.pointers[0], shared->addresses[0]);
	cr_assert_leq(shared->addresses[0] - seen.pointers[0], 65536);
	process__free(target);
	kill(child, SIGKILL);
	cr_assert_eq(waitpid(child, NULL, 0), child);
	munmap(shared, sizeof(*shared));
}
