/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_WEBSOCKET_TYPES_H
#define SCOTTYSCOPE_WEBSOCKET_TYPES_H

#include <linux/types.h>

/* A websocket frame that tungstenite writes to an output: the expected bytes, from the frame's
 * fields in memory. */
struct written_frame {
	__u64 output;	     /* address of the output vector; 0: no frame to verify */
	__u64 output_length; /* length of that vector before the frame */
	__u64 size;	     /* of the frame on the wire, without a mask */
	__u8 first_byte;     /* FIN and opcode; 0: the fields in memory were malformed */
	__u8 length_byte;    /* the second byte without the bit of the mask */
	__u8 is_masked; /* the frame of a client, which this process is on another connection */
	__u8 reserved[5];
};

#endif
