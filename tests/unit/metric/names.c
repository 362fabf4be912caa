// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <ctype.h>
#include <string.h>

#include "base/array.h"
#include "metric/descriptions.h"
#include "metric/metric.h"
#include "metric/names.h"

/* A metric of each identifier in one set. */
static struct metric_set *set_of_all(enum config_names names)
{
	struct metric_set *set = metric_set__new(arena__new(0), 1, 2);

	set->names = names;
	for (int id = 0; id < METRIC_ID_COUNT; id++)
		metric_set__metric(set, &metric_descriptions[id]);
	cr_assert_eq(set->metric_count, METRIC_ID_COUNT);
	return set;
}

Test(metric_names, the_default_is_what_the_documentation_has)
{
	struct metric_set *set = set_of_all(NAMES_DOCS);

	for (const struct metric *metric = set->metrics; metric; metric = metric->next)
		cr_assert_str_eq(metric->name, metric->description->name);
	cr_assert_str_eq(metric_attribute_name_in(NAMES_DOCS, "path"), "path");
	arena__free(set->arena);
}

Test(metric_names, scotty_has_other_names_for_some)
{
	static const struct {
		enum metric_id id;
		const char *name;
	} rows[] = {
		{METRIC_ID_HTTP_REQUESTS, "scotty.http.requests.total"},
		{METRIC_ID_WEBSOCKET_CONNECTIONS_ACTIVE, "scotty.websocket.connections"},
		{METRIC_ID_WEBSOCKET_CONNECTIONS, "scotty.websocket.connections.total"},
		{METRIC_ID_TOKIO_SLOW_POLL_COUNT, "scotty.tokio.poll.slow_count"},
		{METRIC_ID_MEMORY_RSS, "scotty.memory.rss_bytes"},
		{METRIC_ID_MEMORY_RSS_PEAK, "scotty.memory.rss.peak"},
		{METRIC_ID_HTTP_REQUEST_DURATION, "scotty.http.request.duration"},
	};
	struct metric_set *set = metric_set__new(arena__new(0), 1, 2);

	set->names = NAMES_SCOTTY_0_3;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct metric *metric =
			metric_set__metric(set, &metric_descriptions[rows[i].id]);

		cr_assert_str_eq(metric->name, rows[i].name);
		cr_assert_eq(metric->description, &metric_descriptions[rows[i].id]);
	}
	cr_assert_str_eq(metric_name_in(NAMES_SCOTTY_0_3, "scottyscope.lost"), "scottyscope.lost");
	arena__free(set->arena);
}

Test(metric_names, attributes_are_renamed_with_their_values_kept)
{
	static const struct metric_attribute attributes[] = {
		{"method", "GET"}, {"path", "path"}, {"status", "200"}};
	struct metric_set *set = metric_set__new(arena__new(0), 1, 2);
	const struct metric_point *point;

	set->names = NAMES_SCOTTY_0_3;
	point = metric_set__point(
		set, metric_set__metric(set, &metric_descriptions[METRIC_ID_HTTP_REQUESTS]),
		attributes, 3);
	cr_assert_str_eq(point->attributes[0].key, "method");
	cr_assert_str_eq(point->attributes[1].key, "route");
	cr_assert_str_eq(point->attributes[1].value, "path");
	cr_assert_str_eq(point->attributes[2].key, "status");
	arena__free(set->arena);
}

/* Lower case words, between dots; no two metrics of one name. */
Test(metric_names, are_well_formed_and_no_two_are_the_same)
{
	for (int names = NAMES_DOCS; names <= NAMES_SCOTTY_0_3; names++) {
		struct metric_set *set = set_of_all((enum config_names)names);

		for (const struct metric *metric = set->metrics; metric; metric = metric->next) {
			const struct metric_description *description = metric->description;

			cr_assert(strncmp(metric->name, "scotty.", 7) == 0 ||
					  strncmp(metric->name, "scottyscope.", 12) == 0,
				  "%s", metric->name);
			for (const char *c = metric->name; *c; c++)
				cr_assert(islower((unsigned char)*c) || *c == '_' ||
						  (*c == '.' && islower((unsigned char)c[1])),
					  "%s", metric->name);
			cr_assert_neq(description->unit[0], '\0', "%s", metric->name);
			cr_assert_eq(description->help[strlen(description->help) - 1], '.', "%s",
				     description->help);
			for (const struct metric *other = metric->next; other; other = other->next)
				cr_assert_str_neq(metric->name, other->name);
		}
		arena__free(set->arena);
	}
}
