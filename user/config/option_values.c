// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "config/option_values.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/clock.h"
#include "config/option_table.h"
#include "config/values.h"

static const char *const format_names[] = {
	[FORMAT_TEXT] = "text",
	[FORMAT_JSON] = "json",
	[FORMAT_PROMETHEUS] = "prometheus",
};

static int take_selection(struct option_parse *parse, int key, const char *name, const char *text)
{
	struct config *config = parse->config;
	const char *option = option__of_key(key)->name;
	uint64_t number;
	int r;

	if (parse->selection && strcmp(parse->selection, option) != 0)
		return error_set(parse->error, -EINVAL, "%s and --%s cannot be given together",
				 name, parse->selection);
	parse->selection = option;
	if (key == OPTION_EXE) {
		if (*text == '\0' || strchr(text, '/'))
			return value_refuse(parse->error, name, text,
					    "the name of an executable without its directory");
		free(config->executable);
		config->executable = strdup(text);
		return config->executable ? 0 : error_out_of_memory(parse->error);
	}
	r = value_parse_number(name, text, 1, key == OPTION_PID ? INT_MAX : UINT16_MAX, &number,
			       parse->error);
	if (r < 0)
		return r;
	if (key == OPTION_PID)
		config->pid = (pid_t)number;
	else
		config->port = (uint16_t)number;
	return 0;
}

static int take_choice(struct option_parse *parse, int key, const char *name, const char *text)
{
	static const char *const attachments[] = {
		[ATTACH_AUTO] = "auto",
		[ATTACH_SINGLE] = "single",
	};
	static const char *const names[] = {
		[NAMES_DOCS] = "docs",
		[NAMES_SCOTTY_0_3] = "scotty-0.3",
	};
	static const char *const histograms[] = {
		[HISTOGRAMS_EXPLICIT] = "explicit",
		[HISTOGRAMS_EXPONENTIAL] = "exponential",
	};
	struct config *config = parse->config;
	size_t index;
	int r;

	switch (key) {
	case OPTION_ATTACH:
		r = value_parse_choice(name, text, attachments, ARRAY_SIZE(attachments), &index,
				       parse->error);
		if (r >= 0)
			config->attach = (enum config_attach)index;
		return r;
	case OPTION_HISTOGRAMS:
		r = value_parse_choice(name, text, histograms, ARRAY_SIZE(histograms), &index,
				       parse->error);
		if (r >= 0)
			config->histograms = (enum config_histograms)index;
		return r;
	case OPTION_LEVEL:
		r = value_parse_choice(name, text, level_names, LEVEL_COUNT, &index, parse->error);
		if (r >= 0)
			config->level = (enum level)index;
		return r;
	default:
		r = value_parse_choice(name, text, names, ARRAY_SIZE(names), &index, parse->error);
		if (r >= 0)
			config->metric_names = (enum config_names)index;
		return r;
	}
}

/* A decimal number over 0 and up to 100, or none. */
static int take_overhead(struct option_parse *parse, const char *name, const char *text)
{
	double percent;
	char *end;

	if (strcasecmp(text, "none") == 0) {
		parse->config->max_overhead = 0;
		return 0;
	}
	percent = strtod(text, &end);
	if (strspn(text, "0123456789.") != strlen(text) || end == text || *end ||
	    !(percent > 0 && percent <= 100))
		return value_refuse(parse->error, name, text,
				    "a percentage over 0 and up to 100, or none");
	parse->config->max_overhead = percent / 100;
	return 0;
}

static int take_limit(struct option_parse *parse, int key, const char *name, const char *text)
{
	bool is_series = key == OPTION_MAX_SERIES;
	uint64_t number;
	int r = value_parse_number(name, text, 1, is_series ? 100000 : 1000000, &number,
				   parse->error);

	if (r < 0)
		return r;
	if (is_series)
		parse->config->max_series = (uint32_t)number;
	else
		parse->config->max_tasks = (uint32_t)number;
	return 0;
}

/* A number, or none. */
static int take_span_rate(struct option_parse *parse, const char *name, const char *text)
{
	uint64_t number = 0;
	int r;

	if (strcasecmp(text, "none") != 0) {
		r = value_parse_number(name, text, 1, 1000000, &number, parse->error);
		if (r < 0)
			return value_refuse(parse->error, name, text,
					    "a whole number from 1 to 1000000, or none");
	}
	parse->config->max_span_rate = (uint32_t)number;
	return 0;
}

static int take_flag(struct option_parse *parse, int key)
{
	switch (key) {
	case OPTION_ONCE:
		parse->config->once = true;
		return 0;
	case OPTION_REPORT:
		parse->config->report = true;
		return 0;
	case OPTION_VERBOSE:
		parse->verbosity++;
		return 0;
	default:
		parse->verbosity--;
		return 0;
	}
}

int option_parse__take(struct option_parse *parse, int key, const char *name, const char *text)
{
	struct config *config = parse->config;

	switch (key) {
	case OPTION_PID:
	case OPTION_EXE:
	case OPTION_PORT:
		return take_selection(parse, key, name, text);
	case OPTION_DURATION:
		return value_parse_duration(name, text, NS_PER_MS, 8760 * 3600 * NS_PER_S,
					    &config->duration_ns, parse->error);
	case OPTION_FORMAT:
		parse->format = text;
		snprintf(parse->format_name, sizeof(parse->format_name), "%s", name);
		return 0;
	case OPTION_LISTEN:
		parse->options->listen = text;
		return 0;
	case OPTION_OTLP_ENDPOINT:
		parse->options->otlp_endpoint = text;
		return 0;
	case OPTION_SLOW_POLL:
		return value_parse_duration(name, text, NS_PER_US, 3600 * NS_PER_S,
					    &config->slow_poll_ns, parse->error);
	case OPTION_APP_SAMPLE:
		return value_parse_duration(name, text, NS_PER_MS, 24 * 3600 * NS_PER_S,
					    &config->app_sample_ns, parse->error);
	case OPTION_MAX_OVERHEAD:
		return take_overhead(parse, name, text);
	case OPTION_MAX_SPAN_AGE:
		return value_parse_duration(name, text, NS_PER_MS, 8760 * 3600 * NS_PER_S,
					    &config->span_age_limit_ns, parse->error);
	case OPTION_MAX_SPAN_RATE:
		return take_span_rate(parse, name, text);
	case OPTION_MAX_SERIES:
	case OPTION_MAX_TASKS:
		return take_limit(parse, key, name, text);
	case OPTION_ATTACH:
	case OPTION_METRIC_NAMES:
	case OPTION_HISTOGRAMS:
	case OPTION_LEVEL:
		return take_choice(parse, key, name, text);
	default:
		return take_flag(parse, key);
	}
}

int option_parse__finish(struct option_parse *parse)
{
	struct config *config = parse->config;
	bool is_run = config->command == COMMAND_RUN;
	size_t index = FORMAT_TEXT;
	int level = LOG_LEVEL_INFO + parse->verbosity;
	int r;

	if (config->once && config->report)
		return error_set(parse->error, -EINVAL,
				 "--once and --report cannot be given together");
	if (parse->format) {
		/* Prometheus is the last one; only `run` prints values of metrics. */
		r = value_parse_choice(parse->format_name, parse->format, format_names,
				       is_run ? ARRAY_SIZE(format_names) : FORMAT_PROMETHEUS,
				       &index, parse->error);
		if (r < 0)
			return r;
	}
	config->format = (enum config_format)index;
	if (level < LOG_LEVEL_ERROR)
		level = LOG_LEVEL_ERROR;
	config->log_level = level > LOG_LEVEL_DEBUG ? LOG_LEVEL_DEBUG : (enum log_level)level;
	return 0;
}
