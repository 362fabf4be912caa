/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_MESSAGE_TYPE_BPF_H
#define SCOTTYSCOPE_MESSAGE_TYPE_BPF_H

/* Types of Scotty's websocket messages to clients: JSON text, {"type":…,"data":…}. Reads the type
 * only, and whether a shell session timed out; stores no text. Unit tests compile this file
 * natively. */

#include "core/word.bpf.h"

enum message_type {
	MESSAGE_OTHER,
	MESSAGE_ERROR,
	MESSAGE_AUTHENTICATION_FAILED,
	MESSAGE_SHELL_ERROR,
	MESSAGE_SHELL_ENDED,
	MESSAGE_SHELL_TIMED_OUT, /* an end with the reason "Session timeout" */
	MESSAGE_LOG_ERROR,
	MESSAGE_LOG_LINES,
	MESSAGE_TASK_OUTPUT_LINES,
	MESSAGE_UNREAD, /* the text cannot be read */
};

/* serde_json writes adjacently tagged enums without spaces and the type first. */
#define TYPE_PREFIX_BYTES 9

/* The type of a session's end: whether the text ends with `Session timeout"}}`. The reason is the last
 * field of an end. */
static __always_inline int type_of_end(__u64 text, __u64 length)
{
	__u64 tail[2] = {};

	if (length < sizeof(tail))
		return MESSAGE_SHELL_ENDED;
	if (bpf_probe_read_user(tail, sizeof(tail), (void *)(text + length - sizeof(tail))))
		return MESSAGE_UNREAD;
	return tail[0] == WORD('s', 's', 'i', 'o', 'n', ' ', 't', 'i') &&
			       tail[1] == WORD('m', 'e', 'o', 'u', 't', '"', '}', '}')
		       ? MESSAGE_SHELL_TIMED_OUT
		       : MESSAGE_SHELL_ENDED;
}

/* The type, an enum message_type, of the message of `length` bytes at `text`. */
__weak __noinline int message_type_of(__u64 text, __u64 length)
{
	__u64 prefix[2] = {}, name[3] = {};

	/* Every message with a type and data is longer. */
	if (length < TYPE_PREFIX_BYTES + sizeof(name))
		return MESSAGE_OTHER;
	if (bpf_probe_read_user(prefix, TYPE_PREFIX_BYTES, (void *)text) ||
	    bpf_probe_read_user(name, sizeof(name), (void *)(text + TYPE_PREFIX_BYTES)))
		return MESSAGE_UNREAD;
	if (prefix[0] != WORD('{', '"', 't', 'y', 'p', 'e', '"', ':') || prefix[1] != '"')
		return MESSAGE_OTHER;
#define FIRST(bytes) (~0ULL >> (64 - 8 * (bytes)))
	if (name[0] == WORD('L', 'o', 'g', 's', 'S', 't', 'r', 'e')) {
		if ((name[1] & FIRST(7)) == WORD('a', 'm', 'D', 'a', 't', 'a', '"', 0))
			return MESSAGE_LOG_LINES;
		if (name[1] == WORD('a', 'm', 'E', 'r', 'r', 'o', 'r', '"'))
			return MESSAGE_LOG_ERROR;
	}
	if ((name[0] & FIRST(6)) == WORD('E', 'r', 'r', 'o', 'r', '"', 0, 0))
		return MESSAGE_ERROR;
	if (name[0] == WORD('T', 'a', 's', 'k', 'O', 'u', 't', 'p') &&
	    (name[1] & FIRST(7)) == WORD('u', 't', 'D', 'a', 't', 'a', '"', 0))
		return MESSAGE_TASK_OUTPUT_LINES;
	if (name[0] == WORD('S', 'h', 'e', 'l', 'l', 'S', 'e', 's')) {
		if (name[1] == WORD('s', 'i', 'o', 'n', 'E', 'r', 'r', 'o') &&
		    (name[2] & FIRST(2)) == WORD('r', '"', 0, 0, 0, 0, 0, 0))
			return MESSAGE_SHELL_ERROR;
		if (name[1] == WORD('s', 'i', 'o', 'n', 'E', 'n', 'd', 'e') &&
		    (name[2] & FIRST(2)) == WORD('d', '"', 0, 0, 0, 0, 0, 0))
			return type_of_end(text, length);
	}
	if (name[0] == WORD('A', 'u', 't', 'h', 'e', 'n', 't', 'i') &&
	    name[1] == WORD('c', 'a', 't', 'i', 'o', 'n', 'F', 'a') &&
	    (name[2] & FIRST(5)) == WORD('i', 'l', 'e', 'd', '"', 0, 0, 0))
		return MESSAGE_AUTHENTICATION_FAILED;
#undef FIRST
	return MESSAGE_OTHER;
}

#endif
