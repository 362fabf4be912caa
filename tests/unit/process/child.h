/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_TESTS_PROCESS_CHILD_H
#define SCOTTYSCOPE_TESTS_PROCESS_CHILD_H

/* Real processes to observe. They are no descendants of the test, which would not find them. */

#include <criterion/criterion.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "process/process.h"

/* What a process and its test share. */
struct shared {
	pid_t pid;
	pid_t parent;
	pid_t tid;
	pid_t worker;
	uint16_t port;
	uint64_t address;
	uint64_t addresses[6];
	pid_t tids[4];
	bool was_permitted;
};

struct child {
	pid_t pid;
	struct shared *shared;
	int command_fd; /* write to it: child__await_command() returns */
	int event_fd;	/* what child__tell() wrote */
	int pid_fd;
};

/* What runs in it: prepares, calls child__tell(), and then does as it likes; it is killed when
 * the test ends it or dies. */
typedef void (*child_main)(struct child *process);

/* Starts one and waits until it has told, executed another program or ended. */
struct child child__start(child_main run);
void child__tell(struct child *process);
void child__await_command(struct child *process);
void child__command(struct child *process);

/* Waits until it has executed another program or has ended. */
void child__await_silence(struct child *process);
void child__stop(struct child *process);

/* For a test's end: stops what a failed assertion left running. */
void child__stop_all(void);

/* A new directory, and copies of a program and of the system's sleep under `name` in it; paths are
 * malloc'ed. */
char *directory__new(void);
char *directory__add(const char *parent, const char *source, const char *name);
char *directory__add_sleep(const char *parent, const char *name);
void directory__remove(char *path);

/* For test suites: the test's own directory, with an init function that makes it and a fini function
 * that stops all children and removes it. */
extern char *directory;
void set_up_directory(void);
void tear_down_directory(void);

/* Runs a program for some minutes that takes this as sleep does. */
struct child child__run(const char *path);

#define BY_NAME(name)                 \
	(&(struct process_selection){ \
		.executable = (name), \
	})
#define BY_PID(id)                    \
	(&(struct process_selection){ \
		.pid = (id),          \
	})

/* Finds what must be found, and the code and message where it must not. */
struct process *find_one(const struct process_selection *selection);
struct error find_none(const struct process_selection *selection);

/* What an unprivileged user's process__find() returns. */
int find_as_nobody(const struct process_selection *selection);
void assert_same_file(int fd, const char *path);

/* A name for an executable that nothing else has. */
const char *unique_name(void);

#endif
