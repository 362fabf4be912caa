// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire.h"

#include "scottyscope.skel.h"

/* Loads all programs and prints as JSON the number of instructions that the kernel's verifier
 * processed for each program, and the number of its instructions. */

/* Enables all optional code: the verifier does not process disabled code. */
static void switch_all_on(struct scottyscope *skeleton)
{
	skeleton->rodata->settings.pid_namespace_device = 1;
	skeleton->rodata->settings.pid_namespace_inode = 1;
	skeleton->rodata->settings.slow_poll_ns = 1000000;
	skeleton->rodata->settings.encode_head_offset = 16;
	skeleton->rodata->settings.head_status_offset = 104;
	skeleton->rodata->settings.frame_payload_offset = 16;
	skeleton->rodata->settings.frame_head_offset = 40;
	skeleton->rodata->settings.context_offset = -64;
	skeleton->rodata->settings.context_words = 10;
	skeleton->rodata->settings.stage_distance = 8;
	skeleton->rodata->settings.app_status_offset = 8;
	skeleton->rodata->settings.app_result_register = 19;
	skeleton->rodata->settings.emit_spans = 1;
	skeleton->rodata->settings.span_age_limit_ns = 1000000;
	skeleton->rodata->settings.sampler_parent_based = 1;
	skeleton->rodata->settings.sampler_threshold = 1;
	skeleton->rodata->settings.messages_by_frame = 1;
	skeleton->rodata->settings.wakes_are_observed = 1;
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
