// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/sandbox.h"
#include "front/main.h"
#include "front/process.h"
#include "front/supervisor.h"
#include "ipc/message.h"
#include "receive.h"

/* A front for tests: reports that it is ready, describes itself, then follows its order. */

#define PORT 4242

enum order {
	ORDER_OBEY,	/* ends after a MESSAGE_STOP */
	ORDER_IGNORE,	/* reads no messages */
	ORDER_FAIL,	/* cannot start */
	ORDER_END_MUTE, /* ends before it is ready */
};

struct self_description {
	pid_t pid;
	uid_t user;
	gid_t group;
	int groups;
	int open_descriptors; /* above 2 */
	int dumpable;
	int no_new_privileges;
	int parent_death_signal;
	pid_t session;
	bool has_terminal; /* descriptors 0 to 2 that are not of /dev/null or a pipe */
	bool has_capabilities;
	bool has_bounding_set;
	bool can_regain_root;
	rlim_t core_limit;
	char directory[16];
};

static struct config config;
static struct front *front;
static struct error error;

static void describe(struct self_description *self)
{
	struct rlimit core = {0};
	cap_t none = cap_init(), held = cap_get_proc();

	*self = (struct self_description){.pid = getpid(), .user = getuid(), .group = getgid()};
	self->groups = getgroups(0, NULL);
	for (int fd = 3; fd < 1024; fd++)
		self->open_descriptors += fcntl(fd, F_GETFD) >= 0;
	self->dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
	self->no_new_privileges = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
	prctl(PR_GET_PDEATHSIG, &self->parent_death_signal, 0, 0, 0);
	self->session = getsid(0);
	for (int fd = 0; fd <= 2; fd++) {
		struct stat status = {0};

		fstat(fd, &status);
		self->has_terminal |= !S_ISFIFO(status.st_mode) && status.st_rdev != makedev(1, 3);
	}
	self->has_capabilities = cap_compare(none, held) != 0;
	for (unsigned long i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++)
		self->has_bounding_set |= prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1;
	self->can_regain_root = seteuid(0) == 0;
	getrlimit(RLIMIT_CORE, &core);
	self->core_limit = core.rlim_cur + core.rlim_max;
	if (!getcwd(self->directory, sizeof(self->directory)))
		self->directory[0] = '\0';
}

/* The orders of tests come by the name and the port of the HTTP server, which the front has. */
static char ordered_host[] = "test.invalid";

static int run(const struct config *with, int fd)
{
	struct self_description self;
	struct message_header header;
	uint16_t port = PORT;
	char payload[1];

	if (with->listen_port == ORDER_END_MUTE)
		return 3;
	if (with->listen_port == ORDER_FAIL) {
		message__send(fd, MESSAGE_FAILED, 0, EADDRINUSE, "no room", 7, NULL);
		return 1;
	}
	describe(&self);
	message__send(fd, MESSAGE_READY, 0, 0, &port, sizeof(port), NULL);
	message__send(fd, MESSAGE_METRICS, 0, 0, &self, sizeof(self), NULL);
	while (with->listen_port == ORDER_IGNORE)
		pause();
	while (message__receive(fd, 60 * NS_PER_S, &header, payload, 0, NULL) == 0) {
		if (header.kind == MESSAGE_STOP)
			return 0;
	}
	return 0;
}

/* Stands in for main() in a test program that front/process.c executes as a supervisor. */
static int run_either(const struct config *with, int fd)
{
	return with->listen_host && strcmp(with->listen_host, ordered_host) == 0
		       ? run(with, fd)
		       : front_main(with, fd);
}

__attribute__((constructor)) static void run_supervisor(int count, char **arguments)
{
	if (count > 0 && supervisor__is_requested(arguments))
		supervisor__run(run_either);
}

static int try_to_start(enum order order)
{
	config.listen_host = ordered_host;
	config.listen_port = (uint16_t)order;
	return front__start(&config, &front, &error);
}

static int restart(void)
{
	int r = front__begin(front, &error);

	return r < 0 ? r : front__await(front, &error);
}

static void start(enum order order)
{
	cr_assert_eq(try_to_start(order), 0, "%s", error.message);
	cr_assert_eq(front__port(front), PORT);
}

static struct self_description description_of_front(void)
{
	struct self_description self;
	struct message message;

	cr_assert_eq(receive_message(front, 5 * NS_PER_S, &message, &error), 1, "%s",
		     error.message);
	cr_assert_eq(message.header.payload_size, sizeof(self));
	memcpy(&self, message.payload, sizeof(self));
	return self;
}

static bool has_ended(void)
{
	struct pollfd ready = {.fd = front__pid_fd(front), .events = POLLIN};

	return poll(&ready, 1, 5000) == 1;
}

static void end(void)
{
	front__free(front);
}

TestSuite(front, .fini = end, .timeout = 30);

Test(front, ends_after_a_stop_message)
{
	uint64_t before = clock_monotonic_ns();

	start(ORDER_OBEY);
	front__stop(front, 20 * NS_PER_S);
	cr_assert(has_ended());
	cr_assert_lt(clock_monotonic_ns() - before, 10 * NS_PER_S);
}

Test(front, is_killed_when_it_does_not_end)
{
	start(ORDER_IGNORE);
	front__stop(front, 50 * NS_PER_MS);
	cr_assert(has_ended());
}

Test(front, reports_why_it_cannot_start)
{
	cr_assert_eq(try_to_start(ORDER_FAIL), -EADDRINUSE);
	cr_assert_str_eq(error.message, "no room");
	cr_assert_null(front);
}

Test(front, ends_before_it_is_ready)
{
	cr_assert_eq(try_to_start(ORDER_END_MUTE), -EPIPE);
	cr_assert_str_eq(error.message,
			 "the front process did not start: the peer process has ended");
}

Test(front, is_started_again_after_it_was_killed)
{
	struct message message;
	pid_t first;

	start(ORDER_OBEY);
	first = description_of_front().pid;
	cr_assert_eq(kill(first, SIGKILL), 0);
	cr_assert(has_ended());
	cr_assert_eq(receive_message(front, NS_PER_S, &message, &error), -EPIPE);
	for (int i = 0; i < 3; i++) {
		cr_assert_eq(restart(), 0, "%s", error.message);
		cr_assert_eq(front__port(front), PORT);
		cr_assert_neq(description_of_front().pid, first);
	}
	front__stop(front, 10 * NS_PER_S);
	cr_assert(has_ended());
}

Test(front, a_front_that_hangs_is_replaced)
{
	pid_t first;

	start(ORDER_IGNORE);
	first = description_of_front().pid;
	cr_assert_eq(restart(), 0, "%s", error.message);
	cr_assert_neq(description_of_front().pid, first);
	cr_assert_eq(kill(first, 0), -1);
}

Test(front, ignores_the_terminals_signals)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	struct self_description self;

	start(ORDER_OBEY);
	self = description_of_front();
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		cr_assert_eq(kill(self.pid, signals[i]), 0);
	front__stop(front, 10 * NS_PER_S);
	cr_assert(has_ended());
}

static void assert_sandboxed(const struct self_description *self)
{
	/* Only its socket. */
	cr_assert_eq(self->open_descriptors, 1);
	cr_assert_eq(self->dumpable, 0);
	cr_assert_eq(self->no_new_privileges, 1);
	cr_assert_eq(self->parent_death_signal, SIGKILL);
	cr_assert_neq(self->session, getsid(0));
	cr_assert_not(self->has_terminal);
	cr_assert_eq(self->core_limit, 0u);
	cr_assert_not(self->has_capabilities);
	cr_assert_not(self->can_regain_root);
	cr_assert_str_eq(self->directory, "/");
	cr_assert_neq(self->user, 0u);
	if (getuid() == 0) {
		cr_assert_eq(self->user, SANDBOX_USER_ID);
		cr_assert_eq(self->group, SANDBOX_USER_ID);
		cr_assert_eq(self->groups, 0);
		cr_assert_not(self->has_bounding_set);
	}
}

Test(front, is_in_a_sandbox)
{
	struct self_description self;
	int secret = open("/dev/null", O_RDONLY);

	cr_assert_geq(secret, 0);
	start(ORDER_OBEY);
	self = description_of_front();
	assert_sandboxed(&self);
	cr_assert_eq(restart(), 0);
	self = description_of_front();
	assert_sandboxed(&self);
}

Test(front, a_restarted_front_has_the_settings_of_the_start)
{
	/* The agent may wipe the configuration after the start. */
	start(ORDER_OBEY);
	description_of_front();
	config.listen_port = ORDER_FAIL;
	ordered_host[0] = '\0';
	cr_assert_eq(restart(), 0);
}

static pid_t parent_of(pid_t pid)
{
	char path[64], line[256];
	FILE *file;
	int parent = 0;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file) && sscanf(line, "PPid: %d", &parent) != 1)
		continue;
	if (file)
		fclose(file);
	return parent;
}

Test(front, a_supervisor_that_was_killed_is_replaced)
{
	pid_t first, supervisor;

	start(ORDER_OBEY);
	first = description_of_front().pid;
	supervisor = parent_of(first);
	cr_assert_gt(supervisor, 1);
	cr_assert_neq(supervisor, getpid());
	cr_assert_eq(kill(supervisor, SIGKILL), 0);
	/* The kernel kills its front. */
	cr_assert(has_ended());
	cr_assert_eq(restart(), 0, "%s", error.message);
	cr_assert_neq(parent_of(description_of_front().pid), supervisor);
	cr_assert_eq(parent_of(parent_of(first)), 0);
}

/* A process of the same user can stop the supervisor. */
Test(front, a_supervisor_that_was_stopped_does_not_block)
{
	pid_t supervisor;
	uint64_t before;

	start(ORDER_OBEY);
	supervisor = parent_of(description_of_front().pid);
	cr_assert_eq(kill(supervisor, SIGSTOP), 0);
	before = clock_monotonic_ns();
	cr_assert_eq(front__begin(front, &error), 0);
	cr_assert_eq(front__proceed(front, &error), 0);
	cr_assert_lt(clock_monotonic_ns() - before, NS_PER_S);
	front__stop(front, 0);
	cr_assert_lt(clock_monotonic_ns() - before, 5 * NS_PER_S);
	kill(supervisor, SIGKILL);
}

Test(front, dies_with_the_probe)
{
	int pipe_fds[2];
	pid_t probe, front_pid = 0;

	cr_assert_eq(pipe(pipe_fds), 0);
	probe = fork();
	if (probe == 0) {
		start(ORDER_IGNORE);
		front_pid = description_of_front().pid;
		if (write(pipe_fds[1], &front_pid, sizeof(front_pid)) > 0)
			kill(getpid(), SIGKILL);
		_exit(1);
	}
	cr_assert_eq(read(pipe_fds[0], &front_pid, sizeof(front_pid)), (ssize_t)sizeof(front_pid));
	close(pipe_fds[1]);
	/* The front is not a child of this process: it has ended when /proc has no entry of it, or
	 * one of a zombie. */
	for (int i = 0; i < 500; i++) {
		char path[64], line[256];
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%d/stat", front_pid);
		file = fopen(path, "re");
		if (!file)
			return;
		if (!fgets(line, sizeof(line), file))
			line[0] = '\0';
		fclose(file);
		if (strstr(line, ") Z ") || strstr(line, ") X "))
			return;
		poll(NULL, 0, 10);
	}
	cr_assert_fail("the front outlived the agent");
}
