// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* Scotty's applications: each time one is inspected, AppData::new makes up its data; in a check of
 * all of them, after an operation, or when one is adopted. */

#include "scotty/app_check.bpf.h"

/* The check that Scotty's list is from. What an operation finds while another check runs is in the
 * list only until that check is whole, unless it finds the same. */
static __always_inline __u64 current_check(void)
{
	__u64 number = app_checks_begun;
	const struct app_check *check = check_by_number(number);

	return !number || !check || is_whole(check) ? number : number - 1;
}

static __always_inline void enter_app(__u64 name, const struct app_data *data, __u8 status,
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
	/* That is found out later in a check, and not at all after an operation. It does not befall
	 * applications that have settings. */
	if (known && known->status == APP_STATUS_UNSUPPORTED && data->settings == SETTINGS_NONE)
		app.status = APP_STATUS_UNSUPPORTED;
	if (bpf_map_update_elem(&apps, &name, &app, BPF_ANY))
		lose(LOSS_APPS_FULL);
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
	name = read_app(read_result(ctx, app_result_register), app_status_offset, &data, &status);
	if (!name) {
		check(CHECK_APP_STRANGE);
		return 0;
	}
	if (frame)
		inspection = bpf_map_lookup_elem(&app_inspections, &frame->header);
	if (inspection) {
		inspection->app = name;
		number = inspection->check;
	} else if (frame && polled_role(frame, bpf_map_lookup_elem(&tasks, &frame->header)) ==
				    ROLE_APP_CHECK) {
		return 0; /* of a check whose start was not seen */
	} else {
		number = current_check();
	}
	enter_app(name, &data, status, number);
	return 0;
}

/* Scotty looks for compose files: a check begins, though it may find nothing to spawn a task for. */
SEC("uprobe")
int on_app_check(struct pt_regs *ctx)
{
	__u32 tid = admit(HOOK_APP_CHECK, ACTIVE_POLLS);
	struct poll_frame *frame = tid ? current_poll(tid) : NULL;

	(void)ctx;
	if (frame)
		open_app_check(frame);
	return 0;
}

/* The handler that takes a destroyed application out of the list: of itself, the first argument,
 * the name comes first. The operation's task then ends in an error, because Scotty inspects what
 * is no longer there: that is no failure. */
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
		check(CHECK_APP_STRANGE);
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
