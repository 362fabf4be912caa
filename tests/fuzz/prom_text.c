// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* The way of a snapshot to /metrics: metrics, OTLP, text. The input, by its first byte: the texts and the
 * numbers of a snapshot, which the observed server chooses; or the bytes of a request. A strict reader
 * (exposition.h) reads the text. */

#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

#include "exposition.h"
#include "metric/collect.h"
#include "otlp/decode.h"
#include "otlp/otlp.h"
#include "plan/catalogue.h"
#include "probe/route_label.h"
#include "prom/text.h"
#include "self/self.h"
#include "tokio/task_type.h"

#define REQUESTS_MOST 8

struct requests {
	struct prom_request items[REQUESTS_MOST];
	size_t count;
};

static int keep_request(void *context, const uint8_t *bytes, size_t size)
{
	struct requests *requests = context;
	uint8_t *copy = malloc(size);

	memcpy(copy, bytes, size);
	fuzz_check(requests->count < REQUESTS_MOST, "many requests");
	requests->items[requests->count++] = (struct prom_request){copy, size};
	return 0;
}

static size_t write_and_read(const struct requests *requests, enum prom_format format, bool is_own)
{
	struct error error = {0};
	char *text = NULL;
	size_t size = 0, samples = 0;
	FILE *stream = open_memstream(&text, &size);
	int r = prom_write_text(stream, format, requests->items, requests->count, &error);

	fclose(stream);
	fuzz_check(!is_own || r == 0, "no exposition: %s", error.message);
	if (r == 0)
		samples = exposition_read(text, size, format == PROM_FORMAT_OPENMETRICS, is_own);
	free(text);
	return samples;
}

static void fill_counts(struct histogram_counts *counts, struct fuzz_input *input)
{
	counts->sum_ns = fuzz_number(input, 4);
	for (int i = fuzz_byte(input) % 4; i > 0; i--)
		counts->buckets[fuzz_byte(input) % (HISTOGRAM_BOUNDS + 1)] = fuzz_number(input, 2);
}

/* Returns the label of a route, as the probe makes it of a template in user memory. */
static const char *route_of(struct arena *arena, struct fuzz_input *input, struct http_key *key)
{
	struct route_text text = {.length = fuzz_byte(input) % 140};
	struct fuzz_input bytes = fuzz_part(input, text.length);
	char label[ROUTE_LABEL_BYTES];

	key->route = fuzz_byte(input);
	key->status = (uint16_t)(fuzz_byte(input) % 4 ? 200 : HTTP_STATUS_ABORTED);
	key->method = fuzz_byte(input) % METHOD_COUNT;
	if (key->route == ROUTE_UNMATCHED)
		return "/unmatched";
	if (bytes.size > 0)
		memcpy(text.text, bytes.bytes,
		       bytes.size < sizeof(text.text) ? bytes.size : sizeof(text.text));
	route_label(&text, (uint64_t)fuzz_byte(input) << 32, label);
	return arena__strdup(arena, label);
}

static void fill_snapshot(struct snapshot *snapshot, struct fuzz_input *input)
{
	for (int i = fuzz_byte(input) % 6; i > 0; i--) {
		struct snapshot_series *series = snapshot__add_series(snapshot);

		series->route = route_of(snapshot->arena, input, &series->key);
		fill_counts(&series->counts, input);
	}
	for (int i = fuzz_byte(input) % 4; i > 0; i--) {
		struct snapshot_rate_limit *limit = snapshot__add_rate_limit(snapshot);
		struct fuzz_input tier = fuzz_part(input, fuzz_byte(input) % TIER_BYTES);

		limit->tier = arena__strndup(snapshot->arena, (const char *)tier.bytes, tier.size);
		limit->is_denied = fuzz_byte(input) % 2;
		limit->count = fuzz_number(input, 8);
	}
	snapshot->live.is_known = fuzz_byte(input) % 2;
	for (size_t i = 0; i < snapshot->plan->tokio.task_type_count; i++)
		fill_counts(&snapshot->totals.tasks[i].polls, input);
}

/* Names of task types, which come from the executable, in the way of the plan. */
static void fill_plan(struct plan *plan, struct fuzz_input *input)
{
	/* Other instrumentations have no labels that the server chooses. */
	static const enum instrumentation_id with_texts[] = {INSTR_HTTP_REQUESTS, INSTR_RATE_LIMITS,
							     INSTR_TOKIO_POLLS, INSTR_TOKIO_TASKS};
	static struct tokio_vtable vtables[8];
	char *names[8];
	size_t count = fuzz_byte(input) % 8;

	memset(vtables, 0, sizeof(vtables));
	for (size_t i = 0; i < count; i++) {
		names[i] = fuzz_text(fuzz_part(input, fuzz_byte(input) % 24));
		vtables[i].kind.class = fuzz_byte(input) % 3;
	}
	for (size_t i = 0; i < sizeof(with_texts) / sizeof(*with_texts); i++)
		plan->instrumentations[with_texts[i]].strategy = &catalogue_strategies[0];
	plan->tokio.vtables = vtables;
	plan->tokio.vtable_count = count;
	tokio_list_task_types(&plan->tokio, names);
	while (count > 0)
		free(names[--count]);
}

static void done_plan(struct plan *plan)
{
	for (size_t i = 0; i < plan->tokio.task_type_count; i++)
		free(plan->tokio.task_types[i].name);
	free(plan->tokio.task_types);
}

/* Resource attributes are those of the operator, and of the target's environment: no key twice, none empty. */
static struct otlp_resource resource_of(struct arena *arena, struct fuzz_input *input)
{
	size_t count = fuzz_byte(input) % 5;
	struct otlp_resource_attribute *attributes =
		arena__alloc_array(arena, count, sizeof(*attributes));

	for (size_t i = 0; i < count; i++) {
		struct fuzz_input key = fuzz_part(input, 1 + fuzz_byte(input) % 12);
		struct fuzz_input value = fuzz_part(input, fuzz_byte(input) % 12);

		attributes[i].key =
			arena__printf(arena, "%zu%.*s", i, (int)key.size, (const char *)key.bytes);
		attributes[i].string = arena__strndup(arena, (const char *)value.bytes, value.size);
	}
	return (struct otlp_resource){attributes, count};
}

static void fuzz_snapshot(struct fuzz_input input, struct requests *requests)
{
	struct arena *arena = arena__new(0);
	struct plan plan = {0};
	struct snapshot *snapshot = snapshot__new(arena, &plan);
	struct metric_set *set = metric_set__new(arena, 1, 2);
	struct self_counters counters = {.collections = 1};
	struct otlp_resource resource = resource_of(arena, &input);
	struct error error = {0};
	uint64_t requests_before = 0, requests_after = 0;

	snapshot->layout =
		fuzz_byte(&input) % 2 ? &histogram_layout_explicit : &histogram_layout_exponential;
	fill_plan(&plan, &input);
	fill_snapshot(snapshot, &input);
	for (size_t i = 0; i < snapshot->series_count; i++)
		requests_before += histogram_counts__total(&snapshot->series[i].counts);
	fuzz_check(snapshot__join_labels(snapshot) == 0, "out of memory");
	for (size_t i = 0; i < snapshot->series_count; i++)
		requests_after += histogram_counts__total(&snapshot->series[i].counts);
	fuzz_check(requests_before == requests_after, "requests are lost");
	fuzz_check(metric_collect(set, snapshot) == 0, "no metrics");
	/* The metrics of the tool itself have no such labels either, and take most of the time. */
	if (fuzz_byte(&input) % 32 == 1)
		fuzz_check(self_collect(set, snapshot, &counters) == 0, "no metrics of the tool");
	fuzz_check(otlp_encode_metrics(&resource, set, keep_request, requests, &error) == 0, "%s",
		   error.message);
	done_plan(&plan);
	arena__free(arena);
}

void fuzz_one(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	struct requests requests = {0};
	bool is_own = fuzz_byte(&input) % 4 != 0;
	size_t text, open_metrics;

	if (is_own)
		fuzz_snapshot(input, &requests);
	else
		keep_request(&requests, input.bytes, input.size);
	text = write_and_read(&requests, PROM_FORMAT_TEXT, is_own);
	open_metrics = write_and_read(&requests, PROM_FORMAT_OPENMETRICS, is_own);
	fuzz_check(fuzz_answer(text) == open_metrics, "%zu samples as text, %zu as OpenMetrics",
		   text, open_metrics);
	while (requests.count > 0)
		free((void *)(uintptr_t)requests.items[--requests.count].bytes);
}
