// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "front/confine.h"

#include <fcntl.h>
#include <link.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "base/array.h"
#include "base/file_rules.h"
#include "base/log.h"
#include "base/syscall_filter.h"

/* Files of the C library's resolver, of its time zones and counts of CPUs, and CA certificates at the
 * places where gRPC searches (load_system_roots_supported.cc). */
static const char *const read_paths[] = {
	"/etc/resolv.conf",
	"/run/systemd/resolve", /* the aim of the link /etc/resolv.conf */
	"/run/resolvconf",
	"/run/NetworkManager",
	"/etc/hosts",
	"/etc/host.conf",
	"/etc/nsswitch.conf",
	"/etc/gai.conf",
	"/etc/services",
	"/etc/protocols",
	"/etc/localtime",
	"/usr/share/zoneinfo",
	"/etc/ssl",
	"/usr/lib/ssl",
	"/etc/pki",
	"/usr/share/ca-certificates",
	"/usr/local/share/ca-certificates",
	"/sys/devices/system/cpu",
	"/proc/self",
	"/proc/sys/net/core/somaxconn",
	"/proc/sys/vm/overcommit_memory",
	"/proc/cpuinfo",
	"/proc/stat",
	"/dev/urandom",
};

/* Shared libraries: of name services, and those of scottyscope-otlp with its loader. */
static const char *const library_paths[] = {
	"/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache", "/etc/ld.so.preload",
};

/* Paths that only this run has: the certificate, and directories of libraries. */
#define OWN_PATHS_LIMIT 64

struct own_paths {
	char *items[OWN_PATHS_LIMIT];
	size_t count;
};

static void add_path(struct own_paths *paths, char *path)
{
	if (path && paths->count < OWN_PATHS_LIMIT)
		paths->items[paths->count++] = path;
	else
		free(path);
}

static int add_library(struct dl_phdr_info *info, size_t size, void *context)
{
	char *slash = strrchr(info->dlpi_name, '/');

	(void)size;
	if (info->dlpi_name[0] == '/' && slash > info->dlpi_name)
		add_path(context, strndup(info->dlpi_name, (size_t)(slash - info->dlpi_name)));
	return 0;
}

static int restrict_files(const struct config *config, struct error *error)
{
	struct own_paths readable = {0}, executable = {0};
	const char *roots = getenv("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH");
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(read_paths); i++)
		add_path(&readable, strdup(read_paths[i]));
	if (config->otlp.certificate_path)
		add_path(&readable, strdup(config->otlp.certificate_path));
	if (roots)
		add_path(&readable, strdup(roots));
	for (size_t i = 0; i < ARRAY_SIZE(library_paths); i++)
		add_path(&executable, strdup(library_paths[i]));
	dl_iterate_phdr(add_library, &executable);
	r = file_rules__enter((const char *const *)readable.items, readable.count,
			      (const char *const *)executable.items, executable.count,
			      config->otlp.program_fd, error);
	while (readable.count > 0)
		free(readable.items[--readable.count]);
	while (executable.count > 0)
		free(executable.items[--executable.count]);
	return r;
}

#define ALL_BITS      UINT64_C(0xffffffff)
#define ONLY(i, bits) .conditions = {{.argument = (i), .mask = ALL_BITS, .value = (uint32_t)(bits)}}
#define NAMESPACES                                                                     \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | \
	 CLONE_NEWPID | CLONE_NEWNET)

/* What the C library, libmicrohttpd, gRPC's C core and this program call; and the loader, for
 * scottyscope-otlp. The arguments of clone3() cannot be filtered: without it, the C library calls
 * clone(). */
static const struct syscall_rule allowed[] = {
	/* Descriptors and files */
	{.name = "read"},
	{.name = "readv"},
	{.name = "pread64"},
	{.name = "preadv"},
	{.name = "write"},
	{.name = "writev"},
	{.name = "close"},
	{.name = "close_range"},
	{.name = "dup"},
	{.name = "dup2"},
	{.name = "dup3"},
	{.name = "fcntl"},
	{.name = "lseek"},
	{.name = "open"},
	{.name = "openat"},
	{.name = "access"},
	{.name = "faccessat"},
	{.name = "faccessat2"},
	{.name = "stat"},
	{.name = "fstat"},
	{.name = "lstat"},
	{.name = "newfstatat"},
	{.name = "statx"},
	{.name = "statfs"},
	{.name = "fstatfs"},
	{.name = "readlink"},
	{.name = "readlinkat"},
	{.name = "getdents64"},
	{.name = "getcwd"},
	{.name = "chdir"},
	{.name = "pipe"},
	{.name = "pipe2"},
	{.name = "eventfd2"},
	{.name = "epoll_create"},
	{.name = "epoll_create1"},
	{.name = "epoll_ctl"},
	{.name = "epoll_wait"},
	{.name = "epoll_pwait"},
	{.name = "epoll_pwait2"},
	{.name = "poll"},
	{.name = "ppoll"},
	{.name = "select"},
	{.name = "pselect6"},
	{.name = "timerfd_create"},
	{.name = "timerfd_settime"},
	{.name = "timerfd_gettime"},
	{.name = "signalfd4"},
	{.name = "inotify_init1"}, /* newer resolvers watch resolv.conf */
	{.name = "inotify_add_watch"},
	{.name = "inotify_rm_watch"},
	{.name = "ioctl", ONLY(1, FIONREAD)},
	{.name = "ioctl", ONLY(1, FIONBIO)},
	{.name = "ioctl", ONLY(1, TCGETS)}, /* isatty() */

	/* Sockets */
	{.name = "socket", ONLY(0, AF_INET)},
	{.name = "socket", ONLY(0, AF_INET6)},
	{.name = "socket", ONLY(0, AF_UNIX)},
	{.name = "socket", ONLY(0, AF_NETLINK)}, /* getaddrinfo() asks for the own addresses */
	{.name = "socketpair"},
	{.name = "bind"},
	{.name = "listen"},
	{.name = "accept"},
	{.name = "accept4"},
	{.name = "connect"},
	{.name = "shutdown"},
	{.name = "sendto"},
	{.name = "sendmsg"},
	{.name = "sendmmsg"},
	{.name = "recvfrom"},
	{.name = "recvmsg"},
	{.name = "recvmmsg"},
	{.name = "setsockopt"},
	{.name = "getsockopt"},
	{.name = "getsockname"},
	{.name = "getpeername"},

	/* Memory */
	{.name = "brk"},
	{.name = "mmap"},
	{.name = "munmap"},
	{.name = "mremap"},
	{.name = "mprotect"},
	{.name = "madvise"},

	/* Processes and threads */
	{.name = "clone", .conditions = {{.argument = 0, .mask = NAMESPACES, .value = 0}}},
	{.name = "clone3", .is_absent = true},
	{.name = "fork"},
	{.name = "vfork"},
	{.name = "wait4"},
	{.name = "waitid"},
	{.name = "exit"},
	{.name = "exit_group"},
	{.name = "kill"}, /* of the supervisor: its front; the kernel limits the others by user */
	{.name = "tgkill"},
	{.name = "getpid"},
	{.name = "getppid"},
	{.name = "gettid"},
	{.name = "getpgrp"},
	{.name = "getuid"},
	{.name = "geteuid"},
	{.name = "getgid"},
	{.name = "getegid"},
	{.name = "getgroups"},
	{.name = "getresuid"},
	{.name = "getresgid"},
	{.name = "capget"},
	{.name = "capset"}, /* scottyscope-otlp drops again what it does not have */
	{.name = "set_tid_address"},
	{.name = "set_robust_list"},
	{.name = "rseq"},
	{.name = "futex"},
	{.name = "futex_waitv"},
	{.name = "sched_yield"},
	{.name = "sched_getaffinity"},
	{.name = "sched_getparam"},
	{.name = "sched_getscheduler"},
	{.name = "getcpu"},
	{.name = "membarrier"},
	{.name = "arch_prctl"},
	{.name = "prlimit64"},
	{.name = "getrlimit"},
	{.name = "setrlimit"},
	{.name = "getrusage"},
	{.name = "sysinfo"},
	{.name = "uname"},
	{.name = "getrandom"},
	{.name = "prctl", ONLY(0, PR_SET_NAME)},
	{.name = "prctl", ONLY(0, PR_GET_NAME)},
	{.name = "prctl", ONLY(0, PR_SET_PDEATHSIG)},
	{.name = "prctl", ONLY(0, PR_GET_PDEATHSIG)},
	{.name = "prctl", ONLY(0, PR_GET_DUMPABLE)},
	{.name = "prctl", .conditions = {{0, ALL_BITS, PR_SET_DUMPABLE}, {1, ALL_BITS, 0}}},
	{.name = "prctl", ONLY(0, PR_SET_NO_NEW_PRIVS)},
	{.name = "prctl", ONLY(0, PR_GET_NO_NEW_PRIVS)},
	{.name = "prctl", ONLY(0, PR_CAPBSET_READ)},
	{.name = "prctl", ONLY(0, PR_CAPBSET_DROP)},
	{.name = "prctl", ONLY(0, PR_CAP_AMBIENT)},
#ifdef PR_SET_VMA
	{.name = "prctl", ONLY(0, PR_SET_VMA)}, /* names of memory areas */
#endif

	/* Signals and time */
	{.name = "rt_sigaction"},
	{.name = "rt_sigprocmask"},
	{.name = "rt_sigreturn"},
	{.name = "rt_sigtimedwait"},
	{.name = "sigaltstack"},
	{.name = "pause"},
	{.name = "restart_syscall"},
	{.name = "clock_gettime"},
	{.name = "clock_getres"},
	{.name = "clock_nanosleep"},
	{.name = "nanosleep"},
	{.name = "gettimeofday"},
	{.name = "time"},
	{.name = "times"},
};

/* The static build executes scottyscope-otlp by its descriptor. */
static const struct syscall_rule execution = {
	.name = "execveat",
	.conditions = {{.argument = 4, .mask = ALL_BITS, .value = AT_EMPTY_PATH}},
};

static int filter_calls(const struct config *config, struct error *error)
{
	struct syscall_rule rules[ARRAY_SIZE(allowed) + 1];
	size_t count = ARRAY_SIZE(allowed);

	memcpy(rules, allowed, sizeof(allowed));
	if (config->otlp.program_fd > 0)
		rules[count++] = execution;
	return syscall_filter__enter(SYSCALLS_ALLOW_LISTED, rules, count, "the network process",
				     error);
}

void front_confine(const struct config *config)
{
	struct error reason = {0};

	if (restrict_files(config, &reason) < 0)
		log_debug("the network process: %s", reason.message);
	if (filter_calls(config, &reason) < 0)
		log_warning("the network process: %s", reason.message);
}
