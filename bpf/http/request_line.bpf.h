/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_HTTP_REQUEST_LINE_BPF_H
#define SCOTTYSCOPE_HTTP_REQUEST_LINE_BPF_H

/* Parsing of request lines (RFC 9112 section 3): the method, and the path in each form of the request
 * target. Unit tests compile this file natively. */

#include "core/word.bpf.h"
#include "http/types.h"

/* The method of a request line that starts with these eight bytes. Sets `ret_length` to the length
 * of the token with the space after it (0 for OTHER). */
static __always_inline __u8 method_of(__u64 word, __u32 *ret_length)
{
#define METHOD(method, size, ...)                                         \
	if ((word & (~0ULL >> (64 - 8 * (size)))) == WORD(__VA_ARGS__)) { \
		*ret_length = size;                                       \
		return method;                                            \
	}
	METHOD(METHOD_GET, 4, 'G', 'E', 'T', ' ', 0, 0, 0, 0)
	METHOD(METHOD_POST, 5, 'P', 'O', 'S', 'T', ' ', 0, 0, 0)
	METHOD(METHOD_HEAD, 5, 'H', 'E', 'A', 'D', ' ', 0, 0, 0)
	METHOD(METHOD_PUT, 4, 'P', 'U', 'T', ' ', 0, 0, 0, 0)
	METHOD(METHOD_DELETE, 7, 'D', 'E', 'L', 'E', 'T', 'E', ' ', 0)
	METHOD(METHOD_OPTIONS, 8, 'O', 'P', 'T', 'I', 'O', 'N', 'S', ' ')
	METHOD(METHOD_PATCH, 6, 'P', 'A', 'T', 'C', 'H', ' ', 0, 0)
	METHOD(METHOD_CONNECT, 8, 'C', 'O', 'N', 'N', 'E', 'C', 'T', ' ')
	METHOD(METHOD_TRACE, 6, 'T', 'R', 'A', 'C', 'E', ' ', 0, 0)
	METHOD(METHOD_QUERY, 6, 'Q', 'U', 'E', 'R', 'Y', ' ', 0, 0)
#undef METHOD
	*ret_length = 0;
	return METHOD_OTHER;
}

/* Marks the bytes of `word` that belong to no token (RFC 9110 section 5.6.2). */
static __always_inline __u64 ends_token(__u64 word)
{
	static const char delimiters[] = {'"', '(', ')', ',', '/',  ':', ';', '<', '=',
					  '>', '?', '@', '[', '\\', ']', '{', '}', 0x7f};
	/* Controls and the space are below 0x21: no carry into the 0x80 bit. */
	__u64 ends = (~((word & REPEAT(0x7f)) + REPEAT(0x80 - 0x21)) | word) & REPEAT(0x80);

	for (__u32 i = 0; i < sizeof(delimiters); i++)
		ends |= bytes_equal(word, (__u8)delimiters[i]);
	return ends;
}

/* Marks the bytes of `word` that names of methods do not have: registered names consist of capital
 * letters and hyphens (IANA's registry of HTTP methods). */
static __always_inline __u64 is_odd_in_method(__u64 word)
{
	__u64 low = word & REPEAT(0x7f);
	__u64 from_a = low + REPEAT(0x80 - 'A'), after_z = low + REPEAT(0x80 - 'Z' - 1);
	__u64 capital = from_a & ~after_z & ~word & REPEAT(0x80);

	return ~(capital | bytes_equal(word, '-')) & REPEAT(0x80);
}

/* Truncates the method at `text` to its token, whose bytes a client chose: zeroes everything after
 * the token. Returns the length of the token, more than METHOD_TEXT_BYTES if it does not end in the
 * buffer; 0, and no text, if no space follows. Other tokens than names of methods may be secrets: their
 * text is zeroed. */
static __always_inline __u32 cut_method(__u64 text[METHOD_TEXT_BYTES / 8])
{
	__u64 open = ~0ULL, length = 0, spaces = 0, odd = 0;

	for (int i = 0; i < METHOD_TEXT_BYTES / 8; i++) {
		__u64 word = text[i], ends = ends_token(word);
		__u64 first = ends & -ends;
		__u64 keep = ((first >> 7) - 1) & open;

		text[i] = word & keep;
		odd |= is_odd_in_method(word) & keep;
		length += ((keep & REPEAT(1)) * REPEAT(1)) >> 56;
		spaces |= bytes_equal(word, ' ') & first & open;
		open &= ones_unless_marked(ends);
	}
	spaces |= open; /* the token is longer than the buffer */
	for (int i = 0; i < METHOD_TEXT_BYTES / 8 && (odd || !spaces); i++)
		text[i] = 0;
	if (open)
		return METHOD_TEXT_BYTES + 1;
	return spaces ? (__u32)length : 0;
}

/* Whether a path ends before this byte: a space, a query, a fragment or a line end. */
static __always_inline bool ends_path(char byte)
{
	return byte == ' ' || byte == '?' || byte == '#' || byte == '\r' || byte == '\n';
}

/* Truncates the request target at `path` to its path: zeroes everything from the first space,
 * query, fragment, line end or zero byte on, which may hold secrets. Returns the path's length
 * within the buffer. */
static __always_inline __u32 cut_url_path(__u64 path[URL_PATH_BYTES / 8])
{
	__u64 open = ~0ULL, length = 0;

	for (int i = 0; i < URL_PATH_BYTES / 8; i++) {
		__u64 word = path[i];
		__u64 ends = bytes_equal(word, ' ') | bytes_equal(word, '?') |
			     bytes_equal(word, '#') | bytes_equal(word, '\r') |
			     bytes_equal(word, '\n') | bytes_equal(word, 0);
		/* The bits below the first end; all bits if there is none. */
		__u64 first = ends & -ends;
		__u64 keep = ((first >> 7) - 1) & open;

		path[i] = word & keep;
		length += ((keep & REPEAT(1)) * REPEAT(1)) >> 56;
		/* Stays closed after the first end. */
		open &= ones_unless_marked(ends);
	}
	return (__u32)length;
}

/* A scheme is searched in the first bytes of a target; an authority, which may hold a user name and a
 * password, in chunks after it. A host's name has at most 255 bytes (RFC 1035 section 2.3.4). */
#define SCHEME_BYTES	      16
#define AUTHORITY_CHUNK_BYTES 64
#define AUTHORITY_LIMIT_BYTES ((__u64)8 * AUTHORITY_CHUNK_BYTES)

/* Results of path_in_target() besides an offset. */
enum target_path {
	TARGET_WITHOUT_PATH = -1, /* the target's form has none */
	TARGET_EMPTY_PATH = -2,	  /* a target with an authority, and nothing after it */
	TARGET_PATH_FAR = -3,	  /* the authority is too long, or the target cannot be read */
};

/* Offset of the first byte after the authority in the 64 bytes at `text`, `size` of them in the head;
 * 64 if the authority goes on; -1 if they cannot be read. */
__weak __noinline int authority_in_chunk(__u64 text, __u64 size)
{
	__u64 words[AUTHORITY_CHUNK_BYTES / 8] = {};
	__u64 open = ~0ULL, length = 0;

	if (size > sizeof(words))
		size = sizeof(words);
	if (bpf_probe_read_user(words, (__u32)size, (void *)text))
		return -1;
	for (__u32 i = 0; i < AUTHORITY_CHUNK_BYTES / 8; i++) {
		__u64 ends = bytes_equal(words[i], '/') | bytes_equal(words[i], '?') |
			     bytes_equal(words[i], '#') | bytes_equal(words[i], ' ') |
			     bytes_equal(words[i], '\r') | bytes_equal(words[i], '\n') |
			     bytes_equal(words[i], 0);

		length += first_marked(ends) & open;
		open &= ones_unless_marked(ends);
	}
	return (int)length;
}

/* Offset of "://" after a possible scheme at the start of the target; TARGET_WITHOUT_PATH for none;
 * TARGET_PATH_FAR if the target cannot be read. A scheme consists of characters of tokens, so the colon
 * is none of another line. */
static __always_inline int scheme_length(__u64 target, __u64 length)
{
	__u64 words[SCHEME_BYTES / 8] = {}, mark = 0, colon;

	if (bpf_probe_read_user(words, length < sizeof(words) ? (__u32)length : sizeof(words),
				(void *)target))
		return TARGET_PATH_FAR;
	colon = first_marked(ends_token(words[0]));
	if (colon == 8)
		colon += first_marked(ends_token(words[1]));
	if (colon + 3 > length)
		return TARGET_WITHOUT_PATH;
	if (bpf_probe_read_user(&mark, 3, (void *)(target + colon)))
		return TARGET_PATH_FAR;
	return mark == WORD(':', '/', '/', 0, 0, 0, 0, 0) ? (int)colon : TARGET_WITHOUT_PATH;
}

/* Offset of the path in the request target at `target`, of whose bytes `length` have arrived, or an
 * enum target_path. Of the four forms (RFC 9112 section 3.2), origin-form and absolute-form have a
 * path, asterisk-form and authority-form have none. */
__weak __noinline int path_in_target(__u64 target, __u64 length)
{
	char first = 0;
	int scheme;
	__u64 at;

	if (!length)
		return TARGET_WITHOUT_PATH;
	if (bpf_probe_read_user(&first, sizeof(first), (void *)target))
		return TARGET_PATH_FAR;
	if (first == '/')
		return 0;
	scheme = scheme_length(target, length);
	if (scheme < 0)
		return scheme;
	at = (__u64)scheme + 3;
	for (__u32 i = 0; i < AUTHORITY_LIMIT_BYTES / AUTHORITY_CHUNK_BYTES && at < length; i++) {
		int size = authority_in_chunk(target + at, length - at);

		if (size < 0)
			return TARGET_PATH_FAR;
		at += (__u64)size;
		if (size < AUTHORITY_CHUNK_BYTES)
			break;
	}
	if (at >= length)
		return TARGET_WITHOUT_PATH; /* the rest has not arrived */
	bpf_probe_read_user(&first, sizeof(first), (void *)(target + at));
	if (first == '/')
		return (int)at;
	return ends_path(first) ? TARGET_EMPTY_PATH : TARGET_PATH_FAR;
}

#endif
