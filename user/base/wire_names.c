// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/wire_names.h"

const char *wire_hook_name(enum hook hook)
{
	static const char *const names[HOOK_COUNT] = {
#define X(identifier, name, help) [HOOK_##identifier] = name,
		HOOK_LIST(X)
#undef X
	};

	return names[hook];
}

const char *wire_hook_program(enum hook hook)
{
	static const char *const programs[HOOK_COUNT] = {
#define X(identifier, name, help) [HOOK_##identifier] = "on_" name,
		HOOK_LIST(X)
#undef X
	};

	return programs[hook];
}

const char *wire_role_name(enum task_role role)
{
	static const char *const names[ROLE_COUNT] = {
#define X(identifier, name) [ROLE_##identifier] = name,
		ROLE_LIST(X)
#undef X
	};

	return names[role];
}

const char *wire_method_name(enum http_method method)
{
	static const char *const names[METHOD_COUNT] = {
#define X(identifier, name) [METHOD_##identifier] = name,
		METHOD_LIST(X)
#undef X
	};

	return method < METHOD_COUNT ? names[method] : names[METHOD_OTHER];
}
