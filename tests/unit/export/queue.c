// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "export/queue.h"

static struct export_queue queue;
static struct export_drops drops;

static void start(void)
{
	queue = (struct export_queue){.limit_bytes = 100, .limit_items = 10};
}

static void end(void)
{
	export_queue__clear(&queue, &drops);
}

TestSuite(export_queue, .init = start, .fini = end);

static void push(const char *text, uint64_t items, uint64_t now_ns)
{
	export_queue__push(&queue, (const uint8_t *)text, strlen(text), items, now_ns, &drops);
}

static void assert_next(const char *text)
{
	struct export_item *item = export_queue__pop(&queue);

	cr_assert_not_null(item);
	cr_assert_eq(item->size, strlen(text));
	cr_assert_arr_eq(item->bytes, text, item->size);
	free(item);
}

Test(export_queue, first_in_first_out)
{
	cr_assert_null(export_queue__pop(&queue));
	push("one", 1, 1);
	push("three", 3, 2);
	cr_assert_eq(queue.bytes, 8u);
	cr_assert_eq(queue.items, 4u);
	assert_next("one");
	push("two", 2, 3);
	assert_next("three");
	assert_next("two");
	cr_assert_null(export_queue__pop(&queue));
	cr_assert_eq(queue.bytes, 0u);
	cr_assert_eq(queue.items, 0u);
	cr_assert_eq(drops.requests, 0u);
}

Test(export_queue, the_oldest_goes_when_bytes_are_full)
{
	char sixty[61];

	memset(sixty, 'x', 60);
	sixty[60] = '\0';
	push("first", 1, 1);
	push("second", 2, 1);
	push(sixty, 1, 1);
	cr_assert_eq(drops.requests, 0u);
	push(sixty, 1, 1);
	cr_assert_eq(drops.requests, 3u);
	cr_assert_eq(drops.items, 4u);
	cr_assert_eq(queue.bytes, 60u);
	assert_next(sixty);
}

Test(export_queue, the_oldest_goes_when_items_are_full)
{
	push("a", 4, 1);
	push("b", 6, 1);
	push("c", 5, 1);
	cr_assert_eq(drops.requests, 2u);
	cr_assert_eq(drops.items, 10u);
	assert_next("c");
}

Test(export_queue, what_never_fits_is_dropped_alone)
{
	char large[102];

	memset(large, 'x', 101);
	large[101] = '\0';
	push("a", 1, 1);
	push(large, 3, 1);
	push("b", 11, 1);
	cr_assert_eq(drops.requests, 2u);
	cr_assert_eq(drops.items, 14u);
	assert_next("a");
}

Test(export_queue, expires_by_age)
{
	push("a", 1, 10);
	push("b", 2, 20);
	push("c", 3, 30);
	export_queue__expire(&queue, 20, &drops);
	cr_assert_eq(drops.items, 1u);
	export_queue__expire(&queue, 30, &drops);
	cr_assert_eq(drops.items, 3u);
	assert_next("c");
}
