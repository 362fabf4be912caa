/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_HTTP_SOCKET_BPF_H
#define SCOTTYSCOPE_HTTP_SOCKET_BPF_H

/* The socket of a connection. hyper's connection object holds tokio's stream next to the buffer of the
 * parser, whoever accepted the connection and in whatever task. The stream has the descriptor; the
 * kernel has the socket's ends. */

#include "core/address.bpf.h"
#include "core/counters.bpf.h"
#include "layout/tokio.h"

#define AF_UNIX	 1
#define AF_INET	 2
#define AF_INET6 10

/* The stream is searched this far before and behind the buffer, in chunks of words. */
#define SOCKET_WINDOW_BYTES ((__u64)1024)
#define SOCKET_CHUNK_WORDS  32
#define SOCKET_CHUNK_BYTES  (SOCKET_CHUNK_WORDS * sizeof(__u64))

/* Distance from hyper's buffer to the stream that the last search found; 0: none yet. */
__weak int stream_distance;

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

/* Whether the process has a socket with this descriptor. A global function: the verifier checks it
 * once. */
__weak __noinline int is_socket(__u32 descriptor)
{
	return socket_of_descriptor(descriptor) != NULL;
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

/* Whether these words are a stream of tokio's. */
static __always_inline bool is_stream(const struct tokio_stream *stream)
{
	return stream->flavor < TOKIO_FLAVORS && is_user_address(stream->handle) &&
	       is_user_address(stream->scheduled_io) &&
	       !(stream->scheduled_io % SCHEDULED_IO_ALIGNMENT) && is_socket(stream->descriptor);
}

/* The descriptor of the stream at `address`; -1 for none. */
__weak __noinline int descriptor_at(__u64 address)
{
	struct tokio_stream stream;

	if (bpf_probe_read_user(&stream, sizeof(stream), (void *)address) || !is_stream(&stream))
		return -1;
	return (int)stream.descriptor;
}

/* What a search knows, as one number: the distance of a stream from the start of the window, and its
 * descriptor. */
#define STREAM_FOUND(distance, descriptor) ((__u64)(distance) << 32 | (__u32)(descriptor))
#define STREAM_NONE			   STREAM_FOUND(0, ~0U)
#define STREAM_SEVERAL			   STREAM_FOUND(1, ~0U)

/* Adds the stream at `distance` in the window at `window`, if there is one, to `known`; returns the
 * sum. Copies of a stream have the same descriptor. */
__weak __noinline __u64 add_stream(__u64 window, __u64 distance, __u64 known)
{
	int descriptor = descriptor_at(window + distance);

	if (descriptor < 0 || known == STREAM_SEVERAL || (__u32)known == (__u32)descriptor)
		return known;
	return known == STREAM_NONE ? STREAM_FOUND(distance, descriptor) : STREAM_SEVERAL;
}

/* As add_stream(), for each stream that starts in the chunk at `distance`. */
__weak __noinline __u64 add_streams_of_chunk(__u64 window, __u64 distance, __u64 known)
{
	__u64 words[SOCKET_CHUNK_WORDS];

	if (bpf_probe_read_user(words, sizeof(words), (void *)(window + distance)))
		return known;
	for (__u32 i = 0; i < SOCKET_CHUNK_WORDS; i++) {
		if (words[i] < TOKIO_FLAVORS)
			known = add_stream(window, distance + i * sizeof(*words), known);
	}
	return known;
}

/* The distance from `buffer` to the only stream in the window around it; 0 for none, or for several:
 * a task that drives several connections may have their objects side by side. */
__weak __noinline int search_stream(__u64 buffer)
{
	__u64 window = buffer - SOCKET_WINDOW_BYTES, known = STREAM_NONE;

	for (__u64 at = 0; at < 2 * SOCKET_WINDOW_BYTES; at += SOCKET_CHUNK_BYTES)
		known = add_streams_of_chunk(window, at, known);
	if ((__u32)known == ~0U)
		return 0;
	return (int)(known >> 32) - (int)SOCKET_WINDOW_BYTES;
}

/* The descriptor of the connection whose parser has the buffer at `buffer`; -1 if it is not known. The
 * distance is the same for all connections of one type. */
__weak __noinline int find_descriptor(__u64 buffer)
{
	int distance = stream_distance;
	int descriptor = distance ? descriptor_at(buffer + (__u64)(__s64)distance) : -1;

	if (descriptor >= 0)
		return descriptor;
	distance = search_stream(buffer);
	if (!distance)
		return -1;
	stream_distance = distance;
	return descriptor_at(buffer + (__u64)(__s64)distance);
}

#endif
