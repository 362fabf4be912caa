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
#include "ipc/message.h"
#include "ipc/reader.h"

static int pair[2] = {-1, -1};
static struct message_reader *reader;
static struct message message;
static struct error error;

static void start(void)
{
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	cr_assert_eq(message_reader__new(&reader, NULL), 0);
}

static void end(void)
{
	message_reader__free(reader);
	close(pair[0]);
	close(pair[1]);
}

TestSuite(ipc_message, .init = start, .fini = end, .timeout = 60);

static int next(void)
{
	return message_reader__next(reader, pair[1], &message, &error);
}

/* Writes a header without checking it. */
static void write_header(struct message_header header)
{
	cr_assert_eq(write(pair[0], &header, sizeof(header)), (ssize_t)sizeof(header));
}

Test(ipc_message, messages_arrive_unchanged)
{
	static const uint64_t now_ns = UINT64_C(0x0123456789abcdef);

	cr_assert_eq(next(), 0);
	cr_assert_eq(
		message__send(pair[0], MESSAGE_METRICS, MESSAGE_FLAG_EXPORT, 7, "abc", 3, NULL), 0);
	cr_assert_eq(message__send(pair[0], MESSAGE_METRICS_END, MESSAGE_FLAG_SCRAPE, 8, &now_ns,
				   sizeof(now_ns), NULL),
		     0);
	cr_assert_eq(next(), 1);
	cr_assert_eq(message.header.kind, MESSAGE_METRICS);
	cr_assert_eq(message.header.flags, MESSAGE_FLAG_EXPORT);
	cr_assert_eq(message.header.sequence, 7u);
	cr_assert_eq(message.header.payload_size, 3u);
	cr_assert_arr_eq(message.payload, "abc", 3);
	cr_assert_eq(next(), 1);
	cr_assert_eq(message.header.kind, MESSAGE_METRICS_END);
	cr_assert_eq(message.header.sequence, 8u);
	cr_assert_eq(message.header.payload_size, sizeof(now_ns));
	cr_assert_arr_eq(message.payload, &now_ns, sizeof(now_ns));
	cr_assert_eq(next(), 0);
}

Test(ipc_message, single_bytes_are_assembled)
{
	uint8_t bytes[sizeof(struct message_header) + 5];
	struct message_header header = {
		.magic = MESSAGE_MAGIC, .kind = MESSAGE_SPANS, .payload_size = 5};

	memcpy(bytes, &header, sizeof(header));
	memcpy(bytes + sizeof(header), "12345", 5);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		cr_assert_eq(next(), 0);
		cr_assert_eq(write(pair[0], bytes + i, 1), 1);
	}
	cr_assert_eq(next(), 1);
	cr_assert_arr_eq(message.payload, "12345", 5);
}

static void *send_largest(void *payload)
{
	for (int i = 0; i < 3; i++)
		message__send(pair[0], MESSAGE_METRICS, 0, (uint64_t)i, payload,
			      MESSAGE_PAYLOAD_LIMIT, NULL);
	return NULL;
}

Test(ipc_message, largest_payloads)
{
	uint8_t *payload = malloc(MESSAGE_PAYLOAD_LIMIT);
	pthread_t thread;
	uint64_t expected = 0;

	memset(payload, 0x5a, MESSAGE_PAYLOAD_LIMIT);
	pthread_create(&thread, NULL, send_largest, payload);
	while (expected < 3) {
		int r = next();

		cr_assert_geq(r, 0);
		if (r == 0)
			continue;
		cr_assert_eq(message.header.sequence, expected);
		cr_assert_eq(memcmp(message.payload, payload, MESSAGE_PAYLOAD_LIMIT), 0);
		expected++;
	}
	pthread_join(thread, NULL);
	free(payload);
}

Test(ipc_message, too_large_a_payload_is_not_sent)
{
	cr_assert_eq(
		message__send(pair[0], MESSAGE_METRICS, 0, 0, "", MESSAGE_PAYLOAD_LIMIT + 1, NULL),
		-EPROTO);
	cr_assert_eq(next(), 0);
}

Test(ipc_message, the_end_of_the_stream)
{
	write_header((struct message_header){.magic = MESSAGE_MAGIC, .kind = MESSAGE_STOP});
	close(pair[0]);
	cr_assert_eq(next(), 1);
	cr_assert_eq(next(), -EPIPE);
	cr_assert_eq(message__send(pair[1], MESSAGE_STOP, 0, 0, NULL, 0, &error), -EPIPE);
	cr_assert_eq(message__send(-1, MESSAGE_STOP, 0, 0, NULL, 0, &error), -EPIPE);
	pair[0] = -1;
}

Test(ipc_message, waits_for_the_start)
{
	const uint16_t sent = 4242;
	uint16_t port = 0;

	message__send(pair[0], MESSAGE_READY, 0, 0, &sent, sizeof(sent), NULL);
	cr_assert_eq(message__await_ready(pair[1], NS_PER_S, "it", &port, &error), 0);
	cr_assert_eq(port, sent);
	message__send_failed(pair[0], -EADDRINUSE, "the port is in use");
	cr_assert_eq(message__await_ready(pair[1], NS_PER_S, "it", &port, &error), -EADDRINUSE);
	cr_assert_str_eq(error.message, "the port is in use");
	/* An errno outside the kernel's range becomes -EIO. */
	message__send(pair[0], MESSAGE_FAILED, 0, 4096, "x", 1, NULL);
	cr_assert_eq(message__await_ready(pair[1], NS_PER_S, "it", &port, &error), -EIO);
	message__send(pair[0], MESSAGE_STOP, 0, 0, NULL, 0, NULL);
	cr_assert_eq(message__await_ready(pair[1], NS_PER_S, "it", &port, &error), -EPROTO);
	cr_assert_eq(message__await_ready(pair[1], NS_PER_MS, "it", &port, &error), -ETIMEDOUT);
	cr_assert_str_eq(error.message, "it did not start: the peer process does not answer");
}

Test(ipc_message, malformed_headers_are_rejected)
{
	static const struct message_header headers[] = {
		/* magic, kind, flags, sequence, payload_size, reserved */
		{MESSAGE_MAGIC ^ 1, MESSAGE_METRICS, 0, 0, 1, 0},
		{MESSAGE_MAGIC, 0, 0, 0, 1, 0},
		{MESSAGE_MAGIC, 5, 0, 0, 1, 0},
		{MESSAGE_MAGIC, 20, 0, 0, 1, 0},
		{MESSAGE_MAGIC, MESSAGE_METRICS, 4, 0, 1, 0},
		{MESSAGE_MAGIC, MESSAGE_METRICS, 0, 0, 1, 1},
		{MESSAGE_MAGIC, MESSAGE_METRICS, 0, 0, 0, 0},
		{MESSAGE_MAGIC, MESSAGE_METRICS, 0, 0, MESSAGE_PAYLOAD_LIMIT + 1, 0},
		{MESSAGE_MAGIC, MESSAGE_STOP, 0, 0, 1, 0},
		{MESSAGE_MAGIC, MESSAGE_STATISTICS, 0, 0, MESSAGE_STATISTICS_LIMIT + 1, 0},
		{MESSAGE_MAGIC, MESSAGE_SPANS, MESSAGE_FLAG_EXPORT, 0, 1, 0},
		{MESSAGE_MAGIC, MESSAGE_READY, 0, 0, 1, 0},
		{MESSAGE_MAGIC, MESSAGE_FAILED, 0, 0, MESSAGE_REASON_LIMIT + 1, 0},
		{MESSAGE_MAGIC, MESSAGE_SETTINGS, 0, 0, MESSAGE_SETTINGS_LIMIT + 1, 0},
		{MESSAGE_MAGIC, MESSAGE_CALL, MESSAGE_FLAG_SCRAPE, 0, 1, 0},
		{MESSAGE_MAGIC, MESSAGE_RESULT, 0, 0, MESSAGE_RESULT_LIMIT + 1, 0},
		{MESSAGE_MAGIC, 35, 0, 0, 1, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
		end();
		start();
		write_header(headers[i]);
		cr_assert_eq(next(), -EPROTO, "header %zu", i);
	}
}

Test(ipc_message, flipped_bits_never_exceed_the_limits)
{
	uint32_t random = 4711;

	for (int round = 0; round < 500; round++) {
		uint8_t bytes[4 * (sizeof(struct message_header) + 16)];
		size_t size = 0;

		for (int i = 0; i < 4; i++) {
			struct message_header header = {
				.magic = MESSAGE_MAGIC, .kind = MESSAGE_SPANS, .payload_size = 16};

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
			cr_assert_leq(message.header.payload_size, MESSAGE_PAYLOAD_LIMIT);
	}
}

Test(ipc_message, a_peer_that_does_not_read_loses_its_socket)
{
	const struct timeval timeout = {.tv_usec = 50000};
	static uint8_t payload[MESSAGE_PAYLOAD_LIMIT];

	setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	cr_assert_eq(
		message__send(pair[0], MESSAGE_METRICS, 0, 0, payload, sizeof(payload), &error),
		-EPIPE);
	while (next() == 0)
		continue;
	cr_assert_eq(next(), -EPIPE);
}

/* Takes 16 KiB each 20 ms, until the stream ends. */
static void *read_slowly(void *context)
{
	static uint8_t bytes[16384];

	(void)context;
	while (read(pair[1], bytes, sizeof(bytes)) > 0)
		usleep(20 * 1000);
	return NULL;
}

/* The kernel's SO_SNDTIMEO begins anew with each part that the peer takes. */
Test(ipc_message, a_peer_that_reads_slowly_loses_its_socket)
{
	const struct timeval timeout = {.tv_usec = 200000};
	static uint8_t payload[MESSAGE_PAYLOAD_LIMIT];
	uint64_t before = clock_monotonic_ns();
	pthread_t thread;

	setsockopt(pair[0], SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	pthread_create(&thread, NULL, read_slowly, NULL);
	cr_assert_eq(
		message__send(pair[0], MESSAGE_METRICS, 0, 0, payload, sizeof(payload), &error),
		-EPIPE);
	cr_assert_lt(clock_monotonic_ns() - before, 2 * NS_PER_S);
	pthread_join(thread, NULL);
}

Test(ipc_message, receive_reads_exactly_one_message)
{
	struct message_header header;
	char payload[8];

	cr_assert_eq(message__receive(pair[1], NS_PER_MS, &header, payload, 8, NULL), -ETIMEDOUT);
	message__send(pair[0], MESSAGE_FAILED, 0, 5, "reason", 6, NULL);
	message__send(pair[0], MESSAGE_FAILED, 0, 5, "too long", 8, NULL);
	cr_assert_eq(message__receive(pair[1], NS_PER_S, &header, payload, 7, NULL), 0);
	cr_assert_eq(header.payload_size, 6u);
	cr_assert_arr_eq(payload, "reason", 6);
	cr_assert_eq(message__receive(pair[1], NS_PER_S, &header, payload, 7, NULL), -EPROTO);
}
