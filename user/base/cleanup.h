/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_BASE_CLEANUP_H
#define SCOTTYSCOPE_BASE_CLEANUP_H

/* Scope-bound ownership: _cleanup_() releases a local variable at the end of its scope. TAKE_PTR()
 * or TAKE_FD() on the last line of a function passes the object to the caller. */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(function) __attribute__((cleanup(function)))

/* Defines `function ## p`, which releases the object of a local pointer of `type`. */
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

/* Returns the value of a pointer and sets the pointer to NULL: the caller now owns the object. */
#define TAKE_PTR(pointer)                               \
	({                                              \
		__typeof__(pointer) _taken = (pointer); \
		(pointer) = NULL;                       \
		_taken;                                 \
	})

/* Returns the value of a file descriptor variable and sets the variable to -1. */
#define TAKE_FD(fd)                \
	({                         \
		int _taken = (fd); \
		(fd) = -1;         \
		_taken;            \
	})

#endif
