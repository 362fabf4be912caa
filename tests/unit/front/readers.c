// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <string.h>

#include "front/readers.h"

static struct readers readers;

static void start(void)
{
	readers = (struct readers){.uses = 0};
}

TestSuite(readers, .init = start);

static struct reader_identity client(uint64_t connection)
{
	return (struct reader_identity){
		.connection = connection, .address = "10.0.0.1", .user_agent = "Prometheus/2"};
}

static struct reader_identity named(uint64_t connection, const char *name)
{
	struct reader_identity identity = client(connection);

	identity.name = name;
	return identity;
}

/* A read that is answered with the snapshot of `now_ns`; returns the begin of its interval. */
static uint64_t read_at(struct reader_identity identity, uint64_t now_ns)
{
	uint64_t since_ns = readers__begin(&readers, &identity);

	readers__answered(&readers, &identity, now_ns);
	return since_ns;
}

Test(readers, open_connections_are_readers_of_their_own)
{
	cr_assert_eq(read_at(client(1), 10), 0u);
	cr_assert_eq(read_at(client(2), 20), 0u);
	cr_assert_eq(read_at(client(1), 30), 10u);
	cr_assert_eq(read_at(client(1), 40), 30u);
	cr_assert_eq(read_at(client(2), 50), 20u);
}

Test(readers, a_request_without_an_answer_does_not_end_the_interval)
{
	struct reader_identity identity = client(1);

	cr_assert_eq(read_at(identity, 10), 0u);
	cr_assert_eq(readers__begin(&readers, &identity), 10u);
	cr_assert_eq(readers__begin(&readers, &identity), 10u);
}

Test(readers, a_new_connection_continues_an_ended_one_of_the_same_client)
{
	struct reader_identity other_address = client(3), other_agent = client(4);

	other_address.address = "10.0.0.2";
	other_agent.user_agent = NULL;
	cr_assert_eq(read_at(client(1), 10), 0u);
	cr_assert_eq(read_at(client(2), 20), 0u, "connection 1 is open");
	readers__connection_ended(&readers, 1);
	cr_assert_eq(read_at(other_address, 30), 0u);
	cr_assert_eq(read_at(other_agent, 40), 0u);
	cr_assert_eq(read_at(client(5), 50), 10u);
	cr_assert_eq(read_at(client(6), 60), 0u, "connection 5 is open");
	cr_assert_eq(read_at(client(2), 70), 20u);
}

Test(readers, of_several_ended_connections_the_earliest_interval_continues)
{
	read_at(client(1), 20);
	read_at(client(2), 10);
	read_at(client(3), 30);
	for (uint64_t connection = 1; connection <= 3; connection++)
		readers__connection_ended(&readers, connection);
	cr_assert_eq(read_at(client(4), 40), 10u);
	cr_assert_eq(read_at(client(5), 50), 20u);
	cr_assert_eq(read_at(client(6), 60), 30u);
}

Test(readers, a_name_is_one_reader_over_all_connections)
{
	struct reader_identity other_agent = named(4, "a"), other_address = named(5, "a");

	other_agent.user_agent = "curl/8";
	other_address.address = "::1";
	cr_assert_eq(read_at(named(1, "a"), 10), 0u);
	cr_assert_eq(read_at(named(2, "a"), 20), 10u, "connection 1 is open");
	cr_assert_eq(read_at(named(1, "b"), 30), 0u);
	cr_assert_eq(read_at(client(1), 40), 0u, "without a name");
	cr_assert_eq(read_at(other_agent, 50), 20u);
	cr_assert_eq(read_at(other_address, 60), 0u);
	readers__connection_ended(&readers, 1);
	cr_assert_eq(read_at(named(6, "b"), 70), 30u);
	cr_assert_eq(read_at(named(7, ""), 80), 40u, "an empty name is none");
}

Test(readers, answers_in_the_other_order)
{
	struct reader_identity identity = named(1, "a");

	readers__begin(&readers, &identity);
	readers__begin(&readers, &identity);
	readers__answered(&readers, &identity, 20);
	readers__answered(&readers, &identity, 10);
	cr_assert_eq(readers__begin(&readers, &identity), 20u);
}

Test(readers, the_end_of_a_connection_before_its_answer)
{
	struct reader_identity identity = client(1);

	cr_assert_eq(read_at(identity, 10), 0u);
	readers__begin(&readers, &identity);
	readers__connection_ended(&readers, 1);
	/* The client did not wait for this answer. */
	readers__answered(&readers, &identity, 20);
	cr_assert_eq(read_at(client(2), 30), 10u);
}

Test(readers, a_new_reader_replaces_the_one_that_is_unused_longest)
{
	struct reader_identity replaced = client(2);

	for (uint64_t i = 1; i <= READERS_LIMIT; i++)
		cr_assert_eq(read_at(client(i), i), 0u);
	/* All are open: the second one has the oldest request. */
	cr_assert_eq(read_at(client(1), 100), 1u);
	cr_assert_eq(read_at(client(READERS_LIMIT + 1), 101), 0u);
	readers__answered(&readers, &replaced, 102);
	/* Ended readers go first, although they are used later. */
	readers__connection_ended(&readers, 1);
	cr_assert_eq(read_at(named(1, "a"), 103), 0u);
	cr_assert_eq(read_at(named(1, "b"), 104), 0u);
	cr_assert_eq(read_at(named(1, "b"), 105), 104u);
	cr_assert_eq(read_at(named(1, "a"), 106), 0u);
	cr_assert_eq(read_at(client(3), 107), 3u);
	cr_assert_eq(read_at(client(2), 108), 0u);
}

Test(readers, long_texts_are_cut)
{
	char name[READER_NAME_BYTES + 10] = {0};

	memset(name, 'n', sizeof(name) - 1);
	cr_assert_eq(read_at(named(1, name), 10), 0u);
	name[sizeof(name) - 2] = 'm';
	cr_assert_eq(read_at(named(1, name), 20), 10u);
	name[0] = 'm';
	cr_assert_eq(read_at(named(1, name), 30), 0u);
}
