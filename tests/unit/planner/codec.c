// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "planner/codec.h"

#include <criterion/criterion.h>
#include <errno.h>

#include "base/cleanup.h"
#include "planner/format.h"
#include "unit/plan/server.h"

/* The plan of a server, as bytes, and the map of the server's code. */
struct sample {
	struct plan *plan; /* without strategies */
	struct byte_writer writer;
	struct elf_code_map map;
};

/* A map that has all sites of the plan. */
static struct elf_code_map map_of(const struct plan *plan)
{
	const struct plan_site *first = &plan->sites[0];
	struct elf_code_map map = {.count = 1};

	map.segments[0].address = 0;
	map.segments[0].offset = first->file_offset - first->code.address;
	map.segments[0].size = 1 << 20;
	return map;
}

static struct sample sample(void)
{
	struct sample sample = {0};

	sample.plan = plan_of_server(&(struct server){.has_context = true}, &full_kernel);
	sample.map = map_of(sample.plan);
	planner_encode(sample.plan, &sample.writer);
	cr_assert_not(sample.writer.failed);
	return sample;
}

static void sample_done(struct sample *sample)
{
	plan__free(sample->plan);
	free(sample->writer.bytes);
}

static int decode(const struct sample *sample, size_t size, struct plan **ret_plan)
{
	/* Of its own, so that the address sanitizer finds each byte that is read behind the end. */
	uint8_t *bytes = malloc(size + !size);
	struct error error = {0};
	int r;

	memcpy(bytes, sample->writer.bytes, size);
	*ret_plan = NULL;
	r = planner_decode(bytes, size, &sample->map, ret_plan, &error);
	free(bytes);
	cr_assert_eq(*ret_plan != NULL, r == 0);
	cr_assert(r == 0 || r == -EPROTO);
	cr_assert(r == 0 || strstr(error.message, "malformed"), "%s", error.message);
	return r;
}

static void expect_equal(const struct plan *a, const struct plan *b)
{
	cr_assert_eq(a->site_count, b->site_count);
	cr_expect_gt(a->site_count, 20);
	for (size_t i = 0; i < a->site_count; i++)
		cr_expect_eq(memcmp(&a->sites[i].code, &b->sites[i].code, sizeof(a->sites[i].code)),
			     0);
	for (int i = 0; i < HOOK_COUNT; i++) {
		const struct plan_hook *x = &a->hooks[i], *y = &b->hooks[i];

		cr_expect_eq(x->function, y->function);
		cr_expect_eq(x->found, y->found);
		cr_expect_eq(x->first_site, y->first_site);
		cr_expect_eq(x->site_count, y->site_count);
		cr_expect_eq(x->function_exists, y->function_exists);
		cr_expect_eq(x->has_expensive_site, y->has_expensive_site);
		cr_expect_eq(x->wanted, y->wanted);
	}
	cr_expect_eq(memcmp(a->strategy_path_exists, b->strategy_path_exists,
			    sizeof(a->strategy_path_exists)),
		     0);
	cr_assert_eq(a->tokio.task_type_count, b->tokio.task_type_count);
	cr_expect_gt(a->tokio.task_type_count, TASK_TYPE_NAMED);
	for (size_t i = 0; i < a->tokio.task_type_count; i++)
		cr_expect_str_eq(a->tokio.task_types[i].name, b->tokio.task_types[i].name);
	cr_assert_eq(a->tokio.vtable_count, b->tokio.vtable_count);
	for (size_t i = 0; i < a->tokio.vtable_count; i++)
		cr_expect_eq(memcmp(&a->tokio.vtables[i], &b->tokio.vtables[i],
				    sizeof(a->tokio.vtables[i])),
			     0);
	cr_expect_eq(a->tokio.context_offset, b->tokio.context_offset);
	cr_expect_neq(a->tokio.context_offset, 0);
	cr_expect_eq(a->encode_head_offset, b->encode_head_offset);
	cr_expect_eq(a->app_status_offset, b->app_status_offset);
}

/* The strategies that follow are those of the plan itself. */
Test(planner_codec, a_plan_survives)
{
	_cleanup_(sample_done) struct sample of = sample();
	struct plan *plan;

	cr_assert_eq(decode(&of, of.writer.size, &plan), 0);
	cr_assert_eq(plan__decide(plan, &full_kernel, LEVEL_FULL, NULL), 0);
	expect_equal(of.plan, plan);
	for (int i = 0; i < INSTR_COUNT; i++)
		cr_expect_eq(of.plan->instrumentations[i].strategy,
			     plan->instrumentations[i].strategy);
	plan__free(plan);
}

Test(planner_codec, truncated_at_every_length_and_too_long, .timeout = 60)
{
	_cleanup_(sample_done) struct sample of = sample();
	struct plan *plan;

	for (size_t size = 0; size < of.writer.size; size++)
		cr_assert_eq(decode(&of, size, &plan), -EPROTO, "%zu bytes", size);
	byte_writer__u8(&of.writer, 0);
	cr_expect_eq(decode(&of, of.writer.size, &plan), -EPROTO);
}

/* All counts and indices of a plan are in its lists, whatever the bytes are. */
static void expect_sound(const struct plan *plan, const struct elf_code_map *map)
{
	size_t sites = 0;

	for (int i = 0; i < HOOK_COUNT; i++) {
		const struct plan_hook *hook = &plan->hooks[i];

		cr_assert_eq(hook->first_site, sites);
		cr_assert_not(hook->wanted);
		sites += hook->site_count;
		cr_assert_leq(sites, plan->site_count);
	}
	cr_assert_leq(plan->site_count, FORMAT_SITES_MAX);
	for (size_t i = 0; i < plan->site_count; i++) {
		const struct plan_site *site = &plan->sites[i];

		cr_assert(elf_code_map__has(map, site->code.address, site->file_offset));
		cr_assert_lt(strnlen(site->code.instruction, sizeof(site->code.instruction)),
			     sizeof(site->code.instruction));
		cr_assert(site->code.cost == CODE_COST_EMULATED ||
			  site->code.cost == CODE_COST_SINGLE_STEP);
	}
	cr_assert_leq(plan->tokio.task_type_count, KIND_LIMIT);
	for (size_t i = 0; i < plan->tokio.vtable_count; i++)
		cr_assert_lt(plan->tokio.vtables[i].kind.index, plan->tokio.task_type_count);
	for (size_t i = 0; i < plan->tokio.task_type_count; i++)
		cr_assert_lt((int)plan->tokio.task_types[i].role, ROLE_COUNT);
	cr_assert_leq(plan->app_status_offset, UINT16_MAX);
	cr_assert_leq(plan->app_result_register, FORMAT_REGISTER_MAX);
}

Test(planner_codec, each_byte_changed, .timeout = 120)
{
	static const uint8_t values[] = {0, 1, 2, 0x7f, 0x80, 0xff};
	_cleanup_(sample_done) struct sample of = sample();
	size_t refused = 0;

	for (size_t at = 0; at < of.writer.size; at++) {
		uint8_t before = of.writer.bytes[at];

		for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
			struct plan *plan;

			of.writer.bytes[at] = values[i];
			if (decode(&of, of.writer.size, &plan) == 0)
				expect_sound(plan, &of.map);
			else
				refused++;
			plan__free(plan);
		}
		of.writer.bytes[at] = before;
	}
	cr_expect_gt(refused, of.writer.size);
}

/* Encodes the plan with one change. Expects a refusal. */
#define EXPECT_REFUSED(change)                                                               \
	do {                                                                                 \
		struct sample of = sample();                                                 \
		struct plan *plan = of.plan, *decoded;                                       \
                                                                                             \
		of.writer.size = 0;                                                          \
		change;                                                                      \
		planner_encode(plan, &of.writer);                                            \
		cr_expect_eq(decode(&of, of.writer.size, &decoded), -EPROTO, "%s", #change); \
		plan__free(decoded);                                                         \
		sample_done(&of);                                                            \
	} while (0)

Test(planner_codec, values_out_of_their_range, .timeout = 60)
{
	const size_t last = (size_t)HOOK_HTTP_PARSE;

	EXPECT_REFUSED(plan->sites[0].file_offset++);
	EXPECT_REFUSED(plan->sites[0].code.address--);
	EXPECT_REFUSED(plan->sites[0].code.entry = plan->sites[0].code.address + 1);
	EXPECT_REFUSED(plan->sites[0].code.entry = UINT64_MAX);
	EXPECT_REFUSED(
		(plan->sites[0].code.address += 1 << 20, plan->sites[0].file_offset += 1 << 20));
	EXPECT_REFUSED(plan->sites[0].code.cost = CODE_COST_FORBIDDEN);
	EXPECT_REFUSED(plan->sites[0].code.cost = CODE_COST_UNKNOWN);
	EXPECT_REFUSED(plan->hooks[last].site_count++);
	EXPECT_REFUSED(plan->hooks[last].site_count--);
	EXPECT_REFUSED(plan->hooks[last].found = 0);
	EXPECT_REFUSED(plan->hooks[last].function = NULL);
	EXPECT_REFUSED(plan->hooks[HOOK_RSS_STAT].found = 1);
	EXPECT_REFUSED(plan->symbol_source = SYMBOLS_DYNSYM + 1);
	EXPECT_REFUSED(plan->function_count = FORMAT_SYMBOLS_MAX + 1);
	EXPECT_REFUSED(plan->app_status_offset = UINT16_MAX + 1);
	EXPECT_REFUSED(plan->app_result_register = 32);
	EXPECT_REFUSED(plan->build_id = strdup("../../etc"));
	EXPECT_REFUSED(plan->version = strdup("1.0.0\nforged"));
	EXPECT_REFUSED(plan->tokio.task_types[0].name[0] = '\0');
	EXPECT_REFUSED(plan->tokio.task_types[0].role = ROLE_COUNT);
	EXPECT_REFUSED(plan->tokio.task_types[0].class = TASK_LOCAL + 1);
	EXPECT_REFUSED(plan->tokio.vtables[0].kind.index = (__u8)plan->tokio.task_type_count);
	EXPECT_REFUSED(plan->tokio.vtables[1].address = plan->tokio.vtables[0].address);
	EXPECT_REFUSED(plan->tokio.worker_code[0].end = plan->tokio.worker_code[0].start - 1);
	EXPECT_REFUSED(plan->tokio.context_offset = INT64_MIN);
	EXPECT_REFUSED(plan->tokio.context_words = 100);
	EXPECT_REFUSED(plan->tokio.stage_distance = 9);
}

/* Counts that no list has: nothing is allocated for them. */
Test(planner_codec, lying_counts)
{
	static const uint32_t counts[] = {FORMAT_SITES_MAX + 1, UINT32_MAX, UINT32_MAX / 2};

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		struct sample of = sample();
		struct plan *plan = of.plan, *decoded;
		size_t before = plan->site_count;

		of.writer.size = 0;
		/* Behind the magic number, two texts, flags and the paths of strategies. */
		planner_encode(plan, &of.writer);
		for (size_t at = 0; at + 4 <= of.writer.size; at++) {
			uint32_t count;

			memcpy(&count, of.writer.bytes + at, sizeof(count));
			if (count != before)
				continue;
			memcpy(of.writer.bytes + at, &counts[i], sizeof(count));
			cr_expect_eq(decode(&of, of.writer.size, &decoded), -EPROTO);
			plan__free(decoded);
			memcpy(of.writer.bytes + at, &count, sizeof(count));
		}
		sample_done(&of);
	}
}

Test(planner_codec, limits_are_those_of_the_analysis)
{
	struct budget budget;

	budget__init(&budget);
	cr_expect_eq(budget.limits[BUDGET_SITES], FORMAT_SITES_MAX);
	cr_expect_eq(budget.limits[BUDGET_VTABLES], FORMAT_VTABLES_MAX);
	cr_expect_leq(budget.limits[BUDGET_SYMBOLS], FORMAT_SYMBOLS_MAX);
	/* The largest plan fits. */
	cr_expect_lt(FORMAT_SITES_MAX * 128 + FORMAT_VTABLES_MAX * 16 +
			     KIND_LIMIT * (FORMAT_NAME_BYTES_MAX + 8),
		     PLAN_BYTES_MAX);
}
