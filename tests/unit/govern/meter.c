// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "govern/meter.h"

#include <criterion/criterion.h>

Test(meter, names_the_hooks_that_cost_most)
{
	static struct meter meter = {
		.cost_ns =
			{
				[HOOK_HTTP_PARSE] = 250,
				[HOOK_FRAME_IN] = 700,
				[HOOK_POLL_IDLE] = 50,
			},
	};
	char text[96], small[8];

	cr_assert_str_eq(meter__name_expensive(&meter, text, sizeof(text)),
			 "frame_in 70 %, http_parse 25 %");
	cr_assert_str_eq(meter__name_expensive(&meter, small, sizeof(small)), "frame_i");
}

Test(meter, names_nothing_before_there_are_hits)
{
	static struct meter meter;
	char text[96];

	cr_assert_str_eq(meter__name_expensive(&meter, text, sizeof(text)), "");
}

static bool is_http_parse(const void *context, enum hook hook)
{
	(void)context;
	return hook == HOOK_HTTP_PARSE;
}

Test(meter, share_of_hooks)
{
	static struct meter meter = {.cost_ns = {[HOOK_HTTP_PARSE] = 250, [HOOK_FRAME_IN] = 750}};
	static const struct meter idle;

	cr_assert_float_eq(meter__share(&meter, is_http_parse, NULL), 0.25, 1e-9);
	cr_assert_eq(meter__share(&idle, is_http_parse, NULL), 0.0);
}
