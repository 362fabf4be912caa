// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "front/readers.h"

#include <stdio.h>
#include <string.h>

static bool is_named(const struct reader *reader)
{
	return reader->name[0] != '\0';
}

/* Returns the entry that a new reader has. */
static struct reader make(const struct reader_identity *identity)
{
	struct reader reader = {.connection = identity->connection};

	snprintf(reader.address, sizeof(reader.address), "%s", identity->address);
	if (identity->name)
		snprintf(reader.name, sizeof(reader.name), "%s", identity->name);
	if (is_named(&reader))
		reader.connection = 0;
	else if (identity->user_agent)
		snprintf(reader.user_agent, sizeof(reader.user_agent), "%s", identity->user_agent);
	return reader;
}

static bool is_same_client(const struct reader *one, const struct reader *other)
{
	return strcmp(one->address, other->address) == 0 &&
	       strcmp(one->user_agent, other->user_agent) == 0 &&
	       strcmp(one->name, other->name) == 0;
}

/* Returns the entry of the wanted connection, or of the wanted name; otherwise NULL. */
static struct reader *find(struct readers *readers, const struct reader *wanted)
{
	for (size_t i = 0; i < READERS_LIMIT; i++) {
		struct reader *reader = &readers->items[i];

		if (reader->last_use == 0 || reader->connection != wanted->connection)
			continue;
		if (!is_named(wanted) || is_same_client(reader, wanted))
			return reader;
	}
	return NULL;
}

/* Returns the client's reader without a connection whose last read is the oldest; NULL for none. The
 * interval of that reader contains the intervals of the others. */
static struct reader *find_ended(struct readers *readers, const struct reader *wanted)
{
	struct reader *found = NULL;

	for (size_t i = 0; i < READERS_LIMIT; i++) {
		struct reader *reader = &readers->items[i];

		if (reader->last_use > 0 && reader->connection == 0 &&
		    is_same_client(reader, wanted) &&
		    (!found || reader->since_ns < found->since_ns))
			found = reader;
	}
	return found;
}

/* Returns whether `one` is replaced before `other`. An empty entry is replaced first. */
static bool goes_first(const struct reader *one, const struct reader *other)
{
	bool one_is_open = one->connection != 0;
	bool other_is_open = other->connection != 0;

	if (one_is_open != other_is_open)
		return !one_is_open;
	return one->last_use < other->last_use;
}

static struct reader *add(struct readers *readers, const struct reader *new)
{
	struct reader *place = &readers->items[0];

	for (size_t i = 1; i < READERS_LIMIT; i++) {
		if (goes_first(&readers->items[i], place))
			place = &readers->items[i];
	}
	*place = *new;
	return place;
}

uint64_t readers__begin(struct readers *readers, const struct reader_identity *identity)
{
	const struct reader wanted = make(identity);
	struct reader *reader = find(readers, &wanted);

	if (!reader && !is_named(&wanted))
		reader = find_ended(readers, &wanted);
	if (!reader)
		reader = add(readers, &wanted);
	reader->connection = wanted.connection;
	reader->last_use = ++readers->uses;
	return reader->since_ns;
}

void readers__answered(struct readers *readers, const struct reader_identity *identity,
		       uint64_t now_ns)
{
	const struct reader wanted = make(identity);
	struct reader *reader = find(readers, &wanted);

	/* Two requests of a named reader may end in the other order. */
	if (reader && reader->since_ns < now_ns)
		reader->since_ns = now_ns;
}

void readers__connection_ended(struct readers *readers, uint64_t connection)
{
	for (size_t i = 0; i < READERS_LIMIT; i++) {
		if (readers->items[i].connection == connection)
			readers->items[i].connection = 0;
	}
}
