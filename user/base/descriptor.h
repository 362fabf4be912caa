/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_BASE_DESCRIPTOR_H
#define SCOTTYSCOPE_BASE_DESCRIPTOR_H

/* Messages of one byte and one descriptor on a Unix socket. */

/* Sends the descriptor, which stays the caller's. Does not wait. Returns 0 or a negative errno. */
int descriptor__send(int socket_fd, int fd);

/* Waits for a message and returns its descriptor, which the caller closes; -EPIPE at the end of the
 * stream and for a message without a descriptor. The socket's SO_RCVTIMEO limits the time: -EAGAIN. */
int descriptor__receive(int socket_fd);

#endif
