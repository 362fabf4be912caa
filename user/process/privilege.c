// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "process/privilege.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/array.h"
#include "process/restriction.h"

static bool is_held(cap_t held, cap_value_t capability)
{
	cap_flag_value_t value = CAP_CLEAR;

	return held && cap_get_flag(held, capability, CAP_EFFECTIVE, &value) == 0 &&
	       value == CAP_SET;
}

/* Appends " and CAP_NAME"; libcap writes names in lower case. */
static void append_name(cap_value_t capability, bool is_first, char *text, size_t size)
{
	char *name = cap_to_name(capability);

	for (char *c = name; c && *c; c++)
		*c = (char)toupper((unsigned char)*c);
	snprintf(text, size, "%s%s", is_first ? "" : " and ", name ? name : "?");
	cap_free(name);
}

size_t privilege__name_missing(cap_t held, const cap_value_t *needed, size_t count, char *text,
			       size_t size)
{
	size_t missing = 0, length = 0;

	*text = '\0';
	for (size_t i = 0; i < count; i++) {
		if (is_held(held, needed[i]))
			continue;
		append_name(needed[i], missing == 0, text + length, size - length);
		while (text[length])
			length++;
		missing++;
	}
	return missing;
}

char *privilege__advise(const cap_value_t *needed, size_t count, char text[PRIVILEGE_ADVICE_SIZE])
{
	cap_t held = cap_get_proc();
	char names[96];

	if (privilege__name_missing(held, needed, count, names, sizeof(names)) > 0)
		snprintf(text, PRIVILEGE_ADVICE_SIZE, "run as root or with %s", names);
	else
		restriction__own_denier(text);
	cap_free(held);
	return text;
}

char *privilege__advise_inspection(char text[PRIVILEGE_ADVICE_SIZE])
{
	/* Reading another process's executable needs CAP_SYS_PTRACE. Opening files in /proc/PID
	 * that are readable by their owner only, such as auxv and fd, needs CAP_DAC_READ_SEARCH. */
	static const cap_value_t needed[] = {CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH};

	return privilege__advise(needed, ARRAY_SIZE(needed), text);
}
