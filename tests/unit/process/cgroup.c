// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/regular_file.h"
#include "child.h"
#include "process/internal.h"

/* Control groups as directories of our own. */

static char *root;

static void start(void)
{
	root = directory__new();
}

static void end(void)
{
	child__stop_all();
	directory__remove(root);
}

TestSuite(process_cgroup, .init = start, .fini = end, .timeout = 60);

/* Writes a file below the root, and makes the directories on the way to it. */
static void write_file(const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
	file = fopen(path, "w");
	cr_assert_not_null(file, "%s", path);
	fputs(text, file);
	fclose(file);
}

static void assert_quota(const char *cgroup, double expected)
{
	double quota = process__parse_quota(root, cgroup);

	cr_assert(quota == expected, "%s: %f", cgroup, quota);
}

Test(process_cgroup, none)
{
	assert_quota("", INFINITY);
	assert_quota("\n\nnothing\n1:2\n", INFINITY);
	assert_quota("0::/\n", INFINITY);
	assert_quota("0::/not/there\n4:cpu:/\n", INFINITY);
	write_file("a/cpu.max", "max 100000\n");
	assert_quota("0::/a\n", INFINITY);
	write_file("b/cpu.max", "");
	assert_quota("0::/b\n", INFINITY);
	write_file("c/cpu.max", "50000\n");
	assert_quota("0::/c\n", INFINITY);
	write_file("d/cpu.max", "50000 0\n");
	assert_quota("0::/d\n", INFINITY);
}

/* The least of the group and of those around it counts, up to what is mounted. */
Test(process_cgroup, version_2)
{
	write_file("a/b/c/cpu.max", "150000 100000\n");
	assert_quota("0::/a/b/c\n", 1.5);
	write_file("a/b/cpu.max", "max 100000\n");
	write_file("a/cpu.max", "20000 40000\n");
	assert_quota("0::/a/b/c", 0.5);
	assert_quota("0::/a/b", 0.5);
	write_file("cpu.max", "25000 100000\n");
	assert_quota("0::/a/b/c\n", 0.25);
	assert_quota("0::/\n", 0.25);
}

/* A container shows what it likes below its root: a FIFO without a writer must not stop the tool. */
Test(process_cgroup, files_that_are_not_regular)
{
	char path[256];

	write_file("a/cpu.max", "20000 40000\n");
	snprintf(path, sizeof(path), "%s/a/b", root);
	cr_assert_eq(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/a/b/cpu.max", root);
	cr_assert_eq(mkfifo(path, 0644), 0);
	snprintf(path, sizeof(path), "%s/cpu.max", root);
	cr_assert_eq(symlink("/dev/tty", path), 0);
	assert_quota("0::/a/b", 0.5);
}

Test(process_cgroup, version_1)
{
	write_file("cpu/docker/x/cpu.cfs_quota_us", "300000\n");
	write_file("cpu/docker/x/cpu.cfs_period_us", "100000\n");
	write_file("cpu/docker/cpu.cfs_quota_us", "-1\n");
	write_file("cpu/docker/cpu.cfs_period_us", "100000\n");
	assert_quota("9:name=systemd:/\n1:cpu:/docker/x\n0::/\n", 3);
	assert_quota("5:cpuacct,cpu:/docker/x\n", 3);
	assert_quota("5:cpu,cpuacct:/docker/x\n", 3);
	assert_quota("5:cpu,cpuacct:/docker\n", INFINITY);
	assert_quota("5:cpuacct:/docker/x\n", INFINITY);
	assert_quota("5:cpuset:/docker/x\n", INFINITY);
}

/* The second version beside the first one. */
Test(process_cgroup, hybrid)
{
	write_file("unified/s/cpu.max", "70000 100000\n");
	assert_quota("3:cpu:/s\n0::/s\n", 0.7);
}

static void wait_on_one_cpu(struct child *process)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(0, sizeof(one), &one);
	child__tell(process);
}

Test(process_cgroup, those_it_may_run_on)
{
	struct child process = child__start(wait_on_one_cpu);
	struct process *target = find_one(&(struct process_selection){.pid = process.pid});
	double cpus = process__cpus(target);

	/* A group that this test runs in may have less. */
	cr_assert(cpus > 0 && cpus <= 1, "%f", cpus);
	child__stop(&process);
	cr_assert(process__cpus(target) > 0);
	process__free(target);
}

/* Makes `root` the target's root directory. */
static struct process *with_root(struct child *process)
{
	struct process *target = find_one(&(struct process_selection){.pid = process->pid});

	free(target->root_path);
	target->root_path = strdup(root);
	return target;
}

/* Whoever owns a mount namespace puts there what he likes: only a control group has quotas. */
Test(process_cgroup, other_files_in_the_mounts_of_a_container_are_no_quotas)
{
	struct child process = child__start(wait_on_one_cpu);
	struct process *target = with_root(&process);
	static const char *const files[] = {"sys/fs/cgroup/cpu.max",
					    "sys/fs/cgroup/unified/cpu.max",
					    "sys/fs/cgroup/cpu/cpu.cfs_quota_us"};
	char path[256];

	write_file("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		write_file(files[i], "100 100000\n");
		cr_expect_gt(process__cpus(target), 0.01, "%s", files[i]);
	}
	/* A link leads out of the root directory of the target. */
	write_file("outside", "100 100000\n");
	snprintf(path, sizeof(path), "%s/sys/fs/cgroup/cpu.max", root);
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(symlink("../../../outside", path), 0);
	cr_expect_gt(process__cpus(target), 0.01);
	process__free(target);
	child__stop(&process);
}

/* Of the groups of this machine, which are version 1, version 2 or both. */
Test(process_cgroup, files_of_control_groups_are_opened)
{
	static const char *const files[] = {"/sys/fs/cgroup/cgroup.procs",
					    "/sys/fs/cgroup/unified/cgroup.procs",
					    "/sys/fs/cgroup/cpu/cgroup.procs"};
	size_t opened = 0;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		int fd = regular_file__open_cgroup(files[i]);

		cr_expect_eq(fd >= 0, access(files[i], F_OK) == 0, "%s: %d", files[i], fd);
		opened += fd >= 0;
		if (fd >= 0)
			close(fd);
	}
	cr_expect_eq(regular_file__open_cgroup("/sys/fs/cgroup"), -EINVAL);
	cr_expect_eq(regular_file__open_cgroup("/proc/self/status"), -EINVAL);
	cr_expect_eq(regular_file__open_cgroup("/nowhere"), -ENOENT);
	if (opened == 0)
		cr_skip("no control group is mounted");
}

static void assert_memory(const char *cgroup, double expected)
{
	double limit = process__parse_memory_limit(root, cgroup);

	cr_assert(limit == expected, "%s: %f", cgroup, limit);
}

Test(process_cgroup, memory_limit)
{
	write_file("a/memory.max", "max\n");
	assert_memory("0::/a\n", INFINITY);
	write_file("a/b/memory.max", "33554432\n");
	write_file("a/b/c/memory.max", "67108864\n");
	assert_memory("0::/a/b/c\n", 33554432);
	/* Version 1 has another file, and a number in place of "max". */
	write_file("memory/x/memory.limit_in_bytes", "9223372036854771712\n");
	assert_memory("4:memory:/x\n1:cpu:/a/b\n", INFINITY);
	write_file("memory/x/y/memory.limit_in_bytes", "16777216\n");
	assert_memory("4:memory:/x/y\n", 16777216);
	assert_quota("4:memory:/x/y\n", INFINITY);
}
