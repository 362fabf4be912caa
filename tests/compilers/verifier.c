// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scottyscope.skel.h"

/* Loads every program of the object at once, and prints as JSON what the kernel's verifier took for
 * each: how many instructions it looked at, and how many there are. */

/* With all that settings can switch on: what is off is no code to the verifier. */
static void switch_all_on(struct scottyscope *skeleton)
{
	skeleton->rodata->pid_namespace_device = 1;
	skeleton->rodata->pid_namespace_inode = 1;
	skeleton->rodata->slow_poll_ns = 1000000;
	skeleton->rodata->encode_head_offset = 16;
	skeleton->rodata->head_status_offset = 104;
	skeleton->rodata->frame_payload_offset = 16;
	skeleton->rodata->frame_head_offset = 40;
	skeleton->rodata->context_offset = -64;
	skeleton->rodata->app_status_offset = 8;
	skeleton->rodata->app_result_register = 19;
	skeleton->rodata->emit_spans = true;
	skeleton->rodata->span_age_limit_ns = 1000000;
	skeleton->rodata->sampler_parent_based = true;
	skeleton->rodata->sampler_threshold = 1;
	skeleton->rodata->messages_by_frame = true;
	skeleton->rodata->wakes_are_seen = true;
}

static int print_programs(struct bpf_object *object)
{
	const char *separator = "";
	struct bpf_program *program;

	printf("{");
	bpf_object__for_each_program(program, object)
	{
		struct bpf_prog_info info = {0};
		__u32 size = sizeof(info);
		int r = bpf_prog_get_info_by_fd(bpf_program__fd(program), &info, &size);

		if (r < 0)
			return r;
		printf("%s\"%s\": {\"processed\": %u, \"instructions\": %zu}", separator,
		       bpf_program__name(program), info.verified_insns,
		       bpf_program__insn_cnt(program));
		separator = ",\n ";
	}
	printf("}\n");
	return 0;
}

int main(void)
{
	struct scottyscope *skeleton = scottyscope__open();
	int r = skeleton ? 0 : -errno;

	if (r == 0) {
		switch_all_on(skeleton);
		r = scottyscope__load(skeleton);
	}
	if (r == 0)
		r = print_programs(skeleton->obj);
	scottyscope__destroy(skeleton);
	if (r < 0)
		fprintf(stderr, "verifier: %s\n", strerror(-r));
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
