// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* The agent and planners that end, hang or lie. */

#include "planner/planner.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "planner/child.h"
#include "planner/codec.h"
#include "planner/internal.h"
#include "planner/protocol.h"
#include "unit/elf/test_elf.h"

static const uint8_t code[] = {0x55, 0x5d, 0xc3};

static const struct sandbox_user nobody = {SANDBOX_USER_ID, SANDBOX_USER_ID};

/* Starts a process that is the planner of `executable_fd`. */
static struct planner *start(void (*run)(int socket_fd, int executable_fd), int executable_fd)
{
	struct planner *planner = malloc(sizeof(*planner));
	int pair[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	*planner = (struct planner){
		.pid = fork(),
		.user = nobody,
		.socket_fd = pair[0],
		.executable_fd = executable_fd,
		.places = {.executable_path = "/opt/scotty"},
		.deadline_ns = clock_monotonic_ns() + 20 * NS_PER_S,
	};
	if (planner->pid == 0) {
		close(pair[0]);
		run(pair[1], executable_fd);
		_exit(0);
	}
	close(pair[1]);
	return planner;
}

static int generated_file(void)
{
	size_t size;
	_cleanup_free_ uint8_t *bytes = test_generate(code, sizeof(code), EM_X86_64, &size);

	return test_memory_file(bytes, size);
}

/* Expects that the planner's end is one sentence. */
static void expect_failure(void (*run)(int, int), int code_of_error, const char *text)
{
	_cleanup_close_ int fd = generated_file();
	_cleanup_(planner__freep) struct planner *planner = start(run, fd);
	struct plan *plan = NULL;
	struct error error = {0};

	cr_expect_eq(planner__finish(planner, &plan, &error), code_of_error, "%s", error.message);
	cr_expect_null(plan);
	cr_expect(strstr(error.message, text), "%s", error.message);
	cr_expect(strstr(error.message, "/opt/scotty"), "%s", error.message);
}

static void serve(int socket_fd, int executable_fd)
{
	planner_child__serve(socket_fd, executable_fd, "/opt/scotty");
}

static void end(int socket_fd, int executable_fd)
{
	(void)socket_fd;
	(void)executable_fd;
}

static void crash(int socket_fd, int executable_fd)
{
	(void)socket_fd;
	(void)executable_fd;
	/* Not of the sanitizer. */
	signal(SIGSEGV, SIG_DFL);
	raise(SIGSEGV);
}

static void read_behind_the_file(int socket_fd, int executable_fd)
{
	(void)socket_fd;
	(void)executable_fd;
	signal(SIGBUS, SIG_DFL);
	raise(SIGBUS);
}

static void take_too_long(int socket_fd, int executable_fd)
{
	const struct rlimit limits = {1, 3};

	(void)socket_fd;
	(void)executable_fd;
	setrlimit(RLIMIT_CPU, &limits);
	while (getppid() != 1)
		continue;
}

static void end_within_a_message(int socket_fd, int executable_fd)
{
	const struct planner_message head = {.kind = MESSAGE_PLAN, .size = 1000};

	(void)executable_fd;
	send(socket_fd, &head, sizeof(head), MSG_NOSIGNAL);
	send(socket_fd, "abc", 3, MSG_NOSIGNAL);
}

Test(planner, ends_are_one_sentence)
{
	expect_failure(end, -EPROTO, "ended without a result");
	expect_failure(end_within_a_message, -EPROTO, "ended without a result");
	expect_failure(crash, -EPROTO, "was killed by signal 11 (SIGSEGV)");
	expect_failure(read_behind_the_file, -EPROTO, "the file was truncated");
	expect_failure(take_too_long, -ETIMEDOUT, "of CPU time");
}

static void send_message(int socket_fd, uint32_t kind, uint32_t size, const void *bytes,
			 size_t sent)
{
	const struct planner_message head = {.kind = kind, .size = size};

	send(socket_fd, &head, sizeof(head), MSG_NOSIGNAL);
	send(socket_fd, bytes, sent, MSG_NOSIGNAL);
	/* The agent ends this process. */
	pause();
}

static void send_too_much(int socket_fd, int executable_fd)
{
	(void)executable_fd;
	send_message(socket_fd, MESSAGE_PLAN, PLAN_BYTES_MAX + 1, "", 1);
}

static void send_unknown(int socket_fd, int executable_fd)
{
	(void)executable_fd;
	send_message(socket_fd, 99, 4, "abcd", 4);
}

static void send_short_names(int socket_fd, int executable_fd)
{
	(void)executable_fd;
	send_message(socket_fd, MESSAGE_NAMES, 4, "abcd", 4);
}

static void ask_twice(int socket_fd, int executable_fd)
{
	const struct planner_message head = {.kind = MESSAGE_NAMES,
					     .size = sizeof(struct elf_debug_names)};
	const struct elf_debug_names names = {.build_id = ""};

	(void)executable_fd;
	send(socket_fd, &head, sizeof(head), MSG_NOSIGNAL);
	send(socket_fd, &names, sizeof(names), MSG_NOSIGNAL);
	send_message(socket_fd, head.kind, head.size, &names, sizeof(names));
}

static void send_success_as_failure(int socket_fd, int executable_fd)
{
	const struct planner_failure failure = {.code = 0, .message = "x"};

	(void)executable_fd;
	send_message(socket_fd, MESSAGE_FAILURE, sizeof(failure), &failure, sizeof(failure));
}

static void send_endless_text(int socket_fd, int executable_fd)
{
	struct planner_failure failure = {.code = -EPERM};

	(void)executable_fd;
	memset(failure.message, 'a', sizeof(failure.message));
	send_message(socket_fd, MESSAGE_FAILURE, sizeof(failure), &failure, sizeof(failure));
}

static void warn_twice(int socket_fd, int executable_fd)
{
	const struct planner_message head = {.kind = MESSAGE_WARNING,
					     .size = sizeof(struct planner_failure)};
	const struct planner_failure failure = {.code = -EPERM, .message = "no filter"};

	(void)executable_fd;
	send(socket_fd, &head, sizeof(head), MSG_NOSIGNAL);
	send(socket_fd, &failure, sizeof(failure), MSG_NOSIGNAL);
	send_message(socket_fd, head.kind, head.size, &failure, sizeof(failure));
}

Test(planner, lies_are_refused)
{
	expect_failure(warn_twice, -EPROTO, "malformed message");
	expect_failure(send_too_much, -EPROTO, "malformed message");
	expect_failure(send_unknown, -EPROTO, "malformed message");
	expect_failure(send_short_names, -EPROTO, "malformed message");
	expect_failure(ask_twice, -EPROTO, "malformed message");
	expect_failure(send_success_as_failure, -EPROTO, "malformed message");
	expect_failure(send_endless_text, -EPROTO, "malformed message");
}

/* A text of the planner is no control sequence on the terminal. */
static void send_escape(int socket_fd, int executable_fd)
{
	const struct planner_failure failure = {.code = -EBADMSG,
						.message = "\033[2J/opt/scotty\nforged line"};

	(void)executable_fd;
	send_message(socket_fd, MESSAGE_FAILURE, sizeof(failure), &failure, sizeof(failure));
}

Test(planner, texts_are_printable)
{
	expect_failure(send_escape, -EBADMSG, "[2J/opt/scotty");
	expect_failure(send_escape, -EBADMSG, "?forged line");
}

static void hang(int socket_fd, int executable_fd)
{
	(void)socket_fd;
	(void)executable_fd;
	pause();
}

Test(planner, a_hanging_planner_is_ended)
{
	_cleanup_close_ int fd = generated_file();
	struct planner *planner = start(hang, fd);
	pid_t pid = planner->pid;
	struct plan *plan = NULL;
	struct error error = {0};

	planner->deadline_ns = clock_monotonic_ns() + NS_PER_S / 10;
	cr_expect_eq(planner__finish(planner, &plan, &error), -ETIMEDOUT);
	cr_expect(strstr(error.message, "the analysis of /opt/scotty took more than"), "%s",
		  error.message);
	planner__free(planner);
	cr_expect_eq(kill(pid, 0), -1);
}

static void lie_as_nobody(int socket_fd, int executable_fd)
{
	struct error error;

	sandbox__enter(socket_fd, executable_fd, &nobody, &error);
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	send_message(socket_fd, 99, 4, "abcd", 4);
}

/* Drops CAP_KILL, and the effective CAP_SETUID as the agent does after the attachment. */
static void drop_capabilities(void)
{
	const cap_value_t kill_others = CAP_KILL, change_user = CAP_SETUID;
	cap_t held = cap_get_proc();

	cap_set_flag(held, CAP_EFFECTIVE, 1, &kill_others, CAP_CLEAR);
	cap_set_flag(held, CAP_PERMITTED, 1, &kill_others, CAP_CLEAR);
	cap_set_flag(held, CAP_EFFECTIVE, 1, &change_user, CAP_CLEAR);
	cr_assert_eq(cap_set_proc(held), 0);
	cap_free(held);
}

/* The agent may not signal processes of other users, and a planner that lies does not end by itself. */
Test(planner, a_planner_of_another_user_is_ended, .timeout = 10)
{
	_cleanup_close_ int fd = generated_file();
	struct planner *planner;
	struct plan *plan = NULL;
	struct error error = {0};
	pid_t pid;

	if (geteuid() != 0)
		cr_skip_test("changes the user of a process");
	planner = start(lie_as_nobody, fd);
	pid = planner->pid;
	drop_capabilities();
	cr_expect_eq(planner__finish(planner, &plan, &error), -EPROTO);
	cr_expect_eq(kill(pid, 0), -1);
	cr_expect_eq(errno, EPERM);
	planner__free(planner);
	cr_expect_eq(kill(pid, 0), -1);
	cr_expect_eq(errno, ESRCH);
}

/* What the analysis itself says arrives as it is. */
Test(planner, errors_of_the_analysis)
{
	_cleanup_close_ int fd = test_memory_file("#!/bin/sh\n", 10);
	_cleanup_(planner__freep) struct planner *planner = start(serve, fd);
	struct plan *plan = NULL;
	struct error error = {0};

	cr_expect_eq(planner__finish(planner, &plan, &error), -ENOEXEC);
	cr_expect_str_eq(error.message, "/opt/scotty is not an ELF file");
}

/* A stripped program whose debug file the agent finds. */
Test(planner, a_plan_with_a_debug_file)
{
	_cleanup_(test_clean) struct test_directory directory = test_directory();
	_cleanup_(plan__freep) struct plan *plan = NULL;
	struct error error = {0};
	char path[PATH_MAX];

	test_build(&directory, "program", "-Wl,--build-id=0xabcdef0123456789");
	test_run("cd '%s' && mkdir -p root/.build-id/ab && objcopy --only-keep-debug program "
		 "root/.build-id/ab/cdef0123456789.debug && strip -o stripped program",
		 directory.path);
	snprintf(path, sizeof(path), "%s/stripped", directory.path);
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct planner *planner = start(serve, fd);

	snprintf(path, sizeof(path), "%s/root", directory.path);
	planner->places.directory = path;
	cr_assert_eq(planner__finish(planner, &plan, &error), 0, "%s", error.message);
	cr_expect_eq(plan->symbol_source, SYMBOLS_DEBUG_FILE);
	cr_expect_str_eq(plan->build_id, "abcdef0123456789");
	cr_expect_str_eq(plan->executable_path, "/opt/scotty");
	cr_expect_geq(plan->function_count, 3);
	planner__free(planner);
}
