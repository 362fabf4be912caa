// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/wire_names.h"

#include <criterion/criterion.h>
#include <string.h>

Test(base_wire_names, a_program_has_the_name_of_its_hook)
{
	for (int i = 0; i < HOOK_COUNT; i++) {
		const char *program = wire_hook_program((enum hook)i);

		cr_assert_eq(strncmp(program, "on_", 3), 0, "%s", program);
		cr_expect_str_eq(program + 3, wire_hook_name((enum hook)i));
	}
	cr_expect_str_eq(wire_hook_name(HOOK_HTTP_PARSE), "http_parse");
	cr_expect_str_eq(wire_hook_program(HOOK_RSS_STAT), "on_rss_stat");
}

Test(base_wire_names, roles)
{
	cr_expect_str_eq(wire_role_name(ROLE_NONE), "none");
	cr_expect_str_eq(wire_role_name(ROLE_WEBSOCKET), "websocket_connection");
	cr_expect_str_eq(wire_role_name(ROLE_COMPOSE_TASK), "compose_task");
}

Test(base_wire_names, methods_have_the_names_of_the_conventions)
{
	cr_assert_str_eq(wire_method_name(METHOD_GET), "GET");
	cr_assert_str_eq(wire_method_name(METHOD_PATCH), "PATCH");
	cr_assert_str_eq(wire_method_name(METHOD_OTHER), "_OTHER");
	cr_assert_str_eq(wire_method_name(METHOD_COUNT), "_OTHER");
}
