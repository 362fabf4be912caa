// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "config/environment.h"

/* The samplers that the specification "General SDK Configuration" names, but for those of Jaeger
 * and X-Ray, which ask a server. */
static const struct {
	const char *name;
	enum config_sampler_kind kind;
	bool parent_based;
} samplers[] = {
	{"always_on", SAMPLER_ALWAYS_ON, false},
	{"always_off", SAMPLER_ALWAYS_OFF, false},
	{"traceidratio", SAMPLER_RATIO, false},
	{"parentbased_always_on", SAMPLER_ALWAYS_ON, true},
	{"parentbased_always_off", SAMPLER_ALWAYS_OFF, true},
	{"parentbased_traceidratio", SAMPLER_RATIO, true},
};

/* A decimal number from 0 to 1. */
static bool read_ratio(const char *text, double *ret_ratio)
{
	double ratio;
	char *end;

	if (strspn(text, "0123456789.eE+-") != strlen(text))
		return false;
	ratio = strtod(text, &end);
	if (*end || end == text || !(ratio >= 0 && ratio <= 1))
		return false;
	*ret_ratio = ratio;
	return true;
}

static void warn(const struct config *config, const struct variable *variable, const char *accepted)
{
	if (config->log_level >= LOG_LEVEL_WARNING)
		log_warning("%s: '%.100s' is not accepted and ignored; accepted: %s",
			    variable->name, variable->text, accepted);
}

static bool find_sampler(const char *name, struct config_sampler *sampler)
{
	for (size_t i = 0; i < ARRAY_SIZE(samplers); i++) {
		if (strcasecmp(samplers[i].name, name) == 0) {
			sampler->kind = samplers[i].kind;
			sampler->parent_based = samplers[i].parent_based;
			return true;
		}
	}
	return false;
}

void environment__apply_sampler(struct config *config, const struct file *file)
{
	struct variable name = environment__find(file, "OTEL_TRACES_SAMPLER");
	struct variable ratio = environment__find(file, "OTEL_TRACES_SAMPLER_ARG");

	if (!name.text)
		return;
	if (!find_sampler(name.text, &config->sampler))
		warn(config, &name,
		     "always_on, always_off, traceidratio and the same after parentbased_");
	else if (config->sampler.kind == SAMPLER_RATIO && ratio.text &&
		 !read_ratio(ratio.text, &config->sampler.ratio))
		warn(config, &ratio, "a number from 0 to 1");
}
