/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_WEBSOCKET_FRAME_H
#define SCOTTYSCOPE_WEBSOCKET_FRAME_H

/* The first byte of a frame (RFC 6455 section 5.2). */
#define FRAME_FIN	 0x80
#define FRAME_RESERVED	 0x70
#define OPCODE_CONTINUED 0
#define OPCODE_TEXT	 1
#define OPCODE_BINARY	 2

/* A bit of the second byte: clients mask their frames, servers do not (section 5.1). */
#define FRAME_MASKED	 0x80
#define FRAME_MASK_BYTES 4

#endif
