// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "metric/descriptions.h"

const struct metric_description metric_descriptions[METRIC_ID_COUNT] = {
#define X(identifier, its_name, scotty_name, its_unit, its_kind, its_attributes, its_help) \
	[METRIC_ID_##identifier] = {                                                       \
		.name = its_name,                                                          \
		.unit = its_unit,                                                          \
		.kind = its_kind,                                                          \
		.attributes = its_attributes,                                              \
		.help = its_help,                                                          \
	},
	METRIC_LIST(X)
#undef X
};

const char *metric_kind_name(enum metric_kind kind)
{
	static const char *const names[] = {
		[METRIC_COUNTER] = "counter",
		[METRIC_UP_DOWN_COUNTER] = "up_down_counter",
		[METRIC_GAUGE] = "gauge",
		[METRIC_HISTOGRAM] = "histogram",
	};

	return names[kind];
}
