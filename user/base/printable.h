/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_BASE_PRINTABLE_H
#define SCOTTYSCOPE_BASE_PRINTABLE_H

/* Text from outside on its way to a terminal or a log: names of files, symbols and routes, lines of
 * another process. Such text may hold escape sequences that control the terminal, line ends that forge
 * a message, and direction controls that reorder what a reader sees. log_write() and error_set() pass
 * all their text through printable_replace(); the text views of report/ and plan/ pass each such text
 * through printable_write(). Formats with an escape syntax of their own (JSON, Prometheus text) do not
 * need these functions and stay exact. */

#include <stddef.h>
#include <stdio.h>

/* Replaces each of these by "?": a byte that is not UTF-8; a control character (C0 with tabulator and
 * line end, DEL, C1); a line or paragraph separator; a control of the text direction (U+061C, U+200E,
 * U+200F, U+202A to U+202E, U+2066 to U+2069). All other text is unchanged. The text never becomes
 * longer. */
void printable_replace(char *text);

/* Writes `text` to `stream` with the replacements of printable_replace(), and then spaces up to a width of
 * `width` characters. */
void printable_write(const char *text, size_t width, FILE *stream);

#endif
