// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/capabilities.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"

static void cap_freep(cap_t *capabilities)
{
	cap_free(*capabilities);
}

static bool is_kept(const struct kept_capability *kept, size_t count, cap_value_t capability)
{
	for (size_t i = 0; i < count; i++) {
		if (kept[i].capability == capability)
			return true;
	}
	return false;
}

static bool has(cap_t set, cap_value_t capability, cap_flag_t flag)
{
	cap_flag_value_t value = CAP_CLEAR;

	return cap_get_flag(set, capability, flag, &value) == 0 && value == CAP_SET;
}

void capabilities__bound(const struct kept_capability *kept, size_t count)
{
	for (cap_value_t capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0;
	     capability++) {
		if (!is_kept(kept, count, capability))
			prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
	}
}

int capabilities__keep(const struct kept_capability *kept, size_t count, struct error *error)
{
	_cleanup_(cap_freep) cap_t held = cap_get_proc();
	_cleanup_(cap_freep) cap_t wanted = cap_init();

	if (!held || !wanted)
		return error_out_of_memory(error);
	/* First, as this needs CAP_SETPCAP. */
	capabilities__bound(kept, count);
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (size_t i = 0; i < count; i++) {
		const cap_value_t capability = kept[i].capability;

		if (has(held, capability, CAP_PERMITTED))
			cap_set_flag(wanted, CAP_PERMITTED, 1, &capability, CAP_SET);
		if (has(held, capability, CAP_EFFECTIVE) && !kept[i].is_dormant)
			cap_set_flag(wanted, CAP_EFFECTIVE, 1, &capability, CAP_SET);
	}
	if (cap_set_proc(wanted) < 0)
		return error_set(error, -errno, "cannot drop capabilities: %m");
	return 0;
}

void capabilities__use_dormant(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {{0}};

	if (syscall(SYS_capget, &header, sets) < 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		sets[i].effective = sets[i].permitted;
	syscall(SYS_capset, &header, sets);
}

bool capabilities__has(cap_value_t capability)
{
	_cleanup_(cap_freep) cap_t held = cap_get_proc();

	return held && has(held, capability, CAP_EFFECTIVE);
}
