// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "metric/descriptions.h"

const struct metric_description metric_descriptions[METRIC_ID_COUNT] = {
#define X(identifier, its_name, scotty_name, its_unit, its_kind, its_help) \
	[METRIC_ID_##identifier] = {                                       \
		.name = its_name,                                          \
		.unit = its_unit,                                          \
		.kind = its_kind,                                          \
		.help = its_help,                                          \
	},
	METRIC_LIST(X)
#undef X
};
