// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tokio/runtimes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "tokio/list_scan.h"
#include "tokio/runtime_parts.h"

/* The kernel rounds the start of a process to ticks. */
#define AGE_SLACK_NS NS_PER_S

static void runtime_free(struct runtime *runtime)
{
	free(runtime->counters);
	free(runtime->base_workers);
}

void runtimes__done(struct runtimes *runtimes)
{
	for (size_t i = 0; i < runtimes->count; i++)
		runtime_free(&runtimes->items[i]);
	runtimes->count = 0;
}

static struct runtime *find_by_id(struct runtimes *runtimes, uint64_t id)
{
	for (size_t i = 0; i < runtimes->count; i++) {
		if (runtimes->items[i].place.id == id)
			return &runtimes->items[i];
	}
	return NULL;
}

static bool is_known(const struct runtimes *runtimes, uint64_t list)
{
	for (size_t i = 0; i < runtimes->count; i++) {
		if (runtimes->items[i].place.list == list)
			return true;
	}
	return false;
}

static void set_base(struct runtime *runtime)
{
	const struct runtime_counters *counters = runtime->counters;

	runtime->base_spawned = counters->spawned;
	runtime->base_ended = counters->spawned - counters->alive;
	memcpy(runtime->base_workers, counters->workers,
	       counters->worker_count * sizeof(*runtime->base_workers));
}

/* Uses the second place of a runtime if it has more spawned tasks: the other is a copy from before the start. */
static void replace_copy(struct runtimes *runtimes, struct runtime *known, struct runtime *found)
{
	if (found->counters->spawned > known->counters->spawned) {
		if (found->place.id < runtimes->first_new_id)
			set_base(found);
		runtime_free(known);
		*known = *found;
	} else {
		runtime_free(found);
	}
}

static int read_first(const struct runtimes *runtimes, struct runtime *runtime, uint64_t age_ns)
{
	runtime->counters = calloc(1, sizeof(*runtime->counters));
	runtime->base_workers = calloc(runtime->place.worker_count, sizeof(*runtime->base_workers));
	if (!runtime->counters || !runtime->base_workers)
		return -ENOMEM;
	runtime->state = runtime_read(runtimes->target, &runtime->place, age_ns, runtime->counters);
	return runtime->state == RUNTIME_ALIVE;
}

int runtimes__add(struct runtimes *runtimes, uint64_t list)
{
	struct runtime runtime = {0}, *known;
	uint64_t age_ns = process__age_ns(runtimes->target) + AGE_SLACK_NS;
	int r;

	if (is_known(runtimes, list) ||
	    !runtime_find(runtimes->target, list, age_ns, &runtime.place))
		return 0;
	known = find_by_id(runtimes, runtime.place.id);
	if (!known && runtimes->count == RUNTIME_LIMIT) {
		runtimes->left_out++;
		return 0;
	}
	r = read_first(runtimes, &runtime, age_ns);
	if (r <= 0) {
		runtime_free(&runtime);
		return r;
	}
	if (known) {
		replace_copy(runtimes, known, &runtime);
		return 0;
	}
	if (runtime.place.id < runtimes->first_new_id)
		set_base(&runtime);
	runtimes->items[runtimes->count++] = runtime;
	runtimes->total++;
	return 1;
}

struct search {
	struct runtimes *runtimes;
	int failure;
};

static void add_list(void *context, uint64_t list)
{
	struct search *search = context;
	int r = runtimes__add(search->runtimes, list);

	if (r < 0)
		search->failure = r;
}

int runtimes__find(struct runtimes *runtimes)
{
	struct search search = {.runtimes = runtimes};
	int r = list_scan__run(runtimes->target, add_list, &search);

	return r < 0 ? r : search.failure;
}

/* Tasks spawned between the reads of two words can make the number of ended tasks too low. */
static void update_ended(struct runtime *runtime)
{
	uint64_t ended =
		runtime->counters->spawned - runtime->counters->alive - runtime->base_ended;

	if (ended > runtime->ended)
		runtime->ended = ended;
}

size_t runtimes__read(struct runtimes *runtimes)
{
	uint64_t age_ns = process__age_ns(runtimes->target) + AGE_SLACK_NS;
	size_t kept = 0, unreadable = 0;

	for (size_t i = 0; i < runtimes->count; i++) {
		struct runtime *runtime = &runtimes->items[i];

		runtime->state =
			runtime_read(runtimes->target, &runtime->place, age_ns, runtime->counters);
		if (runtime->state == RUNTIME_ENDED) {
			runtime_free(runtime);
			continue;
		}
		if (runtime->state == RUNTIME_ALIVE)
			update_ended(runtime);
		else
			unreadable++;
		runtimes->items[kept++] = *runtime;
	}
	runtimes->count = kept;
	return unreadable;
}

void runtimes__lose(struct runtimes *runtimes)
{
	for (size_t i = 0; i < runtimes->count; i++)
		runtimes->items[i].state = RUNTIME_UNREADABLE;
}

bool runtimes__are_unchanged(const struct runtimes *runtimes)
{
	for (size_t i = 0; i < runtimes->count; i++) {
		const struct runtime *runtime = &runtimes->items[i];
		uint64_t words[LIST_WORDS];

		if (runtime->state != RUNTIME_ALIVE ||
		    !runtime_read_words(runtimes->target, runtime->place.list, words, LIST_WORDS) ||
		    words[LIST_SPAWNED] != runtime->counters->spawned ||
		    words[LIST_ALIVE] != runtime->counters->alive)
			return false;
	}
	return true;
}
