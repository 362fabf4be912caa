// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "serve/scrape.h"

static struct scrape *scrape;

static void start(void)
{
	cr_assert_eq(scrape__new(&scrape, NULL), 0);
}

static void end(void)
{
	scrape__free(scrape);
}

TestSuite(scrape, .init = start, .fini = end, .timeout = 30);

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

	scraper->result = scrape__wait(scrape, scraper->format, &scraper->text, &scraper->size);
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

/* Waits until a scrape asks; whether a collection is to be made for it now. */
static bool is_asked(uint64_t *ret_sequence)
{
	struct pollfd ready = {.fd = scrape__event_fd(scrape), .events = POLLIN};

	poll(&ready, 1, 5000);
	return scrape__next(scrape, ret_sequence);
}

Test(scrape, gets_the_collection_it_asked_for)
{
	struct scraper scraper;
	uint64_t sequence = 0;

	begin(&scraper);
	cr_assert(is_asked(&sequence));
	cr_assert_eq(sequence, 1u);
	scrape__end(scrape, sequence);
	cr_assert_eq(finish(&scraper), 0);
	cr_assert_eq(scrape__counts(scrape).answered, 1u);
}

Test(scrape, that_comes_late_waits_for_the_next)
{
	struct scraper first, second, third;
	uint64_t sequence = 0;

	begin(&first);
	cr_assert(is_asked(&sequence));
	begin(&second);
	cr_assert_not(is_asked(&sequence));
	begin(&third);
	poll(NULL, 0, 50);
	cr_assert_not(scrape__next(scrape, &sequence));
	scrape__end(scrape, 1);
	cr_assert_eq(finish(&first), 0);
	cr_assert_eq(second.result, 1);
	/* One collection for the two that waited. */
	cr_assert(scrape__next(scrape, &sequence));
	cr_assert_eq(sequence, 2u);
	scrape__end(scrape, 2);
	cr_assert_eq(finish(&second), 0);
	cr_assert_eq(finish(&third), 0);
	cr_assert_not(scrape__next(scrape, &sequence));
	cr_assert_eq(scrape__counts(scrape).answered, 3u);
}

/* Scrapes of both formats share a collection; each gets its own text. */
Test(scrape, gets_its_format)
{
	struct scraper text, open_metrics, late;
	uint64_t sequence = 0;

	begin(&text);
	cr_assert(is_asked(&sequence));
	begin(&late);
	begin_open_metrics(&open_metrics);
	poll(NULL, 0, 50);
	scrape__end(scrape, sequence);
	pthread_join(text.thread, NULL);
	cr_assert_eq(text.result, 0);
	cr_assert_eq(text.size, 0u);
	cr_assert(is_asked(&sequence));
	scrape__end(scrape, sequence);
	pthread_join(open_metrics.thread, NULL);
	cr_assert_eq(open_metrics.result, 0);
	cr_assert_eq(open_metrics.size, strlen("# EOF\n"));
	cr_assert_eq(memcmp(open_metrics.text, "# EOF\n", open_metrics.size), 0);
	cr_assert_eq(finish(&late), 0);
	cr_assert_eq(late.size, 0u);
	free(text.text);
	free(open_metrics.text);
}

Test(scrape, fails_when_no_answer_comes_and_the_next_asks_again)
{
	struct scraper scraper;
	uint64_t sequence = 0;

	begin(&scraper);
	cr_assert(is_asked(&sequence));
	cr_assert_eq(scrape__overdue_ns(scrape), 0u);
	cr_assert_eq(finish(&scraper), -ETIMEDOUT);
	cr_assert_gt(scrape__overdue_ns(scrape), SCRAPE_TIMEOUT_NS);
	begin(&scraper);
	cr_assert(is_asked(&sequence));
	cr_assert_eq(sequence, 2u);
	/* The late answer to the first is none to the second. */
	scrape__add(scrape, 1, (const uint8_t *)"bad", 3);
	scrape__end(scrape, 1);
	scrape__end(scrape, 2);
	cr_assert_eq(finish(&scraper), 0);
	cr_assert_eq(scrape__overdue_ns(scrape), 0u);
	cr_assert_eq(scrape__counts(scrape).failed, 1u);
}

Test(scrape, of_bytes_that_are_no_request_fails)
{
	struct scraper scraper;
	uint64_t sequence = 0;

	begin(&scraper);
	cr_assert(is_asked(&sequence));
	scrape__add(scrape, sequence, (const uint8_t *)"bad", 3);
	scrape__end(scrape, sequence);
	cr_assert_eq(finish(&scraper), -EPROTO);
}

Test(scrape, ends_when_closed)
{
	struct scraper scraper;
	uint64_t sequence = 0;

	begin(&scraper);
	cr_assert(is_asked(&sequence));
	scrape__close(scrape);
	cr_assert_eq(finish(&scraper), -ESHUTDOWN);
	begin(&scraper);
	cr_assert_eq(finish(&scraper), -ESHUTDOWN);
}

Test(scrape, frames_without_a_question_are_ignored)
{
	scrape__add(scrape, 0, (const uint8_t *)"bad", 3);
	scrape__end(scrape, 0);
	scrape__end(scrape, 9);
	cr_assert_eq(scrape__overdue_ns(scrape), 0u);
}
