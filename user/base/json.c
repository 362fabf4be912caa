// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/json.h"

#include <errno.h>
#include <math.h>

#include "base/cleanup.h"
#include "base/utf8.h"

json_t *json_text(const char *text)
{
	_cleanup_free_ char *copy = NULL;

	if (utf8_is_valid(text))
		return json_string(text);
	copy = utf8_repaired_copy(text);
	return copy ? json_string(copy) : NULL;
}

json_t *json_number(double number)
{
	return isfinite(number) ? json_real(number) : json_null();
}

json_t *json_append(json_t *array, json_t *value)
{
	/* Takes the reference of the value in any case, and fails for NULL. */
	if (json_array_append_new(array, value) == 0)
		return array;
	json_decref(array);
	return NULL;
}

json_t *json_set(json_t *object, const char *key, json_t *value)
{
	_cleanup_free_ char *copy = utf8_repaired_copy(key);

	if (!copy)
		json_decref(value);
	else if (json_object_set_new(object, copy, value) == 0)
		return object;
	json_decref(object);
	return NULL;
}

int json_print(json_t *root, size_t flags, FILE *stream, struct error *error)
{
	int r = root ? json_dumpf(root, stream, flags) : -1;

	json_decref(root);
	if (r < 0 && !ferror(stream))
		return error_set(error, -ENOMEM, "cannot make the JSON document: out of memory");
	fputc('\n', stream);
	return 0;
}
