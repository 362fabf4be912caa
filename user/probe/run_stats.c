// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "probe/run_stats.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/array.h"
#include "base/capabilities.h"
#include "base/cleanup.h"
#include "base/descriptor.h"
#include "base/sandbox.h"
#include "base/syscall_filter.h"

#define HELPER_NAME "scottyscope-rts"

/* The agent's loop waits for the helper for this long at most. */
#define REPLY_TIMEOUT_MS 500

struct run_stats {
	pid_t helper;
	int socket_fd;
};

/* All that the helper may still call: to receive a request, enable the measurement, and reply. */
static const struct syscall_rule allowed[] = {
	{.name = "bpf",
	 .conditions = {{.argument = 0, .mask = UINT32_MAX, .value = BPF_ENABLE_STATS}}},
	{.name = "read"},
	{.name = "write"},
	{.name = "sendmsg"},
	{.name = "sendto"},
	{.name = "close"},
	{.name = "exit_group"},
	{.name = "rt_sigreturn"},
};

static int confine(int socket_fd, pid_t parent, struct error *error)
{
	static const struct kept_capability kept[] = {{.capability = CAP_SYS_ADMIN}};
	int r = sandbox__close_others(socket_fd, 0, error);

	if (r < 0)
		return r;
	setsid();
	r = capabilities__keep(kept, ARRAY_SIZE(kept), error);
	if (r < 0)
		return r;
	r = sandbox__forbid_new_privileges(error);
	if (r < 0)
		return r;
	r = sandbox__die_with_parent(parent, error);
	if (r < 0)
		return r;
	return syscall_filter__enter(SYSCALLS_ALLOW_LISTED, allowed, ARRAY_SIZE(allowed),
				     "the helper for run times", error);
}

/* Serves requests of one byte, until the agent closes the socket. */
static _Noreturn void run_helper(int socket_fd, pid_t parent)
{
	struct error error;
	char byte;

	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	prctl(PR_SET_NAME, HELPER_NAME, 0, 0, 0);
	if (confine(socket_fd, parent, &error) < 0)
		_exit(EXIT_FAILURE);
	while (read(socket_fd, &byte, sizeof(byte)) == sizeof(byte)) {
		int fd = bpf_enable_stats(BPF_STATS_RUN_TIME);

		if (fd < 0)
			send(socket_fd, &byte, sizeof(byte), MSG_NOSIGNAL);
		else
			descriptor__send(socket_fd, fd);
		if (fd >= 0)
			close(fd);
	}
	_exit(EXIT_SUCCESS);
}

int run_stats__start(struct run_stats **ret_stats, struct error *error)
{
	const struct timeval timeout = {.tv_usec = REPLY_TIMEOUT_MS * 1000};
	_cleanup_free_ struct run_stats *stats = calloc(1, sizeof(*stats));
	pid_t self = getpid();
	int pair[2];

	if (!stats)
		return error_out_of_memory(error);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_set(error, -errno, "cannot create a socket pair: %m");
	setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	stats->socket_fd = pair[0];
	stats->helper = fork();
	if (stats->helper == 0)
		run_helper(pair[1], self);
	close(pair[1]);
	if (stats->helper < 0) {
		close(pair[0]);
		return error_set(error, -errno, "cannot fork: %m");
	}
	*ret_stats = TAKE_PTR(stats);
	return 0;
}

int run_stats__enable(struct run_stats *stats)
{
	char byte = 0;

	if (send(stats->socket_fd, &byte, sizeof(byte), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return -errno;
	return descriptor__receive(stats->socket_fd);
}

void run_stats__free(struct run_stats *stats)
{
	if (!stats)
		return;
	close(stats->socket_fd);
	waitpid(stats->helper, NULL, 0);
	free(stats);
}
