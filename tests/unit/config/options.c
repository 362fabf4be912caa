// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/array.h"
#include "base/clock.h"
#include "parse.h"

TestSuite(config_options, .init = clear_environment);

Test(config_options, defaults)
{
	struct config *config = accept("");

	cr_assert_eq(config->command, COMMAND_RUN);
	cr_assert_eq(config->format, FORMAT_TEXT);
	cr_assert_eq(config->log_level, LOG_LEVEL_INFO);
	cr_assert_eq(config->pid, 0);
	cr_assert_eq(config->port, 0);
	cr_assert_null(config->executable);
	cr_assert_null(config->debug_directory);
	cr_assert_eq(config->duration_ns, 0);
	cr_assert_not(config->once);
	cr_assert_not(config->report);
	cr_assert_str_eq(config->listen_host, "127.0.0.1");
	cr_assert_eq(config->listen_port, 9464);
	cr_assert_eq(config->slow_poll_ns, NS_PER_MS);
	cr_assert_eq(config->max_series, 1000);
	cr_assert_eq(config->metric_names, NAMES_DOCS);
	cr_assert_eq(config->histograms, HISTOGRAMS_EXPLICIT);
	cr_assert_null(config->config_path);
	cr_assert_eq(config->max_tasks, 65536);
	cr_assert_eq(config->span_age_limit_ns, 24 * 3600 * NS_PER_S);
	cr_assert_eq(config->level, LEVEL_FULL);
	cr_assert_float_eq(config->max_overhead, 0.03, 1e-9);
	cr_assert_eq(config->max_span_rate, 8000);
	cr_assert_eq(config->max_connections, 0);
	cr_assert_gt(config->ring_bytes, 0);
	cr_assert_eq(config->ring_bytes & (config->ring_bytes - 1), 0);
	cr_assert_null(config->service_name);
	cr_assert_null(config->resource_attributes);
	config__free(config);
}

Test(config_options, commands)
{
	struct config *config = accept("run");

	cr_assert_eq(config->command, COMMAND_RUN);
	config__free(config);
	config = accept("verify");
	cr_assert_eq(config->command, COMMAND_VERIFY);
	config__free(config);
	config = accept("-p 7 verify");
	cr_assert_eq(config->command, COMMAND_VERIFY);
	cr_assert_eq(config->pid, 7);
	config__free(config);
	refuse("watch", "'watch'|run, verify, metrics, health");
	refuse("run verify", "'verify'|one too many");
}

Test(config_options, selection)
{
	struct config *config = accept("--pid=4711");

	cr_assert_eq(config->pid, 4711);
	config__free(config);
	config = accept("-p4711");
	cr_assert_eq(config->pid, 4711);
	config__free(config);
	config = accept("--exe scotty-2");
	cr_assert_str_eq(config->executable, "scotty-2");
	config__free(config);
	config = accept("--exe first --exe second");
	cr_assert_str_eq(config->executable, "second");
	config__free(config);
	config = accept("--port 65535");
	cr_assert_eq(config->port, 65535);
	config__free(config);

	refuse("--pid 0", "--pid|'0'|from 1 to 2147483647");
	refuse("--pid 2147483648", "--pid|'2147483648'");
	refuse("--pid -1", "--pid|'-1'");
	refuse("--pid 12x", "--pid|'12x'");
	refuse("--pid 99999999999999999999999", "--pid");
	refuse("--port 0", "--port|'0'|from 1 to 65535");
	refuse("--port 65536", "--port|'65536'");
	refuse("--exe /usr/bin/scotty", "--exe|'/usr/bin/scotty'|without its directory");
	refuse("--exe=", "--exe|''");
	refuse("--pid 1 --port 2", "--pid|--port|together");
	refuse("--exe a -p 2", "--exe|--pid|together");
	refuse("--port 1 --exe a", "--port|--exe|together");
}

Test(config_options, times)
{
	static const struct {
		const char *line;
		uint64_t ns;
	} accepted[] = {
		{"--duration 10", 10 * NS_PER_S},
		{"--duration 10s", 10 * NS_PER_S},
		{"--duration 500ms", 500 * NS_PER_MS},
		{"--duration 2m", 120 * NS_PER_S},
		{"--duration 1.5s", 1500 * NS_PER_MS},
		{"--duration 0.001", NS_PER_MS},
		{"--duration 2h", 7200 * NS_PER_S},
		{"--duration 1000us", NS_PER_MS},
		{"--duration 1000000ns", NS_PER_MS},
		{"--duration 0.25m", 15 * NS_PER_S},
		{"--duration 8760h", UINT64_C(8760) * 3600 * NS_PER_S},
	};
	static const char *const refused[] = {
		"0",
		"0s",
		"-1",
		"+1",
		"1 ",
		"s",
		"1.s",
		".5",
		"1.5.5",
		"1sec",
		"1e3",
		"0x1",
		"1S",
		"9000h",
		"999us",
		"",
		"inf",
		"1,5",
		"18446744073709551616",
		"18446744073709551615s",
	};

	for (size_t i = 0; i < ARRAY_SIZE(accepted); i++) {
		struct config *config = accept(accepted[i].line);

		cr_assert_eq(config->duration_ns, accepted[i].ns, "%s", accepted[i].line);
		config__free(config);
	}
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		static char name[] = "scottyscope";
		char option[64];
		char *argv[] = {name, option, NULL};
		struct config *config = NULL;
		struct error error = {};

		snprintf(option, sizeof(option), "--duration=%s", refused[i]);
		cr_assert_eq(config__parse(2, argv, &config, &error), -EINVAL, "%s", option);
		cr_assert(strstr(error.message, "--duration"));
		cr_assert(strstr(error.message, "from 1ms to 8760h"));
	}
}

Test(config_options, counting)
{
	struct config *config = accept("--slow-poll 250us --max-series 5 --max-tasks 200000");

	cr_assert_eq(config->slow_poll_ns, 250 * NS_PER_US);
	cr_assert_eq(config->max_series, 5);
	cr_assert_eq(config->max_tasks, 200000);
	config__free(config);
	config = accept("--max-connections 40000");
	cr_assert_eq(config->max_connections, 40000);
	config__free(config);
	config = accept("--max-span-age 90m");
	cr_assert_eq(config->span_age_limit_ns, 90 * 60 * NS_PER_S);
	config__free(config);
	config = accept("--metric-names scotty-0.3");
	cr_assert_eq(config->metric_names, NAMES_SCOTTY_0_3);
	config__free(config);
	config = accept("--metric-names docs");
	cr_assert_eq(config->metric_names, NAMES_DOCS);
	config__free(config);
	config = accept("--histograms exponential");
	cr_assert_eq(config->histograms, HISTOGRAMS_EXPONENTIAL);
	config__free(config);
	config = accept("--histograms exponential --histograms explicit");
	cr_assert_eq(config->histograms, HISTOGRAMS_EXPLICIT);
	config__free(config);
	refuse("--histograms native", "--histograms|'native'|explicit, exponential");
	refuse("--metric-names scotty", "--metric-names|'scotty'|docs, scotty-0.3");
	refuse("--slow-poll 0", "--slow-poll|from 1us to 1h");
	refuse("--slow-poll 2h", "--slow-poll|'2h'");
	refuse("--max-series 0", "--max-series|from 1 to 100000");
	refuse("--max-series 100001", "--max-series");
	refuse("--max-series many", "--max-series|'many'");
	refuse("--max-tasks 0", "--max-tasks|from 1 to 1000000");
	refuse("--max-tasks 1000001", "--max-tasks");
	refuse("--max-connections 0", "--max-connections|from 1 to 1000000");
	refuse("--max-span-age 0", "--max-span-age|from 1ms to 8760h");
}

Test(config_options, cost)
{
	struct config *config = accept("--level basic --max-overhead 0.5 --max-span-rate 250");

	cr_assert_eq(config->level, LEVEL_BASIC);
	cr_assert_float_eq(config->max_overhead, 0.005, 1e-9);
	cr_assert_eq(config->max_span_rate, 250);
	config__free(config);
	config = accept("--level Standard --max-overhead none --max-span-rate None");
	cr_assert_eq(config->level, LEVEL_STANDARD);
	cr_assert_eq(config->max_overhead, 0.0);
	cr_assert_eq(config->max_span_rate, 0);
	config__free(config);
	config = accept("--level full --max-overhead 100");
	cr_assert_eq(config->level, LEVEL_FULL);
	cr_assert_eq(config->max_overhead, 1.0);
	config__free(config);
	refuse("--max-span-rate 0", "--max-span-rate|'0'|from 1 to 1000000, or none");
	refuse("--max-span-rate few", "--max-span-rate|'few'");
	refuse("--level low", "--level|'low'|basic, standard, full");
	refuse("--max-overhead 0", "--max-overhead|'0'|over 0 and up to 100");
	refuse("--max-overhead 101", "--max-overhead|'101'");
	refuse("--max-overhead 3%", "--max-overhead|'3%'");
	refuse("--max-overhead 1e1", "--max-overhead|'1e1'");
	refuse("--max-overhead -1", "--max-overhead|'-1'");
	refuse("--max-overhead .", "--max-overhead|'.'");
}

Test(config_options, attaching)
{
	struct config *config = accept("--pid 1");

	cr_assert_eq(config->attach, ATTACH_AUTO);
	config__free(config);
	config = accept("--attach single");
	cr_assert_eq(config->attach, ATTACH_SINGLE);
	config__free(config);
	refuse("--attach kprobe", "--attach|auto, single");
}

Test(config_options, formats)
{
	struct config *config = accept("--once --format prometheus");

	cr_assert(config->once);
	cr_assert_eq(config->format, FORMAT_PROMETHEUS);
	config__free(config);
	config = accept("--format json --once");
	cr_assert_eq(config->format, FORMAT_JSON);
	config__free(config);
	config = accept("verify --format json");
	cr_assert_eq(config->format, FORMAT_JSON);
	config__free(config);
	config = accept("verify --format text");
	cr_assert_eq(config->format, FORMAT_TEXT);
	config__free(config);

	refuse("--once --format xml", "--format|'xml'|text, json, prometheus");
	refuse("verify --format prometheus", "--format|'prometheus'|text, json;");
	refuse("metrics --format prometheus", "--format|'prometheus'|text, json;");
	refuse("--format json", "--format|--once|verify");
	refuse("--once --report", "--once|--report|together");
}

Test(config_options, health_takes_only_an_address)
{
	struct config *config = accept("health");

	cr_assert_eq(config->command, COMMAND_HEALTH);
	cr_assert_str_eq(config->listen_host, "127.0.0.1");
	cr_assert_eq(config->listen_port, 9464);
	config__free(config);
	config = accept("health --listen 0.0.0.0:80");
	cr_assert_str_eq(config->listen_host, "0.0.0.0");
	cr_assert_eq(config->listen_port, 80);
	config__free(config);
	refuse("health --pid 7", "health|--pid");
	refuse("health --format json", "health|--format");
}

Test(config_options, metrics_takes_only_a_format)
{
	struct config *config = accept("metrics --format json -q");

	cr_assert_eq(config->command, COMMAND_METRICS);
	cr_assert_eq(config->format, FORMAT_JSON);
	config__free(config);
	refuse("metrics --pid 7", "metrics|--pid");
	refuse("metrics --once", "metrics|--once");
	refuse("--level basic metrics", "metrics|--level");
}

Test(config_options, verify_takes_no_options_of_run)
{
	refuse("verify --once", "verify|--once");
	refuse("verify --report", "verify|--report");
	refuse("--duration 1 verify", "verify|--duration");
	refuse("verify --listen none", "verify|--listen");
	refuse("verify --otlp-endpoint none", "verify|--otlp-endpoint");
}

Test(config_options, report)
{
	struct config *config = accept("--report --duration 1");

	cr_assert(config->report);
	config__free(config);
}

Test(config_options, log_levels)
{
	static const struct {
		const char *line;
		enum log_level level;
	} lines[] = {
		{"-v", LOG_LEVEL_DEBUG},	   {"-vvv", LOG_LEVEL_DEBUG},
		{"-v --verbose", LOG_LEVEL_DEBUG}, {"-q", LOG_LEVEL_WARNING},
		{"-qq", LOG_LEVEL_ERROR},	   {"-q --quiet -q", LOG_LEVEL_ERROR},
		{"-vq", LOG_LEVEL_INFO},
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct config *config = accept(lines[i].line);

		cr_assert_eq(config->log_level, lines[i].level, "%s", lines[i].line);
		config__free(config);
	}
}

Test(config_options, unknown_and_incomplete)
{
	refuse("-x", "unknown option '-x'");
	refuse("--once -xv", "unknown option '-x'");
	refuse("--once -vx", "unknown option '-x'");
	refuse("--bogus=secret --once", "unknown option '--bogus'");
	refuse("verify --pid", "--pid needs a value");
	refuse("-vp", "-p needs a value");
	refuse("--once=yes", "--once takes no value");
	refuse("--p 3", "'--p' is ambiguous");
}

/* getopt must not write its own messages. */
Test(config_options, silent, .init = cr_redirect_stderr)
{
	struct config *config = NULL;
	FILE *written = cr_get_redirected_stderr();

	cr_assert_lt(parse_line("--bogus", &config, NULL), 0);
	cr_assert_lt(parse_line("-p", &config, NULL), 0);
	cr_assert_lt(parse_line("nonsense", &config, NULL), 0);
	fflush(stderr);
	fputs("end\n", stderr);
	fflush(stderr);

	char line[256];

	cr_assert_not_null(fgets(line, sizeof(line), written));
	cr_assert_str_eq(line, "end\n");
}

/* A long value is cut, and control characters are replaced, in the error's message. */
Test(config_options, hostile_values)
{
	static char name[] = "scottyscope";
	static char option[5000] = "--pid=\n\033[31m";
	char *argv[] = {name, option, NULL};
	struct config *config = NULL;
	struct error error = {};

	memset(option + strlen(option), 'a', sizeof(option) - strlen(option) - 1);
	cr_assert_eq(config__parse(2, argv, &config, &error), -EINVAL);
	cr_assert_null(strpbrk(error.message, "\n\033"));
	cr_assert(strstr(error.message, "--pid"));
	cr_assert(strstr(error.message, "--help"));
}

Test(config_options, listen)
{
	struct config *config = accept("--listen 0.0.0.0:80");

	cr_assert_str_eq(config->listen_host, "0.0.0.0");
	cr_assert_eq(config->listen_port, 80);
	config__free(config);
	config = accept("--listen [::1]:0");
	cr_assert_str_eq(config->listen_host, "::1");
	cr_assert_eq(config->listen_port, 0);
	config__free(config);
	config = accept("--listen metrics.example.org:9464");
	cr_assert_str_eq(config->listen_host, "metrics.example.org");
	config__free(config);
	config = accept("--listen :9465");
	cr_assert_str_eq(config->listen_host, "0.0.0.0");
	cr_assert_eq(config->listen_port, 9465);
	config__free(config);
	config = accept("--listen none");
	cr_assert_null(config->listen_host);
	config__free(config);

	refuse("--listen 9464", "--listen|'9464'|HOST:PORT");
	refuse("--listen :", "--listen|':'");
	refuse("--listen ::9464", "--listen|'::9464'");
	refuse("--listen ::1:9464", "--listen|'::1:9464'");
	refuse("--listen [::1]", "--listen");
	refuse("--listen [::1:80", "--listen");
	refuse("--listen [host]:80", "--listen");
	refuse("--listen a:65536", "--listen");
	refuse("--listen a:", "--listen");
	refuse("--listen a/b:1", "--listen");
	refuse("--listen a:1x", "--listen");
}

Test(config_options, debug_directory)
{
	struct config *config = accept("--debug-directory /usr/lib");

	cr_assert_str_eq(config->debug_directory, "/usr/lib");
	config__free(config);
	config = accept("verify --debug-directory /");
	cr_assert_str_eq(config->debug_directory, "/");
	config__free(config);
	refuse("--debug-directory /etc/passwd", "--debug-directory|/etc/passwd|a directory");
	refuse("--debug-directory /no/such", "--debug-directory|/no/such|a directory");
}

Test(config_options, the_user_of_the_process)
{
	struct config *config = accept("");

	cr_assert_eq(config->target_user, 0);
	config__free(config);
	config = accept("--user root --exe scotty");
	cr_assert_eq(config->target_user, 1);
	cr_assert_str_eq(config->executable, "scotty");
	config__free(config);
	config = accept("verify --user 4294967294 --pid 1");
	cr_assert_eq(config->target_user, 4294967295);
	config__free(config);
	refuse("--user no-such-user", "--user|'no-such-user'|the name or the number of a user");
	refuse("--user 4294967295", "--user|'4294967295'");
	refuse("--user -1", "--user|'-1'");
	refuse("metrics --user root", "metrics|--user|together");
}

Test(config_options, what_spans_tell)
{
	struct config *config = accept("");

	cr_assert_eq(config->span_path, SPAN_PATH_RAW);
	cr_assert(config->span_client);
	config__free(config);
	config = accept("--span-path template --span-client off");
	cr_assert_eq(config->span_path, SPAN_PATH_TEMPLATE);
	cr_assert_not(config->span_client);
	config__free(config);
	set("SCOTTYSCOPE_SPAN_PATH", "off");
	set("SCOTTYSCOPE_SPAN_CLIENT", "off");
	config = accept("--span-client on");
	cr_assert_eq(config->span_path, SPAN_PATH_OFF);
	cr_assert(config->span_client);
	config__free(config);
	/* A mistake never exports more than the user wants. */
	set("SCOTTYSCOPE_SPAN_PATH", "none");
	refuse("", "SCOTTYSCOPE_SPAN_PATH|'none'|off, template, raw");
	refuse("--span-path none", "--span-path|'none'|off, template, raw");
	refuse("--span-client false", "--span-client|'false'|off, on");
}
