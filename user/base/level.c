// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/level.h"

const char *const level_names[LEVEL_COUNT] = {
	[LEVEL_FULL] = "full",
	[LEVEL_STANDARD] = "standard",
	[LEVEL_BASIC] = "basic",
};
