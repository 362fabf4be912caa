// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "config/help.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <version.h>

#include "config/exit_status.h"
#include "config/option_table.h"

#define WIDTH	    79
#define TEXT_COLUMN 28 /* of the texts beside the options */

static const char introduction[] =
	"Usage: scottyscope [run] [OPTION]...\n"
	"       scottyscope verify|metrics|health [OPTION]...\n"
	"\n"
	"Exports metrics and traces of a running Scotty server: finds the process,\n"
	"attaches eBPF probes, exports OTLP/gRPC and serves Prometheus text. The process\n"
	"is neither changed nor restarted.\n"
	"\n"
	"Commands:\n"
	"  run      observe the process (the default)\n"
	"  verify   print the probe plan and exit; attach nothing\n"
	"  metrics  print the list of all metrics; needs no process and no root\n"
	"  health   ask a running scottyscope for its health (/healthz)\n"
	"  help     print this help, like --help\n"
	"  version  print the version, like --version\n";

static const char conclusion[] =
	"\n"
	"OTEL_EXPORTER_OTLP_ENDPOINT, _PROTOCOL, _INSECURE and _HEADERS also exist for\n"
	"metrics alone and for traces alone, for example\n"
	"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT and OTEL_EXPORTER_OTLP_TRACES_HEADERS.\n"
	"\n"
	"A TIME is a number with a unit: ns, us, ms, s, m or h; without a unit, seconds.\n"
	"\n"
	"Precedence: command line, environment, file. An empty variable counts as not\n"
	"set. sudo removes variables from the environment, except with -E and as in the\n"
	"last example. The keys of a configuration file are options without the dashes,\n"
	"and variables:\n"
	"  slow-poll: 5ms\n"
	"  otlp-endpoint: https://collector:4317\n"
	"  OTEL_EXPORTER_OTLP_HEADERS: authorization=Bearer%20...\n"
	"\n"
	"Examples:\n"
	"  sudo scottyscope                          observe, serve 127.0.0.1:9464\n"
	"  sudo scottyscope --otlp-endpoint http://collector:4317 --listen none\n"
	"  sudo scottyscope --once --duration 10s --format prometheus\n"
	"  sudo scottyscope --port 21342 --duration 5m --report\n"
	"  sudo scottyscope verify -p 4711 --format json\n"
	"  sudo OTEL_TRACES_EXPORTER=none scottyscope        metrics only\n"
	"\n"
	"Exit status:\n"
#define X(name, number, text) "  " #number "  " text "\n"
	EXIT_STATUSES(X)
#undef X
	;

/* Prints `length` bytes of `text` behind a space, or on a new line if the line would be longer than
 * WIDTH. `*column` is TEXT_COLUMN at the start of a line. */
static void print_piece(const char *text, int length, int *column)
{
	bool is_first = *column == TEXT_COLUMN;

	if (!is_first && *column + 1 + length > WIDTH) {
		printf("\n%*s", TEXT_COLUMN, "");
		*column = TEXT_COLUMN;
		is_first = true;
	}
	*column += printf("%s%.*s", is_first ? "" : " ", length, text);
}

/* Prints label and value as one piece: "(default: 1ms)". */
static void print_note(const char *label, const char *value, int *column)
{
	char note[80];

	print_piece(note, snprintf(note, sizeof(note), "(%s: %s)", label, value), column);
}

static void print_help(const struct option_row *row)
{
	int column = TEXT_COLUMN;

	for (const char *word = row->help; *word; word += strspn(word, " ")) {
		int length = (int)strcspn(word, " ");

		print_piece(word, length, &column);
		word += length;
	}
	if (row->default_text && row->argument)
		print_note("default", row->default_text, &column);
	if (row->flag && row->variable)
		print_note("variable", row->variable, &column);
	putchar('\n');
}

/* "  -p, --pid=PID", "      --once" or "  OTEL_SERVICE_NAME=NAME"; returns the width. */
static int print_name(const struct option_row *row)
{
	int width;

	if (!row->flag)
		width = printf("  %s", row->variable);
	else if (row->letter)
		width = printf("  -%c, %s", row->letter, row->flag);
	else
		width = printf("      %s", row->flag);
	return row->argument ? width + printf("=%s", row->argument) : width;
}

static void print_row(const struct option_row *row)
{
	int width;

	if (row->heading)
		printf("\n%s:\n", row->heading);
	if (!row->help)
		return;
	width = print_name(row);
	if (width > TEXT_COLUMN - 2) {
		putchar('\n');
		width = 0;
	}
	printf("%*s", TEXT_COLUMN - width, "");
	print_help(row);
}

void help__print(void)
{
	fputs(introduction, stdout);
	for (size_t i = 0; i < option_row_count; i++)
		print_row(&option_rows[i]);
	fputs(conclusion, stdout);
}

void help__print_version(void)
{
	puts("scottyscope " SCOTTYSCOPE_VERSION);
}
