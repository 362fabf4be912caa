/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_APP_SETTLE_BPF_H
#define SCOTTYSCOPE_APP_SETTLE_BPF_H

/* What an inspection of an application gave in the end, when its task is over. */

#include "scotty/app_check.bpf.h"
#include "scotty/task_outcome.bpf.h"

/* The tag of a stage; what the task gave comes after it. */
struct task_output {
	__u32 tag;
	__u32 padding;
};

/* The status may have changed after AppData::new: an application is found to be unsupported only
 * then. The task's output, about to be marked complete, has the final one. */
static __always_inline void settle_status(__u64 header, __u64 vtable, __u64 name)
{
	struct app *known = bpf_map_lookup_elem(&apps, &name);
	__u64 id = 0, stage;
	struct task_output output;
	struct app_data data;
	__u8 status;

	if (!known || !app_status_offset)
		return;
	stage = find_stage(header, vtable, &id);
	if (!stage || bpf_probe_read_user(&output, sizeof(output), (void *)stage) ||
	    output.tag != STAGE_FINISHED ||
	    read_app(stage + sizeof(output), app_status_offset, &data, &status) != name)
		goto strange;
	known->status = status;
	check(CHECK_APP_AGREES);
	return;
strange:
	check(CHECK_APP_STRANGE);
}

/* A task ends that inspected an application; no other function's stack has room for it. */
static __noinline int end_inspection(__u64 header, __u64 vtable)
{
	struct app_inspection *inspection = bpf_map_lookup_elem(&app_inspections, &header);
	struct app_check *check;
	__u64 number;

	if (!inspection)
		return 0;
	number = inspection->check;
	if (inspection->app)
		settle_status(header, vtable, inspection->app);
	bpf_map_delete_elem(&app_inspections, &header);
	check = check_by_number(number);
	if (check && check->number == number)
		add(&check->ended, 1);
	return 0;
}

#endif
