// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/loop.h"

/* What the callbacks of one test see and do. */
struct record {
	struct loop *loop;
	struct loop_source *source;
	struct loop_source *other;
	uint64_t first_ns;
	uint64_t last_ns;
	int fd;
	int signal;
	int calls;
	int stop_after; /* calls; 0: never */
	int result;
};

static struct loop *new_loop(void)
{
	struct loop *loop = NULL;
	struct error error = {};

	cr_assert_eq(loop__new(&loop, &error), 0, "%s", error.message);
	return loop;
}

static int note(void *context)
{
	struct record *record = context;

	record->last_ns = clock_monotonic_ns();
	if (record->calls++ == 0)
		record->first_ns = record->last_ns;
	if (record->calls == record->stop_after)
		loop__stop(record->loop);
	return record->result;
}

static int note_signal(void *context, int signal)
{
	struct record *record = context;

	record->signal = signal;
	return note(context);
}

static int read_byte(void *context)
{
	const struct record *record = context;
	char byte;

	cr_assert_eq(read(record->fd, &byte, 1), 1);
	return note(context);
}

Test(base_loop, descriptor)
{
	struct loop *loop = new_loop();
	struct record record = {.loop = loop, .stop_after = 3};
	int ends[2];

	cr_assert_eq(pipe(ends), 0);
	record.fd = ends[0];
	cr_assert_eq(loop__add_fd(loop, ends[0], EPOLLIN, read_byte, &record, NULL, NULL), 0);
	cr_assert_eq(write(ends[1], "abc", 3), 3);
	cr_assert_eq(loop__run(loop), 0);
	cr_assert_eq(record.calls, 3);

	/* The descriptor stays the caller's. */
	loop__free(loop);
	cr_assert_eq(close(ends[0]), 0);
	cr_assert_eq(close(ends[1]), 0);
}

Test(base_loop, failure_ends_it)
{
	struct loop *loop = new_loop();
	struct record record = {.loop = loop, .result = -EIO};

	cr_assert_eq(loop__add_timer(loop, 1, 0, note, &record, NULL, NULL), 0);
	cr_assert_eq(loop__run(loop), -EIO);
	cr_assert_eq(record.calls, 1);
	loop__free(loop);
}

Test(base_loop, bad_descriptor)
{
	struct loop *loop = new_loop();
	struct error error = {};

	cr_assert_eq(loop__add_fd(loop, -1, EPOLLIN, note, NULL, NULL, &error), -EBADF);
	cr_assert(strstr(error.message, "-1"));
	loop__free(loop);
}

Test(base_loop, repeating_timer)
{
	struct loop *loop = new_loop();
	struct record record = {.loop = loop, .stop_after = 3};
	uint64_t start_ns = clock_monotonic_ns();

	cr_assert_eq(
		loop__add_timer(loop, 20 * NS_PER_MS, 10 * NS_PER_MS, note, &record, NULL, NULL),
		0);
	cr_assert_eq(loop__run(loop), 0);
	cr_assert_eq(record.calls, 3);
	cr_assert_geq(record.first_ns - start_ns, 20 * NS_PER_MS);
	cr_assert_geq(record.last_ns - start_ns, 40 * NS_PER_MS);
	loop__free(loop);
}

Test(base_loop, single_timer_fires_once)
{
	struct loop *loop = new_loop();
	struct record once = {.loop = loop};
	struct record end = {.loop = loop, .stop_after = 5};

	cr_assert_eq(loop__add_timer(loop, 1, 0, note, &once, NULL, NULL), 0);
	cr_assert_eq(loop__add_timer(loop, NS_PER_MS, NS_PER_MS, note, &end, NULL, NULL), 0);
	cr_assert_eq(loop__run(loop), 0);
	cr_assert_eq(once.calls, 1);
	loop__free(loop);
}

Test(base_loop, timer_is_set_again_and_stopped)
{
	struct loop *loop = new_loop();
	struct record late = {.loop = loop, .stop_after = 1};
	struct record never = {.loop = loop};
	struct loop_source *source;

	cr_assert_eq(loop__add_timer(loop, NS_PER_MS, 0, note, &never, &source, NULL), 0);
	cr_assert_eq(loop__set_timer(source, 0, 0), 0);
	cr_assert_eq(loop__add_timer(loop, 3600 * NS_PER_S, 0, note, &late, &source, NULL), 0);
	cr_assert_eq(loop__set_timer(source, 10 * NS_PER_MS, 0), 0);
	cr_assert_eq(loop__run(loop), 0);
	cr_assert_eq(late.calls, 1);
	cr_assert_eq(never.calls, 0);
	loop__free(loop);
}

Test(base_loop, signals)
{
	struct loop *loop = new_loop();
	struct record record = {.loop = loop, .stop_after = 2};
	sigset_t set, blocked;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	cr_assert_eq(loop__add_signals(loop, &set, note_signal, &record, NULL), 0);
	cr_assert_eq(sigprocmask(SIG_BLOCK, NULL, &blocked), 0);
	cr_assert(sigismember(&blocked, SIGUSR1));

	/* The lower number is delivered first. */
	cr_assert_eq(kill(getpid(), SIGUSR2), 0);
	cr_assert_eq(kill(getpid(), SIGUSR1), 0);
	cr_assert_eq(loop__run(loop), 0);
	cr_assert_eq(record.calls, 2);
	cr_assert_eq(record.signal, SIGUSR2);
	loop__free(loop);
}

static int remove_other(void *context)
{
	struct record *record = context;

	if (record->other)
		loop__remove(record->loop, record->other);
	record->other = NULL;
	return note(context);
}

/* Both are ready in one round, and whichever comes first removes the other. */
Test(base_loop, removed_source_is_not_called)
{
	struct loop *loop = new_loop();
	struct record first = {.loop = loop};
	struct record second = {.loop = loop};
	struct record end = {.loop = loop, .stop_after = 1};
	int ends[2];

	cr_assert_eq(pipe(ends), 0);
	cr_assert_eq(write(ends[1], "x", 1), 1);

	int copy = dup(ends[0]);

	cr_assert_eq(loop__add_fd(loop, ends[0], EPOLLIN | EPOLLET, remove_other, &first,
				  &second.other, NULL),
		     0);
	cr_assert_eq(loop__add_fd(loop, copy, EPOLLIN | EPOLLET, remove_other, &second,
				  &first.other, NULL),
		     0);
	cr_assert_eq(loop__add_timer(loop, 10 * NS_PER_MS, 0, note, &end, NULL, NULL), 0);
	cr_assert_eq(loop__run(loop), 0);
	cr_assert_eq(first.calls + second.calls, 1);
	loop__free(loop);
	close(copy);
	close(ends[0]);
	close(ends[1]);
}

static int remove_itself(void *context)
{
	struct record *record = context;

	loop__remove(record->loop, record->source);
	return note(context);
}

Test(base_loop, source_removes_itself)
{
	struct loop *loop = new_loop();
	struct record self = {.loop = loop};
	struct record end = {.loop = loop, .stop_after = 10};

	cr_assert_eq(loop__add_timer(loop, 1, NS_PER_MS, remove_itself, &self, &self.source, NULL),
		     0);
	cr_assert_eq(loop__add_timer(loop, NS_PER_MS, NS_PER_MS, note, &end, NULL, NULL), 0);
	cr_assert_eq(loop__run(loop), 0);
	cr_assert_eq(self.calls, 1);
	loop__free(loop);
}

/* The loop closes its own descriptors: the lowest free number is the same before and after. */
Test(base_loop, nothing_stays_open)
{
	struct record record = {};
	int before = dup(0);

	cr_assert_geq(before, 0);
	close(before);

	struct loop *loop = new_loop();
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	cr_assert_eq(loop__add_timer(loop, 0, 0, note, &record, NULL, NULL), 0);
	cr_assert_eq(loop__add_signals(loop, &set, note_signal, &record, NULL), 0);
	loop__free(loop);

	int after = dup(0);

	cr_assert_eq(after, before);
	close(after);
}

Test(base_loop, runs_again_after_a_stop)
{
	struct loop *loop = new_loop();
	struct record record = {.loop = loop, .stop_after = 1};

	cr_assert_eq(loop__add_timer(loop, 1, NS_PER_MS, note, &record, NULL, NULL), 0);
	cr_assert_eq(loop__run(loop), 0);
	record.stop_after = 2;
	cr_assert_eq(loop__run(loop), 0);
	cr_assert_eq(record.calls, 2);
	loop__free(loop);
}
