// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "config/sampler.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/log.h"

#define SAMPLER "OTEL_TRACES_SAMPLER"
#define RATIO	"OTEL_TRACES_SAMPLER_ARG"

/* The samplers of the specification "General SDK Configuration", without the samplers of Jaeger and
 * X-Ray, which ask a server. */
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

void sampler__set_default(struct config_sampler *ret_sampler)
{
	find_sampler(sources__default(option_row__of_variable(SAMPLER)).text, ret_sampler);
	read_ratio(sources__default(option_row__of_variable(RATIO)).text, &ret_sampler->ratio);
}

static void warn(const struct given *given, const char *accepted)
{
	log_warning("%s: '%.100s' is not accepted and ignored; accepted: %s", given->name,
		    given->text, accepted);
}

void sampler__read(struct config *config, const struct sources *sources)
{
	struct given name = sources__find_variable(sources, SAMPLER);
	struct given ratio = sources__find_variable(sources, RATIO);
	bool is_logged = config->log_level >= LOG_LEVEL_WARNING;

	if (!find_sampler(name.text, &config->sampler)) {
		if (is_logged)
			warn(&name, "always_on, always_off, traceidratio, or parentbased_ followed "
				    "by one of these");
		return;
	}
	if (config->sampler.kind != SAMPLER_RATIO)
		return;
	if (ratio.source == SOURCE_DEFAULT && is_logged)
		log_warning("%s: '%.100s' without " RATIO " keeps all traces", name.name,
			    name.text);
	if (!read_ratio(ratio.text, &config->sampler.ratio) && is_logged)
		warn(&ratio, "a number from 0 to 1");
}
