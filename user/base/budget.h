/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_BASE_BUDGET_H
#define SCOTTYSCOPE_BASE_BUDGET_H

/* The limits of the work on bytes that another user controls: the executable, its debug file, the memory of
 * the target. A file of some kilobytes can ask for hours of work and for all memory. Each loop over such bytes
 * spends from a budget. A budget that is exceeded stays exceeded, so a loop that cannot return an error ends,
 * and its caller reports the error once at the end. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* The analysis of Scotty takes a fifteenth of the probe sites, and between a fiftieth and a five-hundredth of the other
 * limits. The work up to one limit takes some seconds. The limit of time is for slower machines: an emulated machine
 * that gets little of its host's time takes a minute for the analysis. */
#define BUDGET_VTABLES_LIMIT (1U << 13)
#define BUDGET_SITES_LIMIT   (1U << 12)
#define BUDGET_LIST(X)                                                                       \
	X(BUDGET_FILE_BYTES, UINT64_C(4) << 30, "bytes of debug files")                      \
	X(BUDGET_MEMORY_BYTES, UINT64_C(128) << 20, "bytes of memory")                       \
	X(BUDGET_SYMBOLS, UINT64_C(1) << 21, "symbols")                                      \
	X(BUDGET_SYMBOL_VISITS, UINT64_C(1) << 28, "looks at symbols")                       \
	X(BUDGET_NAME_BYTES, UINT64_C(1) << 30, "bytes of names")                            \
	X(BUDGET_POINTERS, UINT64_C(1) << 22, "pointers")                                    \
	X(BUDGET_VTABLES, BUDGET_VTABLES_LIMIT, "vtables of tasks")                          \
	X(BUDGET_INSTRUCTIONS, UINT64_C(1) << 27, "instructions and entries of jump tables") \
	X(BUDGET_CODE_BYTES, UINT64_C(2) << 30, "bytes of segments")                         \
	X(BUDGET_SITES, BUDGET_SITES_LIMIT, "probe sites")                                   \
	X(BUDGET_CANDIDATES, UINT64_C(1) << 18, "possible tasks and runtimes")               \
	X(BUDGET_HEAP_BYTES, UINT64_C(64) << 30, "bytes of the heap")                        \
	X(BUDGET_NANOSECONDS, UINT64_C(150) * 1000000000, "nanoseconds")

enum budget_kind {
#define X(kind, limit, noun) kind,
	BUDGET_LIST(X)
#undef X
	BUDGET_COUNT,
};

struct budget {
	uint64_t limits[BUDGET_COUNT];
	uint64_t spent[BUDGET_COUNT];
	bool is_exceeded;
	enum budget_kind exceeded; /* the first kind of work that exceeded its limit */
	uint64_t start_ns;	   /* monotonic */
	unsigned int until_clock;  /* calls until the next look at the clock */
};

/* Starts a budget with the limits of the list. The caller may change `limits`. */
void budget__init(struct budget *budget);

/* Spends `amount` of a kind of work. Returns 0; -EDQUOT from the first excess of any limit on. BUDGET_NANOSECONDS
 * is spent by the passing of time and checked by every call. */
int budget__spend(struct budget *budget, enum budget_kind kind, uint64_t amount);

/* Returns 0, or -EDQUOT with the sentence "`subject` exceeds the limit of ...". */
int budget__check(const struct budget *budget, const char *subject, struct error *error);

#endif
