// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/array.h"
#include "child.h"
#include "process/internal.h"

#define ID	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER	"fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define ID_SIZE (sizeof(ID) - 1)

TestSuite(process_container, .fini = child__stop_all, .timeout = 60);

static void run_with_environment(struct child *process)
{
	static char first[] = "OTEL_SERVICE_NAME=my scotty=x";
	static char empty[] = "EMPTY=";
	static char longer[] = "OTEL_SERVICE_NAME_2=no";
	static char again[] = "OTEL_SERVICE_NAME=second";
	char *environment[] = {longer, first, empty, again, NULL};

	(void)process;
	execle("/bin/sleep", "sleep", "300", NULL, environment);
}

static void assert_variable(const struct process *target, const char *name, const char *expected)
{
	char *value = process__environment(target, name);

	if (expected)
		cr_assert_str_eq(value, expected);
	else
		cr_assert_null(value);
	free(value);
}

Test(process_container, environment)
{
	struct child process = child__start(run_with_environment);

	child__await_silence(&process);

	struct process *target = find_one(&(struct process_selection){.pid = process.pid});

	assert_variable(target, "OTEL_SERVICE_NAME", "my scotty=x");
	assert_variable(target, "OTEL_SERVICE_NAME_2", "no");
	assert_variable(target, "EMPTY", "");
	assert_variable(target, "OTEL_SERVICE", NULL);
	assert_variable(target, "HOME", NULL);
	assert_variable(target, "", NULL);
	child__stop(&process);
	assert_variable(target, "OTEL_SERVICE_NAME", NULL);
	process__free(target);
}

Test(process_container, container_ids)
{
	static const char *const cgroups[] = {
		"0::/system.slice/docker-" ID ".scope\n",
		"0::/docker/" ID "\n",
		"12:pids:/docker/" ID "\n11:memory:/docker/" ID "\n0::/\n",
		"9:name=systemd:/\n4:memory:/docker/" ID "\n",
		"0::/machine.slice/libpod-" ID ".scope/container\n",
		"0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope\n",
		"0::/libpod_parent/libpod-" ID "\n",
		"0::/kubepods.slice/kubepods-pod1f.slice/cri-containerd-" ID ".scope\n",
		"0::/kubepods/burstable/pod11111111-2222-3333-4444-555555555555/" ID "\n",
		"0::/system.slice/containerd.service/kubepods-pod1.slice:cri-containerd:" ID "\n",
		"0::/crio-" ID ".scope",
		"0::/../" ID "\n",
		"0::/docker/" OTHER "/docker/" ID "\n", /* a container in a container */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cgroups); i++) {
		char *id = process__parse_container_id(cgroups[i]);

		cr_assert_not_null(id, "%s", cgroups[i]);
		cr_assert_str_eq(id, ID, "%s", cgroups[i]);
		free(id);
	}
}

Test(process_container, no_container)
{
	static const char *const cgroups[] = {
		"",
		"\n",
		"0::/\n",
		"0::/user.slice/user-0.slice/session-1.scope\n",
		"0::/system.slice/scotty.service\n",
		"0::/docker/0123456789abcdef\n",
		"0::/docker/" ID "0\n",
		"0::/docker/f" ID "\n",
		"0::/machine.slice/libpod-conmon-" ID ".scope\n",
		"0::/docker/0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(cgroups); i++) {
		char *id = process__parse_container_id(cgroups[i]);

		cr_assert_null(id, "%s gave %s", cgroups[i], id);
	}
}

static void wait_for_the_end(struct child *process)
{
	child__tell(process);
}

/* Lays a file of our own over the process's /proc/PID/cgroup, in a mount namespace of the child,
 * and compares what is read: the child's exit status. */
static int compare_container_id(const struct process *target, const char *cgroup_path)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)target->pid);
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount(cgroup_path, path, NULL, MS_BIND, NULL) < 0)
		return 77;

	char *id = process__container_id(target);

	return id && strcmp(id, ID) == 0 ? 0 : 1;
}

Test(process_container, container_of_a_process)
{
	struct child process = child__start(wait_for_the_end);
	struct process *target = find_one(&(struct process_selection){.pid = process.pid});
	char path[] = "/tmp/scottyscope-cgroup-XXXXXX";
	int fd = mkstemp(path);
	int status;

	cr_assert_eq(dprintf(fd, "0::/docker/%s\n", ID), 11 + (int)ID_SIZE + 1);

	pid_t child = fork();

	cr_assert_geq(child, 0);
	if (child == 0)
		_exit(compare_container_id(target, path));
	cr_assert_eq(waitpid(child, &status, 0), child);
	close(fd);
	unlink(path);
	child__stop(&process);
	cr_assert_null(process__container_id(target), "it has ended");
	process__free(target);
	if (WEXITSTATUS(status) == 77)
		cr_skip("laying a file over one of /proc is not permitted");
	cr_assert_eq(status, 0);
}
