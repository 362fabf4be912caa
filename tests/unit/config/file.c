// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <fcntl.h>
#include <sys/stat.h>

#include "base/array.h"
#include "base/clock.h"
#include "parse.h"

static char path[64];

static void start(void)
{
	clear_environment();
	cr_redirect_stderr();
	strcpy(path, "/tmp/scottyscope-test-XXXXXX");
	close(mkstemp(path));
}

static void end(void)
{
	unlink(path);
}

TestSuite(config_file, .init = start, .fini = end);

static void write_bytes(const char *bytes, size_t size)
{
	FILE *stream = fopen(path, "w");

	cr_assert_not_null(stream);
	cr_assert_eq(fwrite(bytes, 1, size, stream), size);
	fclose(stream);
}

/* The config of a file with this text and further arguments. */
static struct config *accept_file(const char *text, const char *arguments)
{
	char line[256];

	write_bytes(text, strlen(text));
	snprintf(line, sizeof(line), "--config %s %s", path, arguments);
	return accept(line);
}

/* Expects the file's path and `line_number` in the error, and `parts` as in refuse(). */
static void refuse_file(const char *text, int line_number, const char *parts)
{
	char line[256], all[512];

	write_bytes(text, strlen(text));
	snprintf(line, sizeof(line), "--config %s", path);
	snprintf(all, sizeof(all), "%s:%d: |%s", path, line_number, parts);
	refuse(line, all);
}

Test(config_file, every_option)
{
	struct config *config = accept_file("# scottyscope\n"
					    "exe: my-scotty\n"
					    "user: nobody\n"
					    "duration: 2m\n"
					    "report: true\n"
					    "verbose: true\n"
					    "listen: 0.0.0.0:9000\n"
					    "otlp-endpoint: https://collector:4318\n"
					    "metric-names: scotty-0.3\n"
					    "slow-poll: '5ms'\n"
					    "max-series: 50\n"
					    "attach: single\n",
					    "");

	cr_assert_str_eq(config->executable, "my-scotty");
	cr_assert_eq(config->target_user, 65535);
	cr_assert_eq(config->duration_ns, 120 * NS_PER_S);
	cr_assert(config->report);
	cr_assert_eq(config->log_level, LOG_LEVEL_DEBUG);
	cr_assert_str_eq(config->listen_host, "0.0.0.0");
	cr_assert_eq(config->listen_port, 9000);
	cr_assert_str_eq(config->otlp.metrics_target, "collector:4318");
	cr_assert_str_eq(config->otlp.traces_target, "collector:4318");
	cr_assert(config->otlp.traces_tls);
	cr_assert_eq(config->metric_names, NAMES_SCOTTY_0_3);
	cr_assert_eq(config->slow_poll_ns, 5 * NS_PER_MS);
	cr_assert_eq(config->max_series, 50);
	cr_assert_eq(config->attach, ATTACH_SINGLE);
	cr_assert_str_eq(config->config_path, path);
	config__free(config);

	config = accept_file("once: TRUE\nformat: json\nquiet: true\nreport: false\n", "");
	cr_assert(config->once);
	cr_assert_not(config->report);
	cr_assert_eq(config->format, FORMAT_JSON);
	cr_assert_eq(config->log_level, LOG_LEVEL_WARNING);
	config__free(config);
}

Test(config_file, variables)
{
	struct config *config =
		accept_file("OTEL_SERVICE_NAME: blog\n"
			    "OTEL_RESOURCE_ATTRIBUTES: a=1,b=2\n"
			    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: http://metrics:1\n"
			    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: http://traces:2\n"
			    "OTEL_EXPORTER_OTLP_HEADERS: authorization=Bearer%20secret\n"
			    "OTEL_EXPORTER_OTLP_COMPRESSION: gzip\n"
			    "OTEL_METRIC_EXPORT_INTERVAL: 5000\n"
			    "OTEL_BSP_MAX_QUEUE_SIZE: 100\n"
			    "OTEL_TRACES_SAMPLER: traceidratio\n"
			    "OTEL_TRACES_SAMPLER_ARG: 0.5\n"
			    "OTEL_EXPORTER_PROMETHEUS_PORT: 9999\n",
			    "");

	cr_assert_str_eq(config->service_name, "blog");
	cr_assert_str_eq(config->resource_attributes, "a=1,b=2");
	cr_assert_str_eq(config->otlp.metrics_target, "metrics:1");
	cr_assert_str_eq(config->otlp.traces_target, "traces:2");
	cr_assert_eq(config->otlp.header_count, 1);
	assert_header(&config->otlp.headers[0], "authorization", "Bearer secret");
	cr_assert(config->otlp.gzip);
	cr_assert_eq(config->otlp.metric_interval_ns, 5 * NS_PER_S);
	cr_assert_eq(config->otlp.span_queue, 100);
	cr_assert_eq(config->otlp.span_batch, 100);
	cr_assert_eq(config->sampler.kind, SAMPLER_RATIO);
	cr_assert_eq(config->sampler.ratio, 0.5);
	cr_assert_eq(config->listen_port, 9999);
	config__free(config);
}

Test(config_file, the_command_line_overrides_the_file)
{
	struct config *config =
		accept_file("pid: 5\nslow-poll: 5ms\nverbose: true\nmetric-names: scotty-0.3\n"
			    "listen: 127.0.0.1:1\notlp-endpoint: http://file:1\n",
			    "--port 7 --slow-poll 2ms -q --listen 127.0.0.1:2 --otlp-endpoint "
			    "http://line:2");

	cr_assert_eq(config->pid, 0);
	cr_assert_eq(config->port, 7);
	cr_assert_eq(config->slow_poll_ns, 2 * NS_PER_MS);
	cr_assert_eq(config->log_level, LOG_LEVEL_WARNING);
	cr_assert_eq(config->metric_names, NAMES_SCOTTY_0_3);
	cr_assert_eq(config->listen_port, 2);
	cr_assert_str_eq(config->otlp.metrics_target, "line:2");
	config__free(config);

	config = accept_file("report: true\nformat: json\n", "--once");
	cr_assert(config->once);
	cr_assert_not(config->report);
	cr_assert_eq(config->format, FORMAT_JSON);
	config__free(config);
	config = accept_file("once: true\nformat: json\n", "--report");
	cr_assert(config->report);
	cr_assert_not(config->once);
	cr_assert_eq(config->format, FORMAT_TEXT);
	config__free(config);
}

Test(config_file, the_environment_overrides_the_file)
{
	static const char text[] = "otlp-endpoint: http://file:1\n"
				   "listen: 127.0.0.1:1\n"
				   "OTEL_SERVICE_NAME: file\n"
				   "OTEL_METRIC_EXPORT_INTERVAL: 1000\n";
	struct config *config;

	set("OTEL_SERVICE_NAME", "environment");
	set("OTEL_METRIC_EXPORT_INTERVAL", "");
	set("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://traces:2");
	config = accept_file(text, "");
	cr_assert_str_eq(config->service_name, "environment");
	cr_assert_eq(config->otlp.metric_interval_ns, NS_PER_S);
	cr_assert_str_eq(config->otlp.metrics_target, "file:1");
	cr_assert_str_eq(config->otlp.traces_target, "traces:2");
	cr_assert_eq(config->listen_port, 1);
	config__free(config);

	set("OTEL_EXPORTER_OTLP_ENDPOINT", "http://both:3");
	set("OTEL_EXPORTER_PROMETHEUS_PORT", "4");
	config = accept_file(text, "");
	cr_assert_str_eq(config->otlp.metrics_target, "both:3");
	cr_assert_eq(config->listen_port, 4);
	config__free(config);
}

Test(config_file, nothing_is_exported_unless_asked)
{
	static const char text[] = "otlp-endpoint: http://file:1\nlisten: 127.0.0.1:1\n"
				   "duration: 3\nreport: true\nformat: json\n";
	struct config *config = accept_file(text, "--once");

	cr_assert_null(config->otlp.metrics_target);
	cr_assert_null(config->listen_host);
	cr_assert_eq(config->duration_ns, 3 * NS_PER_S);
	config__free(config);
	config = accept_file(text, "verify");
	cr_assert_null(config->otlp.metrics_target);
	cr_assert_null(config->listen_host);
	cr_assert_eq(config->duration_ns, 0);
	cr_assert_not(config->report);
	cr_assert_eq(config->format, FORMAT_JSON);
	config__free(config);
	config = accept_file("listen: none\notlp-endpoint: none\n", "");
	cr_assert_null(config->otlp.metrics_target);
	cr_assert_null(config->otlp.traces_target);
	cr_assert_null(config->listen_host);
	config__free(config);
}

Test(config_file, empty_files)
{
	static const char *const texts[] = {"",	     "\n",   "# only this\n",
					    "---\n", "{}\n", "OTEL_SERVICE_NAME:\n"};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct config *config = accept_file(texts[i], "");

		cr_assert_null(config->service_name);
		cr_assert_eq(config->slow_poll_ns, NS_PER_MS);
		config__free(config);
	}
}

Test(config_file, unknown_keys)
{
	refuse_file("port: 1\nslow-pol: 5ms\n", 2, "unknown key 'slow-pol'|: slow-poll;");
	refuse_file("\n\nMax_Series: 5\n", 3, "'Max_Series'|: max-series;");
	refuse_file("OTEL_SERVICENAME: x\n", 1, "'OTEL_SERVICENAME'|: OTEL_SERVICE_NAME;");
	refuse_file("otlp-endpiont: x\n", 1, ": otlp-endpoint;");
	refuse_file("config: x\n", 1, "unknown key 'config'");
	refuse_file("help: true\n", 1, "unknown key 'help'");
	refuse_file("version: true\n", 1, "unknown key 'version'");
	refuse_file("otel:\n  service: x\n", 1, "unknown key 'otel'");
	refuse_file("'': x\n", 1, "unknown key ''");
}

Test(config_file, bad_values)
{
	refuse_file("\nslow-poll: 5 ms\n", 2, "slow-poll|'5 ms'|from 1us");
	refuse_file("pid: 0\n", 1, "pid|'0'");
	refuse_file("pid: 3\nport: 4\n", 2, "port|pid|together");
	refuse_file("port:\n", 1, "port|''");
	refuse_file("port: [1, 2]\n", 1, "port takes a single value");
	refuse_file("exe: {a: b}\n", 1, "exe takes a single value");
	refuse_file("once: yes\n", 1, "once|'yes'|false, true");
	refuse_file("listen: 9464\n", 1, "listen|'9464'");
	refuse_file("otlp-endpoint: ftp://x\n", 1, "otlp-endpoint|'ftp://x'");
	refuse_file("port: 1\nport: 1\n", 2, "port is given twice");
	refuse_file("OTEL_BSP_SCHEDULE_DELAY: 0\n", 1, "OTEL_BSP_SCHEDULE_DELAY|'0'");
	refuse_file("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT: 5\n", 1, "not supported for one signal");
	refuse_file("OTEL_EXPORTER_OTLP_CLIENT_KEY: x\n", 1,
		    "without OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE");
	refuse_file("OTEL_TRACES_EXPORTER: zipkin\n", 1, "OTEL_TRACES_EXPORTER|'zipkin'");
	refuse_file("OTEL_RESOURCE_ATTRIBUTES: a\n", 1, "entry 1");
}

Test(config_file, files_that_are_not_a_mapping)
{
	refuse_file("- a\n- b\n", 1, "not a mapping");
	refuse_file("\nhello\n", 2, "not a mapping");
	refuse_file("? [a]\n: b\n", 1, "a key has to be one word");
	refuse_file("port: 1\n---\nport: 2\n", 2, "a second document");
	refuse_file("port: 1\n\tpid: 2\n", 2, "not YAML");
	refuse_file("exe: 'open\n", 2, "not YAML");
	refuse_file("exe: \"a\\0b\"\n", 1, "exe takes a single value");
}

/* libyaml does not expand nested aliases, so they cannot exhaust memory. */
Test(config_file, aliases)
{
	struct config *config = accept_file("exe: &name scotty-2\nOTEL_SERVICE_NAME: *name\n", "");

	cr_assert_str_eq(config->executable, "scotty-2");
	cr_assert_str_eq(config->service_name, "scotty-2");
	config__free(config);
	refuse_file("exe: &a [&b [*a, *a], *b]\n", 1, "single value");
}

Test(config_file, files_that_cannot_be_read)
{
	refuse("--config /nonexistent/scottyscope.yaml",
	       "cannot open /nonexistent/scottyscope.yaml|No such file");
	refuse("--config /tmp", "/tmp is not a regular file");
	refuse("--config", "--config needs a value");
}

Test(config_file, huge_and_damaged_files)
{
	static const char likely[] = "pid: 1\n-[]{}\"'&*a|>#?,%@";
	static char huge[300 * 1024];
	char line[128];
	uint32_t random = 5;

	memset(huge, '#', sizeof(huge));
	write_bytes(huge, sizeof(huge));
	snprintf(line, sizeof(line), "--config %s", path);
	refuse(line, "larger than");
	for (int round = 0; round < 2000; round++) {
		struct config *config = NULL;
		char bytes[48];

		for (size_t i = 0; i < sizeof(bytes); i++) {
			random = random * 1664525 + 1013904223;
			bytes[i] = random >> 28 ? likely[(random >> 16) % (sizeof(likely) - 1)]
						: (char)(random >> 8);
		}
		write_bytes(bytes, sizeof(bytes));
		parse_line(line, &config, NULL);
		config__free(config);
	}
}

/* The tool runs as root, and the file says where all data goes. */
Test(config_file, files_that_others_can_change)
{
	static const struct {
		uid_t user;
		gid_t group;
		mode_t mode;
		const char *invoker; /* SUDO_UID */
		const char *parts;   /* of the error; NULL: accepted */
	} cases[] = {
		{0, 0, 0644, NULL, NULL},
		{0, 0, 0660, NULL, NULL},
		{0, 0, 0666, NULL, "every user can write|chmod o-w"},
		{0, 12345, 0664, NULL, "group 12345 can write|chmod g-w"},
		{0, 12345, 0644, NULL, NULL},
		{12345, 0, 0400, NULL, "belongs to user 12345|chown root"},
		{12345, 0, 0600, "12345", NULL},
		{12345, 0, 0600, "1234", "belongs to user 12345"},
		{12345, 0, 0602, "12345", "every user can write"},
	};
	char line[128];

	if (geteuid() != 0)
		cr_skip_test("needs root");
	unsetenv("SUDO_UID");
	write_bytes("", 0);
	snprintf(line, sizeof(line), "--config %s", path);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		cr_assert_eq(chown(path, cases[i].user, cases[i].group), 0);
		cr_assert_eq(chmod(path, cases[i].mode), 0);
		if (cases[i].invoker)
			set("SUDO_UID", cases[i].invoker);
		if (cases[i].parts)
			refuse(line, cases[i].parts);
		else
			config__free(accept(line));
	}
}

/* None of these is opened: a FIFO without a writer would block. */
Test(config_file, files_that_are_not_regular, .timeout = 30)
{
	char line[128];

	unlink(path);
	cr_assert_eq(mkfifo(path, 0600), 0);
	snprintf(line, sizeof(line), "--config %s", path);
	refuse(line, "--config|is not a regular file");
	refuse("--config /dev/tty", "/dev/tty is not a regular file");
	set("OTEL_EXPORTER_OTLP_CERTIFICATE", path);
	refuse("", "OTEL_EXPORTER_OTLP_CERTIFICATE|is not a regular file");
	unsetenv("OTEL_EXPORTER_OTLP_CERTIFICATE");
	set("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", path);
	set("OTEL_EXPORTER_OTLP_CLIENT_KEY", path);
	refuse("", "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE|is not a regular file");
}

/* No message shows a secret; a secret in a file that all users can read is a warning. */
Test(config_file, secrets)
{
	FILE *written = cr_get_redirected_stderr();
	char line[512];

	write_bytes("", 0);
	cr_assert_eq(chmod(path, 0600), 0);
	set("OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector:4317");
	config__free(accept_file("OTEL_EXPORTER_OTLP_HEADERS: a=s3cret\n", ""));
	cr_assert_eq(chmod(path, 0644), 0);
	config__free(accept_file("OTEL_EXPORTER_OTLP_HEADERS: a=s3cret\n", "-qq"));
	config__free(accept_file("OTEL_EXPORTER_OTLP_TRACES_HEADERS: a=s3cret\n", ""));
	fputs("end\n", stderr);
	fflush(stderr);
	cr_assert_not_null(fgets(line, sizeof(line), written));
	cr_assert(strstr(line, "OTEL_EXPORTER_OTLP_TRACES_HEADERS: everyone can read"), "%s", line);
	cr_assert_null(strstr(line, "s3cret"));
	cr_assert_not_null(fgets(line, sizeof(line), written));
	cr_assert_str_eq(line, "end\n");

	struct config *config = NULL;
	struct error error = {};
	char arguments[128];

	write_bytes("OTEL_EXPORTER_OTLP_HEADERS: s3cret\n", 35);
	snprintf(arguments, sizeof(arguments), "--config %s", path);
	cr_assert_eq(parse_line(arguments, &config, &error), -EINVAL);
	cr_assert(strstr(error.message, "OTEL_EXPORTER_OTLP_HEADERS: entry 1"));
	cr_assert_null(strstr(error.message, "s3cret"));
}
