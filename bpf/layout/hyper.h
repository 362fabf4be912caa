/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_LAYOUT_HYPER_H
#define SCOTTYSCOPE_LAYOUT_HYPER_H

/* Offsets in hyper 1.8 to 1.10, compiled by rustc 1.85 to 1.97. Both sides compile this file. */

/* `Encode` starts with an Option<BodyLength>; the pointer to the head follows. The head has a
 * HeaderMap (96 bytes) and Extensions (8 bytes) before the status. */
#define ENCODE_HEAD_OFFSET 16
#define HEAD_STATUS_OFFSET 104

#endif
