// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "probe/features.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "feature.skel.h"
#include "probe/refusal.h"
#include "process/privilege.h"

#define SECURITYFS_PATH	 "/sys/kernel/security"
#define LOCKDOWN_PATH	 SECURITYFS_PATH "/lockdown"
#define TRACEFS_PATH	 "/sys/kernel/tracing"
#define OLD_TRACEFS_PATH "/sys/kernel/debug/tracing"

DEFINE_CLEANUP(struct feature *, feature__destroy);

static void report_missing(struct plan_kernel *kernel, int code, const char *what)
{
	if (kernel->why_not[0])
		return;
	snprintf(kernel->why_not, sizeof(kernel->why_not), "%s", what);
	kernel->why_code = code;
}

/* Functions for trial probes. trial_function() starts as most hooked functions do; the kernel does
 * not emulate the first instruction of stepped_function(). */
void trial_function(void);
void stepped_function(void);

#if defined(__x86_64__)
__asm__(".text\n"
	".type trial_function, @function\n"
	"trial_function:\n"
	"	push %rbp\n"
	"	pop %rbp\n"
	"	ret\n"
	".size trial_function, . - trial_function\n"
	".type stepped_function, @function\n"
	"stepped_function:\n"
	"	xor %eax, %eax\n"
	"	ret\n"
	".size stepped_function, . - stepped_function\n");
#else
__attribute__((noinline)) void trial_function(void)
{
	__asm__ volatile("nop" ::: "memory");
}

__attribute__((noinline)) void stepped_function(void)
{
	__asm__ volatile("add x0, x0, #0" ::: "x0", "memory");
}
#endif

/* Hits are timed in batches. The fastest batch had the fewest disturbances. */
#define BATCHES	   8
#define BATCH_HITS 250

static uint64_t time_hit_ns(void (*function)(void))
{
	uint64_t best_ns = UINT64_MAX;

	for (int batch = 0; batch < BATCHES; batch++) {
		uint64_t start_ns = clock_monotonic_ns(), took_ns;

		for (int i = 0; i < BATCH_HITS; i++)
			function();
		took_ns = clock_monotonic_ns() - start_ns;
		if (took_ns < best_ns)
			best_ns = took_ns;
	}
	return best_ns / BATCH_HITS;
}

static void *run_trial(void *unused)
{
	(void)unused;
	trial_function();
	return NULL;
}

struct own_image {
	void (*function)(void);
	uint64_t offset; /* offset of the function in the file */
	bool found;
};

static int find_own_offset(struct dl_phdr_info *info, size_t size, void *context)
{
	struct own_image *own = context;
	uint64_t address = (uint64_t)(uintptr_t)own->function - info->dlpi_addr;

	(void)size;
	for (unsigned int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];

		if (segment->p_type != PT_LOAD || address < segment->p_vaddr ||
		    address >= segment->p_vaddr + segment->p_filesz)
			continue;
		own->offset = address - segment->p_vaddr + segment->p_offset;
		own->found = true;
		return 1;
	}
	return 0;
}

/* Returns whether one hit on another thread reaches a program attached to this process. */
static bool other_thread_hits(struct feature *trial)
{
	uint64_t before = trial->bss->hits;
	pthread_t thread;

	if (pthread_create(&thread, NULL, run_trial, NULL) != 0)
		return false;
	pthread_join(thread, NULL);
	return trial->bss->hits > before;
}

static int open_trial(struct feature **ret_trial, enum bpf_attach_type type)
{
	_cleanup_(feature__destroyp) struct feature *trial = feature__open();

	if (!trial)
		return -errno;
	bpf_program__set_expected_attach_type(trial->progs.on_trial, type);

	int r = feature__load(trial);

	if (r < 0)
		return r;
	*ret_trial = TAKE_PTR(trial);
	return 0;
}

static struct bpf_link *attach_trial(const struct feature *trial, bool multi, uint64_t file_offset)
{
	unsigned long offset = file_offset;
	LIBBPF_OPTS(bpf_uprobe_multi_opts, options, .offsets = &offset, .cnt = 1);

	return multi ? bpf_program__attach_uprobe_multi(trial->progs.on_trial, getpid(),
							"/proc/self/exe", NULL, &options)
		     : bpf_program__attach_uprobe(trial->progs.on_trial, false, getpid(),
						  "/proc/self/exe", file_offset);
}

/* Tries a uprobe_multi link. The links came with kernel commit 89ae89f53d20 ("bpf: Add multi uprobe
 * link"), 6.6. Their pid matches the whole process since commit 46ba0e49b642 ("bpf: fix
 * multi-uprobe PID filtering logic"), 6.10. */
static void try_multi(struct plan_kernel *kernel, const struct own_image *own)
{
	_cleanup_(feature__destroyp) struct feature *trial = NULL;

	if (open_trial(&trial, BPF_TRACE_UPROBE_MULTI) < 0)
		return;
	trial->links.on_trial = attach_trial(trial, true, own->offset);
	if (!trial->links.on_trial)
		return;
	trial_function();
	kernel->uprobe_multi = trial->bss->hits == 1;
	kernel->uprobe = kernel->uprobe_multi;
	kernel->multi_by_process = kernel->uprobe_multi && other_thread_hits(trial);
}

/* Loads a minimal program. Without BPF, all further trials fail. */
static int try_bpf(struct error *error)
{
	_cleanup_(feature__destroyp) struct feature *trial = NULL;
	int r = open_trial(&trial, 0);

	return r < 0 ? refusal_explain(r, "BPF programs", 0, error) : 0;
}

/* Tries a single uprobe, unless uprobe_multi links work: a perf event for a uprobe needs
 * CAP_SYS_ADMIN, and a uprobe_multi link does not. */
static void try_single(struct plan_kernel *kernel, const struct own_image *own, bool *ret_denied)
{
	_cleanup_(feature__destroyp) struct feature *trial = NULL;

	*ret_denied = false;
	if (open_trial(&trial, 0) < 0)
		return;
	trial->links.on_trial = attach_trial(trial, false, own->offset);
	if (!trial->links.on_trial) {
		*ret_denied = errno == EACCES || errno == EPERM;
		return;
	}
	trial_function();
	kernel->uprobe = trial->bss->hits == 1;
}

static void report_missing_uprobes(struct plan_kernel *kernel, bool is_denied)
{
	static const cap_value_t needed[] = {CAP_SYS_ADMIN};
	char advice[PRIVILEGE_ADVICE_SIZE], what[PRIVILEGE_ADVICE_SIZE + 64];

	snprintf(what, sizeof(what), "no permission to attach uprobes; %s",
		 privilege__advise(needed, 1, advice));
	if (is_denied)
		report_missing(kernel, -EPERM, what);
	else
		report_missing(kernel, -ENOTSUP,
			       "uprobes cannot be attached (CONFIG_UPROBE_EVENTS)");
}

/* Returns the cost of one hit of the function, with the link type that hooks will use; 0 if the
 * trial fails. */
static uint64_t time_trap_ns(const struct plan_kernel *kernel, const struct own_image *own)
{
	_cleanup_(feature__destroyp) struct feature *trial = NULL;

	if (open_trial(&trial, kernel->uprobe_multi ? BPF_TRACE_UPROBE_MULTI : 0) < 0)
		return 0;
	trial->links.on_trial = attach_trial(trial, kernel->uprobe_multi, own->offset);
	return trial->links.on_trial ? time_hit_ns(own->function) : 0;
}

static const char *const tracefs_paths[] = {TRACEFS_PATH, OLD_TRACEFS_PATH};

/* Returns whether a file below events/ is readable. Sets `*ret_denied` if permission is missing. */
static bool can_read_event(const char *name, bool *ret_denied)
{
	char path[128];

	*ret_denied = false;
	for (size_t i = 0; i < ARRAY_SIZE(tracefs_paths); i++) {
		snprintf(path, sizeof(path), "%s/events/%s", tracefs_paths[i], name);
		if (access(path, R_OK) == 0)
			return true;
		/* Ignore a denied older path: debugfs is closed to ordinary users even where
		 * tracefs is open. */
		if (i == 0 && (errno == EACCES || errno == EPERM))
			*ret_denied = true;
	}
	return false;
}

/* Returns whether the kernel has a tracepoint. `name` is a path below events/. */
static bool has_tracepoint(const char *name)
{
	char id[96];
	bool denied;

	snprintf(id, sizeof(id), "%s/id", name);
	return can_read_event(id, &denied);
}

static enum plan_tracefs find_tracefs(void)
{
	bool denied;

	if (can_read_event("header_page", &denied))
		return TRACEFS_READABLE;
	return denied ? TRACEFS_DENIED : TRACEFS_ABSENT;
}

static const char *missing_of_tracefs(const struct plan_kernel *kernel)
{
	if (kernel->tracefs == TRACEFS_DENIED)
		return "tracefs may not be read by this user: root or CAP_DAC_READ_SEARCH is "
		       "needed";
	if (kernel->tracefs == TRACEFS_ABSENT)
		return "tracefs is not mounted, and may not be mounted by this process: mount it "
		       "with `mount -t tracefs tracefs /sys/kernel/tracing`";
	return "no tracepoint kmem:rss_stat (Linux 5.6 or newer is needed)";
}

/* Mounts a file system of the kernel in a mount namespace of this process, which leaves the host
 * unchanged. */
static void mount_privately(const char *type, const char *path)
{
	if (unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) == 0)
		mount(type, path, type, MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

/* In a container, securityfs is seldom mounted. */
static enum lockdown find_lockdown(void)
{
	if (access(LOCKDOWN_PATH, F_OK) < 0 && errno == ENOENT &&
	    access(SECURITYFS_PATH, F_OK) == 0)
		mount_privately("securityfs", SECURITYFS_PATH);
	return restriction__lockdown(LOCKDOWN_PATH);
}

/* Attaching a tracepoint needs its id from tracefs. */
static void reach_tracefs(struct plan_kernel *kernel)
{
	if (!has_tracepoint("kmem/rss_stat"))
		mount_privately("tracefs", TRACEFS_PATH);
	kernel->rss_stat = has_tracepoint("kmem/rss_stat");
	kernel->tracefs = find_tracefs();
	if (!kernel->rss_stat)
		report_missing(kernel, -ENOTSUP, missing_of_tracefs(kernel));
}

int probe_find_features(struct plan_kernel *ret_kernel, struct error *error)
{
	struct plan_kernel kernel = {false};
	struct own_image own = {.function = trial_function};
	struct own_image stepped = {.function = stepped_function};
	bool is_denied = false;
	int r;

	/* Nothing is tried there: trials fail for reasons that differ from kernel to kernel. */
	if (find_lockdown() == LOCKDOWN_CONFIDENTIALITY) {
		report_missing(
			&kernel, -EPERM,
			"lockdown=confidentiality forbids BPF programs to read memory of the "
			"kernel, and tracefs: start the kernel with lockdown=integrity or "
			"without lockdown");
		kernel.locked_down = true;
		*ret_kernel = kernel;
		return 0;
	}
	dl_iterate_phdr(find_own_offset, &own);
	dl_iterate_phdr(find_own_offset, &stepped);
	if (!own.found || !stepped.found)
		return error_set(error, -EINVAL,
				 "cannot find the tool's own functions for trial probes");

	kernel.btf = access("/sys/kernel/btf/vmlinux", R_OK) == 0;
	if (!kernel.btf)
		return error_set(error, -ENOTSUP,
				 "the kernel has no BTF (/sys/kernel/btf/vmlinux): a kernel with "
				 "CONFIG_DEBUG_INFO_BTF is needed, such as Debian's");
	r = try_bpf(error);
	if (r < 0)
		return r;
	kernel.ring_buffer = libbpf_probe_bpf_map_type(BPF_MAP_TYPE_RINGBUF, NULL) == 1;
	if (!kernel.ring_buffer)
		report_missing(&kernel, -ENOTSUP,
			       "no BPF ring buffer: Linux 5.8 or newer is needed");
	try_multi(&kernel, &own);
	if (!kernel.uprobe)
		try_single(&kernel, &own, &is_denied);
	if (!kernel.uprobe)
		report_missing_uprobes(&kernel, is_denied);
	if (kernel.uprobe) {
		kernel.trap_ns = time_trap_ns(&kernel, &own);
		kernel.step_ns = time_trap_ns(&kernel, &stepped);
	}
	reach_tracefs(&kernel);
	*ret_kernel = kernel;
	return 0;
}
