// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "process/internal.h"
#include "process/listeners.h"
#include "process/privilege.h"
#include "process/proc.h"

#define DEFAULT_EXECUTABLE "scotty"
#define HIGHEST_LISTED	   8
#define LISTED_PATH_LENGTH 60
#define LISTED_NAME_LENGTH 16

DEFINE_CLEANUP(DIR *, closedir);

struct candidate {
	pid_t pid;
	pid_t parent;
	uint64_t start_ticks;
	uint16_t port; /* 0: no listening socket */
	struct process_owner owner;
	char *path;
};

struct search {
	const char *executable; /* NULL: search by port */
	uint16_t port;
	bool of_user; /* only processes of `user` */
	uid_t user;
	struct listeners *listeners;
	struct candidate *candidates;
	size_t count;
	size_t denied; /* possible matches that this process has no permission to read */
};

static void search__clear(struct search *search)
{
	for (size_t i = 0; i < search->count; i++)
		free(search->candidates[i].path);
	free(search->candidates);
	listeners__free(search->listeners);
}

static bool is_denial(int code)
{
	return code == -EACCES || code == -EPERM;
}

/* Returns whether `pid` is this process or a descendant of this process. */
static bool is_ours(pid_t pid)
{
	struct proc_stat stat;

	/* Parent ids need not be lower, and they change during the walk: limit the depth. */
	for (int depth = 0; pid > 0 && depth < 1000; depth++) {
		if (pid == getpid())
			return true;
		if (proc__stat(pid, &stat) < 0)
			return false;
		pid = stat.parent;
	}
	return false;
}

/* Returns 1 for a match; 0 for no match or an ended process; -ENOMEM. The list of matches shows
 * `*ret_port`. */
static int search__match(struct search *search, pid_t pid, const struct proc_stat *stat,
			 const char *path, int path_code, uint16_t *ret_port)
{
	int r;

	*ret_port = 0;
	if (search->executable) {
		size_t cut = sizeof(stat->command) - 1;

		/* The main thread has the name of its program unless the program changed the
		 * name. */
		if (is_denial(path_code) && strncmp(stat->command, search->executable, cut) == 0)
			search->denied++;
		if (path_code < 0)
			return path_code == -ENOMEM ? path_code : 0;
		if (strcmp(proc__base_name(path), search->executable) != 0)
			return 0;
		r = listeners__find(search->listeners, pid, 0, ret_port, NULL);
		return r == -ENOMEM ? r : 1;
	}
	r = listeners__find(search->listeners, pid, search->port, ret_port, NULL);
	if (r > 0 && path_code < 0)
		r = path_code;
	if (is_denial(r))
		search->denied++;
	return r > 0 || r == -ENOMEM ? r : 0;
}

/* A process whose executable is not readable has an owner as well. */
static bool search__takes_owner(const struct search *search, pid_t pid)
{
	struct process_owner owner;
	int r;

	if (!search->of_user)
		return true;
	r = process_owner__read(pid, &owner);
	return (r == 0 || is_denial(r)) && process_owner__is(&owner, search->user);
}

static int search__try(struct search *search, pid_t pid)
{
	_cleanup_free_ char *path = NULL;
	struct process_owner owner;
	struct proc_stat stat;
	bool is_deleted;
	uint16_t port;
	int r;

	if (proc__stat(pid, &stat) < 0 || stat.is_kernel_thread || stat.state == 'Z' ||
	    !search__takes_owner(search, pid))
		return 0;
	r = proc__executable(pid, &path, &is_deleted);
	r = search__match(search, pid, &stat, path, r, &port);
	if (r <= 0 || is_ours(pid) || process_owner__read(pid, &owner) < 0)
		return r < 0 ? r : 0;

	struct candidate *larger =
		reallocarray(search->candidates, search->count + 1, sizeof(search->candidates[0]));

	if (!larger)
		return -ENOMEM;
	search->candidates = larger;
	larger[search->count++] = (struct candidate){
		.pid = pid,
		.parent = stat.parent,
		.start_ticks = stat.start_ticks,
		.port = port,
		.owner = owner,
		.path = TAKE_PTR(path),
	};
	return 0;
}

static int search__run(struct search *search, struct error *error)
{
	_cleanup_(closedirp) DIR *directory = opendir("/proc");

	if (!directory)
		return error_set(error, -errno, "cannot list /proc: %m");
	search->listeners = listeners__new();
	if (!search->listeners)
		return error_out_of_memory(error);
	for (struct dirent *entry; (entry = readdir(directory));) {
		pid_t pid = proc__number(entry->d_name);

		if (pid > 0 && search__try(search, pid) < 0)
			return error_out_of_memory(error);
	}
	return 0;
}

/* Returns whether another candidate with the same program forked `candidate`. The candidate then is
 * a worker and inherited the listening socket. */
static bool search__is_worker(const struct search *search, const struct candidate *candidate)
{
	for (size_t i = 0; i < search->count; i++) {
		const struct candidate *other = &search->candidates[i];

		if (other->pid == candidate->parent && strcmp(other->path, candidate->path) == 0)
			return true;
	}
	return false;
}

static const struct candidate *search__only(const struct search *search)
{
	const struct candidate *only = NULL;

	if (search->count == 1 || search->executable)
		return search->count == 1 ? &search->candidates[0] : NULL;
	for (size_t i = 0; i < search->count; i++) {
		if (search__is_worker(search, &search->candidates[i]))
			continue;
		if (only)
			return NULL;
		only = &search->candidates[i];
	}
	return only;
}

/* Writes ": 12 /usr/bin/scotty (port 21342, user alice, file of root), 13 ...". */
static void search__list(const struct search *search, char *list, size_t size)
{
	size_t length = 0;

	*list = '\0';
	for (size_t i = 0; i < search->count && i < HIGHEST_LISTED; i++) {
		const struct candidate *candidate = &search->candidates[i];
		char user[OWNER_NAME_SIZE], file_user[OWNER_NAME_SIZE];
		size_t path_length = strlen(candidate->path);
		bool is_long = path_length > LISTED_PATH_LENGTH;
		const char *path =
			candidate->path + (is_long ? path_length - LISTED_PATH_LENGTH : 0);

		length += (size_t)snprintf(list + length, size - length, "%s%d %s%s",
					   i > 0 ? ", " : ": ", (int)candidate->pid,
					   is_long ? "..." : "", path);
		length += (size_t)snprintf(list + length, size - length,
					   candidate->port ? " (port %u" : " (no port",
					   candidate->port);
		length += (size_t)snprintf(
			list + length, size - length, ", user %.*s, file of %.*s)",
			LISTED_NAME_LENGTH, process_owner__name(candidate->owner.user, user),
			LISTED_NAME_LENGTH,
			process_owner__name(candidate->owner.file_user, file_user));
	}
}

/* error_set() replaces control characters in names and paths, so that they do not reach a
 * terminal. */
static int search__refuse(const struct search *search, struct error *error)
{
	char what[320];
	char list[HIGHEST_LISTED * (LISTED_PATH_LENGTH + 2 * LISTED_NAME_LENGTH + 64)];
	char of_user[OWNER_NAME_SIZE + 16] = "", name[OWNER_NAME_SIZE];

	if (search->executable)
		snprintf(what, sizeof(what), "an executable named '%.255s'", search->executable);
	else
		snprintf(what, sizeof(what), "a program that listens on TCP port %u", search->port);
	if (search->of_user)
		snprintf(of_user, sizeof(of_user), " of user %s",
			 process_owner__name(search->user, name));
	if (search->count > 1) {
		search__list(search, list, sizeof(list));
		/* The remedy goes first: a long list is cut. */
		return error_set(error, -EEXIST,
				 "%zu processes%s run %s; choose one with --pid%s%s%s",
				 search->count, of_user, what, search->of_user ? "" : " or --user",
				 list, search->count > HIGHEST_LISTED ? ", ..." : "");
	}
	if (search->denied > 0) {
		char advice[PRIVILEGE_ADVICE_SIZE];

		return error_set(error, -EACCES,
				 "no readable process%s runs %s; %zu not readable; %s", of_user,
				 what, search->denied, privilege__advise_inspection(advice));
	}
	return error_set(error, -ESRCH,
			 "no process%s runs %s; is it started? --pid, --exe and --port select "
			 "another",
			 of_user, what);
}

/* Opens the process that was chosen by its id. */
static int open_chosen(const struct process_selection *selection, struct process **ret_process,
		       struct error *error)
{
	_cleanup_(process__freep) struct process *target = NULL;
	char name[OWNER_NAME_SIZE];
	int r = process__open(selection->pid, &target, error);

	if (r < 0)
		return r;
	if (selection->of_user && !process_owner__is(&target->owner, selection->user))
		return error_set(error, -ESRCH, "process %d is of user %s, not of user %s",
				 (int)selection->pid, target->user_name,
				 process_owner__name(selection->user, name));
	*ret_process = TAKE_PTR(target);
	return 0;
}

int process__find(const struct process_selection *selection, struct process **ret_process,
		  struct error *error)
{
	_cleanup_(process__freep) struct process *target = NULL;
	_cleanup_(search__clear) struct search search = {
		.port = selection->port,
		.of_user = selection->of_user,
		.user = selection->user,
	};
	const struct candidate *only;
	int r;

	if (selection->pid > 0)
		return open_chosen(selection, ret_process, error);
	if (selection->executable)
		search.executable = selection->executable;
	else if (selection->port == 0)
		search.executable = DEFAULT_EXECUTABLE;
	r = search__run(&search, error);
	if (r < 0)
		return r;
	only = search__only(&search);
	if (!only)
		return search__refuse(&search, error);
	r = process__open(only->pid, &target, error);
	if (r < 0)
		return r;
	if (target->start_ticks != only->start_ticks || target->owner.user != only->owner.user ||
	    strcmp(target->executable_path, only->path) != 0)
		return error_set(error, -ESRCH, "process %d ended during the search",
				 (int)only->pid);
	*ret_process = TAKE_PTR(target);
	return 0;
}
