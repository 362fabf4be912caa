// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "config/option_table.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/array.h"

const struct argp_option option_table[] = {
	{.doc = "Which process (default: the one whose executable is named scotty):"},
	{"pid", OPTION_PID, "PID", 0, "the process with this id", 0},
	{"exe", OPTION_EXE, "NAME", 0, "the process whose executable has this name", 0},
	{"port", OPTION_PORT, "N", 0, "the process that listens on this TCP port", 0},
	{.doc = "How long, and what to print:"},
	{"duration", OPTION_DURATION, "TIME", 0, "stop after this time (default: never)", 0},
	{"once", OPTION_ONCE, NULL, 0,
	 "print one collection, at the end of --duration if given, and stop; exports nothing and "
	 "listens nowhere unless asked to",
	 0},
	{"report", OPTION_REPORT, NULL, 0, "print a summary at the end", 0},
	{"format", OPTION_FORMAT, "FORMAT", 0,
	 "of --once: text, json or prometheus; of verify and metrics: text or json (default: text)",
	 0},
	{"verbose", OPTION_VERBOSE, NULL, 0, "say more; can be repeated", 0},
	{"quiet", OPTION_QUIET, NULL, 0, "say less: warnings and errors; twice: only errors", 0},
	{.doc = "Where it goes:"},
	{"listen", OPTION_LISTEN, "HOST:PORT", 0,
	 "serve /metrics and /healthz there, or nowhere: none (default: 127.0.0.1:9464)", 0},
	{"otlp-endpoint", OPTION_OTLP_ENDPOINT, "URL", 0,
	 "send metrics and traces there by OTLP/gRPC, or nowhere: none (default: "
	 "http://localhost:4317)",
	 0},
	{.doc = "What is counted:"},
	{"histograms", OPTION_HISTOGRAMS, "KIND", 0,
	 "explicit: with bounds that suit what is measured; exponential: base-2 exponential "
	 "histograms, with powers of two for bounds (default: explicit)",
	 0},
	{"metric-names", OPTION_METRIC_NAMES, "NAMES", 0,
	 "docs: as Scotty's documentation has them; scotty-0.3: as Scotty 0.3 itself emits them "
	 "(default: docs)",
	 0},
	{"app-sample", OPTION_APP_SAMPLE, "TIME", 0,
	 "how often the services and the last check of each application are observed (default: "
	 "30s)",
	 0},
	{"slow-poll", OPTION_SLOW_POLL, "TIME", 0, "polls longer than this are slow (default: 1ms)",
	 0},
	{"max-series", OPTION_MAX_SERIES, "N", 0,
	 "label sets of one metric, further ones are counted together (default: 1000)", 0},
	{"max-tasks", OPTION_MAX_TASKS, "N", 0,
	 "tokio tasks that are alive at a time, of which each takes 256 bytes of the kernel's "
	 "memory (default: 65536)",
	 0},
	{"max-span-age", OPTION_MAX_SPAN_AGE, "TIME", 0,
	 "spans that have been open for longer are not sent when they end, but counted as lost "
	 "(default: 24h)",
	 0},
	{.doc = "What it may cost:"},
	{"level", OPTION_LEVEL, "LEVEL", 0,
	 "basic: requests, websockets, sessions, tasks, applications and memory; standard: tokio's "
	 "polls too; full: its run queues too (default: full)",
	 0},
	{"max-overhead", OPTION_MAX_OVERHEAD, "PERCENT", 0,
	 "of the CPU time that the process could have: where probes would cost more, polls are "
	 "watched some of the time and their metrics estimated, all else stays exact; or none "
	 "(default: 3)",
	 0},
	{"max-span-rate", OPTION_MAX_SPAN_RATE, "N", 0,
	 "spans a second: where more begin, a share of the traces is kept, and the others' spans "
	 "are counted; or none (default: 8000)",
	 0},
	{.doc = "How it attaches:"},
	{"attach", OPTION_ATTACH, "HOW", 0,
	 "auto: one link for all sites of a hook where the kernel can; single: one perf event a "
	 "site, as on kernels before 6.6 (default: auto)",
	 0},
	{.doc = "Where the settings are:"},
	{"config", OPTION_CONFIG, "FILE", 0,
	 "a YAML file of options by their long names and of OTEL_* variables; what the command "
	 "line or the environment has goes before it",
	 0},
	{"help", OPTION_HELP, NULL, 0, "print this help", -1},
	{"version", OPTION_VERSION, NULL, 0, "print the version", -1},
	{},
};

/* Those given are remembered as bits. */
_Static_assert(ARRAY_SIZE(option_table) <= 64, "options");

const struct argp_option *option__of_key(int key)
{
	for (const struct argp_option *option = option_table; option->name || option->doc;
	     option++) {
		if (option->name && option->key == key)
			return option;
	}
	return NULL;
}

const struct argp_option *option__of_name(const char *name)
{
	for (const struct argp_option *option = option_table; option->name || option->doc;
	     option++) {
		if (option->name && strcmp(option->name, name) == 0)
			return option;
	}
	return NULL;
}

/* Each returns -EINVAL with the reason, or 0 when that argument is in order. */

static int explain_long(const char *argument, bool is_last, struct error *error)
{
	const char *name = argument + 2;
	size_t length = strcspn(name, "=");
	const struct argp_option *found = NULL;
	int matches = 0;

	for (const struct argp_option *option = option_table; option->name || option->doc;
	     option++) {
		if (!option->name || strncmp(option->name, name, length) != 0)
			continue;
		matches = option->name[length] == '\0' ? 1 : matches + 1;
		found = option;
		if (option->name[length] == '\0')
			break;
	}
	if (matches == 0)
		return error_set(error, -EINVAL, "unknown option '--%.*s'", (int)length, name);
	if (matches > 1)
		return error_set(error, -EINVAL, "option '--%.*s' is ambiguous", (int)length, name);
	if (!found->arg && name[length] == '=')
		return error_set(error, -EINVAL, "option --%s takes no value", found->name);
	if (found->arg && name[length] == '\0' && is_last)
		return error_set(error, -EINVAL, "option --%s needs a value: %s", found->name,
				 found->arg);
	return 0;
}

static const struct argp_option *find_letter(char letter)
{
	for (const struct argp_option *option = option_table; option->name || option->doc;
	     option++) {
		if (option->key == letter)
			return option;
	}
	return NULL;
}

static int explain_letters(const char *argument, bool is_last, struct error *error)
{
	for (const char *letter = argument + 1; *letter; letter++) {
		const struct argp_option *option = find_letter(*letter);

		if (!option)
			return error_set(error, -EINVAL, "unknown option '-%c'", *letter);
		if (!option->arg)
			continue;
		if (letter[1] == '\0' && is_last)
			return error_set(error, -EINVAL, "option -%c needs a value: %s", *letter,
					 option->arg);
		break;
	}
	return 0;
}

int options__explain(int argc, char **argv, int next, struct error *error)
{
	/* getopt has gone past the argument, except where it stopped within letters "-xyz". */
	for (int i = next - 1; i <= next; i++) {
		int r = 0;

		if (i < 1 || i >= argc || argv[i][0] != '-' || argv[i][1] == '\0')
			continue;
		if (argv[i][1] == '-')
			r = explain_long(argv[i], i == argc - 1, error);
		else
			r = explain_letters(argv[i], i == argc - 1, error);
		if (r < 0)
			return r;
	}
	return error_set(error, -EINVAL, "bad command line");
}
