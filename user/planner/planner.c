// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "planner/planner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/array.h"
#include "base/capabilities.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "base/log.h"
#include "base/self_program.h"
#include "elf/code_map.h"
#include "planner/child.h"
#include "planner/codec.h"
#include "planner/confine.h"
#include "planner/internal.h"
#include "planner/protocol.h"

/* The planner limits itself by CPU time. On a busy machine the analysis takes longer. */
#define FINISH_LIMIT_NS (180 * NS_PER_S)

/* MAX_ERRNO (include/linux/err.h). */
#define LAST_ERRNO 4095

/* Sends SIGKILL as the user of the planner. The capability to change the user may be dormant. */
static void kill_as_user(const struct planner *planner)
{
	const uid_t user = planner->user.user;
	pid_t child = fork();

	if (child == 0) {
		capabilities__use_dormant();
		if (setresuid(user, user, user) == 0)
			kill(planner->pid, SIGKILL);
		_exit(EXIT_SUCCESS);
	}
	if (child > 0)
		waitpid(child, NULL, 0);
}

/* Ends the process, if it still runs. Returns its status (wait(2)). The agent has no CAP_KILL, which it would need to
 * signal a process of another user. A planner in the hands of an attacker does not end by itself. */
static int end_process(struct planner *planner)
{
	int status = 0;

	if (kill(planner->pid, SIGKILL) < 0 && errno == EPERM)
		kill_as_user(planner);
	waitpid(planner->pid, &status, 0);
	planner->pid = 0;
	return status;
}

void planner__free(struct planner *planner)
{
	if (!planner)
		return;
	if (planner->pid > 0)
		end_process(planner);
	if (planner->socket_fd >= 0)
		close(planner->socket_fd);
	free(planner);
}

/* Variables that the loader reads. The planner does not get the others, which may be secrets. */
static const char *const kept_variables[] = {
	"LD_LIBRARY_PATH=", "ASAN_OPTIONS=", "UBSAN_OPTIONS=", NULL};

/* What the planner gets. */
struct start {
	struct self_program program;
	int socket_fd;	   /* the planner's end */
	int executable_fd; /* of the target */
};

static void start__done(struct start *start)
{
	self_program__close(&start->program);
	if (start->socket_fd >= 0)
		close(start->socket_fd);
}

static _Noreturn void execute(const struct start *start)
{
	const int null_fd = start->program.null_fd;
	const int fds[] = {null_fd, null_fd, null_fd, start->socket_fd, start->executable_fd};

	self_program__execute(&start->program, PLANNER_NAME, fds, ARRAY_SIZE(fds));
	_exit(EXIT_FAILURE);
}

static int open_start(struct start *start, struct planner *planner, struct error *error)
{
	int pair[2];
	int r = self_program__open(&start->program, kept_variables, error);

	if (r < 0)
		return r;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return error_set(error, -errno, "cannot create a socket pair: %m");
	planner->socket_fd = pair[0];
	start->socket_fd = pair[1];
	return 0;
}

static int send_request(const struct planner *planner, struct error *error)
{
	struct planner_request request = {.user = planner->user, .agent = getpid()};

	snprintf(request.path, sizeof(request.path), "%s", planner->places.executable_path);
	/* The socket's buffer is larger. */
	if (send(planner->socket_fd, &request, sizeof(request), MSG_NOSIGNAL) != sizeof(request))
		return error_set(error, -errno, "cannot start the analysis: %m");
	return 0;
}

int planner__start(int executable_fd, const struct elf_debug_places *places,
		   const struct sandbox_user *user, struct planner **ret_planner,
		   struct error *error)
{
	_cleanup_(planner__freep) struct planner *planner = malloc(sizeof(*planner));
	_cleanup_(start__done) struct start start = {
		.program = SELF_PROGRAM_NONE, .socket_fd = -1, .executable_fd = executable_fd};
	int r;

	if (!planner)
		return error_out_of_memory(error);
	*planner = (struct planner){
		.user = *user,
		.socket_fd = -1,
		.executable_fd = executable_fd,
		.places = *places,
		.deadline_ns = clock_monotonic_ns() + FINISH_LIMIT_NS,
	};
	r = open_start(&start, planner, error);
	if (r == 0)
		r = send_request(planner, error);
	if (r < 0)
		return r;
	planner->pid = fork();
	if (planner->pid < 0) {
		planner->pid = 0;
		return error_set(error, -errno, "cannot fork: %m");
	}
	if (planner->pid == 0)
		execute(&start);
	*ret_planner = TAKE_PTR(planner);
	return 0;
}

/* Returns the sentence for a planner that ended without a result. */
static int describe_end(struct planner *planner, struct error *error)
{
	const char *path = planner->places.executable_path;
	int status = end_process(planner), signal;

	if (!WIFSIGNALED(status))
		return error_set(error, -EPROTO, "the analysis of %s ended without a result", path);
	signal = WTERMSIG(status);
	if (signal == SIGXCPU)
		return error_set(error, -ETIMEDOUT,
				 "the analysis of %s took more than %d s of CPU time", path,
				 PLANNER_CPU_SECONDS);
	if (signal == SIGBUS)
		return error_set(error, -EPROTO,
				 "the analysis of %s ended: the file was truncated meanwhile",
				 path);
	return error_set(error, -EPROTO, "the analysis of %s was killed by signal %d (SIG%s)", path,
			 signal, sigabbrev_np(signal) ? sigabbrev_np(signal) : "?");
}

static int refuse_message(struct planner *planner, struct error *error)
{
	return error_set(error, -EPROTO, "the analysis of %s sent a malformed message",
			 planner->places.executable_path);
}

/* Reads exactly `size` bytes before the deadline. */
static int receive(struct planner *planner, void *bytes, size_t size, struct error *error)
{
	char *at = bytes;

	while (size > 0) {
		struct pollfd ready = {.fd = planner->socket_fd, .events = POLLIN};
		uint64_t now_ns = clock_monotonic_ns();
		ssize_t got;

		if (now_ns >= planner->deadline_ns)
			return error_set(error, -ETIMEDOUT,
					 "the analysis of %s took more than %llu s",
					 planner->places.executable_path,
					 (unsigned long long)(FINISH_LIMIT_NS / NS_PER_S));
		poll(&ready, 1, (int)((planner->deadline_ns - now_ns) / NS_PER_MS) + 1);
		got = recv(planner->socket_fd, at, size, MSG_DONTWAIT);
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (got <= 0)
			return describe_end(planner, error);
		at += got;
		size -= (size_t)got;
	}
	return 0;
}

static int answer_names(struct planner *planner, struct error *error)
{
	_cleanup_(elf_debug_files__close) struct elf_debug_files files = {.count = 0};
	struct elf_debug_names names;
	int r = receive(planner, &names, sizeof(names), error);

	if (r < 0)
		return r;
	elf_debug_search__find(&planner->places, &names, &files);
	for (size_t i = 0; i < files.count; i++)
		descriptor__send(planner->socket_fd, files.fds[i]);
	send(planner->socket_fd, "", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	return 0;
}

/* Receives a checked failure or warning. */
static int receive_failure(struct planner *planner, struct planner_failure *ret_failure,
			   struct error *error)
{
	int r = receive(planner, ret_failure, sizeof(*ret_failure), error);

	if (r < 0)
		return r;
	if (ret_failure->code >= 0 || ret_failure->code < -LAST_ERRNO ||
	    !memchr(ret_failure->message, '\0', sizeof(ret_failure->message)))
		return refuse_message(planner, error);
	return 0;
}

static int take_failure(struct planner *planner, struct error *error)
{
	struct planner_failure failure;
	int r = receive_failure(planner, &failure, error);

	return r < 0 ? r : error_set(error, failure.code, "%s", failure.message);
}

static int take_warning(struct planner *planner, struct error *error)
{
	struct planner_failure failure;
	int r = receive_failure(planner, &failure, error);

	if (r == 0)
		log_warning("the analysis of the executable: %s", failure.message);
	planner->has_warned = true;
	return r;
}

static int take_plan(struct planner *planner, uint32_t size, struct plan **ret_plan,
		     struct error *error)
{
	_cleanup_free_ void *bytes = malloc(size + 1);
	_cleanup_(plan__freep) struct plan *plan = NULL;
	struct elf_code_map map;
	int r = bytes ? receive(planner, bytes, size, error) : error_out_of_memory(error);

	if (r == 0)
		r = elf_code_map__read(&map, planner->executable_fd, error);
	if (r == 0)
		r = planner_decode(bytes, size, &map, &plan, error);
	if (r < 0)
		return r;
	plan->executable_path = strdup(planner->places.executable_path);
	if (!plan->executable_path)
		return error_out_of_memory(error);
	*ret_plan = TAKE_PTR(plan);
	return 0;
}

/* Handles one message. Returns 1 if the plan is there, 0 for another message. */
static int handle_message(struct planner *planner, const struct planner_message *head,
			  struct plan **ret_plan, struct error *error)
{
	int r;

	if (head->kind == MESSAGE_PLAN && head->size <= PLAN_BYTES_MAX) {
		r = take_plan(planner, head->size, ret_plan, error);
		return r < 0 ? r : 1;
	}
	if (head->kind == MESSAGE_FAILURE && head->size == sizeof(struct planner_failure))
		return take_failure(planner, error);
	if (head->kind == MESSAGE_WARNING && head->size == sizeof(struct planner_failure) &&
	    !planner->has_warned)
		return take_warning(planner, error);
	if (head->kind != MESSAGE_NAMES || head->size != sizeof(struct elf_debug_names) ||
	    planner->has_searched)
		return refuse_message(planner, error);
	planner->has_searched = true;
	return answer_names(planner, error);
}

int planner__finish(struct planner *planner, struct plan **ret_plan, struct error *error)
{
	struct planner_message head;
	int r;

	do {
		r = receive(planner, &head, sizeof(head), error);
		if (r == 0)
			r = handle_message(planner, &head, ret_plan, error);
	} while (r == 0);
	return r < 0 ? r : 0;
}
