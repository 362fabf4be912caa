// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "front/protocol.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define READER_INITIAL_BYTES ((size_t)64 * 1024)

struct frame_reader {
	uint8_t *bytes;
	size_t capacity;
	size_t begin; /* of what has not been given out */
	size_t end;   /* of what was read */
};

/* The payload sizes that a kind may have; false for a kind that does not exist. */
static bool payload_range(uint16_t kind, uint32_t *ret_least, uint32_t *ret_most)
{
	switch (kind) {
	case FRAME_METRICS:
	case FRAME_SPANS:
	case FRAME_CALL:
		*ret_least = 1;
		*ret_most = FRAME_PAYLOAD_LIMIT;
		return true;
	case FRAME_METRICS_END:
	case FRAME_STOP:
	case FRAME_COLLECT:
		*ret_least = *ret_most = 0;
		return true;
	case FRAME_STATISTICS:
		*ret_least = *ret_most = sizeof(struct front_statistics);
		return true;
	case FRAME_READY:
		*ret_least = *ret_most = sizeof(uint16_t);
		return true;
	case FRAME_FAILED:
		*ret_least = 0;
		*ret_most = FRAME_REASON_LIMIT;
		return true;
	case FRAME_SETTINGS:
		*ret_least = 1;
		*ret_most = FRAME_SETTINGS_LIMIT;
		return true;
	case FRAME_RESULT:
		*ret_least = 1;
		*ret_most = FRAME_RESULT_LIMIT;
		return true;
	default:
		return false;
	}
}

static uint16_t flags_of(uint16_t kind)
{
	return kind == FRAME_CALL ? FRAME_FLAG_WAIT : FRAME_FLAG_EXPORT | FRAME_FLAG_SCRAPE;
}

static int check_header(const struct frame_header *header, struct error *error)
{
	uint32_t least, most;

	if (header->magic != FRAME_MAGIC || header->reserved != 0)
		return error_set(error, -EPROTO,
				 "the front socket carries bytes that are no frame");
	if (!payload_range(header->kind, &least, &most))
		return error_set(error, -EPROTO, "frame of unknown kind %u", header->kind);
	if (header->flags & ~flags_of(header->kind))
		return error_set(error, -EPROTO, "frame with unknown flags 0x%x", header->flags);
	if (header->payload_size < least || header->payload_size > most) {
		return error_set(error, -EPROTO, "frame of kind %u with a payload of %u bytes",
				 header->kind, header->payload_size);
	}
	return 0;
}

static int sending_failed(int fd, int code, struct error *error)
{
	if (code == EAGAIN) {
		/* Half a frame may have gone: nothing after it could be understood. */
		shutdown(fd, SHUT_RDWR);
		return error_set(error, -EPIPE, "the other process does not read what it is sent");
	}
	if (code == EPIPE || code == ECONNRESET || code == EBADF)
		return error_set(error, -EPIPE, "the other process has gone");
	return error_set(error, -code, "cannot send to the other process: %m");
}

int frame__send(int fd, enum frame_kind kind, uint16_t flags, uint64_t sequence,
		const void *payload, size_t size, struct error *error)
{
	struct frame_header header = {
		.magic = FRAME_MAGIC,
		.kind = (uint16_t)kind,
		.flags = flags,
		.sequence = sequence,
		.payload_size = size <= FRAME_PAYLOAD_LIMIT ? (uint32_t)size : UINT32_MAX,
	};
	struct iovec parts[2] = {
		{.iov_base = &header, .iov_len = sizeof(header)},
		{.iov_base = (void *)(uintptr_t)payload, .iov_len = size},
	};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = size > 0 ? 2 : 1};
	int r = check_header(&header, error);

	if (r < 0)
		return r;
	while (message.msg_iovlen > 0) {
		ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return sending_failed(fd, errno, error);
		for (size_t left = (size_t)sent; left > 0;) {
			struct iovec *part = message.msg_iov;
			size_t step = left < part->iov_len ? left : part->iov_len;

			part->iov_base = (uint8_t *)part->iov_base + step;
			part->iov_len -= step;
			left -= step;
			if (part->iov_len == 0) {
				message.msg_iov++;
				message.msg_iovlen--;
			}
		}
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
			return error_set(error, -EPIPE, "the other process has gone");
		if (errno != EAGAIN && errno != EINTR)
			return error_set(error, -errno,
					 "cannot receive from the other process: %m");
		if (now >= deadline_ns)
			return error_set(error, -ETIMEDOUT, "the other process does not answer");
		poll(&ready, 1, (int)((deadline_ns - now) / NS_PER_MS) + 1);
	}
	return 0;
}

int frame__receive(int fd, uint64_t timeout_ns, struct frame_header *ret_header, void *payload,
		   size_t capacity, struct error *error)
{
	uint64_t deadline_ns = clock_monotonic_ns() + timeout_ns;
	struct frame_header header;
	int r = receive_exactly(fd, deadline_ns, &header, sizeof(header), error);

	if (r < 0)
		return r;
	r = check_header(&header, error);
	if (r < 0)
		return r;
	if (header.payload_size > capacity)
		return error_set(error, -EPROTO, "unexpected frame of kind %u", header.kind);
	r = receive_exactly(fd, deadline_ns, payload, header.payload_size, error);
	if (r < 0)
		return r;
	*ret_header = header;
	return 0;
}

void frame__send_failed(int fd, int code, const char *reason)
{
	frame__send(fd, FRAME_FAILED, 0, (uint64_t)-code, reason,
		    strnlen(reason, FRAME_REASON_LIMIT), NULL);
}

int frame__await_ready(int fd, uint64_t timeout_ns, const char *who, uint16_t *ret_port,
		       struct error *error)
{
	struct frame_header header;
	char payload[FRAME_REASON_LIMIT + 1];
	int r = frame__receive(fd, timeout_ns, &header, payload, FRAME_REASON_LIMIT, error);

	if (r < 0)
		return error_prefix(error, r, "%s did not start", who);
	if (header.kind == FRAME_READY) {
		memcpy(ret_port, payload, sizeof(*ret_port));
		return 0;
	}
	if (header.kind != FRAME_FAILED)
		return error_set(error, -EPROTO, "%s sent an unexpected frame", who);
	payload[header.payload_size] = '\0';
	r = header.sequence > 0 && header.sequence < 4096 ? -(int)header.sequence : -EIO;
	return error_set(error, r, "%s", payload);
}

int frame_reader__new(struct frame_reader **ret_reader, struct error *error)
{
	struct frame_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return error_out_of_memory(error);
	reader->bytes = malloc(READER_INITIAL_BYTES);
	if (!reader->bytes) {
		free(reader);
		return error_out_of_memory(error);
	}
	reader->capacity = READER_INITIAL_BYTES;
	*ret_reader = reader;
	return 0;
}

void frame_reader__free(struct frame_reader *reader)
{
	if (!reader)
		return;
	free(reader->bytes);
	free(reader);
}

/* Gives the frame that has been read whole: 1, or 0 and how many bytes it takes. */
static int frame_reader__take(struct frame_reader *reader, struct frame *ret_frame,
			      size_t *ret_needed, struct error *error)
{
	struct frame_header header;
	size_t held = reader->end - reader->begin;
	int r;

	*ret_needed = sizeof(header);
	if (held < sizeof(header))
		return 0;
	memcpy(&header, reader->bytes + reader->begin, sizeof(header));
	r = check_header(&header, error);
	if (r < 0)
		return r;
	*ret_needed = sizeof(header) + header.payload_size;
	if (held < *ret_needed)
		return 0;
	ret_frame->header = header;
	ret_frame->payload = reader->bytes + reader->begin + sizeof(header);
	reader->begin += *ret_needed;
	return 1;
}

/* Moves what is held to the front and makes room for a frame of `needed` bytes. */
static int frame_reader__make_room(struct frame_reader *reader, size_t needed, struct error *error)
{
	memmove(reader->bytes, reader->bytes + reader->begin, reader->end - reader->begin);
	reader->end -= reader->begin;
	reader->begin = 0;
	if (needed <= reader->capacity)
		return 0;

	uint8_t *bytes = realloc(reader->bytes, needed);

	if (!bytes)
		return error_out_of_memory(error);
	reader->bytes = bytes;
	reader->capacity = needed;
	return 0;
}

int frame_reader__next(struct frame_reader *reader, int fd, struct frame *ret_frame,
		       struct error *error)
{
	for (;;) {
		size_t needed;
		ssize_t got;
		int r = frame_reader__take(reader, ret_frame, &needed, error);

		if (r != 0)
			return r;
		r = frame_reader__make_room(reader, needed, error);
		if (r < 0)
			return r;
		got = recv(fd, reader->bytes + reader->end, reader->capacity - reader->end,
			   MSG_DONTWAIT);
		if (got > 0) {
			reader->end += (size_t)got;
			continue;
		}
		if (got == 0 || errno == ECONNRESET)
			return error_set(error, -EPIPE, "the other process has gone");
		if (errno == EAGAIN)
			return 0;
		if (errno != EINTR)
			return error_set(error, -errno,
					 "cannot receive from the other process: %m");
	}
}
