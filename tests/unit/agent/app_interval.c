// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "agent/app_interval.h"

#include <criterion/criterion.h>
#include <string.h>

static void expect(const char *value, const char *expected)
{
	char text[APP_INTERVAL_SIZE];

	cr_expect(strncmp(app_interval__describe(value, text), expected, strlen(expected)) == 0,
		  "%s", text);
}

Test(app_interval, of_the_environment)
{
	expect("15s", "15s (SCOTTY__");
	expect("2h", "2h (SCOTTY__");
}

Test(app_interval, of_the_default_configuration)
{
	expect(NULL, "15m, unless");
	expect("", "15m, unless");
	expect("soon", "15m, unless");
	expect("15", "15m, unless");
	expect("15sx", "15m, unless");
	expect("1234567890s", "15m, unless");
}
