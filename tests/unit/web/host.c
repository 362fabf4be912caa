// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <string.h>

#include "base/array.h"
#include "web/host.h"

Test(web_host, allowed)
{
	static const char *const headers[] = {
		"127.0.0.1",	 "127.0.0.1:9464", "[::1]",	      "[::1]:9464", "10.1.2.3",
		"localhost",	 "LocalHost:9464", "localhost.",      "node-1",	    "NODE-1:80",
		"metrics.test:", "metrics.test:1", "[fe80::1]:65535", "localhost:",
	};

	for (size_t i = 0; i < ARRAY_SIZE(headers); i++)
		cr_expect(web_host_is_allowed(headers[i], "node-1", "metrics.test"), "%s",
			  headers[i]);
	cr_expect(web_host_is_allowed(NULL, NULL, NULL));
}

Test(web_host, refused)
{
	static char long_name[1000];
	static const char *const headers[] = {
		"",
		"attacker.example",
		"attacker.example:9464",
		"localhost.attacker.example",
		"127.0.0.1.attacker.example",
		":9464",
		"[::1",
		"[]",
		"localhost:80@attacker.example",
		"node-2",
		"localhost:80:80",
		"::1",
		"node-1 ",
		long_name,
		"127.1.1",
		"0x7f.0.0.1",
	};

	memset(long_name, 'a', sizeof(long_name) - 1);
	for (size_t i = 0; i < ARRAY_SIZE(headers); i++)
		cr_expect_not(web_host_is_allowed(headers[i], "node-1", NULL), "%s", headers[i]);
}
