// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "probe/apps.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "probe/internal.h"
#include "scotty/app_check.h"

/* Sets `*ret_number` to the number of the latest check if the check is complete, else to 0. */
static int read_complete_check(struct probe *probe, uint64_t *ret_number)
{
	uint64_t number =
		__atomic_load_n(&probe->skeleton->bss->app_checks_started, __ATOMIC_ACQUIRE);
	uint32_t slot = number % APP_CHECK_SLOTS;
	struct app_check check;
	int r = bpf_map__lookup_elem(probe->skeleton->maps.app_checks, &slot, sizeof(slot), &check,
				     sizeof(check), 0);

	*ret_number = 0;
	if (r == 0 && number > 0 && check.number == number &&
	    app_check_is_complete(&check, probe->skeleton->bss->poll_sampling,
				  clock_monotonic_ns()))
		*ret_number = number;
	return r;
}

/* Reads the applications found by the check `number` or by a later operation. Deletes the
 * applications that neither of the last two checks found; the latest check may still be recording
 * an application of the previous check. -EAGAIN if an application was destroyed during the walk
 * over the map, which may then have restarted. */
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

/* Reads the applications into `found`, and then into the list. A server that destroys applications
 * all the time keeps the list as it was: it must not end the tool. */
static int read_list(struct probe *probe, struct app_list *list, struct app_list *found,
		     uint64_t complete)
{
	int r = -EAGAIN;

	/* A check in progress only adds its applications found so far. */
	found->check = complete > list->check ? complete : list->check;
	if (found->check == 0)
		return 0;
	for (int i = 0; i < READ_TRIES && r == -EAGAIN; i++)
		r = read_found(probe, found, found->check);
	if (r == 0)
		*list = *found;
	if (r == -EAGAIN)
		log_debug("the list of applications stays as it was: it changes all the time");
	return r == -EAGAIN ? 0 : r;
}

int probe__read_apps(struct probe *probe, struct app_list *list, struct error *error)
{
	_cleanup_free_ struct app_list *found = malloc(sizeof(*found));
	uint64_t complete = 0;
	int r = read_complete_check(probe, &complete);

	if (!found)
		return error_out_of_memory(error);
	if (r == 0)
		r = read_list(probe, list, found, complete);
	return r < 0 ? error_set(error, r, "cannot read the applications: %m") : 0;
}
