/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_BASE_LOOP_H
#define SCOTTYSCOPE_BASE_LOOP_H

#include <signal.h>
#include <stdint.h>

#include "base/error.h"

/* An epoll loop, one per process, with a callback for each file descriptor, timer and signal
 * set. */
struct loop;
struct loop_source;

/* Called when a descriptor is ready or a timer has expired. A negative return ends the loop, and
 * loop__run() returns the value. */
typedef int (*loop_callback)(void *context);

/* Called with the number of a signal that arrived. */
typedef int (*loop_signal_callback)(void *context, int signal);

int loop__new(struct loop **ret_loop, struct error *error);
void loop__free(struct loop *loop);

/* Adds `fd` with `events` (EPOLLIN, ...). The caller keeps the descriptor. The loop owns the
 * source; `ret_source` may be NULL. */
int loop__add_fd(struct loop *loop, int fd, uint32_t events, loop_callback callback, void *context,
		 struct loop_source **ret_source, struct error *error);

/* Adds a timer that expires after `first_ns` and then every `interval_ns` (0: once). The loop owns
 * the timer and reads the expirations before the callback runs. */
int loop__add_timer(struct loop *loop, uint64_t first_ns, uint64_t interval_ns,
		    loop_callback callback, void *context, struct loop_source **ret_source,
		    struct error *error);

/* Sets a timer source to new times; 0 and 0 stop the timer. */
int loop__set_timer(struct loop_source *source, uint64_t first_ns, uint64_t interval_ns);

/* Blocks the signals of `set` in this process and adds a callback for each signal. */
int loop__add_signals(struct loop *loop, const sigset_t *set, loop_signal_callback callback,
		      void *context, struct error *error);

/* Removes a source. The loop closes descriptors that the loop itself opened. Safe within a
 * callback. */
void loop__remove(struct loop *loop, struct loop_source *source);

/* Runs until loop__stop() (returns 0) or until a callback fails (returns its value). */
int loop__run(struct loop *loop);
void loop__stop(struct loop *loop);

static inline void loop__freep(struct loop **loop)
{
	loop__free(*loop);
}

#endif
