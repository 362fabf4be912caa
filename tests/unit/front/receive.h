/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_TESTS_UNIT_FRONT_RECEIVE_H
#define SCOTTYSCOPE_TESTS_UNIT_FRONT_RECEIVE_H

#include <poll.h>
#include <stdint.h>

#include "base/clock.h"
#include "front/process.h"

/* Waits for the next message of the front. Returns 1, -ETIMEDOUT, or the error of the socket. */
static inline int receive_message(struct front *front, uint64_t timeout_ns, struct message *message,
				  struct error *error)
{
	uint64_t deadline_ns = clock_monotonic_ns() + timeout_ns;
	int r;

	while ((r = front__next_message(front, message, error)) == 0) {
		struct pollfd ready = {.fd = front__socket_fd(front), .events = POLLIN};

		if (clock_monotonic_ns() > deadline_ns)
			return -ETIMEDOUT;
		poll(&ready, 1, 10);
	}
	return r;
}

#endif
