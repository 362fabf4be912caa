/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_BASE_REGULAR_FILE_H
#define SCOTTYSCOPE_BASE_REGULAR_FILE_H

/* Opens a regular file for reading. A path that another user chose may be a FIFO, whose open waits for a
 * writer, or a device, whose open acts: neither is opened. Follows links. Returns the descriptor; -EINVAL
 * for a file of another type; another negative errno. */
int regular_file__open(const char *path);

/* As regular_file__open(), for a file of a control group (cgroup or cgroup2). -EINVAL for a file of another file
 * system, which is not opened either: to read a file of /proc or tracefs may wait, or take data from others. */
int regular_file__open_cgroup(const char *path);

#endif
