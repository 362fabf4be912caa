/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_BASE_ARRAY_H
#define SCOTTYSCOPE_BASE_ARRAY_H

/* The number of elements of an array. Not valid for pointers. */
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#endif
