// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "web/route.h"

static const struct web_route items[] = {
	{.method = "GET", .path = "/"},
	{.method = "GET", .path = "/both"},
	{.method = "POST", .path = "/both"},
	{.method = "POST", .path = "/post"},
};
static const struct web_routes routes = {.items = items, .count = ARRAY_SIZE(items)};
/* The first two rows: no path has POST. */
static const struct web_routes gets = {.items = items, .count = 2};

static const struct web_route *find(const char *method, const char *path)
{
	enum web_status status;

	return web_routes__find(&routes, method, path, &status);
}

static enum web_status refusal(const struct web_routes *from, const char *method, const char *path)
{
	enum web_status status = WEB_STATUS_OK;

	cr_assert_null(web_routes__find(from, method, path, &status), "%s %s", method, path);
	return status;
}

Test(web_route, rows_are_found_by_method_and_path)
{
	cr_assert_eq(find("GET", "/"), &items[0]);
	cr_assert_eq(find("GET", "/both"), &items[1]);
	cr_assert_eq(find("POST", "/both"), &items[2]);
	cr_assert_eq(find("POST", "/post"), &items[3]);
}

Test(web_route, head_is_answered_by_get)
{
	cr_assert_eq(find("HEAD", "/both"), &items[1]);
	cr_assert_eq(refusal(&routes, "HEAD", "/post"), WEB_STATUS_METHOD_NOT_ALLOWED);
}

Test(web_route, refusals)
{
	cr_assert_eq(refusal(&routes, "GET", "/nothing"), WEB_STATUS_NOT_FOUND);
	cr_assert_eq(refusal(&routes, "GET", "/both/"), WEB_STATUS_NOT_FOUND);
	cr_assert_eq(refusal(&routes, "GET", ""), WEB_STATUS_NOT_FOUND);
	cr_assert_eq(refusal(&routes, "POST", "/"), WEB_STATUS_METHOD_NOT_ALLOWED);
	cr_assert_eq(refusal(&routes, "get", "/"), WEB_STATUS_METHOD_NOT_ALLOWED);
	cr_assert_eq(refusal(&routes, "POST", "/nothing"), WEB_STATUS_NOT_FOUND);
	/* No row has the method, so that it is not allowed for any path. */
	cr_assert_eq(refusal(&gets, "POST", "/nothing"), WEB_STATUS_METHOD_NOT_ALLOWED);
}

Test(web_route, allow_lists_the_methods_of_a_path)
{
	char text[64];

	web_routes__allow(&routes, "/", text, sizeof(text));
	cr_assert_str_eq(text, "GET, HEAD");
	web_routes__allow(&routes, "/both", text, sizeof(text));
	cr_assert_str_eq(text, "GET, HEAD, POST");
	web_routes__allow(&routes, "/post", text, sizeof(text));
	cr_assert_str_eq(text, "POST");
	web_routes__allow(&routes, "/nothing", text, sizeof(text));
	cr_assert_str_eq(text, "GET, HEAD, POST");
	web_routes__allow(&routes, "/both", text, 8);
	cr_assert_str_eq(text, "GET, HE");
}

Test(web_route, a_printed_body)
{
	struct web_response response = {.status = WEB_STATUS_OK};

	cr_assert_eq(web_response__print(&response, "%d of %s", 7, "x"), 0);
	cr_assert_str_eq(response.body, "7 of x");
	cr_assert_eq(response.size, 6u);
	free(response.body);
}
