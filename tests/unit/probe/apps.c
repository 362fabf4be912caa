// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "probe/apps.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "probe/internal.h"

/* The maps of the BPF object, without its programs. */
static struct scottyscope *load_maps(void)
{
	struct scottyscope *skeleton = scottyscope__open();
	struct bpf_program *program;

	cr_assert_not_null(skeleton);
	bpf_object__for_each_program(program, skeleton->obj)
		bpf_program__set_autoload(program, false);
	if (scottyscope__load(skeleton) == 0)
		return skeleton;
	scottyscope__destroy(skeleton);
	return NULL;
}

struct churn {
	int map_fd;
	bool is_over; /* atomic */
};

/* A server that inspects and destroys applications all the time. */
static void *change(void *context)
{
	const struct app app = {.check = 1, .services = 1};
	struct churn *churn = context;

	while (!__atomic_load_n(&churn->is_over, __ATOMIC_RELAXED)) {
		for (uint64_t key = 10; key < 14; key++)
			bpf_map_update_elem(churn->map_fd, &key, &app, BPF_ANY);
		for (uint64_t key = 10; key < 14; key++)
			bpf_map_delete_elem(churn->map_fd, &key);
	}
	return NULL;
}

/* The agent ends with the error of a read. */
Test(probe_apps, applications_that_change_all_the_time_are_no_error, .timeout = 60)
{
	struct probe probe = {.skeleton = load_maps()};
	struct app_list *list = calloc(1, sizeof(*list));
	const struct app app = {.check = 1};
	const uint64_t key = 1;
	struct error error = {0};
	struct churn churn;
	pthread_t thread;

	if (!probe.skeleton)
		cr_skip_test("BPF is not permitted");
	list->check = 1;
	churn = (struct churn){.map_fd = bpf_map__fd(probe.skeleton->maps.apps)};
	cr_assert_eq(bpf_map_update_elem(churn.map_fd, &key, &app, BPF_ANY), 0);
	cr_assert_eq(probe__read_apps(&probe, list, &error), 0, "%s", error.message);
	cr_expect_eq(list->count, 1);
	cr_assert_eq(pthread_create(&thread, NULL, change, &churn), 0);
	for (int i = 0; i < 30000; i++) {
		cr_assert_eq(probe__read_apps(&probe, list, &error), 0, "%s", error.message);
		cr_assert(list->count >= 1);
	}
	__atomic_store_n(&churn.is_over, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	cr_assert_eq(probe__read_apps(&probe, list, &error), 0, "%s", error.message);
	cr_expect_eq(list->count, 1);
	scottyscope__destroy(probe.skeleton);
	free(list);
}
