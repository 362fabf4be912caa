// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>

#include "base/array.h"
#include "prom/name.h"

Test(prom_label_name, every_key_has_a_name)
{
	static const char *const rows[][2] = {
		{"path", "path"}, {"http.route", "http_route"},
		{"1a", "key_1a"}, {"", "_"},
		{"..", "_"},	  {"le", "le"},
	};
	struct arena *arena = arena__new(0);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *name = prom_label_name(arena, rows[i][0]);

		cr_expect_str_eq(name, rows[i][1], "%s: %s", rows[i][0], name);
	}
	arena__free(arena);
}
