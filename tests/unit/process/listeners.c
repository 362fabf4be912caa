// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "child.h"

#define BY_PORT(number) (&(struct process_selection){.port = (number)})

TestSuite(process_listeners, .fini = child__stop_all, .timeout = 60);

/* What the next process is to listen on. */
static uint16_t shared_port;

/* The port that a new listening socket got; `port` may be 0 for any. */
static uint16_t listen_on(int family, uint16_t port)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;
	struct sockaddr_in6 address6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	struct sockaddr_in address4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	void *address = family == AF_INET ? (void *)&address4 : (void *)&address6;
	socklen_t size = family == AF_INET ? sizeof(address4) : sizeof(address6);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) < 0 ||
	    bind(fd, address, size) < 0 || listen(fd, 1) < 0 || getsockname(fd, address, &size) < 0)
		return 0;
	return ntohs(family == AF_INET ? address4.sin_port : address6.sin6_port);
}

static void serve(struct child *process)
{
	process->shared->port = listen_on(AF_INET, 0);
	child__tell(process);
}

static void serve_v6(struct child *process)
{
	process->shared->port = listen_on(AF_INET6, 0);
	child__tell(process);
}

/* A port that is bound, but not listened on; nobody else can. 0 for none. */
static uint16_t reserve_port(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(fd, (struct sockaddr *)&address, size) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &size) < 0)
		return 0;
	return ntohs(address.sin_port);
}

/* A connection to a listener of its own: the port told is the connecting end's. */
static void connect_to_itself(struct child *process)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.sin_port = htons(listen_on(AF_INET, 0));
	if (connect(fd, (struct sockaddr *)&address, size) == 0 &&
	    getsockname(fd, (struct sockaddr *)&address, &size) == 0)
		process->shared->port = ntohs(address.sin_port);
	child__tell(process);
}

static void serve_in_own_network(struct child *process)
{
	if (unshare(CLONE_NEWNET) == 0) {
		process->shared->was_permitted = true;
		process->shared->port = listen_on(AF_INET, shared_port);
	}
	child__tell(process);
}

/* The worker has the socket from its parent, as those of a forking server. */
static void serve_with_worker(struct child *process)
{
	process->shared->port = listen_on(AF_INET, 0);

	pid_t worker = fork();

	if (worker == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		child__tell(process);
		child__await_command(process); /* the test's end */
		_exit(0);
	}
	process->shared->worker = worker;
	child__tell(process);
}

static void serve_shared_port(struct child *process)
{
	process->shared->port = listen_on(AF_INET, shared_port);
	child__tell(process);
}

static void assert_found(const struct child *process)
{
	cr_assert_gt(process->shared->port, 0, "it does not listen");

	struct process *target = find_one(BY_PORT(process->shared->port));

	cr_assert_eq(target->pid, process->pid);
	cr_assert_eq(process__check(target), 0);
	process__free(target);
}

Test(process_listeners, ipv4)
{
	struct child process = child__start(serve);
	uint16_t port = process.shared->port;

	assert_found(&process);
	child__stop(&process);

	struct error error = find_none(BY_PORT(port));
	char part[16];

	cr_assert_eq(error.code, -ESRCH);
	snprintf(part, sizeof(part), "port %d", port);
	cr_assert(strstr(error.message, part), "%s", error.message);
}

Test(process_listeners, ipv6)
{
	struct child process = child__start(serve_v6);

	if (process.shared->port == 0) {
		child__stop(&process);
		cr_skip("there is no IPv6 here");
	}
	assert_found(&process);
	child__stop(&process);
}

Test(process_listeners, connected_is_not_listening)
{
	struct child process = child__start(connect_to_itself);

	cr_assert_gt(process.shared->port, 0);
	cr_assert_eq(find_none(BY_PORT(process.shared->port)).code, -ESRCH);
	child__stop(&process);
}

Test(process_listeners, in_another_network_namespace)
{
	shared_port = reserve_port();
	cr_assert_gt(shared_port, 0);

	struct child process = child__start(serve_in_own_network);

	if (!process.shared->was_permitted) {
		child__stop(&process);
		cr_skip("a network namespace is not permitted");
	}
	assert_found(&process);
	child__stop(&process);
}

/* Who published the port and who serves it in a container both listen on it. */
Test(process_listeners, same_port_in_two_namespaces)
{
	struct child outer = child__start(serve);

	shared_port = outer.shared->port;

	struct child inner = child__start(serve_in_own_network);

	if (!inner.shared->was_permitted) {
		child__stop(&outer);
		child__stop(&inner);
		cr_skip("a network namespace is not permitted");
	}
	cr_assert_eq(inner.shared->port, shared_port);
	cr_assert_eq(find_none(BY_PORT(shared_port)).code, -EEXIST);
	child__stop(&inner);
	assert_found(&outer);
	child__stop(&outer);
}

Test(process_listeners, workers_do_not_make_it_ambiguous)
{
	struct child process = child__start(serve_with_worker);
	char byte;

	/* Both tell. */
	cr_assert_eq(read(process.event_fd, &byte, 1), 1);
	cr_assert_gt(process.shared->worker, 0);
	assert_found(&process);
	child__stop(&process);
}

Test(process_listeners, strangers_do)
{
	struct child first = child__start(serve);

	shared_port = first.shared->port;

	struct child second = child__start(serve_shared_port);
	char part[64];

	cr_assert_eq(second.shared->port, shared_port);

	struct error error = find_none(BY_PORT(shared_port));

	cr_assert_eq(error.code, -EEXIST);
	snprintf(part, sizeof(part), "(port %d, ", shared_port);
	cr_assert(strstr(error.message, part), "%s", error.message);
	snprintf(part, sizeof(part), "%d ", (int)first.pid);
	cr_assert(strstr(error.message, part), "%s", error.message);
	snprintf(part, sizeof(part), "%d ", (int)second.pid);
	cr_assert(strstr(error.message, part), "%s", error.message);
	child__stop(&second);
	assert_found(&first);
	child__stop(&first);
}

Test(process_listeners, not_permitted)
{
	struct child process = child__start(serve);
	uint16_t port = process.shared->port;

	if (geteuid() != 0)
		cr_skip("only root has processes that others may not look at");
	cr_assert_eq(find_as_nobody(BY_PORT(port)), -EACCES);
	child__stop(&process);
	/* Nobody listens there now: that can be told of processes that may not be looked at. */
	cr_assert_eq(find_as_nobody(BY_PORT(port)), -ESRCH);
}
