// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/loop.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

enum source_kind {
	SOURCE_FD,
	SOURCE_TIMER,
	SOURCE_SIGNAL,
};

struct loop_source {
	struct loop_source *next;
	enum source_kind kind;
	int fd;
	bool is_removed; /* freed once no pending event refers to the source */
	loop_callback callback;
	loop_signal_callback signal_callback; /* for SOURCE_SIGNAL */
	void *context;
};

struct loop {
	int epoll_fd;
	bool stopped;
	struct loop_source *sources;
};

int loop__new(struct loop **ret_loop, struct error *error)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (!loop)
		return error_out_of_memory(error);
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll_fd < 0) {
		int code = -errno;

		free(loop);
		return error_set(error, code, "cannot create an epoll instance: %m");
	}
	*ret_loop = loop;
	return 0;
}

static void source_free(struct loop_source *source)
{
	if (source->kind != SOURCE_FD && source->fd >= 0)
		close(source->fd);
	free(source);
}

void loop__free(struct loop *loop)
{
	if (!loop)
		return;
	for (struct loop_source *source = loop->sources; source;) {
		struct loop_source *next = source->next;

		source_free(source);
		source = next;
	}
	close(loop->epoll_fd);
	free(loop);
}

static int loop__add(struct loop *loop, const struct loop_source *template, uint32_t events,
		     struct loop_source **ret_source, struct error *error)
{
	struct loop_source *source = malloc(sizeof(*source));

	if (!source)
		return error_out_of_memory(error);
	*source = *template;

	struct epoll_event event = {.events = events, .data.ptr = source};

	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, source->fd, &event) < 0) {
		int code = -errno;

		free(source);
		return error_set(error, code, "cannot add file descriptor %d to epoll: %m",
				 template->fd);
	}
	source->next = loop->sources;
	loop->sources = source;
	if (ret_source)
		*ret_source = source;
	return 0;
}

int loop__add_fd(struct loop *loop, int fd, uint32_t events, loop_callback callback, void *context,
		 struct loop_source **ret_source, struct error *error)
{
	const struct loop_source template = {
		.kind = SOURCE_FD,
		.fd = fd,
		.callback = callback,
		.context = context,
	};

	return loop__add(loop, &template, events, ret_source, error);
}

static struct timespec timespec_of_ns(uint64_t ns)
{
	return (struct timespec){
		.tv_sec = (time_t)(ns / NS_PER_S),
		.tv_nsec = (long)(ns % NS_PER_S),
	};
}

int loop__set_timer(struct loop_source *source, uint64_t first_ns, uint64_t interval_ns)
{
	struct itimerspec time = {
		.it_value = timespec_of_ns(first_ns),
		.it_interval = timespec_of_ns(interval_ns),
	};

	return timerfd_settime(source->fd, 0, &time, NULL) < 0 ? -errno : 0;
}

int loop__add_timer(struct loop *loop, uint64_t first_ns, uint64_t interval_ns,
		    loop_callback callback, void *context, struct loop_source **ret_source,
		    struct error *error)
{
	_cleanup_close_ int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	struct loop_source *source;
	int r;

	if (fd < 0)
		return error_set(error, -errno, "cannot create a timer: %m");

	const struct loop_source template = {
		.kind = SOURCE_TIMER,
		.fd = fd,
		.callback = callback,
		.context = context,
	};

	r = loop__add(loop, &template, EPOLLIN, &source, error);
	if (r < 0)
		return r;
	TAKE_FD(fd);
	r = loop__set_timer(source, first_ns, interval_ns);
	if (r < 0)
		return error_set(error, r, "cannot set a timer: %m");
	if (ret_source)
		*ret_source = source;
	return 0;
}

int loop__add_signals(struct loop *loop, const sigset_t *set, loop_signal_callback callback,
		      void *context, struct error *error)
{
	int r;

	if (sigprocmask(SIG_BLOCK, set, NULL) < 0)
		return error_set(error, -errno, "cannot block signals: %m");

	_cleanup_close_ int fd = signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);

	if (fd < 0)
		return error_set(error, -errno, "cannot create a signal descriptor: %m");

	const struct loop_source template = {
		.kind = SOURCE_SIGNAL,
		.fd = fd,
		.signal_callback = callback,
		.context = context,
	};

	r = loop__add(loop, &template, EPOLLIN, NULL, error);
	if (r < 0)
		return r;
	TAKE_FD(fd);
	return 0;
}

void loop__remove(struct loop *loop, struct loop_source *source)
{
	epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
	source->is_removed = true;
}

static void loop__sweep(struct loop *loop)
{
	for (struct loop_source **link = &loop->sources; *link;) {
		struct loop_source *source = *link;

		if (!source->is_removed) {
			link = &source->next;
			continue;
		}
		*link = source->next;
		source_free(source);
	}
}

static int loop__dispatch(struct loop_source *source)
{
	struct signalfd_siginfo info;
	uint64_t expirations;

	if (source->is_removed)
		return 0;
	switch (source->kind) {
	case SOURCE_SIGNAL:
		if (read(source->fd, &info, sizeof(info)) != sizeof(info))
			return 0;
		return source->signal_callback(source->context, (int)info.ssi_signo);
	case SOURCE_TIMER:
		if (read(source->fd, &expirations, sizeof(expirations)) != sizeof(expirations))
			return 0;
		break;
	case SOURCE_FD:
		break;
	}
	return source->callback(source->context);
}

int loop__run(struct loop *loop)
{
	struct epoll_event events[16];

	loop->stopped = false;
	while (!loop->stopped) {
		int count = epoll_wait(loop->epoll_fd, events, 16, -1);

		if (count < 0 && errno != EINTR)
			return -errno;
		for (int i = 0; i < count && !loop->stopped; i++) {
			int r = loop__dispatch(events[i].data.ptr);

			if (r < 0)
				return r;
		}
		loop__sweep(loop);
	}
	return 0;
}

void loop__stop(struct loop *loop)
{
	loop->stopped = true;
}
