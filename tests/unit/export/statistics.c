// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>

#include "base/array.h"
#include "export/statistics.h"

/* All fields of the list by name, in its order. */
static uint64_t *fields_of(struct export_statistics *statistics, size_t index)
{
	uint64_t *const fields[] = {
#define X(field) &statistics->field,
		EXPORT_COUNTER_LIST(X)
#undef X
	};

	return index < ARRAY_SIZE(fields) ? fields[index] : NULL;
}

Test(export_statistics, counters_are_added_and_the_queue_is_replaced)
{
	struct export_statistics total = {.queue_bytes = 100};
	struct export_statistics more = {.queue_bytes = 7};
	size_t count = 0;

	for (uint64_t *field; (field = fields_of(&more, count)); count++) {
		*field = count + 1;
		*fields_of(&total, count) = 1000;
	}
	/* Every field but the queue's size is in the list. */
	cr_assert_eq(count + 1, sizeof(total) / sizeof(uint64_t));
	export_statistics__add(&total, &more);
	for (size_t i = 0; i < count; i++)
		cr_assert_eq(*fields_of(&total, i), 1001 + i, "field %zu", i);
	cr_assert_eq(total.queue_bytes, 7u);
	cr_assert_eq(total.requests_sent, 1001u);
	cr_assert_eq(total.spans_rejected, 1000u + count);
}
