/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_LAYOUT_TUNGSTENITE_H
#define SCOTTYSCOPE_LAYOUT_TUNGSTENITE_H

/* Layouts of tungstenite 0.28 and 0.29, compiled by rustc 1.85 to 1.97. Both sides compile this
 * file. */

#include <linux/types.h>

/* `Frame` starts with its payload, a bytes::Bytes of four words (vtable, pointer, length, data);
 * its header follows. */
#define FRAME_PAYLOAD_OFFSET 8 /* of the payload's pointer and length */
#define FRAME_HEAD_OFFSET    32

/* The header in a `Frame`: the enum OpCode is three bytes, the mask is an Option<[u8; 4]>. */
struct frame_header {
	__u8 is_final;
	__u8 reserved[3];
	__u8 is_control;
	__u8 opcode;
	__u8 reserved_opcode;
	__u8 is_masked;
};

/* The enum Role, an argument of WebSocketContext::new. */
#define WEBSOCKET_ROLE_CLIENT 1

/* io::Cursor<&mut BytesMut>, the input of FrameHeader::parse. */
struct frame_cursor {
	__u64 buffer;
	__u64 position;
};

#endif
