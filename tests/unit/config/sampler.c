// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdbool.h>

#include "base/array.h"
#include "parse.h"

TestSuite(config_sampler, .init = clear_environment);

static struct config_sampler sampler_of(const char *line)
{
	struct config *config = accept(line);
	struct config_sampler sampler = config->sampler;

	config__free(config);
	return sampler;
}

static void assert_sampler(enum config_sampler_kind kind, bool parent_based, double ratio)
{
	struct config_sampler sampler = sampler_of("");

	cr_assert_eq(sampler.kind, kind);
	cr_assert_eq(sampler.parent_based, parent_based);
	cr_assert_eq(sampler.ratio, ratio);
}

/* Reads the lines that were written to standard error so far. */
static void read_warnings(char *text, size_t size)
{
	FILE *written = cr_get_redirected_stderr();
	size_t length = 0;
	char line[512];

	fputs("end\n", stderr);
	fflush(stderr);
	*text = '\0';
	while (fgets(line, sizeof(line), written) && strcmp(line, "end\n") != 0)
		length += (size_t)snprintf(text + length, size - length, "%s", line);
}

Test(config_sampler, default_is_parentbased_always_on)
{
	assert_sampler(SAMPLER_ALWAYS_ON, true, 1);
	set("OTEL_TRACES_SAMPLER", "");
	assert_sampler(SAMPLER_ALWAYS_ON, true, 1);
}

Test(config_sampler, names)
{
	static const struct {
		const char *name;
		enum config_sampler_kind kind;
		bool parent_based;
	} rows[] = {
		{"always_on", SAMPLER_ALWAYS_ON, false},
		{"always_off", SAMPLER_ALWAYS_OFF, false},
		{"traceidratio", SAMPLER_RATIO, false},
		{"parentbased_always_on", SAMPLER_ALWAYS_ON, true},
		{"parentbased_always_off", SAMPLER_ALWAYS_OFF, true},
		{"parentbased_traceidratio", SAMPLER_RATIO, true},
		{"Always_OFF", SAMPLER_ALWAYS_OFF, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		set("OTEL_TRACES_SAMPLER", rows[i].name);
		assert_sampler(rows[i].kind, rows[i].parent_based, 1);
	}
}

Test(config_sampler, ratios)
{
	static const struct {
		const char *text;
		double ratio;
	} rows[] = {
		{"0", 0}, {"1", 1}, {"0.25", 0.25}, {".5", 0.5}, {"1e-3", 0.001}, {"1.0", 1},
	};

	set("OTEL_TRACES_SAMPLER", "parentbased_traceidratio");
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		set("OTEL_TRACES_SAMPLER_ARG", rows[i].text);
		assert_sampler(SAMPLER_RATIO, true, rows[i].ratio);
	}
}

/* "The specified value will only be used if OTEL_TRACES_SAMPLER is set." */
Test(config_sampler, an_argument_needs_a_sampler_that_takes_it, .init = cr_redirect_stderr)
{
	char warnings[1024];

	clear_environment();
	set("OTEL_TRACES_SAMPLER_ARG", "0.25");
	assert_sampler(SAMPLER_ALWAYS_ON, true, 1);
	set("OTEL_TRACES_SAMPLER", "always_off");
	assert_sampler(SAMPLER_ALWAYS_OFF, false, 1);
	set("OTEL_TRACES_SAMPLER_ARG", "-");
	assert_sampler(SAMPLER_ALWAYS_OFF, false, 1);
	read_warnings(warnings, sizeof(warnings));
	cr_assert_str_eq(warnings, "");
}

/* The specification's default ratio is 1: all traces. */
Test(config_sampler, a_missing_ratio_is_a_warning, .init = cr_redirect_stderr)
{
	char warnings[1024];

	clear_environment();
	set("OTEL_TRACES_SAMPLER", "parentbased_traceidratio");
	assert_sampler(SAMPLER_RATIO, true, 1);
	read_warnings(warnings, sizeof(warnings));
	cr_assert_str_eq(warnings,
			 "scottyscope: warning: OTEL_TRACES_SAMPLER: 'parentbased_traceidratio' "
			 "without OTEL_TRACES_SAMPLER_ARG keeps all traces\n");
	set("OTEL_TRACES_SAMPLER_ARG", "1");
	assert_sampler(SAMPLER_RATIO, true, 1);
	read_warnings(warnings, sizeof(warnings));
	cr_assert_str_eq(warnings, "");
}

/* "Invalid or unrecognized input MUST be logged and MUST be otherwise ignored." */
Test(config_sampler, bad_values_are_ignored_with_a_warning, .init = cr_redirect_stderr)
{
	static const char *const bad[] = {"1.1", "-0.1", "nan", "x",	 "0x1",
					  "10%", "0,5",	 " 1",	"1e999", "inf"};
	char warnings[8192];

	clear_environment();
	set("OTEL_TRACES_SAMPLER", "traceidratio");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		set("OTEL_TRACES_SAMPLER_ARG", bad[i]);
		assert_sampler(SAMPLER_RATIO, false, 1);
	}
	set("OTEL_TRACES_SAMPLER", "parentbased_jaeger_remote");
	assert_sampler(SAMPLER_ALWAYS_ON, true, 1);
	read_warnings(warnings, sizeof(warnings));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char expected[64];

		snprintf(expected, sizeof(expected), "OTEL_TRACES_SAMPLER_ARG: '%s'", bad[i]);
		cr_assert(strstr(warnings, expected), "%s is not in %s", expected, warnings);
	}
	cr_assert(strstr(warnings, "OTEL_TRACES_SAMPLER: 'parentbased_jaeger_remote'"));
}

Test(config_sampler, warnings_can_be_silenced, .init = cr_redirect_stderr)
{
	char warnings[1024];

	clear_environment();
	set("OTEL_TRACES_SAMPLER", "sometimes");
	cr_assert_eq(sampler_of("-qq").kind, SAMPLER_ALWAYS_ON);
	read_warnings(warnings, sizeof(warnings));
	cr_assert_str_eq(warnings, "");
}
