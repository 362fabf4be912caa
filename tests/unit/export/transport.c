// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "export/exporter.h"
#include "export/settings.h"
#include "export/transport.h"

static struct error error;

Test(export_transport, this_build_has_grpc)
{
	int fd = -1;

	cr_assert_eq(export_transport__choose(), &export_transport_grpc);
	/* gRPC runs no program. */
	cr_assert_eq(exporter__open_program(&fd, &error), 0);
	cr_assert_eq(fd, 0);
}

Test(export_transport, the_program_is_looked_for_next_to_this_one)
{
	int fd;

	cr_assert_eq(export_transport_process.open_program(&fd, &error), -ENOENT);
	cr_assert(strstr(error.message, "/" EXPORT_PROGRAM ":"), "%s", error.message);
}

/* Starts a client whose program is the file `path`. */
static int start_process(const char *path)
{
	char target[] = "localhost:1";
	struct config_otlp config = {
		.traces_target = target,
		.timeout_ns = NS_PER_S,
		.program_fd = open(path, O_PATH | O_CLOEXEC),
	};
	struct export_client *client = NULL;

	cr_assert_geq(config.program_fd, 0);
	return export_transport_process.new_client(&config, EXPORT_SPANS, &client, &error);
}

Test(export_transport, a_file_that_is_not_a_program)
{
	cr_assert_eq(start_process("/dev/null"), -EACCES);
	cr_assert_str_eq(error.message, EXPORT_PROGRAM " cannot be run: Permission denied");
}

Test(export_transport, a_program_that_does_not_answer)
{
	cr_assert_eq(start_process("/bin/true"), -EPIPE);
	cr_assert_str_eq(error.message,
			 EXPORT_PROGRAM " did not start: the peer process has ended");
}
