// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "probe/apps.h"

#include <bpf/libbpf.h>
#include <errno.h>

#include "base/clock.h"
#include "probe/internal.h"
#include "scotty/app_check.h"

_Bool app_check__is_whole(const struct app_check *check, uint64_t number, _Bool polls_in_turns,
			  uint64_t now_ns)
{
	uint64_t limit_ns = check->spawned ? APP_CHECK_SPAWNING_NS : APP_CHECK_SEARCHING_NS;
	_Bool is_spawning = check->spawning && !(polls_in_turns && now_ns > check->latest_ns &&
						 now_ns - check->latest_ns > limit_ns);

	return number > 0 && check->number == number && !is_spawning &&
	       check->spawned == check->ended;
}

/* The number of the latest check if it is whole, else 0. */
static int read_whole_check(struct probe *probe, uint64_t *ret_number)
{
	uint64_t number =
		__atomic_load_n(&probe->skeleton->bss->app_checks_started, __ATOMIC_ACQUIRE);
	uint32_t slot = number % APP_CHECK_SLOTS;
	struct app_check check;
	int r = bpf_map__lookup_elem(probe->skeleton->maps.app_checks, &slot, sizeof(slot), &check,
				     sizeof(check), 0);

	*ret_number =
		r == 0 && app_check__is_whole(&check, number, probe->skeleton->bss->poll_sampling,
					      clock_monotonic_ns())
			? number
			: 0;
	return r;
}

/* Reads those found in the check `number` or since, and takes out those that two checks have not
 * found any more: what was found in the last but one may be on its way into the last one. -EAGAIN
 * where an application was destroyed meanwhile: then the walk may have begun anew, unnoticed. */
static int read_found(struct probe *probe, struct app_list *list, uint64_t number)
{
	struct bpf_map *map = probe->skeleton->maps.apps;
	uint64_t key, next;
	int more = bpf_map__get_next_key(map, NULL, &next, sizeof(next));

	list->count = 0;
	while (more == 0) {
		struct app app;

		key = next;
		more = bpf_map__get_next_key(map, &key, &next, sizeof(next));
		if (bpf_map__lookup_elem(map, &key, sizeof(key), &app, sizeof(app), 0) < 0)
			return -EAGAIN;
		if (app.check + 1 < number)
			bpf_map__delete_elem(map, &key, sizeof(key), 0);
		else if (app.check >= number && list->count < APP_LIMIT)
			list->items[list->count++] = app;
	}
	return more == -ENOENT ? 0 : more;
}

#define READ_TRIES 5

int probe__read_apps(struct probe *probe, struct app_list *list, struct error *error)
{
	uint64_t whole = 0;
	int r = read_whole_check(probe, &whole);

	/* Of a check that is in progress, or begins now, only what it has found shows. */
	if (r == 0 && whole > list->check)
		list->check = whole;
	if (r == 0 && list->check > 0) {
		r = -EAGAIN;
		for (int i = 0; i < READ_TRIES && r == -EAGAIN; i++)
			r = read_found(probe, list, list->check);
	}
	return r < 0 ? error_set(error, r, "cannot read the applications: %m") : 0;
}
