// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "process/process.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "process/internal.h"
#include "process/privilege.h"
#include "process/proc.h"

void process__free(struct process *target)
{
	if (!target)
		return;
	if (target->pid_fd >= 0)
		close(target->pid_fd);
	if (target->mappings_fd >= 0)
		close(target->mappings_fd);
	if (target->executable_fd >= 0)
		close(target->executable_fd);
	free(target->executable_path);
	free(target->attach_path);
	free(target->root_path);
	free(target);
}

/* Returns the process id of a thread, which is `pid` itself for a process; 0 if unknown. */
static pid_t thread_group(pid_t pid)
{
	_cleanup_free_ char *status = NULL;
	size_t size;

	if (proc__read(pid, "status", 65536, &status, &size) < 0)
		return 0;

	/* The kernel escapes line breaks in the name, which is on the first line. */
	const char *field = strstr(status, "\nTgid:");

	return field ? (pid_t)strtol(field + strlen("\nTgid:"), NULL, 10) : 0;
}

uint64_t process__age_ns(const struct process *target)
{
	uint64_t per_second = (uint64_t)sysconf(_SC_CLK_TCK), ticks = target->start_ticks;
	struct timespec boot;

	/* Start times count from boot and include suspend, as CLOCK_BOOTTIME does. */
	clock_gettime(CLOCK_BOOTTIME, &boot);

	uint64_t since_boot_ns = (uint64_t)boot.tv_sec * NS_PER_S + (uint64_t)boot.tv_nsec;
	uint64_t start_ns =
		ticks / per_second * NS_PER_S + ticks % per_second * NS_PER_S / per_second;

	return since_boot_ns > start_ns ? since_boot_ns - start_ns : 0;
}

bool process__has_ended(const struct process *target)
{
	struct pollfd event = {.fd = target->pid_fd, .events = POLLIN};

	return poll(&event, 1, 0) > 0;
}

static int refuse_ended(pid_t pid, struct error *error)
{
	return error_set(error, -ESRCH, "process %d has ended", (int)pid);
}

static int refuse_access(pid_t pid, int code, struct error *error)
{
	char advice[PRIVILEGE_ADVICE_SIZE];

	if (code == -ENOENT || code == -ESRCH)
		return refuse_ended(pid, error);
	if (code == -EACCES || code == -EPERM)
		return error_set(error, -EACCES,
				 "process %d: no permission to inspect the process; %s", (int)pid,
				 privilege__advise_inspection(advice));
	return error_set(error, code, "process %d: cannot inspect the process: %m", (int)pid);
}

static int open_pid_fd(struct process *target, struct error *error)
{
	int code;

	/* glibc has no wrapper before 2.36. */
	target->pid_fd = (int)syscall(SYS_pidfd_open, target->pid, 0);
	if (target->pid_fd >= 0)
		return 0;
	code = -errno;
	if (code == -ESRCH)
		return error_set(error, code, "there is no process %d", (int)target->pid);
	return error_set(error, code, "process %d: cannot open a pidfd: %m", (int)target->pid);
}

static int refuse_kind(pid_t pid, const struct proc_stat *stat, struct error *error)
{
	if (pid == getpid())
		return error_set(error, -ESRCH, "process %d is this scottyscope", (int)pid);
	if (stat->is_kernel_thread)
		return error_set(error, -ESRCH, "process %d is a kernel thread", (int)pid);
	if (stat->state == 'Z' || stat->state == 'X')
		return refuse_ended(pid, error);
	return 0;
}

/* Opens the mappings before the executable: if the mappings still exist afterwards, both belong to one
 * program. */
static int open_program(struct process *target)
{
	struct stat status;

	target->mappings_fd = proc__open(target->pid, "maps");
	if (target->mappings_fd < 0)
		return target->mappings_fd;
	target->executable_fd = proc__open(target->pid, "exe");
	if (target->executable_fd < 0)
		return target->executable_fd;
	if (fstat(target->executable_fd, &status) < 0)
		return -errno;
	target->executable_device = status.st_dev;
	target->executable_inode = status.st_ino;
	return proc__executable(target->pid, &target->executable_path, &target->executable_deleted);
}

static int read_identity(struct process *target, struct error *error)
{
	pid_t pid = target->pid;
	struct proc_stat stat;
	int r = proc__stat(pid, &stat);

	if (r < 0)
		return refuse_access(pid, r, error);
	r = refuse_kind(pid, &stat, error);
	if (r < 0)
		return r;
	target->start_ticks = stat.start_ticks;
	target->start_time_ns = clock_realtime_ns() - process__age_ns(target);

	r = open_program(target);
	if (r < 0)
		return refuse_access(pid, r, error);
	r = process_owner__read(pid, &target->owner);
	if (r < 0)
		return refuse_access(pid, r, error);
	process_owner__name(target->owner.user, target->user_name);
	process_owner__name(target->owner.file_user, target->file_user_name);
	return 0;
}

/* Paths for this process; `executable_fd` is open. */
static int make_paths(struct process *target, struct error *error)
{
	if (asprintf(&target->attach_path, "/proc/self/fd/%d", target->executable_fd) < 0) {
		target->attach_path = NULL;
		return error_out_of_memory(error);
	}
	if (asprintf(&target->root_path, "/proc/%d/root", (int)target->pid) < 0) {
		target->root_path = NULL;
		return error_out_of_memory(error);
	}
	return 0;
}

int process__open(pid_t pid, struct process **ret_process, struct error *error)
{
	_cleanup_(process__freep) struct process *target = calloc(1, sizeof(*target));
	pid_t group = thread_group(pid);
	int r;

	if (!target)
		return error_out_of_memory(error);
	target->pid = pid;
	target->pid_fd = -1;
	target->mappings_fd = -1;
	target->executable_fd = -1;
	if (group > 0 && group != pid)
		return error_set(error, -ESRCH, "%d is a thread of process %d: select the process",
				 (int)pid, (int)group);
	r = open_pid_fd(target, error);
	if (r < 0)
		return r;
	r = read_identity(target, error);
	if (r < 0)
		return r;

	r = make_paths(target, error);
	if (r < 0)
		return r;
	/* The descriptor names one process. While the process lives, the kernel does not reuse its
	 * id, so all data read from /proc belongs to this process. */
	r = process__check(target);
	if (r < 0)
		return error_set(error, -ESRCH, "process %d %s", (int)pid,
				 process__describe_end(r));
	*ret_process = TAKE_PTR(target);
	return 0;
}

/* Whether the program's address space still exists. execve() replaces the address space, also where the
 * file stays the same. The descriptor belongs to the address space of its opening, and reads nothing from
 * then on (m_start() in Linux, fs/proc/task_mmu.c). */
static bool has_mappings(const struct process *target)
{
	char byte;

	return pread(target->mappings_fd, &byte, sizeof(byte), 0) == sizeof(byte);
}

int process__runs_executable(const struct process *target, pid_t pid)
{
	struct stat status;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	if (stat(path, &status) < 0)
		return -errno;
	return status.st_dev == target->executable_device &&
	       status.st_ino == target->executable_inode;
}

int process__check(const struct process *target)
{
	/* A program can share its address space with a child of vfork(), which keeps the mappings. A
	 * file that this process may not look at is no evidence. */
	bool is_same = process__runs_executable(target, target->pid) != 0 && has_mappings(target);

	/* Last: an id that was reused meanwhile named an ended process before. */
	if (process__has_ended(target))
		return -ESRCH;
	return is_same ? 0 : -ESTALE;
}

const char *process__describe_end(int code)
{
	return code == -ESTALE ? "called execve(), which ended the observed program" : "has ended";
}
