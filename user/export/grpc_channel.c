// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "export/grpc_channel.h"

#include <errno.h>
#include <grpc/compression.h>
#include <grpc/grpc_security.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <version.h>

#include "base/array.h"
#include "base/cleanup.h"

#define USER_AGENT "OTel-OTLP-Exporter-scottyscope/" SCOTTYSCOPE_VERSION

/* Larger than any bundle of CA certificates. */
#define CERTIFICATE_LIMIT_BYTES ((size_t)4 * 1024 * 1024)

/* With the library's defaults, reconnecting to a restarted collector takes up to 7 s. */
#define RECONNECT_MS 1000

/* An Export response has a few bytes. */
#define RESPONSE_LIMIT_BYTES (64 * 1024)

static int read_certificate(const char *path, char **ret_text, struct error *error)
{
	_cleanup_file_ FILE *file = fopen(path, "re");
	_cleanup_free_ char *text = NULL;
	size_t size;

	if (!file) {
		return error_set(error, -errno,
				 "cannot read the collector's certificate %s as user %u: %m", path,
				 geteuid());
	}
	text = malloc(CERTIFICATE_LIMIT_BYTES);
	if (!text)
		return error_out_of_memory(error);
	size = fread(text, 1, CERTIFICATE_LIMIT_BYTES - 1, file);
	if (ferror(file) || !feof(file) || size == 0) {
		return error_set(error, -EINVAL, "%s is not a certificate: the file is %s", path,
				 size == 0 ? "empty" : "too large or unreadable");
	}
	text[size] = '\0';
	*ret_text = TAKE_PTR(text);
	return 0;
}

static int make_credentials(const struct config_otlp *config, bool tls,
			    grpc_channel_credentials **ret_credentials, struct error *error)
{
	_cleanup_free_ char *certificate = NULL;
	grpc_ssl_pem_key_cert_pair client = {config->client_key, config->client_certificate};

	if (!tls) {
		*ret_credentials = grpc_insecure_credentials_create();
		return 0;
	}
	if (config->certificate_path) {
		int r = read_certificate(config->certificate_path, &certificate, error);

		if (r < 0)
			return r;
	}
	*ret_credentials = grpc_ssl_credentials_create(
		certificate, config->client_key ? &client : NULL, NULL, NULL);
	if (!*ret_credentials)
		return error_set(error, -EINVAL, "cannot use TLS with the given certificates");
	return 0;
}

static grpc_arg integer_argument(const char *key, int value)
{
	return (grpc_arg){
		.type = GRPC_ARG_INTEGER,
		.key = (char *)(uintptr_t)key,
		.value.integer = value,
	};
}

static grpc_arg string_argument(const char *key, const char *value)
{
	return (grpc_arg){
		.type = GRPC_ARG_STRING,
		.key = (char *)(uintptr_t)key,
		.value.string = (char *)(uintptr_t)value,
	};
}

int export_grpc_channel_new(const struct config_otlp *config, const char *target, bool tls,
			    grpc_channel **ret_channel, struct error *error)
{
	grpc_arg arguments[] = {
		string_argument(GRPC_ARG_PRIMARY_USER_AGENT_STRING, USER_AGENT),
		integer_argument(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, RECONNECT_MS),
		integer_argument(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, RECONNECT_MS),
		integer_argument(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, RECONNECT_MS),
		/* The sender retries, by the rules of OTLP. */
		integer_argument(GRPC_ARG_ENABLE_RETRIES, 0),
		integer_argument(GRPC_ARG_ENABLE_HTTP_PROXY, 0),
		/* Without TXT records: they could change the calls' behaviour and cost a look-up. */
		integer_argument(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1),
		integer_argument(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, RESPONSE_LIMIT_BYTES),
		integer_argument(GRPC_COMPRESSION_CHANNEL_DEFAULT_ALGORITHM,
				 config->gzip ? GRPC_COMPRESS_GZIP : GRPC_COMPRESS_NONE),
	};
	const grpc_channel_args list = {
		.num_args = ARRAY_SIZE(arguments),
		.args = arguments,
	};
	grpc_channel_credentials *credentials;
	int r = make_credentials(config, tls, &credentials, error);

	if (r < 0)
		return r;
	/* Never NULL: with a malformed target, the calls of the channel fail. */
	*ret_channel = grpc_channel_create(target, credentials, &list);
	grpc_channel_credentials_release(credentials);
	return 0;
}
