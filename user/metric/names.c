// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "metric/names.h"

#include <string.h>

#include "base/array.h"
#include "metric/descriptions.h"

struct naming {
	const char *name;
	const char *scotty_name; /* NULL: the same */
};

static const struct naming metrics[] = {
#define X(identifier, its_name, its_scotty_name, unit, kind, attributes, help) \
	{its_name, its_scotty_name},
	METRIC_LIST(X)
#undef X
};

static const struct naming attributes[] = {
#define X(key, scotty_key, help) {key, scotty_key},
	METRIC_ATTRIBUTE_LIST(X)
#undef X
};

static const char *name_in(enum config_names names, const struct naming *namings, size_t count,
			   const char *name)
{
	if (names == NAMES_DOCS)
		return name;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(namings[i].name, name) == 0)
			return namings[i].scotty_name ? namings[i].scotty_name : name;
	}
	return name;
}

const char *metric_name_in(enum config_names names, const char *name)
{
	return name_in(names, metrics, ARRAY_SIZE(metrics), name);
}

const char *metric_attribute_name_in(enum config_names names, const char *key)
{
	return name_in(names, attributes, ARRAY_SIZE(attributes), key);
}
