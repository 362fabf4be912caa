// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "scotty/app_inspection.bpf.h"

#include "scotty/app_data.bpf.h"
#include "scotty/task_outcome.bpf.h"

/* Takes over the final status from the output of the task, which is about to be marked complete.
 * The status may change after AppData::new: Scotty finds only then that an application is
 * unsupported. */
static __always_inline void update_status(__u64 header, __u8 id_word, __u64 name)
{
	struct app *known = bpf_map_lookup_elem(&apps, &name);
	struct task_stage output;
	__u64 id = 0, stage;
	struct app_data data;
	__u8 status;

	if (!known || !settings.app_status_offset)
		return;
	stage = find_stage(header, id_word, &id);
	if (!stage || bpf_probe_read_user(&output, sizeof(output), (void *)stage) ||
	    output.tag != STAGE_FINISHED ||
	    read_app(stage + sizeof(output), settings.app_status_offset, &data, &status) != name) {
		count_check(CHECK_APP_STRANGE);
		return;
	}
	known->status = status;
	count_check(CHECK_APP_AGREES);
}

__hidden void end_inspection(__u64 header, __u8 id_word)
{
	struct app_inspection *inspection = bpf_map_lookup_elem(&app_inspections, &header);
	struct app_check *check;
	__u64 number;

	if (!inspection)
		return;
	number = inspection->check;
	if (inspection->app)
		update_status(header, id_word, inspection->app);
	bpf_map_delete_elem(&app_inspections, &header);
	check = check_by_number(number);
	if (check && check->number == number)
		add(&check->ended, 1);
}
