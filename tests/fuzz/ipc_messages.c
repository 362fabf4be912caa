// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* Messages between agent and front, in both directions. The input: a choice, then parts of a stream, each after
 * its kind: a message whose header the target makes, or bytes as they are. The stream arrives in pieces. */

#include "fuzz.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/front_watch.h"
#include "base/log.h"
#include "front/main.h"
#include "front/statistics.h"
#include "ipc/reader.h"

#define STREAM_BYTES 16384 /* fits in the buffer of a socket */
#define ROUNDS	     6	   /* of the agent's loop */

/* The log of the code under test would be most of the output. */
void log_set_level(enum log_level level)
{
	(void)level;
}

enum log_level log_level(void)
{
	return LOG_LEVEL_ERROR;
}

bool log_has_failed(void)
{
	return false;
}

void log_write(enum log_level level, const char *format, ...)
{
	(void)level;
	(void)format;
}

struct stream {
	uint8_t bytes[STREAM_BYTES];
	size_t size;
};

static void add_bytes(struct stream *stream, const void *bytes, size_t size)
{
	if (size > sizeof(stream->bytes) - stream->size)
		size = sizeof(stream->bytes) - stream->size;
	if (size > 0)
		memcpy(stream->bytes + stream->size, bytes, size);
	stream->size += size;
}

static void make_stream(struct stream *stream, struct fuzz_input *input)
{
	static const uint16_t kinds[] = {1, 2, 3, 4, 16, 17, 18, 19, 32, 33, 34};

	stream->size = 0;
	while (input->size > 0 && stream->size < sizeof(stream->bytes)) {
		uint8_t choice = fuzz_byte(input);
		struct message_header header = {
			.magic = MESSAGE_MAGIC,
			.kind = kinds[choice % (sizeof(kinds) / sizeof(*kinds))],
		};
		struct fuzz_input part;

		if (choice >= 0xf0) {
			part = fuzz_part(input, choice & 0x0f);
			add_bytes(stream, part.bytes, part.size);
			continue;
		}
		header.flags = fuzz_byte(input) & 7;
		header.sequence = fuzz_number(input, 2);
		part = fuzz_part(input, fuzz_byte(input));
		header.payload_size = (uint32_t)part.size;
		add_bytes(stream, &header, sizeof(header));
		add_bytes(stream, part.bytes, part.size);
	}
}

static void make_pair(int fds[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		abort();
}

static void send_all(int fd, const uint8_t *bytes, size_t size)
{
	fuzz_check(send(fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)size,
		   "the socket takes less than %zu bytes", size);
}

/* The next message of the stream, from `*at` on, by the whole stream. */
static int plain_next(const struct stream *stream, size_t *at, struct message *ret_message)
{
	struct message_header header;
	struct error error;

	if (stream->size - *at < sizeof(header))
		return 0;
	memcpy(&header, stream->bytes + *at, sizeof(header));
	if (message_header__check(&header, &error) < 0)
		return -EPROTO;
	if (stream->size - *at < sizeof(header) + header.payload_size)
		return 0;
	*ret_message = (struct message){header, stream->bytes + *at + sizeof(header)};
	*at += sizeof(header) + header.payload_size;
	return 1;
}

/* A reader that gets the stream in pieces gives the messages of the whole stream. */
static void check_reader(const struct stream *stream, struct fuzz_input sizes)
{
	struct message_reader *reader;
	struct error error = {0};
	size_t sent = 0, at = 0;
	int fds[2], r = 0;

	make_pair(fds);
	if (message_reader__new(&reader, &error) < 0)
		abort();
	while (r >= 0 && sent < stream->size) {
		size_t piece = 1 + fuzz_byte(&sizes) * (size_t)4;
		struct message message, wanted;

		if (piece > stream->size - sent)
			piece = stream->size - sent;
		send_all(fds[0], stream->bytes + sent, piece);
		sent += piece;
		while ((r = message_reader__next(reader, fds[1], &message, &error)) > 0) {
			fuzz_check(plain_next(stream, &at, &wanted) == 1, "a message that is none");
			fuzz_check(memcmp(&message.header, &wanted.header, sizeof(wanted.header)) ==
						   0 &&
					   memcmp(message.payload, wanted.payload,
						  wanted.header.payload_size) == 0,
				   "another message");
		}
		fuzz_check(r < 0 || at <= sent, "a message before its end");
	}
	fuzz_check((int)fuzz_answer((uint64_t)r) == plain_next(stream, &at, &(struct message){0}),
		   "the stream ends with %d", r);
	message_reader__free(reader);
	close(fds[0]);
	close(fds[1]);
}

/* The front that the agent watches: the other end of the socket. */
struct front {
	int socket_fd;
	int process_fd, log_fd; /* never readable */
	struct message_reader *reader;
	uint64_t taken; /* messages that ask for a snapshot */
};

int front__begin(struct front *front, struct error *error)
{
	(void)front;
	return error_set(error, -EPIPE, "no other front");
}

int front__proceed(struct front *front, struct error *error)
{
	return front__begin(front, error);
}

int front__start_fd(const struct front *front)
{
	return front->process_fd;
}

int front__pid_fd(const struct front *front)
{
	return front->process_fd;
}

int front__log_fd(const struct front *front)
{
	return front->log_fd;
}

int front__socket_fd(const struct front *front)
{
	return front->socket_fd;
}

bool front__read_log(struct front *front)
{
	(void)front;
	return false;
}

void front__flush_log(struct front *front)
{
	(void)front;
}

int front__next_message(struct front *front, struct message *ret_message, struct error *error)
{
	int r = message_reader__next(front->reader, front->socket_fd, ret_message, error);

	front->taken += r == 1 && ret_message->header.kind == MESSAGE_TAKE_SNAPSHOT;
	return r;
}

static uint64_t answers;

static int answer(void *context, uint64_t sequence, uint64_t since_ns, struct error *error)
{
	struct front *front = context;

	(void)sequence;
	(void)since_ns;
	answers++;
	fuzz_check(fuzz_answer(answers) <= front->taken, "an answer to no request");
	return answers % 2 ? 0 : error_set(error, -EIO, "no snapshot");
}

struct rounds {
	struct loop *loop;
	int left;
};

static int on_round(void *context)
{
	struct rounds *rounds = context;

	if (rounds->left-- == 0)
		loop__stop(rounds->loop);
	return 0;
}

static void check_counters(const struct self_counters *counters)
{
	fuzz_check(counters->scrapes <= FRONT_STATISTICS_LIMIT &&
			   counters->scrape_failures <= FRONT_STATISTICS_LIMIT &&
			   counters->exporter.spans_sent <= FRONT_STATISTICS_LIMIT,
		   "a count above the limit");
}

/* What a front may send to the agent. */
static void check_agent(const struct stream *stream)
{
	struct self_counters counters = {0};
	struct front_watch *watch;
	struct rounds rounds = {.left = ROUNDS};
	struct front front = {
		.process_fd = eventfd(0, EFD_CLOEXEC),
		.log_fd = eventfd(0, EFD_CLOEXEC),
	};
	struct error error = {0};
	int fds[2], always = eventfd(1, EFD_CLOEXEC);

	answers = 0;
	make_pair(fds);
	front.socket_fd = fds[1];
	send_all(fds[0], stream->bytes, stream->size);
	shutdown(fds[0], SHUT_WR);
	if (message_reader__new(&front.reader, &error) < 0 || loop__new(&rounds.loop, &error) < 0 ||
	    front_watch__new(&front, &counters, answer, &front, &watch, &error) < 0)
		abort();
	if (loop__add_fd(rounds.loop, always, EPOLLIN, on_round, &rounds, NULL, &error) < 0)
		abort();
	fuzz_check(front_watch__start(watch, rounds.loop, &error) == 0, "%s", error.message);
	fuzz_check(loop__run(rounds.loop) == 0, "the loop of the agent ends");
	check_counters(&counters);
	front_watch__finish(watch);
	check_counters(&counters);
	front_watch__free(watch);
	loop__free(rounds.loop);
	message_reader__free(front.reader);
	close(always);
	close(front.process_fd);
	close(front.log_fd);
	close(fds[0]);
	close(fds[1]);
}

/* What the agent may send to a front: the front as a whole, which ends with the stream. */
static void check_front(const struct stream *stream)
{
	static const struct config config;
	int fds[2], status;

	make_pair(fds);
	send_all(fds[0], stream->bytes, stream->size);
	shutdown(fds[0], SHUT_WR);
	status = front_main(&config, fds[1]);
	fuzz_check(status == EXIT_SUCCESS || status == EXIT_FAILURE, "status %d", status);
	close(fds[0]);
	close(fds[1]);
}

void fuzz_one(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	uint8_t choice = fuzz_byte(&input);
	struct fuzz_input sizes = fuzz_part(&input, 16);
	static struct stream stream;

	make_stream(&stream, &input);
	check_reader(&stream, sizes);
	if (choice % 3 == 1)
		check_agent(&stream);
	else if (choice % 3 == 2)
		check_front(&stream);
}
