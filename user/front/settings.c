// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "front/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "export/settings.h"

/* Larger than two export settings and the names of two hosts. */
#define SETTINGS_LIMIT ((size_t)512 * 1024)

/* The start of the file. Writer and reader are the same program. The texts follow in the order of
 * their sizes; a size is 0 where there is no text, and includes the terminator of a name. */
struct head {
	struct sandbox_user user;
	pid_t agent;
	enum log_level log_level;
	uint32_t span_queue;
	uint16_t listen_port;
	uint16_t has_program;
	uint32_t listen_host_size;
	uint32_t allowed_host_size;
	uint32_t export_sizes[EXPORT_SIGNAL_COUNT];
};

struct blob {
	char *bytes;
	size_t size;
};

static void blob_done(struct blob *blob)
{
	if (blob->bytes)
		explicit_bzero(blob->bytes, blob->size);
	free(blob->bytes);
}

static uint32_t size_of(const char *name)
{
	return name ? (uint32_t)strlen(name) + 1 : 0;
}

static int encode_export(const struct config_otlp *otlp, enum export_signal signal,
			 struct blob *blob, struct error *error)
{
	const char *target = signal == EXPORT_METRICS ? otlp->metrics_target : otlp->traces_target;

	return target ? export_settings__encode(otlp, signal, &blob->bytes, &blob->size, error) : 0;
}

static int write_part(int fd, const void *bytes, size_t size, struct error *error)
{
	if (size > 0 && write(fd, bytes, size) != (ssize_t)size)
		return error_set(error, -errno, "cannot store the settings of the front: %m");
	return 0;
}

static int write_all(int fd, const struct head *head, const struct config *config,
		     const struct blob *exports, struct error *error)
{
	const struct blob parts[] = {
		{(char *)(uintptr_t)head, sizeof(*head)},
		{config->listen_host, head->listen_host_size},
		{config->allowed_host, head->allowed_host_size},
		exports[0],
		exports[1],
	};
	int r = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && r == 0; i++)
		r = write_part(fd, parts[i].bytes, parts[i].size, error);
	return r;
}

int front_settings__store(const struct config *config, const struct sandbox_user *user, int *ret_fd,
			  struct error *error)
{
	_cleanup_(blob_done) struct blob metrics = {0};
	_cleanup_(blob_done) struct blob spans = {0};
	_cleanup_close_ int fd =
		memfd_create("scottyscope-settings", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	struct head head = {
		.user = *user,
		.agent = getpid(),
		.log_level = config->log_level,
		.span_queue = config->otlp.span_queue,
		.listen_port = config->listen_port,
		.has_program = config->otlp.program_fd > 0,
		.listen_host_size = size_of(config->listen_host),
		.allowed_host_size = size_of(config->allowed_host),
	};
	int r;

	if (fd < 0)
		return error_set(error, -errno, "cannot create an anonymous file: %m");
	r = encode_export(&config->otlp, EXPORT_METRICS, &metrics, error);
	if (r == 0)
		r = encode_export(&config->otlp, EXPORT_SPANS, &spans, error);
	if (r < 0)
		return r;
	head.export_sizes[EXPORT_METRICS] = (uint32_t)metrics.size;
	head.export_sizes[EXPORT_SPANS] = (uint32_t)spans.size;
	r = write_all(fd, &head, config, (const struct blob[]){metrics, spans}, error);
	if (r < 0)
		return r;
	fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static int malformed(struct error *error)
{
	return error_set(error, -EPROTO, "malformed settings of the front");
}

static int read_file(int fd, char **ret_bytes, size_t *ret_size, struct error *error)
{
	_cleanup_free_ char *bytes = NULL;
	struct stat status;

	if (fstat(fd, &status) < 0)
		return error_set(error, -errno, "cannot read the settings of the front: %m");
	if (status.st_size < (off_t)sizeof(struct head) || status.st_size > (off_t)SETTINGS_LIMIT)
		return malformed(error);
	bytes = malloc((size_t)status.st_size);
	if (!bytes)
		return error_out_of_memory(error);
	if (pread(fd, bytes, (size_t)status.st_size, 0) != (ssize_t)status.st_size)
		return malformed(error);
	*ret_size = (size_t)status.st_size;
	*ret_bytes = TAKE_PTR(bytes);
	return 0;
}

/* Returns the next `size` bytes; NULL where there are none. */
static char *take(struct blob *rest, size_t size)
{
	char *bytes = rest->bytes;

	rest->bytes += size;
	rest->size -= size;
	return size > 0 ? bytes : NULL;
}

static int take_name(struct blob *rest, size_t size, char **ret_name)
{
	*ret_name = take(rest, size);
	return *ret_name && (*ret_name)[size - 1] != '\0' ? -EPROTO : 0;
}

static int take_exports(struct blob *rest, const struct head *head, struct config_otlp *otlp,
			struct error *error)
{
	struct export_settings of[EXPORT_SIGNAL_COUNT] = {0};

	for (unsigned int i = 0; i < EXPORT_SIGNAL_COUNT; i++) {
		size_t size = head->export_sizes[i];
		char *bytes = take(rest, size);
		int r = bytes ? export_settings__decode(bytes, size, &of[i], error) : 0;

		if (r < 0) {
			while (i > 0)
				export_settings__done(&of[--i]);
			return r;
		}
	}
	/* What both signals share is in either. */
	*otlp = of[EXPORT_METRICS].otlp.metrics_target ? of[EXPORT_METRICS].otlp
						       : of[EXPORT_SPANS].otlp;
	otlp->headers = NULL;
	otlp->header_count = 0;
	otlp->metrics_target = of[EXPORT_METRICS].otlp.metrics_target;
	otlp->metrics_tls = of[EXPORT_METRICS].otlp.metrics_tls;
	otlp->metrics_headers = of[EXPORT_METRICS].otlp.headers;
	otlp->metrics_header_count = of[EXPORT_METRICS].otlp.header_count;
	otlp->traces_target = of[EXPORT_SPANS].otlp.traces_target;
	otlp->traces_tls = of[EXPORT_SPANS].otlp.traces_tls;
	otlp->traces_headers = of[EXPORT_SPANS].otlp.headers;
	otlp->traces_header_count = of[EXPORT_SPANS].otlp.header_count;
	return 0;
}

/* Splits the bytes, which the settings then point into. */
static int parse(struct blob rest, struct front_settings *settings, struct error *error)
{
	struct config *config = &settings->config;
	struct head head;
	size_t texts;
	int r;

	memcpy(&head, take(&rest, sizeof(head)), sizeof(head));
	texts = (size_t)head.listen_host_size + head.allowed_host_size +
		head.export_sizes[EXPORT_METRICS] + head.export_sizes[EXPORT_SPANS];
	if (texts != rest.size ||
	    take_name(&rest, head.listen_host_size, &config->listen_host) < 0 ||
	    take_name(&rest, head.allowed_host_size, &config->allowed_host) < 0)
		return malformed(error);
	r = take_exports(&rest, &head, &config->otlp, error);
	if (r < 0)
		return r;
	settings->user = head.user;
	settings->agent = head.agent;
	config->log_level = head.log_level;
	config->listen_port = head.listen_port;
	config->otlp.span_queue = head.span_queue;
	config->otlp.program_fd = head.has_program;
	return 0;
}

int front_settings__load(int fd, struct front_settings *ret_settings, struct error *error)
{
	struct front_settings settings = {0};
	struct blob bytes = {0};
	int r = read_file(fd, &bytes.bytes, &bytes.size, error);

	if (r < 0)
		return r;
	settings.bytes = bytes.bytes;
	r = parse(bytes, &settings, error);
	if (r < 0) {
		blob_done(&bytes);
		return r;
	}
	*ret_settings = settings;
	return 0;
}
