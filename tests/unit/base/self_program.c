// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/self_program.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/array.h"
#include "base/environment.h"

static bool has(char *const *environment, const char *variable)
{
	for (; *environment; environment++) {
		if (strcmp(*environment, variable) == 0)
			return true;
	}
	return false;
}

Test(environment, variables_by_their_beginnings)
{
	static const char *const beginnings[] = {"KEPT_", "ONE=", NULL};
	char **only, **without;

	setenv("KEPT_A", "1", 1);
	setenv("ONE", "2", 1);
	setenv("ONE_MORE", "3", 1);
	only = environment__only(beginnings);
	without = environment__without(beginnings);
	cr_assert(only && without);
	cr_assert(has(only, "KEPT_A=1") && has(only, "ONE=2") && !only[2]);
	cr_assert(has(without, "ONE_MORE=3"));
	cr_assert(!has(without, "KEPT_A=1") && !has(without, "ONE=2"));
	free(only);
	free(without);
}

/* The shell in place of this program: reads its commands from standard input. */
static void use_shell(struct self_program *program)
{
	close(program->fd);
	program->fd = open("/bin/sh", O_PATH | O_CLOEXEC);
	cr_assert_geq(program->fd, 0);
}

static void make_pipe(int *pair, const char *text)
{
	cr_assert_eq(pipe2(pair, O_CLOEXEC), 0);
	cr_assert_eq(write(pair[1], text, strlen(text)), (ssize_t)strlen(text));
	if (*text)
		close(pair[1]);
}

Test(self_program, executes_with_the_descriptors_and_variables_that_are_given)
{
	static const char *const kept[] = {"KEPT_A=", NULL};
	char text[64] = "";
	struct self_program program;
	int commands[2], in[2], out[2], status;
	pid_t child;

	setenv("KEPT_A", "kept", 1);
	setenv("OTHER", "secret", 1);
	cr_assert_eq(self_program__open(&program, kept, NULL), 0);
	use_shell(&program);
	make_pipe(commands, "read -r line <&3; echo \"$0 $line $KEPT_A$OTHER\"; exec 9<&4");
	make_pipe(in, "hello\n");
	make_pipe(out, "");
	child = fork();
	if (child == 0) {
		/* Each number but the first is another descriptor's before. */
		const int fds[] = {commands[0], out[1], out[1], in[0], -1};

		self_program__execute(&program, "name", fds, ARRAY_SIZE(fds));
		_exit(EXIT_FAILURE);
	}
	close(out[1]);
	while (read(out[0], text + strlen(text), sizeof(text) - 1 - strlen(text)) > 0)
		continue;
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert_eq(strncmp(text, "name hello kept\n", 16), 0, "%s", text);
	cr_assert_neq(status, 0, "descriptor 4 was not given: %s", text);
	self_program__close(&program);
	self_program__close(&program);
}

Test(self_program, a_failed_execution_returns)
{
	static const char *const kept[] = {NULL};
	struct self_program program;
	int status;
	pid_t child;

	cr_assert_eq(self_program__open(&program, kept, NULL), 0);
	close(program.fd);
	program.fd = open("/", O_PATH | O_CLOEXEC);
	child = fork();
	if (child == 0)
		_exit(-self_program__execute(&program, "name", NULL, 0));
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert(WIFEXITED(status));
	cr_assert_eq(WEXITSTATUS(status), EACCES);
	self_program__close(&program);
}
