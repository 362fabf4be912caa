// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "ipc/message.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>

#include "base/array.h"
#include "base/clock.h"

/* An errno that a peer sends is below this; see ERR_PTR() and MAX_ERRNO in Linux, err.h. */
#define ERRNO_LIMIT 4096

#define SNAPSHOT_FLAGS (MESSAGE_FLAG_EXPORT | MESSAGE_FLAG_SCRAPE)

/* The payload sizes and flags that each kind allows. */
static const struct message_rule {
	bool is_known;
	uint16_t flags;
	uint32_t least;
	uint32_t most;
} rules[] = {
	[MESSAGE_METRICS] = {true, SNAPSHOT_FLAGS, 1, MESSAGE_PAYLOAD_LIMIT},
	[MESSAGE_METRICS_END] = {true, SNAPSHOT_FLAGS, sizeof(uint64_t), sizeof(uint64_t)},
	[MESSAGE_SPANS] = {true, 0, 1, MESSAGE_PAYLOAD_LIMIT},
	[MESSAGE_STOP] = {true, 0, 0, 0},
	[MESSAGE_TAKE_SNAPSHOT] = {true, 0, sizeof(uint64_t), sizeof(uint64_t)},
	[MESSAGE_STATISTICS] = {true, 0, 1, MESSAGE_STATISTICS_LIMIT},
	[MESSAGE_READY] = {true, 0, sizeof(uint16_t), sizeof(uint16_t)},
	[MESSAGE_FAILED] = {true, 0, 0, MESSAGE_REASON_LIMIT},
	[MESSAGE_SETTINGS] = {true, 0, 1, MESSAGE_SETTINGS_LIMIT},
	[MESSAGE_CALL] = {true, MESSAGE_FLAG_WAIT, 1, MESSAGE_PAYLOAD_LIMIT},
	[MESSAGE_RESULT] = {true, 0, 1, MESSAGE_RESULT_LIMIT},
};

int message_header__check(const struct message_header *header, struct error *error)
{
	const struct message_rule *rule =
		&rules[header->kind < ARRAY_SIZE(rules) ? header->kind : 0];

	if (header->magic != MESSAGE_MAGIC || header->reserved != 0)
		return error_set(error, -EPROTO, "received bytes that are not a message");
	if (!rule->is_known)
		return error_set(error, -EPROTO, "message of unknown kind %u", header->kind);
	if (header->flags & ~rule->flags) {
		return error_set(error, -EPROTO, "message of kind %u with unknown flags 0x%x",
				 header->kind, header->flags);
	}
	if (header->payload_size < rule->least || header->payload_size > rule->most) {
		return error_set(error, -EPROTO, "message of kind %u with a payload of %u bytes",
				 header->kind, header->payload_size);
	}
	return 0;
}

/* Returns the time limit of a whole message: the socket's SO_SNDTIMEO, which the kernel applies to each
 * part of a message alone. 0: none. */
static uint64_t send_limit_ns(int fd)
{
	struct timeval limit = {0};
	socklen_t size = sizeof(limit);

	if (getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, &size) < 0)
		return 0;
	return (uint64_t)limit.tv_sec * NS_PER_S + (uint64_t)limit.tv_usec * NS_PER_US;
}

/* Waits until the socket takes more bytes, or returns -EAGAIN after `deadline_ns`; 0: never. */
static int await_room(int fd, uint64_t deadline_ns)
{
	struct pollfd ready = {.fd = fd, .events = POLLOUT};
	uint64_t now_ns = clock_monotonic_ns();

	if (deadline_ns != 0 && now_ns >= deadline_ns)
		return -EAGAIN;
	poll(&ready, 1, deadline_ns ? (int)((deadline_ns - now_ns) / NS_PER_MS) + 1 : -1);
	return 0;
}

static int sending_failed(int fd, int code, struct error *error)
{
	if (code == EAGAIN) {
		/* A part of the message may have been sent: the peer could not parse another. */
		shutdown(fd, SHUT_RDWR);
		return error_set(error, -EPIPE, "the peer process does not read its messages");
	}
	if (code == EPIPE || code == ECONNRESET || code == EBADF)
		return error_set(error, -EPIPE, "the peer process has ended");
	return error_set(error, -code, "cannot send to the peer process: %m");
}

/* Removes the first `sent` bytes from the parts of `message`. */
static void skip_sent(struct msghdr *message, size_t sent)
{
	while (sent > 0) {
		struct iovec *part = message->msg_iov;
		size_t step = sent < part->iov_len ? sent : part->iov_len;

		part->iov_base = (uint8_t *)part->iov_base + step;
		part->iov_len -= step;
		sent -= step;
		if (part->iov_len == 0) {
			message->msg_iov++;
			message->msg_iovlen--;
		}
	}
}

int message__send(int fd, enum message_kind kind, uint16_t flags, uint64_t sequence,
		  const void *payload, size_t size, struct error *error)
{
	struct message_header header = {
		.magic = MESSAGE_MAGIC,
		.kind = (uint16_t)kind,
		.flags = flags,
		.sequence = sequence,
		.payload_size = size <= MESSAGE_PAYLOAD_LIMIT ? (uint32_t)size : UINT32_MAX,
	};
	struct iovec parts[2] = {
		{.iov_base = &header, .iov_len = sizeof(header)},
		{.iov_base = (void *)(uintptr_t)payload, .iov_len = size},
	};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = size > 0 ? 2 : 1};
	uint64_t limit_ns = send_limit_ns(fd);
	uint64_t deadline_ns = limit_ns ? clock_monotonic_ns() + limit_ns : 0;
	int r = message_header__check(&header, error);

	if (r < 0)
		return r;
	while (message.msg_iovlen > 0) {
		ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && errno == EAGAIN) {
			if (await_room(fd, deadline_ns) < 0)
				return sending_failed(fd, EAGAIN, error);
			continue;
		}
		if (sent < 0)
			return sending_failed(fd, errno, error);
		skip_sent(&message, (size_t)sent);
	}
	return 0;
}

/* Fills `bytes` from `fd` before the monotonic time `deadline_ns`. */
static int receive_exactly(int fd, uint64_t deadline_ns, void *bytes, size_t size,
			   struct error *error)
{
	for (size_t done = 0; done < size;) {
		ssize_t got = recv(fd, (uint8_t *)bytes + done, size - done, MSG_DONTWAIT);
		struct pollfd ready = {.fd = fd, .events = POLLIN};
		uint64_t now = clock_monotonic_ns();

		if (got > 0) {
			done += (size_t)got;
			continue;
		}
		if (got == 0 || errno == ECONNRESET)
			return error_set(error, -EPIPE, "the peer process has ended");
		if (errno != EAGAIN && errno != EINTR)
			return error_set(error, -errno, "cannot receive from the peer process: %m");
		if (now >= deadline_ns)
			return error_set(error, -ETIMEDOUT, "the peer process does not answer");
		poll(&ready, 1, (int)((deadline_ns - now) / NS_PER_MS) + 1);
	}
	return 0;
}

int message__receive(int fd, uint64_t timeout_ns, struct message_header *ret_header, void *payload,
		     size_t capacity, struct error *error)
{
	uint64_t deadline_ns = clock_monotonic_ns() + timeout_ns;
	struct message_header header;
	int r = receive_exactly(fd, deadline_ns, &header, sizeof(header), error);

	if (r < 0)
		return r;
	r = message_header__check(&header, error);
	if (r < 0)
		return r;
	if (header.payload_size > capacity)
		return error_set(error, -EPROTO, "unexpected message of kind %u", header.kind);
	r = receive_exactly(fd, deadline_ns, payload, header.payload_size, error);
	if (r < 0)
		return r;
	*ret_header = header;
	return 0;
}

void message__send_failed(int fd, int code, const char *reason)
{
	message__send(fd, MESSAGE_FAILED, 0, (uint64_t)-code, reason,
		      strnlen(reason, MESSAGE_REASON_LIMIT), NULL);
}

int message__take_ready(const struct message_header *header, const void *payload, const char *name,
			uint16_t *ret_port, struct error *error)
{
	int r;

	if (header->kind == MESSAGE_READY) {
		memcpy(ret_port, payload, sizeof(*ret_port));
		return 0;
	}
	if (header->kind != MESSAGE_FAILED)
		return error_set(error, -EPROTO, "%s sent an unexpected message", name);
	r = header->sequence > 0 && header->sequence < ERRNO_LIMIT ? -(int)header->sequence : -EIO;
	return error_set(error, r, "%.*s", (int)header->payload_size, (const char *)payload);
}

int message__await_ready(int fd, uint64_t timeout_ns, const char *name, uint16_t *ret_port,
			 struct error *error)
{
	struct message_header header;
	char payload[MESSAGE_REASON_LIMIT];
	int r = message__receive(fd, timeout_ns, &header, payload, sizeof(payload), error);

	if (r < 0)
		return error_prefix(error, r, "%s did not start", name);
	return message__take_ready(&header, payload, name, ret_port, error);
}
