/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_REQUEST_TYPE_BPF_H
#define SCOTTYSCOPE_REQUEST_TYPE_BPF_H

/* Types of the websocket messages that clients send to Scotty: JSON text. Stores no text. Unit
 * tests compile this file natively. */

#include "core/word.bpf.h"

/* Length of the part of a client's message in which its type is searched. */
#define REQUEST_BYTES 96

/* 1 if two bytes are equal, else 0. */
static __always_inline __u64 is_byte(__u64 byte, __u64 other)
{
	return ((byte ^ other) - 1) >> 63;
}

/* State of the scan of a client's JSON text: the last 24 bytes without the white space between
 * tokens, and the position in the JSON structure. */
struct request_scan {
	__u64 last[3];
	__u64 depth;
	__u64 in_string;
	__u64 escaped;
	__u64 in_type;	/* within the value of the outermost object's field "type" */
	__u64 has_type; /* after that value, whichever it is */
	__u64 is_twice; /* the field occurs again: serde refuses the message */
	__u64 is_array; /* the text is an array: its first element is the type */
	__u64 escapes;	/* an escape in any string before the end of the type */
	__u64 odd_type; /* an escape in the type, or an object as the type of an object */
};

/* Scans the next byte. Returns whether the byte completes the field "type":"StartLogStream" of the
 * outermost object, or the first element "StartLogStream" of the outermost array: serde takes both forms
 * of an adjacently tagged enum. Without branches: the verifier follows this function for each byte. */
static __noinline int scan_request_byte(struct request_scan *scan, __u64 byte)
{
	__u64 outside, keep, miss, space, quote, ends, first, found;

	quote = is_byte(byte, '"') & ~scan->escaped;
	space = is_byte(byte, ' ') | is_byte(byte, '\t') | is_byte(byte, '\n') |
		is_byte(byte, '\r');
	scan->escaped = is_byte(byte, '\\') & scan->in_string & ~scan->escaped & 1;
	scan->escapes |= scan->escaped & (scan->has_type ^ 1);
	scan->odd_type |= scan->escaped & scan->in_type & (scan->has_type ^ 1);
	ends = (quote & scan->in_string) | is_byte(byte, ',') | is_byte(byte, '}');
	scan->in_string ^= quote & 1;
	outside = scan->in_string ^ 1;
	scan->has_type |= scan->in_type & ends & outside;
	scan->odd_type |=
		scan->in_type & ~(scan->has_type | scan->is_array) & is_byte(byte, '{') & outside;
	scan->depth += is_byte(byte, '{') & outside;
	scan->depth -= is_byte(byte, '}') & outside;

	keep = (space & outside) - 1;
	scan->last[0] =
		(scan->last[0] & ~keep) | ((scan->last[0] >> 8 | scan->last[1] << 56) & keep);
	scan->last[1] =
		(scan->last[1] & ~keep) | ((scan->last[1] >> 8 | scan->last[2] << 56) & keep);
	scan->last[2] = (scan->last[2] & ~keep) | ((scan->last[2] >> 8 | byte << 56) & keep);

	/* A byte other than white space; only zero bytes are before the first one. */
	miss = scan->last[2] << 8 | scan->last[1] | scan->last[0];
	first = ~(miss | -miss) >> 63 & keep;
	scan->is_array |= first & is_byte(byte, '[');
	scan->in_type |= scan->is_array;
	miss = (scan->depth ^ 1) | (keep ^ ~0ULL) |
	       ((scan->last[2] >> 8) ^ WORD('"', 't', 'y', 'p', 'e', '"', ':', 0));
	found = ~(miss | -miss) >> 63;
	scan->is_twice |= found & scan->in_type;
	scan->in_type |= found;
	miss = (keep ^ ~0ULL) | (scan->last[1] ^ WORD('"', 'S', 't', 'a', 'r', 't', 'L', 'o')) |
	       (scan->last[2] ^ WORD('g', 'S', 't', 'r', 'e', 'a', 'm', '"'));
	found = ~(miss | -miss) >> 63;
	miss = (scan->depth ^ 1) |
	       ((scan->last[0] >> 8) ^ WORD('"', 't', 'y', 'p', 'e', '"', ':', 0));
	first = scan->last[0] ^ WORD(0, 0, 0, 0, 0, 0, 0, '[');
	return (int)(found & (~(miss | -miss) >> 63 | ~(first | -first) >> 63));
}

enum request_type {
	REQUEST_TYPE_OTHER,
	REQUEST_TYPE_LOG_STREAM,
	REQUEST_TYPE_MISSING, /* the type is not, or not completely, in the scanned part */
	REQUEST_TYPE_UNKNOWN, /* the type is written in a way that the scan does not decode */
	REQUEST_TYPE_UNREAD,  /* the payload cannot be read */
};

/* The type, an enum request_type, of the masked payload of `length` bytes at `payload`. Clients may
 * write white space, and fields in any order. */
__weak __noinline int request_type_of(__u64 payload, __u64 length, __u32 mask)
{
	union {
		__u64 words[REQUEST_BYTES / 8];
		__u8 bytes[REQUEST_BYTES];
	} text = {};
	__u64 masks = (__u64)mask << 32 | mask;
	__u64 size = length > REQUEST_BYTES ? REQUEST_BYTES : length;
	struct request_scan scan = {};
	int found = 0;

	if (bpf_probe_read_user(text.bytes, (__u32)size, (void *)payload))
		return REQUEST_TYPE_UNREAD;
	for (int i = 0; i < REQUEST_BYTES / 8; i++)
		text.words[i] ^= masks;
	/* Without branches: the bytes after the end of the text become zero. */
	for (__u32 i = 0; i < REQUEST_BYTES; i++) {
		__u64 below = i - size;

		/* Keeps the compiler from making a branch of the mask. */
		__asm__ volatile("" : "+r"(below));
		found |= scan_request_byte(&scan, text.bytes[i] & -(below >> 63));
	}
	if (scan.is_twice)
		return REQUEST_TYPE_OTHER;
	if (found)
		return REQUEST_TYPE_LOG_STREAM;
	if (scan.odd_type)
		return REQUEST_TYPE_UNKNOWN;
	if (scan.has_type)
		return REQUEST_TYPE_OTHER;
	/* The name of the field may have escapes as well. */
	return scan.escapes ? REQUEST_TYPE_UNKNOWN : REQUEST_TYPE_MISSING;
}

#endif
