/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_HTTP_SOCKET_BPF_H
#define SCOTTYSCOPE_HTTP_SOCKET_BPF_H

/* The socket of a connection. hyper's connection object holds tokio's stream next to the buffer of the
 * parser, whoever accepted the connection and in whatever task. The stream has the descriptor; the
 * kernel has the socket's ends. */

#include "core/address.bpf.h"
#include "core/counters.bpf.h"
#include "http/maps.bpf.h"
#include "layout/tokio.h"
#include "tokio/current.bpf.h"

#define AF_UNIX	 1
#define AF_INET	 2
#define AF_INET6 10

/* The stream is searched in this many words before the buffer. hyper's Buffered holds both, with the
 * stream 184 bytes before the buffer in all builds seen; a stream behind a Box makes the object smaller.
 * So all of these words belong to the object: the memory around it may hold remains of other
 * connections' streams, as tokio moves a future together with bytes that nothing has written. */
#define STREAM_WINDOW_WORDS 24

/* The process's file with this descriptor; NULL for none. */
static __always_inline struct file *file_of_descriptor(__u32 descriptor)
{
	struct task_struct *current = (struct task_struct *)bpf_get_current_task();
	struct fdtable *table = BPF_CORE_READ(current, files, fdt);
	struct file **slots = BPF_CORE_READ(table, fd), *file = NULL;

	if (descriptor >= BPF_CORE_READ(table, max_fds) ||
	    bpf_probe_read_kernel(&file, sizeof(file), slots + descriptor))
		return NULL;
	return file;
}

/* The kernel's socket with this descriptor; NULL if it is no socket. */
static __always_inline struct sock *socket_of_descriptor(__u32 descriptor)
{
	struct file *file = file_of_descriptor(descriptor);
	struct socket *socket;

	if (!file)
		return NULL;
	/* Only a socket's private data points back to the file. */
	socket = BPF_CORE_READ(file, private_data);
	return socket && BPF_CORE_READ(socket, file) == file ? BPF_CORE_READ(socket, sk) : NULL;
}

/* Whether the process has a socket with this descriptor that has a peer: no listener. A global
 * function: the verifier checks it once. */
__weak __noinline int is_connection(__u32 descriptor)
{
	struct sock *sock = socket_of_descriptor(descriptor);

	return sock && (BPF_CORE_READ(sock, __sk_common.skc_family) == AF_UNIX ||
			BPF_CORE_READ(sock, __sk_common.skc_dport));
}

/* Stores the ends of the socket with this descriptor. Returns false if it has none. */
static __always_inline bool read_socket(__u32 descriptor, struct socket_address *ends)
{
	struct sock *sock = socket_of_descriptor(descriptor);
	__u32 address;

	if (!sock)
		return false;
	ends->family = BPF_CORE_READ(sock, __sk_common.skc_family);
	ends->local_port = BPF_CORE_READ(sock, __sk_common.skc_num);
	ends->port = __builtin_bswap16(BPF_CORE_READ(sock, __sk_common.skc_dport));
	__builtin_memset(ends->address, 0, sizeof(ends->address));
	if (ends->family == AF_INET6 && bpf_core_field_exists(sock->__sk_common.skc_v6_daddr)) {
		BPF_CORE_READ_INTO(&ends->address, sock, __sk_common.skc_v6_daddr.in6_u.u6_addr8);
		return true;
	}
	address = BPF_CORE_READ(sock, __sk_common.skc_daddr);
	__builtin_memcpy(ends->address, &address, sizeof(address));
	if (ends->family == AF_UNIX)
		ends->port = ends->local_port = 0;
	return ends->family == AF_INET || ends->family == AF_UNIX;
}

/* The descriptor of the stream at `address`; -1 for none. The count of references to the ScheduledIo
 * tells a stream from the remains of one. */
__weak __noinline int descriptor_at(__u64 address)
{
	struct tokio_stream stream;
	__u64 references = 0;

	if (bpf_probe_read_user(&stream, sizeof(stream), (void *)address) ||
	    stream.flavor >= TOKIO_FLAVORS || !is_user_address(stream.handle) ||
	    !is_user_address(stream.scheduled_io) || stream.scheduled_io % SCHEDULED_IO_ALIGNMENT)
		return -1;
	if (bpf_probe_read_user(&references, sizeof(references), (void *)stream.scheduled_io) ||
	    !references || references > SCHEDULED_IO_REFERENCES)
		return -1;
	return is_connection(stream.descriptor) ? (int)stream.descriptor : -1;
}

/* The descriptor of the connection whose parser has the buffer at `buffer`; -1 if it is not known. */
__weak __noinline int find_descriptor(__u64 buffer)
{
	__u64 words[STREAM_WINDOW_WORDS];
	__u64 window = buffer - sizeof(words);
	int descriptor = -1;

	if (bpf_probe_read_user(words, sizeof(words), (void *)window))
		return -1;
	for (__u32 i = 0; i <= STREAM_WINDOW_WORDS - sizeof(struct tokio_stream) / 8; i++) {
		if (descriptor < 0 && words[i] < TOKIO_FLAVORS)
			descriptor = descriptor_at(window + i * sizeof(*words));
	}
	return descriptor;
}

/* Values of `has_socket`. */
#define SOCKET_STAYS	1 /* the connection's socket is known for the life of the task */
#define SOCKET_REPEATED 2 /* the search is repeated at each request */

/* Stores the ends of the connection's socket: once for a task of axum's own, which drives one
 * connection; at each head for another task, which may drive several in the same memory. The result for
 * a connection is counted once. */
static __always_inline void store_socket(struct http_connection *connection,
					 const struct poll_frame *frame, __u64 buffer)
{
	bool is_new = !connection->has_socket, is_found;
	__u64 header = frame->header;
	int descriptor;

	if (!settings.emit_spans || connection->has_socket == SOCKET_STAYS)
		return;
	connection->has_socket =
		polled_role(frame, bpf_map_lookup_elem(&tasks, &header)) == ROLE_HTTP_CONNECTION
			? SOCKET_STAYS
			: SOCKET_REPEATED;
	descriptor = find_descriptor(buffer);
	is_found = descriptor >= 0 && read_socket((__u32)descriptor, &connection->peer);
	if (!is_found)
		connection->peer.family = 0;
	if (is_new)
		count_check(is_found ? CHECK_SOCKET_FOUND : CHECK_SOCKET_UNKNOWN);
}

#endif
