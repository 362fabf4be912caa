// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/clock.h"
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
	uint64_t since_ns;
	int result;
	struct collected collected;
};

static void *wait_for_text(void *context)
{
	struct scraper *scraper = context;

	scraper->result = collection__wait(collection, scraper->format, scraper->since_ns,
					   &scraper->collected);
	return NULL;
}

static void begin_since(struct scraper *scraper, uint64_t since_ns)
{
	*scraper = (struct scraper){.since_ns = since_ns, .result = 1};
	cr_assert_eq(pthread_create(&scraper->thread, NULL, wait_for_text, scraper), 0);
}

static void begin(struct scraper *scraper)
{
	begin_since(scraper, 0);
}

static void begin_open_metrics(struct scraper *scraper)
{
	*scraper = (struct scraper){.format = PROM_FORMAT_OPENMETRICS, .result = 1};
	cr_assert_eq(pthread_create(&scraper->thread, NULL, wait_for_text, scraper), 0);
}

static int finish(struct scraper *scraper)
{
	pthread_join(scraper->thread, NULL);
	free(scraper->collected.text);
	return scraper->result;
}

/* Waits for a scrape; returns whether a snapshot has to be requested for it now. */
static bool is_requested(uint64_t *ret_sequence)
{
	struct pollfd ready = {.fd = collection__event_fd(collection), .events = POLLIN};
	uint64_t since_ns;

	poll(&ready, 1, 5000);
	return collection__next(collection, ret_sequence, &since_ns);
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
	collection__end(collection, sequence, 100);
	cr_assert_eq(finish(&scraper), 0);
	cr_assert_eq(scraper.collected.now_ns, 100u);
	cr_assert_eq(collection__counts(collection).answered, 1u);
}

/* Scrapes that come one after another are a burst, then at the rate. */
Test(collection, requests_have_a_rate)
{
	uint64_t sequence = 0, before = clock_monotonic_ns(), delay_ns, since_ns;
	struct scraper scraper;

	for (int i = 0; i < COLLECTION_BURST; i++) {
		begin(&scraper);
		cr_assert(is_requested(&sequence));
		collection__end(collection, sequence, 100);
		cr_assert_eq(finish(&scraper), 0);
		cr_assert_eq(collection__delay_ns(collection), 0u);
	}
	for (int i = 0; i < 10; i++) {
		bool is_next;

		begin(&scraper);
		is_next = is_requested(&sequence);
		while (!is_next) {
			delay_ns = collection__delay_ns(collection);
			cr_assert_leq(delay_ns, COLLECTION_INTERVAL_NS);
			usleep((useconds_t)(delay_ns / NS_PER_US) + 1);
			is_next = collection__next(collection, &sequence, &since_ns);
		}
		collection__end(collection, sequence, 100);
		cr_assert_eq(finish(&scraper), 0);
	}
	cr_assert_geq(clock_monotonic_ns() - before, 9 * COLLECTION_INTERVAL_NS);
}

Test(collection, a_late_scrape_waits_for_the_next_snapshot)
{
	struct scraper first, second, third;
	uint64_t sequence = 0, since_ns;

	begin(&first);
	cr_assert(is_requested(&sequence));
	begin(&second);
	cr_assert_not(is_requested(&sequence));
	begin(&third);
	poll(NULL, 0, 50);
	cr_assert_not(collection__next(collection, &sequence, &since_ns));
	collection__end(collection, 1, 100);
	cr_assert_eq(finish(&first), 0);
	cr_assert_eq(second.result, 1);
	/* One snapshot for the two scrapes that waited. */
	cr_assert(collection__next(collection, &sequence, &since_ns));
	cr_assert_eq(sequence, 2u);
	collection__end(collection, 2, 100);
	cr_assert_eq(finish(&second), 0);
	cr_assert_eq(finish(&third), 0);
	cr_assert_not(collection__next(collection, &sequence, &since_ns));
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
	collection__end(collection, sequence, 100);
	pthread_join(text.thread, NULL);
	cr_assert_eq(text.result, 0);
	cr_assert_eq(text.collected.size, 0u);
	cr_assert(is_requested(&sequence));
	collection__end(collection, sequence, 100);
	pthread_join(open_metrics.thread, NULL);
	cr_assert_eq(open_metrics.result, 0);
	cr_assert_eq(open_metrics.collected.size, strlen("# EOF\n"));
	cr_assert_eq(memcmp(open_metrics.collected.text, "# EOF\n", open_metrics.collected.size),
		     0);
	cr_assert_eq(finish(&late), 0);
	cr_assert_eq(late.collected.size, 0u);
	free(text.collected.text);
	free(open_metrics.collected.text);
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
	collection__end(collection, 1, 100);
	collection__end(collection, 2, 100);
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
	collection__end(collection, sequence, 100);
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
	collection__end(collection, 0, 100);
	collection__end(collection, 9, 100);
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
	collection__end(collection, sequence, 100);
	cr_assert_eq(finish(&scraper), -EMSGSIZE);

	/* The next snapshot starts empty. */
	begin(&scraper);
	cr_assert(is_requested(&sequence));
	collection__end(collection, sequence, 100);
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
	collection__end(collection, sequence, 100);
	pthread_join(scraper.thread, NULL);
	cr_assert_eq(scraper.result, 0);
	cr_assert_not_null(
		memmem(scraper.collected.text, scraper.collected.size, "\nfirst 0\n", 9));
	cr_assert_not_null(
		memmem(scraper.collected.text, scraper.collected.size, "\nsecond 1\n", 10));
	free(scraper.collected.text);
}

/* Waits until a scrape has joined its batch. */
static void wait_for_event(void)
{
	struct pollfd ready = {.fd = collection__event_fd(collection), .events = POLLIN};
	eventfd_t events;

	cr_assert_eq(poll(&ready, 1, 5000), 1);
	eventfd_read(ready.fd, &events);
}

Test(collection, scrapes_of_other_intervals_have_snapshots_of_their_own)
{
	static const uint64_t sinces[] = {0, 70, 50, 70};
	static const uint64_t requested[] = {0, 70, 50};
	struct scraper scrapers[ARRAY_SIZE(sinces)];
	uint64_t sequence = 0, since_ns = 1;

	for (size_t i = 0; i < ARRAY_SIZE(sinces); i++) {
		begin_since(&scrapers[i], sinces[i]);
		wait_for_event();
	}
	/* In the order in which they began; one at a time. */
	for (size_t i = 0; i < ARRAY_SIZE(requested); i++) {
		cr_assert(collection__next(collection, &sequence, &since_ns));
		cr_assert_eq(since_ns, requested[i]);
		cr_assert_not(collection__next(collection, &sequence, &since_ns));
		collection__end(collection, sequence, 100 + i);
	}
	cr_assert_not(collection__next(collection, &sequence, &since_ns));
	for (size_t i = 0; i < ARRAY_SIZE(sinces); i++)
		cr_assert_eq(finish(&scrapers[i]), 0);
	cr_assert_eq(scrapers[0].collected.now_ns, 100u);
	cr_assert_eq(scrapers[1].collected.now_ns, 101u);
	cr_assert_eq(scrapers[2].collected.now_ns, 102u);
	cr_assert_eq(scrapers[3].collected.now_ns, 101u);
}

Test(collection, a_scrape_above_the_limit_joins_the_last_snapshot)
{
	struct scraper scrapers[COLLECTION_BATCH_LIMIT + 2];
	uint64_t sequence = 0, since_ns = 0;

	for (size_t i = 0; i < ARRAY_SIZE(scrapers); i++) {
		begin_since(&scrapers[i], 1000 - i);
		wait_for_event();
	}
	for (size_t i = 0; i < COLLECTION_BATCH_LIMIT; i++) {
		cr_assert(collection__next(collection, &sequence, &since_ns));
		collection__end(collection, sequence, sequence);
	}
	/* The last batch has the longest interval of its scrapes. */
	cr_assert_eq(since_ns, 1000 - (COLLECTION_BATCH_LIMIT + 1));
	cr_assert_not(collection__next(collection, &sequence, &since_ns));
	for (size_t i = 0; i < ARRAY_SIZE(scrapers); i++)
		cr_assert_eq(finish(&scrapers[i]), 0);
}

Test(collection, no_snapshot_for_a_scrape_that_has_given_up)
{
	struct scraper first, second;
	uint64_t sequence = 0, since_ns;

	begin_since(&first, 10);
	cr_assert(is_requested(&sequence));
	begin_since(&second, 20);
	cr_assert_eq(finish(&first), -ETIMEDOUT);
	cr_assert_eq(finish(&second), -ETIMEDOUT);
	/* The late answer has no scrape; it shows that the agent works again. */
	cr_assert_gt(collection__overdue_ns(collection), 0u);
	collection__end(collection, sequence, 100);
	cr_assert_eq(collection__overdue_ns(collection), 0u);
	cr_assert_not(collection__next(collection, &sequence, &since_ns));
}
