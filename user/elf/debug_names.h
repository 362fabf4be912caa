/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_ELF_DEBUG_NAMES_H
#define SCOTTYSCOPE_ELF_DEBUG_NAMES_H

/* What an executable names of its separate debug file, and who finds files by these names. */

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#define BUILD_ID_BYTES_MAX ((size_t)64)

/* Plain data: the executable's owner chose every byte. */
struct elf_debug_names {
	char build_id[2 * BUILD_ID_BYTES_MAX + 1]; /* hexadecimal; "": none */
	char link[NAME_MAX + 1];		   /* file name of .gnu_debuglink; "": none */
	uint32_t checksum;			   /* CRC-32 of the file that `link` names */
};

#define ELF_DEBUG_FILES_MAX 12

/* Files that the names may mean, open for reading. */
struct elf_debug_files {
	int fds[ELF_DEBUG_FILES_MAX];
	size_t count;
};

/* Finds files. `find` sets `*ret_files`, whose descriptors the caller closes, in the order of preference. Returns
 * 0, also without a file, or a negative errno. */
struct elf_debug_finder {
	int (*find)(void *context, const struct elf_debug_names *names,
		    struct elf_debug_files *ret_files);
	void *context;
};

void elf_debug_files__close(struct elf_debug_files *files);

#endif
