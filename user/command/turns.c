// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "command/turns.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "govern/meter.h"
#include "probe/polls.h"

/* Letting go takes a grace period, of one link or, in threads, of many perf events. */
#define MULTI_PERIOD_NS	 NS_PER_S
#define SINGLE_PERIOD_NS (5 * NS_PER_S)
/* Where nothing is decided, what the probes take is only told. */
#define TOLD_PERIOD_NS (10 * NS_PER_S)

/* Polls in progress have this long to end before their hooks are let go of. */
#define ENDING_NS (5 * NS_PER_MS)

/* What the programs take is measured for a moment of every tenth period. */
#define MEASURING_NS	  (20 * NS_PER_MS)
#define MEASURING_PERIODS 10

/* Learning takes some hundred requests. */
#define PATIENT_PERIODS 10

/* What is between two calls of the timer. */
enum phase {
	PHASE_WATCHING, /* all polls, to the end of the period or of the turn */
	PHASE_ENDING,	/* those that were seen to start */
	PHASE_RESTING,	/* none, to the end of the period */
};

struct turns {
	struct publisher *publisher;
	struct loop *loop;
	struct error *error; /* for what ends the loop */
	struct loop_source *timer;
	struct loop_source *measuring_timer;
	struct meter meter;
	struct governor governor;
	enum phase phase;
	bool is_basic;	/* polls are let go of for good as soon as they can be */
	bool are_taken; /* within the limit all polls are watched */
	bool has_warned;
	unsigned int periods_over; /* the limit, in a row */
	unsigned int periods;
	uint64_t period_ns;  /* how long periods are meant to be */
	uint64_t start_ns;   /* of the one in progress */
	uint64_t watched_ns; /* of it so far, but for the turn in progress */
	uint64_t turn_ns;    /* since when polls are watched */
	struct probe_totals totals;
};

static int on_measured(void *context)
{
	struct turns *turns = context;

	meter__stop_measuring(&turns->meter);
	return 0;
}

static int measure_now_and_then(struct turns *turns)
{
	if (turns->periods++ % MEASURING_PERIODS && !turns->meter.has_unmeasured)
		return 0;
	meter__measure_programs(&turns->meter);
	return loop__set_timer(turns->measuring_timer, MEASURING_NS, 0);
}

/* Ends the period: what it cost, what is estimated of it, and how the next one is to be. */
static int settle_period(struct turns *turns)
{
	struct publisher *publisher = turns->publisher;
	uint64_t now_ns = clock_monotonic_ns();
	struct governor_period period = {
		.length_ns = now_ns - turns->start_ns,
		.watched_ns = turns->watched_ns,
	};
	int r;

	if (turns->phase == PHASE_WATCHING)
		period.watched_ns += now_ns - turns->turn_ns;
	r = meter__read(&turns->meter, &period, turns->error);
	if (r >= 0)
		r = probe__read_totals(publisher->probe, &turns->totals, turns->error);
	if (r < 0)
		return r;
	governor__decide(&turns->governor, &period);
	estimate__end(publisher->estimate, &turns->totals, period.length_ns, period.watched_ns);
	publisher->counters.probes_cost_ns += period.polls_cost_ns + period.other_cost_ns;
	publisher->counters.probes_overhead = turns->governor.overhead;
	publisher->counters.polls_watched =
		period.length_ns ? (double)period.watched_ns / (double)period.length_ns : 1;
	turns->start_ns = turns->turn_ns = now_ns;
	turns->watched_ns = 0;
	return 0;
}

static int end_period(struct turns *turns)
{
	int r = settle_period(turns);

	if (r < 0)
		return r;
	if (turns->are_taken && turns->governor.share >= 1) {
		log_info("all polls are watched again");
		turns->are_taken = false;
	}
	return measure_now_and_then(turns);
}

static bool can_let_go(const struct turns *turns)
{
	const struct probe *probe = turns->publisher->probe;

	return probe__can_let_go_of_polls(probe) &&
	       (turns->is_basic || probe__can_take_turns(probe));
}

/* How long polls are to be watched in this period; the whole of it where they cannot be let go of. */
static uint64_t turn_length_ns(const struct turns *turns)
{
	double share = turns->is_basic ? 0 : turns->governor.share;

	if (share >= 1 || !can_let_go(turns))
		return turns->period_ns;
	return (uint64_t)(share * (double)turns->period_ns);
}

/* Where probes have long been taking more than they may, because polls cannot be let go of. */
static void warn_once(struct turns *turns)
{
	const struct publisher *publisher = turns->publisher;

	if (turns->has_warned || turns->governor.share >= 1 || can_let_go(turns)) {
		turns->periods_over = 0;
		return;
	}
	if (++turns->periods_over < PATIENT_PERIODS)
		return;
	turns->has_warned = true;
	log_warning("probes take %.1f %% of the process's CPU time, more than --max-overhead, but "
		    "polls cannot be let go of: %s%s",
		    100 * turns->governor.overhead,
		    plan__can_detach_polls(publisher->subject->plan)
			    ? "what that takes has not been learnt from its requests"
			    : "this build does not tell its tasks without them",
		    publisher->config->level == LEVEL_FULL ? "; --level standard costs less" : "");
}

static int watch(struct turns *turns)
{
	uint64_t length_ns = turn_length_ns(turns);

	warn_once(turns);
	turns->phase = PHASE_WATCHING;
	/* Where there is no turn at all, the first step of letting go comes at once. */
	return loop__set_timer(turns->timer, length_ns ? length_ns : 1, 0);
}

static int rest(struct turns *turns)
{
	uint64_t spent_ns = clock_monotonic_ns() - turns->start_ns;

	turns->phase = PHASE_RESTING;
	return loop__set_timer(
		turns->timer, spent_ns < turns->period_ns ? turns->period_ns - spent_ns : ENDING_NS,
		0);
}

static int watch_again(struct turns *turns)
{
	struct probe *probe = turns->publisher->probe;
	struct error error;

	/* The process may be about to end. If not, there is another try in the next period. */
	if (probe__watch_polls(probe, &error) < 0) {
		log_debug("polls cannot be watched again yet: %s", error.message);
		probe__let_go_of_polls(probe);
		return rest(turns);
	}
	turns->turn_ns = clock_monotonic_ns();
	return watch(turns);
}

static int end_turn(struct turns *turns, uint64_t now_ns)
{
	if (!turns->is_basic && !turns->are_taken) {
		log_info("probes take %.1f %% of the process's CPU time: polls are watched in "
			 "turns from now on, and their metrics estimated",
			 100 * turns->governor.overhead);
		turns->are_taken = true;
		turns->publisher->counters.has_estimates = true;
	}
	probe__end_polls(turns->publisher->probe);
	turns->watched_ns += now_ns - turns->turn_ns;
	turns->phase = PHASE_ENDING;
	return loop__set_timer(turns->timer, ENDING_NS, 0);
}

static int on_timer(void *context)
{
	struct turns *turns = context;
	struct probe *probe = turns->publisher->probe;
	uint64_t now_ns = clock_monotonic_ns();
	int r;

	switch (turns->phase) {
	case PHASE_WATCHING:
		/* A turn ends within its period, unless it is as long. */
		if (turn_length_ns(turns) < turns->period_ns &&
		    now_ns - turns->start_ns < turns->period_ns)
			return end_turn(turns, now_ns);
		r = end_period(turns);
		return r < 0 ? r : watch(turns);
	case PHASE_ENDING:
		probe__let_go_of_polls(probe);
		return rest(turns);
	case PHASE_RESTING:
		/* Others are served meanwhile. */
		if (probe__is_letting_go(probe))
			return loop__set_timer(turns->timer, ENDING_NS, 0);
		break;
	}
	r = end_period(turns);
	if (r < 0)
		return r;
	/* At the basic level polls stay let go of, unless that turns out to have been wrong. */
	if (turns->is_basic && can_let_go(turns))
		return rest(turns);
	return watch_again(turns);
}

int turns__new(struct publisher *publisher, struct loop *loop, struct turns **ret_turns,
	       struct error *error)
{
	_cleanup_free_ struct turns *turns = calloc(1, sizeof(*turns));
	const struct plan *plan = publisher->subject->plan;
	int r;

	if (!turns)
		return error_out_of_memory(error);
	turns->publisher = publisher;
	turns->loop = loop;
	turns->error = error;
	turns->governor = (struct governor){.limit = publisher->config->max_overhead, .share = 1};
	turns->is_basic = publisher->config->level == LEVEL_BASIC &&
			  plan->instrumentations[INSTR_TOKIO_POLLS].disabled_by_level;
	if (publisher->config->level == LEVEL_BASIC && !turns->is_basic)
		log_warning("at the basic level polls should be let go of, but this build does not "
			    "tell its tasks without them: they stay watched");
	turns->period_ns = plan->kernel.uprobe_multi ? MULTI_PERIOD_NS : SINGLE_PERIOD_NS;
	if (!turns->is_basic && publisher->config->max_overhead <= 0)
		turns->period_ns = TOLD_PERIOD_NS;
	turns->start_ns = turns->turn_ns = clock_monotonic_ns();
	r = meter__init(&turns->meter, publisher->probe, publisher->subject->target, error);
	if (r >= 0)
		r = probe__read_totals(publisher->probe, &turns->totals, error);
	if (r < 0)
		return r;
	estimate__begin(publisher->estimate, &turns->totals);
	r = loop__add_timer(loop, 0, 0, on_measured, turns, &turns->measuring_timer, error);
	if (r >= 0)
		r = loop__add_timer(loop, turns->period_ns, 0, on_timer, turns, &turns->timer,
				    error);
	if (r >= 0)
		r = measure_now_and_then(turns);
	if (r < 0)
		return r;
	*ret_turns = TAKE_PTR(turns);
	return 0;
}

void turns__free(struct turns *turns)
{
	if (!turns)
		return;
	meter__done(&turns->meter);
	settle_period(turns);
	loop__remove(turns->loop, turns->timer);
	loop__remove(turns->loop, turns->measuring_timer);
	free(turns);
}
