// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "planner/confine.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/file_rules.h"
#include "base/syscall_filter.h"
#include "elf/debug_names.h"

/* The program with its libraries, stacks and heap, and twice the memory of the analysis (base/budget.h), besides the
 * mapped executable. */
#define MEMORY_BYTES (UINT64_C(1) << 30)

/* The file in memory into which .gnu_debugdata is unpacked (elf/debugdata.c). No other limit bounds such files. */
#define FILE_BYTES (UINT64_C(128) << 20)

/* Standard streams, socket, executable, debug files, and the file in memory. */
#define FILES (3 + 2 + ELF_DEBUG_FILES_MAX + 1)

#define NOT_EXECUTABLE .conditions = {{.argument = 2, .mask = PROT_EXEC, .value = 0}}

/* What the analysis and the C library call. */
static const struct syscall_rule allowed[] = {
	/* The socket, the executable, debug files, the file in memory */
	{.name = "read"},
	{.name = "pread64"},
	{.name = "write"},
	{.name = "lseek"},
	{.name = "close"},
	{.name = "fstat"},
	{.name = "newfstatat"}, /* fstat() of newer C libraries */
	{.name = "recvmsg"},
	{.name = "sendto"},
	{.name = "memfd_create"},

	/* Memory */
	{.name = "brk"},
	{.name = "mmap", NOT_EXECUTABLE},
	{.name = "munmap"},
	{.name = "mremap"},
	{.name = "mprotect", NOT_EXECUTABLE},
	{.name = "madvise"},

	/* The end, and what abort() calls */
	{.name = "exit"},
	{.name = "exit_group"},
	{.name = "rt_sigprocmask"},
	{.name = "rt_sigaction"},
	{.name = "rt_sigreturn"},
	{.name = "gettid"},
	{.name = "getpid"},

	/* Time, locks, random numbers for malloc() */
	{.name = "clock_gettime"},
	{.name = "gettimeofday"},
	{.name = "futex"},
	{.name = "getrandom"},
	{.name = "restart_syscall"},
};

/* The kernel kills a process at the higher of the limits; below, SIGXCPU names the reason. */
#define CPU_SECONDS_HARD (PLANNER_CPU_SECONDS + 5)

static int limit(__rlimit_resource_t resource, uint64_t soft, uint64_t hard, struct error *error)
{
	const struct rlimit limits = {.rlim_cur = soft, .rlim_max = hard};

	/* A limit of the agent may be lower, and cannot be raised. */
	if (setrlimit(resource, &limits) < 0 && errno != EPERM)
		return error_set(error, -errno, "cannot limit the analysis: %m");
	return 0;
}

static int set_limits(int executable_fd, struct error *error)
{
	struct stat status;
	uint64_t memory;
	int r;

	if (fstat(executable_fd, &status) < 0)
		return error_set(error, -errno, "cannot examine the executable: %m");
	memory = MEMORY_BYTES + (uint64_t)status.st_size;
	r = limit(RLIMIT_AS, memory, memory, error);
	if (r == 0)
		r = limit(RLIMIT_CPU, PLANNER_CPU_SECONDS, CPU_SECONDS_HARD, error);
	if (r == 0)
		r = limit(RLIMIT_FSIZE, FILE_BYTES, FILE_BYTES, error);
	if (r == 0)
		r = limit(RLIMIT_NOFILE, FILES, FILES, error);
	return r;
}

/* abort() signals the process itself. The front has the same user, and is not to be signalled. */
static int filter_calls(struct error *error)
{
	struct syscall_rule rules[ARRAY_SIZE(allowed) + 1];

	memcpy(rules, allowed, sizeof(allowed));
	rules[ARRAY_SIZE(allowed)] = (struct syscall_rule){
		.name = "tgkill",
		.conditions = {{.argument = 0, .mask = UINT32_MAX, .value = (uint32_t)getpid()}},
	};
	return syscall_filter__enter(SYSCALLS_ALLOW_LISTED, rules, ARRAY_SIZE(rules),
				     "the analysis of the executable", error);
}

int planner_confine(int socket_fd, int executable_fd, const struct planner_request *request,
		    struct error *ret_warning, struct error *error)
{
	struct error reason;
	int r = sandbox__enter(socket_fd, executable_fd, &request->user, error);

	if (r == 0)
		r = sandbox__die_with_parent(request->agent, error);
	if (r == 0)
		r = set_limits(executable_fd, error);
	if (r < 0)
		return r;
	*ret_warning = (struct error){0};
	/* No file can be opened without Landlock either. */
	file_rules__enter(NULL, 0, NULL, 0, 0, &reason);
	filter_calls(ret_warning);
	return 0;
}
