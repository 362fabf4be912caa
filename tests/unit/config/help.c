// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <sys/wait.h>
#include <version.h>

#include "base/array.h"
#include "config/exit_status.h"
#include "parse.h"

TestSuite(config_help, .init = clear_environment);

/* Reads the output of a command line that must exit with status 0. */
static void read_output(const char *line, char *output, size_t size)
{
	struct config *config = NULL;
	size_t length = 0;
	ssize_t count;
	int ends[2];
	int status;

	cr_assert_eq(pipe(ends), 0);

	pid_t pid = fork();

	cr_assert_geq(pid, 0);
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		parse_line(line, &config, NULL);
		_exit(99); /* config__parse() returned */
	}
	close(ends[1]);
	while ((count = read(ends[0], output + length, size - 1 - length)) > 0)
		length += (size_t)count;
	output[length] = '\0';
	close(ends[0]);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(status, 0, "%s: status %#x", line, (unsigned int)status);
}

Test(config_help, help)
{
	static const char *const parts[] = {
		"--pid",
		"--exe",
		"--port",
		"--duration",
		"--once",
		"--report",
		"--format",
		"--listen",
		"--otlp-endpoint",
		"--slow-poll",
		"--max-series",
		"--max-tasks",
		"--max-span-age",
		"--max-connections",
		"--max-span-rate",
		"--level",
		"--max-overhead",
		"--attach",
		"--metric-names",
		"--histograms",
		"--config",
		"--verbose",
		"--quiet",
		"--version",
		"verify",
		"Examples:",
		"OTEL_SERVICE_NAME",
		"Exit status",
		"\n  4  no matching process",
	};
	char output[16384];

	read_output("--help", output, sizeof(output));
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		cr_assert(strstr(output, parts[i]), "%s is not in the help", parts[i]);
	for (char *line = strtok(output, "\n"); line; line = strtok(NULL, "\n"))
		cr_assert_leq(strlen(line), 80, "too long: %s", line);
	read_output("run -h", output, sizeof(output));
	cr_assert(strstr(output, "Usage: scottyscope"));
	read_output("help", output, sizeof(output));
	cr_assert(strstr(output, "Usage: scottyscope"));
	refuse("run help", "'help' is one too many");
}

Test(config_help, version)
{
	char output[256];

	read_output("verify --version", output, sizeof(output));
	cr_assert_str_eq(output, "scottyscope " SCOTTYSCOPE_VERSION "\n");
	read_output("version", output, sizeof(output));
	cr_assert_str_eq(output, "scottyscope " SCOTTYSCOPE_VERSION "\n");
}

Test(config_help, exit_statuses)
{
	cr_assert_eq(exit_status__of_error(0), 0);
	cr_assert_eq(exit_status__of_error(-EIO), 1);
	cr_assert_eq(exit_status__of_error(-ESRCH), 4);
	cr_assert_eq(exit_status__of_error(-EEXIST), 4);
	cr_assert_eq(exit_status__of_error(-EACCES), 5);
	cr_assert_eq(exit_status__of_error(-EPERM), 5);
	cr_assert_eq(EXIT_STATUS_USAGE, 2);
	cr_assert_eq(EXIT_STATUS_PARTIAL, 3);
}
