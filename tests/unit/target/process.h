/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_TESTS_TARGET_PROCESS_H
#define SCOTTYSCOPE_TESTS_TARGET_PROCESS_H

/* Real processes to observe. They are no descendants of the test, which would not find them. */

#include <criterion/criterion.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "target/target.h"

/* What a process and its test share. */
struct shared {
	pid_t pid;
	pid_t parent;
	pid_t tid;
	pid_t worker;
	uint16_t port;
	uint64_t address;
	uint64_t addresses[4];
	pid_t tids[4];
	bool was_permitted;
};

struct process {
	pid_t pid;
	struct shared *shared;
	int command_fd; /* write to it: process__await_command() returns */
	int event_fd;	/* what process__tell() wrote */
	int pid_fd;
};

/* What runs in it: prepares, calls process__tell(), and then does as it likes; it is killed when
 * the test ends it or dies. */
typedef void (*process_main)(struct process *process);

/* Starts one and waits until it has told, executed another program or ended. */
struct process process__start(process_main run);
void process__tell(struct process *process);
void process__await_command(struct process *process);
void process__command(struct process *process);

/* Waits until it has executed another program or has ended. */
void process__await_silence(struct process *process);
void process__stop(struct process *process);

/* For a test's end: stops what a failed assertion left running. */
void process__stop_all(void);

/* A new directory, and a copy of the system's sleep under `name` in it; paths are malloc'ed. */
char *directory__new(void);
char *directory__add_sleep(const char *directory, const char *name);
void directory__remove(char *directory);

/* Runs a program for some minutes that takes this as sleep does. */
struct process process__run(const char *path);

#define BY_NAME(name)                 \
	(&(struct target_selection){  \
		.executable = (name), \
	})
#define BY_PID(id)                   \
	(&(struct target_selection){ \
		.pid = (id),         \
	})

/* Finds what must be found, and the code and message where it must not. */
struct target *find_one(const struct target_selection *selection);
struct error find_none(const struct target_selection *selection);

/* What an unprivileged user's target__find() returns. */
int find_as_nobody(const struct target_selection *selection);
void assert_same_file(int fd, const char *path);

/* A name for an executable that nothing else has. */
const char *unique_name(void);

#endif
