// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>

#include "base/array.h"
#include "export/sender.h"

/* The sender with a transport that gives the results of a script, the last one for ever. */

struct fake_client {
	struct export_client base;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	const struct export_result *script;
	size_t length;
	size_t calls;
	bool waited[16];  /* the call was allowed to wait for a connection */
	bool is_blocking; /* calls end only when they are cancelled */
	bool is_interrupted;
	bool is_cancelled;
};

static struct fake_client fake = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.changed = PTHREAD_COND_INITIALIZER,
};
static char target[] = "collector:4317";
static const struct config_otlp config = {
	.metrics_target = target, .traces_target = target, .span_queue = 10};
static struct export_sender *sender;
static struct export_counts counts;

static int new_client(const struct config_otlp *otlp, enum export_signal signal,
		      struct export_client **ret_client, struct error *error)
{
	(void)otlp;
	(void)signal;
	(void)error;
	*ret_client = &fake.base;
	return 0;
}

static void free_client(struct export_client *client)
{
	cr_assert_eq(client, &fake.base);
}

static void call(struct export_client *client, const uint8_t *request, size_t size, uint64_t items,
		 bool wait_for_connection, struct export_result *ret_result)
{
	(void)client;
	(void)request;
	(void)size;
	(void)items;
	pthread_mutex_lock(&fake.lock);
	*ret_result = fake.script[fake.calls < fake.length ? fake.calls : fake.length - 1];
	fake.waited[fake.calls % ARRAY_SIZE(fake.waited)] = wait_for_connection;
	fake.calls++;
	while (fake.is_blocking && !fake.is_interrupted && !fake.is_cancelled)
		pthread_cond_wait(&fake.changed, &fake.lock);
	fake.is_interrupted = false;
	pthread_mutex_unlock(&fake.lock);
}

static void cancel(struct export_client *client, bool and_later_calls)
{
	(void)client;
	pthread_mutex_lock(&fake.lock);
	fake.is_interrupted = true;
	fake.is_cancelled |= and_later_calls;
	pthread_cond_broadcast(&fake.changed);
	pthread_mutex_unlock(&fake.lock);
}

static const struct export_transport transport = {
	.new_client = new_client,
	.free_client = free_client,
	.call = call,
	.cancel = cancel,
};

static size_t calls(void)
{
	size_t made;

	pthread_mutex_lock(&fake.lock);
	made = fake.calls;
	pthread_mutex_unlock(&fake.lock);
	return made;
}

static void start(const struct export_result *script, size_t length)
{
	fake.script = script;
	fake.length = length;
	cr_assert_eq(export_sender__new(&config, EXPORT_SPANS, &transport, &sender, NULL), 0);
}

static void queue(uint64_t items)
{
	export_sender__queue(sender, (const uint8_t *)"request", 7, items);
}

/* Waits until the sender has made `count` calls and, with `is_empty`, has nothing left. */
static void await(size_t count, bool is_empty)
{
	for (int i = 0; i < 3000; i++) {
		export_sender__counts(sender, &counts);
		if (calls() >= count && (!is_empty || counts.queue_bytes == 0))
			return;
		poll(NULL, 0, 10);
	}
	cr_assert_fail("%zu calls, %llu bytes left", calls(),
		       (unsigned long long)counts.queue_bytes);
}

static void end(void)
{
	export_sender__free(sender);
}

TestSuite(export_sender, .fini = end, .timeout = 60);

static const struct export_result delivered = {.outcome = EXPORT_DELIVERED};

Test(export_sender, delivered_and_rejected_items_are_counted)
{
	const struct export_result partly = {.outcome = EXPORT_DELIVERED, .rejected_items = 3};
	char reason[64] = "x";

	start(&partly, 1);
	queue(5);
	await(1, true);
	cr_assert_eq(counts.requests_sent, 1u);
	cr_assert_eq(counts.items_sent, 2u);
	cr_assert_eq(counts.items_rejected, 3u);
	cr_assert_eq(counts.requests_retried, 0u);
	cr_assert_not(export_sender__problem(sender, reason, sizeof(reason)));
}

Test(export_sender, a_refused_request_is_not_sent_again)
{
	const struct export_result script[] = {
		{.outcome = EXPORT_REFUSED, .reason = "not like this"}, delivered};
	char reason[64];

	start(script, 1);
	queue(5);
	await(1, true);
	cr_assert_eq(counts.requests_refused, 1u);
	cr_assert_eq(counts.items_refused, 5u);
	cr_assert(export_sender__problem(sender, reason, sizeof(reason)));
	cr_assert_str_eq(reason, "collector:4317: not like this");

	/* The next delivery ends the problem. */
	pthread_mutex_lock(&fake.lock);
	fake.script = &script[1];
	pthread_mutex_unlock(&fake.lock);
	queue(1);
	await(2, true);
	cr_assert_eq(counts.requests_sent, 1u);
	cr_assert_not(export_sender__problem(sender, reason, sizeof(reason)));
}

Test(export_sender, a_retryable_failure_is_sent_again_after_the_delay)
{
	const struct export_result script[] = {
		{.outcome = EXPORT_RETRY, .retry_after_ns = 1200 * NS_PER_MS}, delivered};
	uint64_t before = clock_monotonic_ns();

	start(script, ARRAY_SIZE(script));
	queue(5);
	await(2, true);
	/* The first delay of the sender's own is at most 0.5 s. */
	cr_assert_geq(clock_monotonic_ns() - before, 1200 * NS_PER_MS);
	cr_assert_eq(counts.requests_retried, 1u);
	cr_assert_eq(counts.requests_sent, 1u);
	cr_assert_eq(counts.items_sent, 5u);
}

Test(export_sender, only_without_a_connection_a_retry_waits_for_one)
{
	const struct export_result script[] = {
		{EXPORT_RETRY, EXPORT_CAUSE_OTHER, 0, 0, "busy"},
		{EXPORT_RETRY, EXPORT_CAUSE_NO_CONNECTION, 0, 0, "refused"},
		{EXPORT_RETRY, EXPORT_CAUSE_TIME_OUT, 0, 0, "time is up"},
		delivered,
	};
	char reason[64] = "";

	start(script, ARRAY_SIZE(script));
	queue(1);
	await(3, false);
	poll(NULL, 0, 50);
	/* The time-out of a call that waited does not replace the reason for the wait. */
	cr_assert(export_sender__problem(sender, reason, sizeof(reason)));
	cr_assert_str_eq(reason, "collector:4317: refused");
	await(4, true);
	cr_assert_not(fake.waited[0]);
	cr_assert_not(fake.waited[1]);
	cr_assert(fake.waited[2]);
	cr_assert(fake.waited[3]);
	cr_assert_eq(counts.requests_retried, 3u);
}

Test(export_sender, a_superseded_request_is_dropped)
{
	const struct export_result retry = {.outcome = EXPORT_RETRY, .retry_after_ns = NS_PER_S};

	start(&retry, 1);
	queue(1);
	await(1, false);
	queue(2);
	export_sender__supersede(sender);
	await(1, true);
	cr_assert_eq(counts.requests_superseded, 2u);
	cr_assert_eq(counts.items_superseded, 3u);
	cr_assert_eq(counts.requests_retried, 0u);
}

Test(export_sender, a_full_queue_drops_the_oldest)
{
	fake.is_blocking = true;
	start(&delivered, 1);
	queue(1);
	await(1, false);
	queue(6);
	queue(6);
	export_sender__counts(sender, &counts);
	cr_assert_eq(counts.requests_queue_full, 1u);
	cr_assert_eq(counts.items_queue_full, 6u);
	/* The request in the call counts. */
	cr_assert_eq(counts.queue_bytes, 14u);
}

Test(export_sender, draining_makes_one_more_attempt_at_a_failing_collector)
{
	const struct export_result retry = {EXPORT_RETRY, EXPORT_CAUSE_NO_CONNECTION,
					    200 * NS_PER_S, 0, "refused"};
	uint64_t before = clock_monotonic_ns();

	start(&retry, 1);
	queue(1);
	queue(2);
	await(1, false);
	poll(NULL, 0, 50);
	export_sender__begin_drain(sender);
	export_sender__drain(sender, before + 30 * NS_PER_S);
	cr_assert_lt(clock_monotonic_ns() - before, 10 * NS_PER_S);
	export_sender__counts(sender, &counts);
	cr_assert_eq(calls(), 2u);
	cr_assert_not(fake.waited[1]);
	cr_assert_eq(counts.items_expired, 3u);
	cr_assert_eq(counts.queue_bytes, 0u);
}

Test(export_sender, draining_delivers_the_queue)
{
	start(&delivered, 1);
	for (int i = 0; i < 3; i++)
		queue(1);
	export_sender__begin_drain(sender);
	export_sender__drain(sender, clock_monotonic_ns() + 30 * NS_PER_S);
	export_sender__counts(sender, &counts);
	cr_assert_eq(counts.requests_sent, 3u);
	cr_assert_eq(counts.requests_expired, 0u);
}

Test(export_sender, the_deadline_cancels_the_call)
{
	fake.is_blocking = true;
	start(&delivered, 1);
	queue(1);
	await(1, false);
	export_sender__begin_drain(sender);
	export_sender__drain(sender, clock_monotonic_ns() + 100 * NS_PER_MS);
	cr_assert(fake.is_cancelled);
}
