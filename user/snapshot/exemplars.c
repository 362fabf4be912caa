// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "snapshot/exemplars.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "core/histogram.h"

/* A label set: the exemplars of its buckets; `time_ns` is 0 where a bucket has none. */
struct label_set {
	struct http_key key;
	struct exemplar buckets[HISTOGRAM_BOUNDS + 1];
};

struct exemplars {
	const struct histogram_bounds *bounds;
	void *tree; /* of struct label_set, see tsearch(3) */
	size_t count;
	size_t limit;
};

static const struct http_key overflow_key = {.route = ROUTE_OVERFLOW};

static int compare_keys(const void *left, const void *right)
{
	return memcmp(&((const struct label_set *)left)->key,
		      &((const struct label_set *)right)->key, sizeof(struct http_key));
}

struct exemplars *exemplars__new(const struct histogram_bounds *bounds, size_t label_sets)
{
	struct exemplars *exemplars = calloc(1, sizeof(*exemplars));

	if (exemplars)
		*exemplars = (struct exemplars){.bounds = bounds, .limit = label_sets};
	return exemplars;
}

void exemplars__free(struct exemplars *exemplars)
{
	if (!exemplars)
		return;
	tdestroy(exemplars->tree, free);
	free(exemplars);
}

static struct label_set *find(const struct exemplars *exemplars, const struct http_key *key)
{
	const struct label_set wanted = {.key = *key};
	struct label_set **found = tfind(&wanted, &exemplars->tree, compare_keys);

	return found ? *found : NULL;
}

/* Adds a label set that the tree does not have; NULL when out of memory. */
static struct label_set *insert(struct exemplars *exemplars, const struct http_key *key)
{
	_cleanup_free_ struct label_set *added = calloc(1, sizeof(*added));

	if (!added)
		return NULL;
	added->key = *key;
	if (!tsearch(added, &exemplars->tree, compare_keys))
		return NULL;
	exemplars->count++;
	return TAKE_PTR(added);
}

static struct label_set *find_or_insert(struct exemplars *exemplars, const struct http_key *key)
{
	struct label_set *found = find(exemplars, key);

	if (found)
		return found;
	if (exemplars->count < exemplars->limit)
		return insert(exemplars, key);
	found = find(exemplars, &overflow_key);
	return found ? found : insert(exemplars, &overflow_key);
}

void exemplars__add(struct exemplars *exemplars, const struct http_key *key,
		    const struct exemplar *exemplar)
{
	struct label_set *label_set = find_or_insert(exemplars, key);

	if (label_set)
		label_set->buckets[histogram_bounds__bucket(exemplars->bounds,
							    exemplar->duration_ns)] = *exemplar;
}

size_t exemplars__copy(const struct exemplars *exemplars, const struct http_key *key,
		       uint64_t now_ns, int64_t clock_offset_ns, struct arena *arena,
		       const struct exemplar **ret_copies)
{
	const struct label_set *label_set = find(exemplars, key);
	struct exemplar *copies = NULL;
	size_t count = 0;

	if (label_set)
		copies = arena__alloc_array(arena, exemplars->bounds->count + 1, sizeof(*copies));
	for (size_t i = 0; copies && i <= exemplars->bounds->count; i++) {
		const struct exemplar *exemplar = &label_set->buckets[i];

		if (!exemplar->time_ns || exemplar->time_ns + EXEMPLAR_AGE_NS < now_ns)
			continue;
		copies[count] = *exemplar;
		copies[count++].time_ns += (uint64_t)clock_offset_ns;
	}
	*ret_copies = copies;
	return count;
}
