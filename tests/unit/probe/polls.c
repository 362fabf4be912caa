// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "probe/polls.h"

#include <criterion/criterion.h>

#include "layout/tokio.h"

#define ALL_WORDS ((UINT32_C(1) << TOKIO_CONTEXT_WORDS_MAX) - 1)

Test(probe_polls, the_only_word_that_never_missed_is_taken)
{
	for (uint32_t word = 0; word < TOKIO_CONTEXT_WORDS_MAX; word++)
		cr_assert_eq(poll_context_word(ALL_WORDS & ~(UINT32_C(1) << word), TASK_ID_SAMPLES,
					       false),
			     word + 1);
}

Test(probe_polls, few_samples_prove_nothing)
{
	cr_assert_eq(poll_context_word(ALL_WORDS & ~UINT32_C(4), TASK_ID_SAMPLES - 1, false), 0u);
}

Test(probe_polls, two_candidates_or_none_are_unknown)
{
	cr_assert_eq(poll_context_word(ALL_WORDS & ~UINT32_C(6), TASK_ID_SAMPLES, false), 0u);
	cr_assert_eq(poll_context_word(ALL_WORDS, TASK_ID_SAMPLES, false), 0u);
	/* Bits beyond the context are no candidates. */
	cr_assert_eq(poll_context_word(ALL_WORDS & ~UINT32_C(1), 10 * TASK_ID_SAMPLES, false), 1u);
}

Test(probe_polls, a_word_that_was_wrong_once_is_never_taken_again)
{
	cr_assert_eq(poll_context_word(ALL_WORDS & ~UINT32_C(4), TASK_ID_SAMPLES, true), 0u);
}

Test(probe_polls, a_poll_is_pending_with_an_event_to_confirm)
{
	struct thread thread = {.poll_epoch_ns = 7, .depth = 2};

	cr_assert_not(poll_is_pending(&thread, 7));
	thread.frames[1].flags = FRAME_HTTP_PENDING;
	cr_assert(poll_is_pending(&thread, 7), "also of an outer poll");
	thread.frames[1].flags = FRAME_CANCELLED;
	thread.frames[2].flags = FRAME_WEBSOCKET_PENDING;
	cr_assert(poll_is_pending(&thread, 7));
}

Test(probe_polls, a_poll_that_ended_is_not_pending)
{
	struct thread thread = {.poll_epoch_ns = 7, .depth = 0};

	thread.frames[1].flags = FRAME_HTTP_PENDING;
	cr_assert_not(poll_is_pending(&thread, 7));
	thread.depth = 1;
	cr_assert(poll_is_pending(&thread, 7));
	cr_assert_not(poll_is_pending(&thread, 8), "a frame from an earlier epoch is stale");
	cr_assert_not(poll_is_pending(&thread, 0), "polls are not tracked");
}
