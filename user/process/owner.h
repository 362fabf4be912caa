/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PROCESS_OWNER_H
#define SCOTTYSCOPE_PROCESS_OWNER_H

/* Who owns a process and its executable: any local user can run a program of any name. User ids are those of
 * this process's user namespace. */

#include <stdbool.h>
#include <sys/types.h>

#define OWNER_NAME_SIZE 40

struct process_owner {
	uid_t user;	 /* the effective user */
	uid_t real_user; /* who started a set-user-id program */
	uid_t file_user; /* who owns the executable */
	gid_t file_group;
	mode_t file_mode;
};

/* Reads /proc/PID/status, and the status of /proc/PID/exe. -EACCES without permission to inspect the
 * process: then only the users are set. */
int process_owner__read(pid_t pid, struct process_owner *ret_owner);

/* Returns whether both the effective and the real user of the process are `user`. */
bool process_owner__is(const struct process_owner *owner, uid_t user);

/* Writes who besides root and the user of the process may write the executable, such as "user alice" or
 * "group staff". Returns false if there is nobody. ACLs count as the group. */
bool process_owner__writer(const struct process_owner *owner, char *text, size_t size);

/* Writes the name of a user, or the number of a user without a name. Returns `name`. */
const char *process_owner__name(uid_t user, char name[OWNER_NAME_SIZE]);

#endif
