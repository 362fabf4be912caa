// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "front/log_relay.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/array.h"
#include "base/clock.h"

/* A front logs a line when something changes. */
#define LINES_BURST	  50
#define LINES_INTERVAL_NS (NS_PER_S / 2)

void log_relay__init(struct log_relay *relay, void (*print)(enum log_level, const char *))
{
	*relay = (struct log_relay){
		.lines = {.interval_ns = LINES_INTERVAL_NS, .burst = LINES_BURST},
		.print = print,
	};
}

static bool skip(const char **text, const char *prefix)
{
	size_t length = strlen(prefix);

	if (strncmp(*text, prefix, length) != 0)
		return false;
	*text += length;
	return true;
}

/* Takes the prefixes of base/log.c from a line, and returns its level. The line of a library has no
 * prefix, and is a warning: such lines are rare and mostly errors. */
static enum log_level take_level(const char **text)
{
	static const struct {
		const char *prefix;
		enum log_level level;
	} levels[] = {
		{"error: ", LOG_LEVEL_ERROR},
		{"warning: ", LOG_LEVEL_WARNING},
		{"debug: ", LOG_LEVEL_DEBUG},
	};

	if (!skip(text, "scottyscope: "))
		return LOG_LEVEL_WARNING;
	for (size_t i = 0; i < ARRAY_SIZE(levels); i++) {
		if (skip(text, levels[i].prefix))
			return levels[i].level;
	}
	return LOG_LEVEL_INFO;
}

static void print_dropped(struct log_relay *relay)
{
	char text[64];

	if (relay->dropped == 0)
		return;
	snprintf(text, sizeof(text), "%llu lines were dropped", (unsigned long long)relay->dropped);
	relay->dropped = 0;
	relay->print(LOG_LEVEL_WARNING, text);
}

static void end_line(struct log_relay *relay, uint64_t now_ns)
{
	const char *text = relay->line;
	enum log_level level;

	if (relay->length == 0)
		return;
	relay->line[relay->length] = '\0';
	relay->length = 0;
	if (!token_bucket__take(&relay->lines, now_ns)) {
		relay->dropped++;
		return;
	}
	print_dropped(relay);
	level = take_level(&text);
	relay->print(level, text);
}

void log_relay__add(struct log_relay *relay, const char *bytes, size_t size, uint64_t now_ns)
{
	for (size_t i = 0; i < size; i++) {
		if (bytes[i] == '\n') {
			end_line(relay, now_ns);
			continue;
		}
		/* A longer line is several lines. */
		if (relay->length == sizeof(relay->line) - 1)
			end_line(relay, now_ns);
		relay->line[relay->length++] = bytes[i] ? bytes[i] : '?';
	}
}

void log_relay__flush(struct log_relay *relay, uint64_t now_ns)
{
	end_line(relay, now_ns);
	print_dropped(relay);
}
