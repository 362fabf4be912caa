// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/level.h"

#include <stddef.h>

const char *const level_names[] = {
	[LEVEL_BASIC] = "basic",
	[LEVEL_STANDARD] = "standard",
	[LEVEL_FULL] = "full",
	NULL,
};
