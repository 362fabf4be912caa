// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "config/otlp.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "config/values.h"

#define PREFIX "OTEL_EXPORTER_OTLP_"

/* Metrics or traces: the infix of the variables, and the fields. */
struct telemetry {
	const char *infix;
	char **target;
	bool *tls;
	struct config_header **headers;
	size_t *header_count;
};

static void describe_telemetry(struct config_otlp *otlp, struct telemetry ret_telemetry[2])
{
	ret_telemetry[0] = (struct telemetry){"METRICS_", &otlp->metrics_target, &otlp->metrics_tls,
					      &otlp->metrics_headers, &otlp->metrics_header_count};
	ret_telemetry[1] = (struct telemetry){"TRACES_", &otlp->traces_target, &otlp->traces_tls,
					      &otlp->traces_headers, &otlp->traces_header_count};
}

/* The variable whose name consists of three parts. */
static struct given find(const struct sources *sources, const char *prefix, const char *infix,
			 const char *name)
{
	char variable[64];

	snprintf(variable, sizeof(variable), "%s%s%s", prefix, infix, name);
	return sources__find_variable(sources, variable);
}

/* The value for this telemetry: an option of the command line, this telemetry's variable, or the
 * variable for both. */
static struct given find_for(const struct telemetry *telemetry, const struct sources *sources,
			     const char *name)
{
	struct given both = find(sources, PREFIX, "", name);
	struct given own = find(sources, PREFIX, telemetry->infix, name);

	return both.source == SOURCE_COMMAND_LINE || !own.text ? both : own;
}

/* Refuses settings of security and delivery that would be ignored. */
static int refuse_unsupported(const struct telemetry *telemetry, const struct sources *sources,
			      struct error *error)
{
	static const char *const shared[] = {"TIMEOUT", "COMPRESSION", "CERTIFICATE", "CLIENT_KEY",
					     "CLIENT_CERTIFICATE"};

	for (size_t i = 0; i < ARRAY_SIZE(shared); i++) {
		struct given given = find(sources, PREFIX, telemetry->infix, shared[i]);

		if (given.text)
			return error_set(error, -EINVAL,
					 "%s: not supported for one signal; set " PREFIX
					 "%s for both",
					 given.name, shared[i]);
	}
	return 0;
}

static int check_protocol(const struct telemetry *telemetry, const struct sources *sources,
			  struct error *error)
{
	static const char *const protocols[] = {"grpc", NULL};
	/* A receiver of another protocol takes nothing by gRPC. */
	static const char *const others[] = {"http/protobuf", "http/json", NULL};
	struct given given = find_for(telemetry, sources, "PROTOCOL");
	size_t index;
	int r = value_parse_choice(given.name, given.text, protocols, &index, error);

	if (r < 0 && value_parse_choice(given.name, given.text, others, &index, NULL) < 0 &&
	    sources__ignore(sources, &given, error))
		return 0;
	return r;
}

static int read_endpoint(const struct telemetry *telemetry, const struct sources *sources,
			 struct error *error)
{
	struct given insecure = find_for(telemetry, sources, "INSECURE");
	struct given endpoint = find_for(telemetry, sources, "ENDPOINT");
	bool is_insecure;
	int r;

	if (endpoint.source == SOURCE_FILE && strcmp(endpoint.text, "none") == 0)
		return 0;
	r = value_parse_boolean(insecure.name, insecure.text, &is_insecure, error);
	if (r < 0 && !sources__ignore(sources, &insecure, error))
		return r;
	if (r < 0)
		is_insecure = false;
	return value_parse_endpoint(endpoint.name, endpoint.text, !is_insecure, telemetry->target,
				    telemetry->tls, error);
}

/* Whether OTEL_METRICS_EXPORTER or OTEL_TRACES_EXPORTER is "otlp". */
static int read_exporter(const struct telemetry *telemetry, const struct sources *sources,
			 bool *ret_is_otlp, struct error *error)
{
	static const char *const exporters[] = {"none", "otlp", NULL};
	struct given given = find(sources, "OTEL_", telemetry->infix, "EXPORTER");
	size_t index;
	int r = value_parse_choice(given.name, given.text, exporters, &index, error);

	if (r < 0 && !sources__ignore(sources, &given, error))
		return r;
	*ret_is_otlp = r < 0 || index == 1;
	return 0;
}

/* Fills the target and tls of `telemetry`; the target stays NULL if the telemetry is not exported. */
static int read_target(const struct telemetry *telemetry, const struct sources *sources,
		       struct error *error)
{
	bool is_otlp;
	int r = read_exporter(telemetry, sources, &is_otlp, error);

	if (r < 0 || !is_otlp)
		return r;
	r = refuse_unsupported(telemetry, sources, error);
	if (r < 0)
		return r;
	r = check_protocol(telemetry, sources, error);
	if (r < 0)
		return r;
	return read_endpoint(telemetry, sources, error);
}

int otlp__read_endpoints(struct config_otlp *otlp, const struct sources *sources,
			 struct error *error)
{
	struct telemetry telemetry[2];
	int r = 0;

	describe_telemetry(otlp, telemetry);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(telemetry); i++)
		r = read_target(&telemetry[i], sources, error);
	return r;
}

static int read_headers(struct config_otlp *otlp, const struct sources *sources,
			struct error *error)
{
	struct telemetry telemetry[2];
	struct given given = sources__find_variable(sources, PREFIX "HEADERS");
	int r;

	if (given.text) {
		r = value_parse_headers(given.name, given.text, &otlp->headers, &otlp->header_count,
					error);
		if (r < 0)
			return r;
	}
	describe_telemetry(otlp, telemetry);
	for (size_t i = 0; i < ARRAY_SIZE(telemetry); i++) {
		given = find(sources, PREFIX, telemetry[i].infix, "HEADERS");
		if (!*telemetry[i].target || !given.text)
			continue;
		r = value_parse_headers(given.name, given.text, telemetry[i].headers,
					telemetry[i].header_count, error);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Reads the certificate and the key with which the collector authenticates this client: both are
 * given, or none. */
static int read_client(struct config_otlp *otlp, const struct sources *sources, struct error *error)
{
	struct given certificate = sources__find_variable(sources, PREFIX "CLIENT_CERTIFICATE");
	struct given key = sources__find_variable(sources, PREFIX "CLIENT_KEY");
	int r;

	if (!certificate.text && !key.text)
		return 0;
	if (!certificate.text || !key.text)
		return error_set(error, -EINVAL, "%s is given without " PREFIX "%s",
				 certificate.text ? certificate.name : key.name,
				 certificate.text ? "CLIENT_KEY" : "CLIENT_CERTIFICATE");
	r = value_read_pem(certificate.name, certificate.text, &otlp->client_certificate, error);
	if (r < 0)
		return r;
	return value_read_pem(key.name, key.text, &otlp->client_key, error);
}

static int check_batch(struct config_otlp *otlp, const struct sources *sources, struct error *error)
{
	struct given given = sources__find_variable(sources, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE");

	if (otlp->span_batch <= otlp->span_queue)
		return 0;
	if (given.source != SOURCE_DEFAULT) {
		int r = value_refuse(error, given.name, given.text, "a whole number from 1 to %u",
				     otlp->span_queue);

		if (!sources__ignore(sources, &given, error))
			return r;
	}
	otlp->span_batch = otlp->span_queue;
	return 0;
}

int otlp__read_rest(struct config_otlp *otlp, const struct sources *sources, struct error *error)
{
	int r = read_headers(otlp, sources, error);

	if (r < 0)
		return r;
	r = read_client(otlp, sources, error);
	if (r < 0)
		return r;
	return check_batch(otlp, sources, error);
}
