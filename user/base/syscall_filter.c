// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/syscall_filter.h"

#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ucontext.h>
#include <unistd.h>

#include "base/array.h"

/* The numbers of Linux's calls are below this. */
#define CALL_LIMIT 1024

static const char *name_of_process = "";
static uint32_t reported[CALL_LIMIT / 32];

/* Returns whether this is the first denial of the call. */
static int is_first(unsigned int call)
{
	uint32_t bit = UINT32_C(1) << call % 32;

	return !(__atomic_fetch_or(&reported[call / 32], bit, __ATOMIC_RELAXED) & bit);
}

/* Appends a text that fits. */
static char *append(char *end, const char *text)
{
	return stpcpy(end, text);
}

static char *append_number(char *end, unsigned int number)
{
	char digits[12];
	size_t count = 0;

	do {
		digits[count++] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	while (count > 0)
		*end++ = digits[--count];
	*end = '\0';
	return end;
}

/* Async-signal-safe: the call may be from within the C library. */
static void report(unsigned int call)
{
	char line[256];
	char *end = append(line, "scottyscope: warning: the system call ");
	ssize_t written;

	end = append_number(end, call);
	end = append(end, " is denied to ");
	end = append(end, name_of_process);
	end = append(end, "; scmp_sys_resolver names the call\n");
	written = write(STDERR_FILENO, line, (size_t)(end - line));
	(void)written;
}

static void on_denial(int signal, siginfo_t *info, void *context)
{
	ucontext_t *thread = context;
	int saved_errno = errno;
	unsigned int call = (unsigned int)info->si_syscall;

	(void)signal;
	if (call < CALL_LIMIT && is_first(call))
		report(call);
	errno = saved_errno;
#if defined(__x86_64__)
	thread->uc_mcontext.gregs[REG_RAX] = -ENOSYS;
#else
	thread->uc_mcontext.regs[0] = (unsigned long long)-ENOSYS;
#endif
}

int syscall_filter__report_denials(const char *process, struct error *error)
{
	struct sigaction action = {
		.sa_sigaction = on_denial,
		.sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART,
	};

	if (strlen(process) > 100)
		return error_set(error, -EINVAL, "the name \"%s\" is too long", process);
	name_of_process = process;
	sigemptyset(&action.sa_mask);
	if (sigaction(SIGSYS, &action, NULL) < 0)
		return error_set(error, -errno, "cannot handle denied system calls: %m");
	return 0;
}

static int add_rule(scmp_filter_ctx filter, uint32_t action, const struct syscall_rule *rule)
{
	struct scmp_arg_cmp comparisons[SYSCALL_CONDITIONS];
	int call = seccomp_syscall_resolve_name(rule->name);
	unsigned int count = 0;

	if (call == __NR_SCMP_ERROR)
		return 0;
	for (size_t i = 0; i < SYSCALL_CONDITIONS; i++) {
		const struct syscall_condition *condition = &rule->conditions[i];

		if (condition->mask == 0)
			continue;
		comparisons[count++] = SCMP_CMP(condition->argument, SCMP_CMP_MASKED_EQ,
						condition->mask, condition->value);
	}
	if (rule->is_absent)
		action = SCMP_ACT_ERRNO(ENOSYS);
	return seccomp_rule_add_array(filter, action, call, count, comparisons);
}

static int load(scmp_filter_ctx filter, uint32_t action, const struct syscall_rule *rules,
		size_t count)
{
	int r = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);

	/* The filter is no reason for the kernel to slow the process down. Unknown to old kernels. */
	seccomp_attr_set(filter, SCMP_FLTATR_CTL_SSB, 1);
	/* The kernel's log gets a line for each denied call. */
	seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, 1);
	if (r == 0)
		r = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	for (size_t i = 0; i < count && r == 0; i++)
		r = add_rule(filter, action, &rules[i]);
	return r < 0 ? r : seccomp_load(filter);
}

int syscall_filter__enter(enum syscall_policy policy, const struct syscall_rule *rules,
			  size_t count, const char *process, struct error *error)
{
	const uint32_t others = policy == SYSCALLS_ALLOW_LISTED ? SCMP_ACT_TRAP : SCMP_ACT_ALLOW;
	const uint32_t listed = policy == SYSCALLS_ALLOW_LISTED ? SCMP_ACT_ALLOW : SCMP_ACT_TRAP;
	scmp_filter_ctx filter = seccomp_init(others);
	int r = syscall_filter__report_denials(process, error);

	if (!filter)
		return error_out_of_memory(error);
	if (r == 0) {
		r = load(filter, listed, rules, count);
		if (r < 0)
			error_set(error, r, "cannot filter system calls: %m");
	}
	seccomp_release(filter);
	return r;
}
