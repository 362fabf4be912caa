/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_ELF_DEBUG_SEARCH_H
#define SCOTTYSCOPE_ELF_DEBUG_SEARCH_H

/* Separate debug files: /usr/lib/debug/.build-id/xx/yyyy.debug, or the file that .gnu_debuglink names. The
 * user's directory takes the place of /usr/lib/debug, as gdb's debug-file-directory does.
 *
 * Whoever controls the target chooses the names, and may put links, FIFOs and device nodes at the paths.
 * Merely to open some device nodes is to use them. So a path is resolved without opening the file, and only
 * a regular file is opened. The names may mean:
 *  - in the user's directory and in the target's root directory: any regular file;
 *  - in this process's root directory: only the file of the build id, whose hexadecimal digits
 *    are all that the target chooses, and only if the file is root's and no other user may write it. Where the target
 *    has the same root directory, its own one has the other names.
 * No path leads out of its directory. Only files that begin as images of programs are found. */

#include "elf/debug_names.h"

struct elf_debug_places {
	const char *directory;	     /* chosen by the user, searched first; NULL: none */
	const char *root;	     /* the target's root directory, "/proc/PID/root"; NULL: none */
	const char *executable_path; /* as the target sees the path; NULL: unknown */
	const char *own_root;	     /* NULL: "/" */
};

/* An elf_debug_finder's function; `context` is a struct elf_debug_places. Malformed names mean no file. */
int elf_debug_search__find(void *context, const struct elf_debug_names *names,
			   struct elf_debug_files *ret_files);

#endif
