// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "planner/child.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/descriptor.h"
#include "base/sandbox.h"
#include "base/self_program.h"
#include "elf/debug_names.h"
#include "elf/image.h"
#include "elf/symbols.h"
#include "plan/build.h"
#include "planner/codec.h"
#include "planner/confine.h"
#include "planner/protocol.h"

bool planner_child__is_requested(char *const argv[])
{
	return self_program__is_executed_as(PLANNER_NAME, PLANNER_SOCKET_FD, SOCK_STREAM, argv);
}

static int send_all(int socket_fd, const void *bytes, size_t size)
{
	const char *at = bytes;

	while (size > 0) {
		ssize_t sent = send(socket_fd, at, size, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return -errno;
		at += sent;
		size -= (size_t)sent;
	}
	return 0;
}

static int send_message(int socket_fd, enum planner_message_kind kind, const void *bytes,
			size_t size)
{
	const struct planner_message head = {.kind = kind, .size = (uint32_t)size};
	int r = send_all(socket_fd, &head, sizeof(head));

	return r < 0 ? r : send_all(socket_fd, bytes, size);
}

static int send_error(int socket_fd, enum planner_message_kind kind, const struct error *error)
{
	struct planner_failure failure = {.code = error->code};

	snprintf(failure.message, sizeof(failure.message), "%s", error->message);
	return send_message(socket_fd, kind, &failure, sizeof(failure));
}

/* An elf_debug_finder's function: the agent finds the files. */
static int ask_agent(void *context, const struct elf_debug_names *names,
		     struct elf_debug_files *ret_files)
{
	const int *socket_fd = context;
	int fd, r = send_message(*socket_fd, MESSAGE_NAMES, names, sizeof(*names));

	ret_files->count = 0;
	if (r < 0)
		return r;
	while (ret_files->count < ELF_DEBUG_FILES_MAX &&
	       (fd = descriptor__receive(*socket_fd)) >= 0)
		ret_files->fds[ret_files->count++] = fd;
	return 0;
}

static int analyse(int socket_fd, int executable_fd, const char *path, struct byte_writer *writer,
		   struct error *error)
{
	_cleanup_(elf_image__freep) struct elf_image *image = NULL;
	_cleanup_(elf_symbols__freep) struct elf_symbols *symbols = NULL;
	_cleanup_(plan__freep) struct plan *plan = NULL;
	const struct elf_debug_finder finder = {ask_agent, &socket_fd};
	int r = elf_image__open(executable_fd, path, &image, error);

	if (r == 0)
		r = elf_symbols__load(image, &finder, &symbols, error);
	if (r == 0)
		r = plan__read(image, symbols, &plan, error);
	if (r < 0)
		return r;
	planner_encode(plan, writer);
	return writer->failed ? error_out_of_memory(error) : 0;
}

int planner_child__serve(int socket_fd, int executable_fd, const char *path)
{
	struct byte_writer writer = {0};
	struct error error = {0};
	int r = analyse(socket_fd, executable_fd, path, &writer, &error);

	r = r < 0 ? send_error(socket_fd, MESSAGE_FAILURE, &error)
		  : send_message(socket_fd, MESSAGE_PLAN, writer.bytes, writer.size);
	free(writer.bytes);
	return r;
}

static int start(struct planner_request *request, struct error *error)
{
	ssize_t got = recv(PLANNER_SOCKET_FD, request, sizeof(*request), MSG_WAITALL);
	struct error warning;
	int r;

	if (got != sizeof(*request))
		_exit(EXIT_FAILURE);
	request->path[sizeof(request->path) - 1] = '\0';
	r = planner_confine(PLANNER_SOCKET_FD, PLANNER_EXECUTABLE_FD, request, &warning, error);
	if (r == 0 && warning.code < 0)
		r = send_error(PLANNER_SOCKET_FD, MESSAGE_WARNING, &warning);
	return r;
}

_Noreturn void planner_child__run(void)
{
	struct planner_request request;
	struct error error = {0};
	int r;

	prctl(PR_SET_NAME, PLANNER_NAME, 0, 0, 0);
	r = start(&request, &error);
	r = r < 0 ? send_error(PLANNER_SOCKET_FD, MESSAGE_FAILURE, &error)
		  : planner_child__serve(PLANNER_SOCKET_FD, PLANNER_EXECUTABLE_FD, request.path);
	_exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}
