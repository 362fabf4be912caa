// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "front/collection.h"
#include "otlp/otlp.h"

static struct collection *collection;

static void start(void)
{
	cr_assert_eq(collection__new(&collection, NULL), 0);
}

static void end(void)
{
	collection__free(collection);
}

TestSuite(collection, .init = start, .fini = end, .timeout = 30);

struct scraper {
	pthread_t thread;
	enum prom_format format;
	int result;
	char *text;
	size_t size;
};

static void *wait_for_text(void *context)
{
	struct scraper *scraper = context;

	scraper->result =
		collection__wait(collection, scraper->format, &scraper->text, &scraper->size);
	return NULL;
}

static void begin(struct scraper *scraper)
{
	*scraper = (struct scraper){.result = 1};
	cr_assert_eq(pthread_create(&scraper->thread, NULL, wait_for_text, scraper), 0);
}

static void begin_open_metrics(struct scraper *scraper)
{
	*scraper = (struct scraper){.format = PROM_FORMAT_OPENMETRICS, .result = 1};
	cr_assert_eq(pthread_create(&scraper->thread, NULL, wait_for_text, scraper), 0);
}

static int finish(struct scraper *scraper)
{
	pthread_join(scraper->thread, NULL);
	free(scraper->text);
	return scraper->result;
}

/* Waits for a scrape; returns whether a snapshot has to be requested for it now. */
static bool is_requested(uint64_t *ret_sequence)
{
	struct pollfd ready = {.fd = collection__event_fd(collection), .events = POLLIN};

	poll(&ready, 1, 5000);
	return collection__next(collection, ret_sequence);
}

static int add_request(void *sequence, const uint8_t *request, size_t size)
{
	collection__add(collection, *(const uint64_t *)sequence, request, size);
	return 0;
}

Test(collection, a_scrape_gets_the_snapshot_requested_for_it)
{
	struct scraper scraper;
	uint64_t sequence = 0;

	begin(&scraper);
	cr_assert(is_requested(&sequence));
	cr_assert_eq(sequence, 1u);
	collection__end(collection, sequence);
	cr_assert_eq(finish(&scraper), 0);
	cr_assert_eq(collection__counts(collection).answered, 1u);
}

Test(collection, a_late_scrape_waits_for_the_next_snapshot)
{
	struct scraper first, second, third;
	uint64_t sequence = 0;

	begin(&first);
	cr_assert(is_requested(&sequence));
	begin(&second);
	cr_assert_not(is_requested(&sequence));
	begin(&third);
	poll(NULL, 0, 50);
	cr_assert_not(collection__next(collection, &sequence));
	collection__end(collection, 1);
	cr_assert_eq(finish(&first), 0);
	cr_assert_eq(second.result, 1);
	/* One snapshot for the two scrapes that waited. */
	cr_assert(collection__next(collection, &sequence));
	cr_assert_eq(sequence, 2u);
	collection__end(collection, 2);
	cr_assert_eq(finish(&second), 0);
	cr_assert_eq(finish(&third), 0);
	cr_assert_not(collection__next(collection, &sequence));
	cr_assert_eq(collection__counts(collection).answered, 3u);
}

/* Scrapes of both formats share a snapshot; each gets its own text. */
Test(collection, each_scrape_gets_its_format)
{
	struct scraper text, open_metrics, late;
	uint64_t sequence = 0;

	begin(&text);
	cr_assert(is_requested(&sequence));
	begin(&late);
	begin_open_metrics(&open_metrics);
	poll(NULL, 0, 50);
	collection__end(collection, sequence);
	pthread_join(text.thread, NULL);
	cr_assert_eq(text.result, 0);
	cr_assert_eq(text.size, 0u);
	cr_assert(is_requested(&sequence));
	collection__end(collection, sequence);
	pthread_join(open_metrics.thread, NULL);
	cr_assert_eq(open_metrics.result, 0);
	cr_assert_eq(open_metrics.size, strlen("# EOF\n"));
	cr_assert_eq(memcmp(open_metrics.text, "# EOF\n", open_metrics.size), 0);
	cr_assert_eq(finish(&late), 0);
	cr_assert_eq(late.size, 0u);
	free(text.text);
	free(open_metrics.text);
}

Test(collection, a_missing_answer_fails_the_scrape_and_is_requested_again)
{
	struct scraper scraper;
	uint64_t sequence = 0;

	begin(&scraper);
	cr_assert(is_requested(&sequence));
	cr_assert_eq(collection__overdue_ns(collection), 0u);
	cr_assert_eq(finish(&scraper), -ETIMEDOUT);
	cr_assert_gt(collection__overdue_ns(collection), COLLECTION_TIMEOUT_NS);
	begin(&scraper);
	cr_assert(is_requested(&sequence));
	cr_assert_eq(sequence, 2u);
	/* The late answer to the first request does not answer the second. */
	collection__add(collection, 1, (const uint8_t *)"bad", 3);
	collection__end(collection, 1);
	collection__end(collection, 2);
	cr_assert_eq(finish(&scraper), 0);
	cr_assert_eq(collection__overdue_ns(collection), 0u);
	cr_assert_eq(collection__counts(collection).failed, 1u);
}

Test(collection, a_malformed_snapshot_fails_the_scrape)
{
	struct scraper scraper;
	uint64_t sequence = 0;

	begin(&scraper);
	cr_assert(is_requested(&sequence));
	collection__add(collection, sequence, (const uint8_t *)"bad", 3);
	collection__end(collection, sequence);
	cr_assert_eq(finish(&scraper), -EPROTO);
}

Test(collection, closing_ends_present_and_later_scrapes)
{
	struct scraper scraper;
	uint64_t sequence = 0;

	begin(&scraper);
	cr_assert(is_requested(&sequence));
	collection__close(collection);
	cr_assert_eq(finish(&scraper), -ESHUTDOWN);
	begin(&scraper);
	cr_assert_eq(finish(&scraper), -ESHUTDOWN);
}

Test(collection, snapshots_without_a_request_are_ignored)
{
	collection__add(collection, 0, (const uint8_t *)"bad", 3);
	collection__end(collection, 0);
	collection__end(collection, 9);
	cr_assert_eq(collection__overdue_ns(collection), 0u);
}

/* Adds requests of 4 MiB up to one above the limit of 64 MiB. */
Test(collection, a_snapshot_above_the_limit_fails_the_scrape)
{
	static const uint8_t request[4 * 1024 * 1024];
	struct scraper scraper;
	uint64_t sequence = 0;

	begin(&scraper);
	cr_assert(is_requested(&sequence));
	for (int i = 0; i < 17; i++)
		collection__add(collection, sequence, request, sizeof(request));
	collection__end(collection, sequence);
	cr_assert_eq(finish(&scraper), -EMSGSIZE);

	/* The next snapshot starts empty. */
	begin(&scraper);
	cr_assert(is_requested(&sequence));
	collection__end(collection, sequence);
	cr_assert_eq(finish(&scraper), 0);
	cr_assert_eq(collection__counts(collection).answered, 1u);
	cr_assert_eq(collection__counts(collection).failed, 1u);
}

/* Two requests of one snapshot become one exposition. */
Test(collection, the_requests_of_a_snapshot_are_joined)
{
	static const struct metric_description descriptions[] = {
		{"first", "", "", METRIC_GAUGE, ""}, {"second", "", "", METRIC_GAUGE, ""}};
	static const struct otlp_resource resource = {NULL, 0};
	struct scraper scraper;
	uint64_t sequence = 0;

	begin(&scraper);
	cr_assert(is_requested(&sequence));
	for (size_t i = 0; i < 2; i++) {
		struct arena *arena = arena__new(0);
		struct metric_set *set = metric_set__new(arena, 1, 2);

		metric_set__add_integer(set, &descriptions[i], (int64_t)i);
		cr_assert_eq(otlp_encode_metrics(&resource, set, add_request, &sequence, NULL), 0);
		arena__free(arena);
	}
	collection__end(collection, sequence);
	pthread_join(scraper.thread, NULL);
	cr_assert_eq(scraper.result, 0);
	cr_assert_not_null(memmem(scraper.text, scraper.size, "\nfirst 0\n", 9));
	cr_assert_not_null(memmem(scraper.text, scraper.size, "\nsecond 1\n", 10));
	free(scraper.text);
}
