// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "probe/refusal.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <sys/resource.h>

#include "base/array.h"
#include "process/privilege.h"

#define MEBIBYTE (1024.0 * 1024.0)

/* The capabilities to load BPF programs of tracing (capabilities.7). */
static const cap_value_t needed[] = {CAP_BPF, CAP_PERFMON};

enum refusal refusal_of(int code, bool has_capabilities, bool locks_memory)
{
	switch (code) {
	case -EPERM:
		/* bpf() fails with this errno when RLIMIT_MEMLOCK is exceeded (bpf_charge_memlock()
		 * in Linux 5.10, kernel/bpf/syscall.c). */
		return has_capabilities && locks_memory ? REFUSAL_MEMORY_LOCK : REFUSAL_PERMISSION;
	case -ENOMEM:
		return REFUSAL_MEMORY;
	case -ENOSYS:
	case -EOPNOTSUPP:
	case -ENOENT:
		return REFUSAL_ABSENT;
	default:
		/* The verifier reports most errors with EINVAL or EACCES. */
		return REFUSAL_VERIFIER;
	}
}

static bool has_capabilities(void)
{
	cap_t held = cap_get_proc();
	char names[64];
	bool has = privilege__name_missing(held, needed, ARRAY_SIZE(needed), names,
					   sizeof(names)) == 0;

	cap_free(held);
	return has;
}

/* Whether the kernel accounts BPF memory by RLIMIT_MEMLOCK: before Linux 5.11, which has the helper
 * bpf_ktime_get_coarse_ns as libbpf's sign of the change (probe_memcg_account()). */
static bool locks_memory(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
	       libbpf_probe_bpf_helper(BPF_PROG_TYPE_SOCKET_FILTER, BPF_FUNC_ktime_get_coarse_ns,
				       NULL) != 1;
}

static int explain_memory(int code, const char *what, uint64_t memory_bytes, struct error *error)
{
	char limits[RESTRICTION_SIZE];

	restriction__memory(limits);
	if (memory_bytes == 0)
		return error_set(error, code, "not enough memory for %s: %s", what, limits);
	return error_set(
		error, code,
		"not enough memory for %s, which take about %.0f MiB: %s. Raise the limit, "
		"or lower --max-tasks and --max-series",
		what, (double)memory_bytes / MEBIBYTE, limits);
}

int refusal_explain(int code, const char *what, uint64_t memory_bytes, struct error *error)
{
	char advice[PRIVILEGE_ADVICE_SIZE];

	switch (refusal_of(code, has_capabilities(), code == -EPERM && locks_memory())) {
	case REFUSAL_PERMISSION:
		return error_set(error, -EPERM, "no permission to use BPF: %m; %s",
				 privilege__advise(needed, ARRAY_SIZE(needed), advice));
	case REFUSAL_MEMORY:
		return explain_memory(code, what, memory_bytes, error);
	case REFUSAL_MEMORY_LOCK:
		return error_set(error, -ENOMEM,
				 "not enough locked memory for %s: this kernel counts BPF memory "
				 "against RLIMIT_MEMLOCK; raise the limit (ulimit -l unlimited, "
				 "LimitMEMLOCK=infinity) or run with CAP_SYS_RESOURCE",
				 what);
	case REFUSAL_ABSENT:
		return error_set(error, code,
				 "the kernel does not have what %s need: %m. Linux 5.10 or newer "
				 "with CONFIG_BPF_SYSCALL, CONFIG_BPF_EVENTS and "
				 "CONFIG_UPROBE_EVENTS is needed",
				 what);
	case REFUSAL_VERIFIER:
		break;
	}
	return error_set(error, code,
			 "the kernel's verifier rejects %s: %m; -v shows the verifier's log, "
			 "please report it",
			 what);
}
