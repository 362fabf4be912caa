// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/array.h"
#include "base/clock.h"
#include "front/protocol.h"

static int pair[2] = {-1, -1};
static struct frame_reader *reader;
static struct frame frame;
static struct error error;

static void start(void)
{
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	cr_assert_eq(frame_reader__new(&reader, NULL), 0);
}

static void end(void)
{
	frame_reader__free(reader);
	close(pair[0]);
	close(pair[1]);
}

TestSuite(front_protocol, .init = start, .fini = end, .timeout = 60);

static int next(void)
{
	return frame_reader__next(reader, pair[1], &frame, &error);
}

/* Writes a header as it is, right or wrong. */
static void write_header(struct frame_header header)
{
	cr_assert_eq(write(pair[0], &header, sizeof(header)), (ssize_t)sizeof(header));
}

Test(front_protocol, frames_arrive_as_sent)
{
	cr_assert_eq(next(), 0);
	cr_assert_eq(frame__send(pair[0], FRAME_METRICS, FRAME_FLAG_EXPORT, 7, "abc", 3, NULL), 0);
	cr_assert_eq(frame__send(pair[0], FRAME_METRICS_END, FRAME_FLAG_SCRAPE, 8, NULL, 0, NULL),
		     0);
	cr_assert_eq(next(), 1);
	cr_assert_eq(frame.header.kind, FRAME_METRICS);
	cr_assert_eq(frame.header.flags, FRAME_FLAG_EXPORT);
	cr_assert_eq(frame.header.sequence, 7u);
	cr_assert_eq(frame.header.payload_size, 3u);
	cr_assert_arr_eq(frame.payload, "abc", 3);
	cr_assert_eq(next(), 1);
	cr_assert_eq(frame.header.kind, FRAME_METRICS_END);
	cr_assert_eq(frame.header.sequence, 8u);
	cr_assert_eq(next(), 0);
}

Test(front_protocol, bytes_one_by_one)
{
	uint8_t bytes[sizeof(struct frame_header) + 5];
	struct frame_header header = {.magic = FRAME_MAGIC, .kind = FRAME_SPANS, .payload_size = 5};

	memcpy(bytes, &header, sizeof(header));
	memcpy(bytes + sizeof(header), "12345", 5);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		cr_assert_eq(next(), 0);
		cr_assert_eq(write(pair[0], bytes + i, 1), 1);
	}
	cr_assert_eq(next(), 1);
	cr_assert_arr_eq(frame.payload, "12345", 5);
}

static void *send_largest(void *payload)
{
	for (int i = 0; i < 3; i++)
		frame__send(pair[0], FRAME_METRICS, 0, (uint64_t)i, payload, FRAME_PAYLOAD_LIMIT,
			    NULL);
	return NULL;
}

Test(front_protocol, largest_payloads)
{
	uint8_t *payload = malloc(FRAME_PAYLOAD_LIMIT);
	pthread_t thread;
	uint64_t expected = 0;

	memset(payload, 0x5a, FRAME_PAYLOAD_LIMIT);
	pthread_create(&thread, NULL, send_largest, payload);
	while (expected < 3) {
		int r = next();

		cr_assert_geq(r, 0);
		if (r == 0)
			continue;
		cr_assert_eq(frame.header.sequence, expected);
		cr_assert_eq(memcmp(frame.payload, payload, FRAME_PAYLOAD_LIMIT), 0);
		expected++;
	}
	pthread_join(thread, NULL);
	free(payload);
}

Test(front_protocol, too_large_is_not_sent)
{
	cr_assert_eq(frame__send(pair[0], FRAME_METRICS, 0, 0, "", FRAME_PAYLOAD_LIMIT + 1, NULL),
		     -EPROTO);
	cr_assert_eq(next(), 0);
}

Test(front_protocol, the_end_of_the_stream)
{
	write_header((struct frame_header){.magic = FRAME_MAGIC, .kind = FRAME_STOP});
	close(pair[0]);
	cr_assert_eq(next(), 1);
	cr_assert_eq(next(), -EPIPE);
	cr_assert_eq(frame__send(pair[1], FRAME_STOP, 0, 0, NULL, 0, &error), -EPIPE);
	cr_assert_eq(frame__send(-1, FRAME_STOP, 0, 0, NULL, 0, &error), -EPIPE);
	pair[0] = -1;
}

Test(front_protocol, headers_that_make_no_sense)
{
	static const struct frame_header headers[] = {
		/* magic, kind, flags, sequence, payload_size, reserved */
		{FRAME_MAGIC ^ 1, FRAME_METRICS, 0, 0, 1, 0},
		{FRAME_MAGIC, 0, 0, 0, 1, 0},
		{FRAME_MAGIC, 5, 0, 0, 1, 0},
		{FRAME_MAGIC, 20, 0, 0, 1, 0},
		{FRAME_MAGIC, FRAME_METRICS, 4, 0, 1, 0},
		{FRAME_MAGIC, FRAME_METRICS, 0, 0, 1, 1},
		{FRAME_MAGIC, FRAME_METRICS, 0, 0, 0, 0},
		{FRAME_MAGIC, FRAME_METRICS, 0, 0, FRAME_PAYLOAD_LIMIT + 1, 0},
		{FRAME_MAGIC, FRAME_STOP, 0, 0, 1, 0},
		{FRAME_MAGIC, FRAME_STATISTICS, 0, 0, 1, 0},
		{FRAME_MAGIC, FRAME_READY, 0, 0, 1, 0},
		{FRAME_MAGIC, FRAME_FAILED, 0, 0, FRAME_REASON_LIMIT + 1, 0},
		{FRAME_MAGIC, FRAME_SETTINGS, 0, 0, FRAME_SETTINGS_LIMIT + 1, 0},
		{FRAME_MAGIC, FRAME_CALL, FRAME_FLAG_SCRAPE, 0, 1, 0},
		{FRAME_MAGIC, FRAME_RESULT, 0, 0, FRAME_RESULT_LIMIT + 1, 0},
		{FRAME_MAGIC, 35, 0, 0, 1, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
		end();
		start();
		write_header(headers[i]);
		cr_assert_eq(next(), -EPROTO, "header %zu", i);
	}
}

Test(front_protocol, random_damage_is_survived)
{
	uint32_t random = 4711;

	for (int round = 0; round < 500; round++) {
		uint8_t bytes[4 * (sizeof(struct frame_header) + 16)];
		size_t size = 0;

		for (int i = 0; i < 4; i++) {
			struct frame_header header = {
				.magic = FRAME_MAGIC, .kind = FRAME_SPANS, .payload_size = 16};

			memcpy(bytes + size, &header, sizeof(header));
			memset(bytes + size + sizeof(header), i, 16);
			size += sizeof(header) + 16;
		}
		for (int flips = 0; flips < 1 + round % 3; flips++) {
			random = random * 1664525 + 1013904223;
			bytes[(random >> 8) % size] ^= (uint8_t)(1u << (random >> 29));
		}
		end();
		start();
		cr_assert_eq(write(pair[0], bytes, size), (ssize_t)size);
		while (next() == 1)
			cr_assert_leq(frame.header.payload_size, FRAME_PAYLOAD_LIMIT);
	}
}

Test(front_protocol, a_reader_that_sleeps_cuts_the_stream)
{
	const struct timeval timeout = {.tv_usec = 50000};
	static uint8_t payload[FRAME_PAYLOAD_LIMIT];

	setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	cr_assert_eq(frame__send(pair[0], FRAME_METRICS, 0, 0, payload, sizeof(payload), &error),
		     -EPIPE);
	while (next() == 0)
		continue;
	cr_assert_eq(next(), -EPIPE);
}

Test(front_protocol, receive_takes_one_frame_only)
{
	struct frame_header header;
	char payload[8];

	cr_assert_eq(frame__receive(pair[1], NS_PER_MS, &header, payload, 8, NULL), -ETIMEDOUT);
	frame__send(pair[0], FRAME_FAILED, 0, 5, "reason", 6, NULL);
	frame__send(pair[0], FRAME_FAILED, 0, 5, "too long", 8, NULL);
	cr_assert_eq(frame__receive(pair[1], NS_PER_S, &header, payload, 7, NULL), 0);
	cr_assert_eq(header.payload_size, 6u);
	cr_assert_arr_eq(payload, "reason", 6);
	cr_assert_eq(frame__receive(pair[1], NS_PER_S, &header, payload, 7, NULL), -EPROTO);
}
