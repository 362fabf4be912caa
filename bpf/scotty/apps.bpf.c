// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* Scotty's applications. Each inspection constructs the application's data with AppData::new: in a
 * check of all applications, after an operation on one, or when one is adopted. */

#include "core/admit.bpf.h"
#include "core/registers.bpf.h"
#include "scotty/app_data.bpf.h"
#include "scotty/app_inspection.bpf.h"
#include "tokio/task.bpf.h"

/* Number of the check that Scotty's list is based on: the latest complete one. The list has what an
 * operation finds during a check only until that check is complete, unless the check finds the
 * same. */
static __always_inline __u64 current_check(void)
{
	__u64 number = app_checks_started;
	const struct app_check *check = check_by_number(number);

	return !number || !check || app_check_is_complete(check, poll_sampling, bpf_ktime_get_ns())
		       ? number
		       : number - 1;
}

static __always_inline void update_app(__u64 name, const struct app_data *data, __u8 status,
				       __u64 number)
{
	const struct app *known = bpf_map_lookup_elem(&apps, &name);
	struct app app = {};

	app.checked_ns = bpf_ktime_get_ns();
	app.check = number;
	app.services = (__u32)data->services.length;
	app.status = status;
	if (known && known->check > number)
		app.check = known->check;
	/* Scotty finds that an application is unsupported later in a check, and after an operation
	 * not at all. Applications with settings are never unsupported. */
	if (known && known->status == APP_STATUS_UNSUPPORTED &&
	    data->settings == RUST_CAPACITY_NICHE)
		app.status = APP_STATUS_UNSUPPORTED;
	if (bpf_map_update_elem(&apps, &name, &app, BPF_ANY))
		count_drop(DROP_APPS_FULL);
}

/* At the end of AppData::new. */
SEC("uprobe")
int on_app_new(struct pt_regs *ctx)
{
	__u32 tid = admit(HOOK_APP_NEW, ACTIVE_POLLS);
	struct app_inspection *inspection = NULL;
	struct poll_frame *frame;
	struct app_data data;
	__u64 name, number;
	__u8 status;

	if (!tid)
		return 0;
	frame = current_poll(tid);
	name = read_app(read_result(ctx, settings.app_result_register), settings.app_status_offset,
			&data, &status);
	if (!name) {
		count_check(CHECK_APP_STRANGE);
		return 0;
	}
	if (frame)
		inspection = bpf_map_lookup_elem(&app_inspections, &frame->header);
	if (inspection) {
		inspection->app = name;
		number = inspection->check;
	} else if (frame && polled_role(frame, bpf_map_lookup_elem(&tasks, &frame->header)) ==
				    ROLE_APP_CHECK) {
		return 0; /* part of a check whose start was not observed */
	} else {
		number = current_check();
	}
	update_app(name, &data, status, number);
	return 0;
}

/* Scotty searches for compose files: a check starts, even if no file is found. */
SEC("uprobe")
int on_app_check(struct pt_regs *ctx)
{
	__u32 tid = admit(HOOK_APP_CHECK, ACTIVE_POLLS);
	struct poll_frame *frame = tid ? current_poll(tid) : NULL;

	(void)ctx;
	if (frame)
		get_or_start_check(frame);
	return 0;
}

/* The handler that removes a destroyed application from the list; its first argument, itself,
 * starts with the name. Scotty then inspects the missing application, and the operation's task ends
 * with an error that is no failure. */
SEC("uprobe")
int on_app_removed(struct pt_regs *ctx)
{
	__u32 tid = admit(HOOK_APP_REMOVED, ACTIVE_POLLS);
	struct poll_frame *frame;
	struct rust_vec text;
	struct task *task;
	__u64 name;

	if (!tid)
		return 0;
	if (bpf_probe_read_user(&text, sizeof(text),
				(void *)read_argument(ctx, ARGUMENT_REMOVED_APP)) ||
	    !is_text(&text, NAME_BYTES)) {
		count_check(CHECK_APP_STRANGE);
		return 0;
	}
	name = hash_name(&text);
	bpf_map_delete_elem(&apps, &name);
	frame = current_poll(tid);
	task = frame ? bpf_map_lookup_elem(&tasks, &frame->header) : NULL;
	if (task)
		task->flags |= TASK_APP_REMOVED;
	return 0;
}
