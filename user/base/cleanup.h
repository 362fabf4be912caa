/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_BASE_CLEANUP_H
#define SCOTTYSCOPE_BASE_CLEANUP_H

/* Scope-bound ownership: a local marked with _cleanup_() is released when its scope ends, and given
 * away with TAKE_PTR() or TAKE_FD() on the last line of the function that made it. */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(function) __attribute__((cleanup(function)))

/* Defines `function ## p`, which releases what a local pointer of `type` points to. */
#define DEFINE_CLEANUP(type, function)                \
	static inline void function##p(type *pointer) \
	{                                             \
		if (*pointer)                         \
			function(*pointer);           \
	}                                             \
	_Static_assert(1, "")

static inline void freep(void *pointer)
{
	free(*(void **)pointer);
}

static inline void closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

DEFINE_CLEANUP(FILE *, fclose);

#define _cleanup_free_	_cleanup_(freep)
#define _cleanup_close_ _cleanup_(closep)
#define _cleanup_file_	_cleanup_(fclosep)

/* The value of a pointer, which is NULL afterwards: the caller now owns what it points to. */
#define TAKE_PTR(pointer)                               \
	({                                              \
		__typeof__(pointer) _taken = (pointer); \
		(pointer) = NULL;                       \
		_taken;                                 \
	})

/* The same for a file descriptor, which is -1 afterwards. */
#define TAKE_FD(fd)                \
	({                         \
		int _taken = (fd); \
		(fd) = -1;         \
		_taken;            \
	})

#endif
