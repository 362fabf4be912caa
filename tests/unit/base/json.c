// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "unit/hostile.h"

Test(json, text_is_exact_or_repaired)
{
	json_t *exact = json_text("a\n\x1b \"b\\");
	json_t *repaired = json_text(HOSTILE);

	cr_assert_str_eq(json_string_value(exact), "a\n\x1b \"b\\");
	cr_assert_str_eq(json_string_value(repaired), HOSTILE_REPAIRED);
	json_decref(exact);
	json_decref(repaired);
}

Test(json, a_key_is_repaired)
{
	json_t *object = json_set(json_object(), HOSTILE, json_true());

	cr_assert(json_is_true(json_object_get(object, HOSTILE_REPAIRED)));
	json_decref(object);
}

Test(json, numbers_that_json_does_not_have_are_null)
{
	json_t *array = json_append(json_array(), json_number(0.5));

	array = json_append(array, json_number(NAN));
	array = json_append(array, json_number(-INFINITY));
	cr_assert_eq(json_array_size(array), 3);
	cr_assert_eq(json_real_value(json_array_get(array, 0)), 0.5);
	cr_assert(json_is_null(json_array_get(array, 1)));
	cr_assert(json_is_null(json_array_get(array, 2)));
	json_decref(array);
}

/* The sanitizers find references that are kept. */
Test(json, a_part_that_fails_is_the_failure_of_the_document)
{
	json_t *array = json_append(json_array(), json_true());

	array = json_append(array, NULL);
	cr_assert_null(array);
	cr_assert_null(json_append(array, json_string("x")));
	cr_assert_null(json_set(json_object(), "key", NULL));
	cr_assert_null(json_set(NULL, "key", json_string("x")));
}

Test(json, documents_are_printed_or_an_error)
{
	struct error error = {0};
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	cr_assert_eq(json_print(NULL, 0, stream, &error), -ENOMEM);
	cr_assert(strstr(error.message, "JSON"));
	cr_assert_eq(json_print(json_pack("{s:i}", "a", 1), JSON_COMPACT, stream, &error), 0);
	fclose(stream);
	cr_assert_str_eq(text, "{\"a\":1}\n");
	free(text);

	stream = fopen("/dev/full", "w");
	cr_assert_not_null(stream);
	setvbuf(stream, NULL, _IONBF, 0);
	cr_assert_eq(json_print(json_pack("{s:i}", "a", 1), 0, stream, &error), 0);
	cr_assert(ferror(stream));
	fclose(stream);
}
