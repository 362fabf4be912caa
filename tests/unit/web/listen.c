// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "web/listen.h"

#include <criterion/criterion.h>

#include "base/array.h"

Test(web_listen, urls)
{
	static const struct {
		const char *host;
		const char *url;
	} rows[] = {
		{"127.0.0.1", "http://127.0.0.1:80/metrics"},
		{"localhost", "http://localhost:80/metrics"},
		{"::1", "http://[::1]:80/metrics"},
		{"2001:db8::7", "http://[2001:db8::7]:80/metrics"},
		{"fe80::1%eth0", "http://[fe80::1%25eth0]:80/metrics"},
		{"0.0.0.0", "http://127.0.0.1:80/metrics"},
		{"::", "http://[::1]:80/metrics"},
		{"0:0::0", "http://[::1]:80/metrics"},
	};
	char url[WEB_URL_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		cr_assert_str_eq(web_listen__url(rows[i].host, 80, url, sizeof(url)), rows[i].url);
}
