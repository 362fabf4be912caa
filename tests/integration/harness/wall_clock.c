// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* A library to preload: shifts CLOCK_REALTIME by the nanoseconds in the file that TEST_WALL_CLOCK
 * names, one 64-bit integer that a test changes. Time namespaces do not shift this clock. */

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *shift_ns;

/* Before the process enters its sandbox. */
__attribute__((constructor)) static void map_shift(void)
{
	const char *path = getenv("TEST_WALL_CLOCK");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *map = fd < 0 ? MAP_FAILED
			   : mmap(NULL, sizeof(*shift_ns), PROT_READ, MAP_SHARED, fd, 0);

	if (map != MAP_FAILED)
		shift_ns = map;
	if (fd >= 0)
		close(fd);
}

int clock_gettime(clockid_t id, struct timespec *time)
{
	int r = (int)syscall(SYS_clock_gettime, id, time);

	if (r == 0 && id == CLOCK_REALTIME && shift_ns) {
		int64_t ns = (int64_t)time->tv_sec * 1000000000 + time->tv_nsec + *shift_ns;

		time->tv_sec = ns / 1000000000;
		time->tv_nsec = ns % 1000000000;
	}
	return r;
}
