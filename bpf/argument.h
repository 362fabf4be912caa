/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_ARGUMENT_H
#define SCOTTYSCOPE_ARGUMENT_H

/* The arguments that the hooks' programs read. The programs read them, and the plan makes sure that
 * their registers are unchanged at the site, on every machine. Both sides compile this file. */

#include <linux/types.h>

/* Added to an argument's number for functions that return their result in memory: the caller passes
 * its address. */
#define WITH_RESULT_IN_MEMORY 8

/* Numbers of arguments as declared, from 1. A &str and other pairs of words count as two;
 * floating-point numbers have registers of their own and do not count. */
enum argument {
	ARGUMENT_TASK_HEADER = 1, /* State's functions, raw::poll, Harness::complete */
	ARGUMENT_TASK_LIST = 1,	  /* bind_inner */
	ARGUMENT_BOUND_HEADER = 2,
	ARGUMENT_SCHEDULED_HEADER = 2, /* schedule_task, push_remote_task, schedule */
	ARGUMENT_LOCAL_HEADER = 3,     /* schedule_local */
	ARGUMENT_PARSE_BUFFER = WITH_RESULT_IN_MEMORY + 1,
	ARGUMENT_ENCODE_HEAD = WITH_RESULT_IN_MEMORY + 1,
	ARGUMENT_ENCODE_OUTPUT = WITH_RESULT_IN_MEMORY + 2,
	ARGUMENT_HTTP_ERROR = 1,
	/* set_matched_path_for_request(RouteId, &HashMap<RouteId, Arc<str>>, &mut Extensions) */
	ARGUMENT_ROUTE_ID = 1,
	ARGUMENT_ROUTE_PATHS = 2,
	ARGUMENT_REQUEST_EXTENSIONS = 3,
	ARGUMENT_MATCHED_PATH = 1, /* drop of MatchedPath */
	ARGUMENT_WEBSOCKET_ROLE = WITH_RESULT_IN_MEMORY + 1,
	ARGUMENT_FRAME_CURSOR = WITH_RESULT_IN_MEMORY + 1,
	ARGUMENT_TEXT_BYTES = WITH_RESULT_IN_MEMORY + 1,
	ARGUMENT_FRAGMENTS = WITH_RESULT_IN_MEMORY + 1,
	ARGUMENT_FRAME = WITH_RESULT_IN_MEMORY + 1,
	ARGUMENT_FRAME_OUTPUT = WITH_RESULT_IN_MEMORY + 2,
	ARGUMENT_QUEUED_MESSAGE = WITH_RESULT_IN_MEMORY + 2,
	ARGUMENT_AUDIT_REASON = 7, /* (&Uuid, &Uuid, &str, &str, f64, reason: &str, ...) */
	ARGUMENT_AUDIT_REASON_LENGTH = 8,
	ARGUMENT_REMOVED_APP = 1,
	/* The first argument of the recorder's functions is the recorder. */
	ARGUMENT_RECORDED = 2,
	ARGUMENT_VALIDATION_SECONDS = 2,
	ARGUMENT_VALIDATION_NANOSECONDS = 3,
	ARGUMENT_VALIDATION_FAILED = 4,
	ARGUMENT_TIER = 2,
	ARGUMENT_TIER_LENGTH = 3,
	ARGUMENT_DEVICE_FLOWS = 1,
	ARGUMENT_WEB_FLOWS = 2,
	ARGUMENT_CLEANED_MAP = 1,
};

/* A machine's calling convention. */
struct convention {
	__u32 registers;	/* number of argument registers */
	__u32 result_arguments; /* number of them that the address of a result in memory takes */
	__u32 return_address_bytes; /* size of the return address on the stack */
};

/* System V ABI, AMD64 supplement, 3.2.3: the address of a result is the first argument. */
#define CONVENTION_X86_64 ((struct convention){6, 1, 8})

/* Procedure Call Standard for the Arm 64-bit Architecture, 6.8 and 6.9: the address of a result is
 * in x8. */
#define CONVENTION_ARM64 ((struct convention){8, 0, 0})

/* The place of an argument, from 1. Places up to `registers` are registers, the others are on the
 * stack. */
static inline __u32 argument_place(struct convention convention, enum argument argument)
{
	return argument > WITH_RESULT_IN_MEMORY
		       ? argument - WITH_RESULT_IN_MEMORY + convention.result_arguments
		       : argument;
}

#endif
