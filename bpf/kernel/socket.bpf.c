// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* Addresses of peers, as accept4() returns them to the accepting thread, which then spawns the
 * connection's task. */

#include "core/admit.bpf.h"
#include "core/thread.bpf.h"

#define AF_INET	 2
#define AF_INET6 10

/* sockaddr_in and sockaddr_in6 (include/uapi/linux/in.h, in6.h). */
struct socket_name {
	__u16 family;
	__u16 port;		 /* network byte order */
	__u8 address_or_flow[4]; /* IPv4: the address; IPv6: the flow */
	__u8 address6[16];
};

SEC("tp/syscalls/sys_enter_accept4")
int on_socket_accept(struct trace_event_raw_sys_enter *event)
{
	__u32 tid = admit_tracepoint(HOOK_SOCKET_ACCEPT, ACTIVE_ALL);
	struct thread *thread = tid ? get_or_init_thread(tid) : NULL;

	if (thread)
		thread->accept_address = BPF_CORE_READ(event, args[1]);
	return 0;
}

SEC("tp/syscalls/sys_exit_accept4")
int on_socket_accepted(struct trace_event_raw_sys_exit *event)
{
	__u32 tid = admit_tracepoint(HOOK_SOCKET_ACCEPTED, ACTIVE_ALL);
	struct thread *thread = tid ? find_thread(tid) : NULL;
	struct socket_address *peer;
	struct socket_name name = {};

	if (!thread || BPF_CORE_READ(event, ret) < 0 || !thread->accept_address)
		return 0;
	peer = &thread->peer;
	peer->family = 0;
	/* Reads the size of the largest address; the bytes after a shorter one are not used. */
	if (bpf_probe_read_user(&name, sizeof(name), (void *)thread->accept_address)) {
		count_drop(DROP_READ_FAULT);
		return 0;
	}
	thread->accept_address = 0;
	if (name.family != AF_INET && name.family != AF_INET6)
		return 0;
	peer->port = __builtin_bswap16(name.port);
	__builtin_memset(peer->address, 0, sizeof(peer->address));
	if (name.family == AF_INET)
		__builtin_memcpy(peer->address, name.address_or_flow, 4);
	else
		__builtin_memcpy(peer->address, name.address6, 16);
	peer->family = name.family;
	return 0;
}
