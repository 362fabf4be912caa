// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/descriptor.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* The control data of a message with one descriptor, aligned. */
union descriptor_data {
	struct cmsghdr head;
	char bytes[CMSG_SPACE(sizeof(int))];
};

int descriptor__send(int socket_fd, int fd)
{
	char byte = 0;
	struct iovec part = {.iov_base = &byte, .iov_len = 1};
	union descriptor_data data = {.bytes = {0}};
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &data,
		.msg_controllen = sizeof(data),
	};
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(head), &fd, sizeof(fd));
	return sendmsg(socket_fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

int descriptor__receive(int socket_fd)
{
	char byte;
	struct iovec part = {.iov_base = &byte, .iov_len = 1};
	union descriptor_data data;
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &data,
		.msg_controllen = sizeof(data),
	};
	ssize_t got;
	int fd;

	do {
		got = recvmsg(socket_fd, &message, MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);

	if (got < 0)
		return -errno;

	const struct cmsghdr *head = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;

	if (!head || head->cmsg_type != SCM_RIGHTS || head->cmsg_len != CMSG_LEN(sizeof(int)))
		return -EPIPE;
	memcpy(&fd, CMSG_DATA(head), sizeof(fd));
	return fd;
}
