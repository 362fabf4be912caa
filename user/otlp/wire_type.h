/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_OTLP_WIRE_TYPE_H
#define SCOTTYSCOPE_OTLP_WIRE_TYPE_H

/* The encoding of a field's value: the low three bits of its tag
 * (https://protobuf.dev/programming-guides/encoding). */
enum wire_type {
	WIRE_VARINT = 0,
	WIRE_FIXED64 = 1,
	WIRE_LENGTH = 2,
	WIRE_FIXED32 = 5,
};

#endif
