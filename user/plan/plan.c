// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "plan/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "plan/vtables.h"

/* Functions that have only worker threads on their way: a return address in one of them marks its
 * stack as a worker's. */
static const char *const worker_paths[] = {
	"tokio::runtime::scheduler::multi_thread::worker::run",
	"tokio::runtime::scheduler::multi_thread::worker::Context::run",
	"tokio::runtime::scheduler::multi_thread::worker::Context::run_task",
	"tokio::runtime::scheduler::multi_thread::worker::Context::park_internal",
};

/* In hyper 1.8 to 1.10 by rustc 1.85 to 1.97: `Encode` holds its Option<BodyLength> first, then the
 * pointer to the head, which holds a HeaderMap (96 bytes) and Extensions (8) before the status. */
#define ENCODE_HEAD_OFFSET 16
#define HEAD_STATUS_OFFSET 104

struct builder {
	struct plan *plan;
	const struct elf_image *image;
	const struct elf_symbols *symbols;
	struct error *error;
	const struct catalogue_hook *hook; /* whose sites are being added */
	size_t site_room;
};

static int add_site(void *context, const struct elf_symbol *symbol)
{
	struct builder *builder = context;
	struct plan *plan = builder->plan;
	const struct catalogue_hook *hook = builder->hook;
	struct plan_site site = {.hook = hook->hook};
	int r;

	r = code_find_site(builder->image, symbol->address, symbol->size, hook->keep,
			   hook->repeat_ok, &site.code, builder->error);
	if (r < 0)
		return error_prefix(builder->error, r, "cannot plan hook %s", hook->name);
	plan->hooks[hook->hook].found++;
	if (site.code.cost == CODE_COST_FORBIDDEN)
		return 0;
	if (elf_image__code_offset(builder->image, site.code.address, &site.file_offset) < 0)
		return 0;

	if (plan->site_count == builder->site_room) {
		size_t room = builder->site_room ? builder->site_room * 2 : 16;
		struct plan_site *sites = reallocarray(plan->sites, room, sizeof(*sites));

		if (!sites)
			return error_out_of_memory(builder->error);
		plan->sites = sites;
		builder->site_room = room;
	}
	plan->sites[plan->site_count++] = site;
	plan->hooks[hook->hook].site_count++;
	if (site.code.cost == CODE_COST_SINGLE_STEP)
		plan->hooks[hook->hook].has_expensive_site = 1;
	return 0;
}

static int find_sites(struct builder *builder)
{
	for (size_t i = 0; i < HOOK_COUNT; i++) {
		const struct catalogue_hook *hook = &catalogue_hooks[i];
		struct plan_hook *planned = &builder->plan->hooks[i];

		planned->first_site = builder->plan->site_count;
		if (!hook->path)
			continue;
		builder->hook = hook;

		int r = elf_symbols__find(builder->symbols, hook->path, add_site, builder);

		if (r < 0)
			return r;
	}
	return 0;
}

static int ignore_symbol(void *context, const struct elf_symbol *symbol)
{
	(void)context;
	(void)symbol;
	return 0;
}

/* Whether a way can be gone; if not, says why in `signal`. */
static _Bool way_is_possible(const struct builder *builder, const struct catalogue_way *way,
			     struct plan_signal *signal)
{
	const struct plan *plan = builder->plan;

	if (((way->needs & NEED_UPROBE) && !plan->kernel.uprobe) ||
	    ((way->needs & NEED_RSS_STAT) && !plan->kernel.rss_stat)) {
		snprintf(signal->reason, sizeof(signal->reason), "the kernel has no %s",
			 way->needs & NEED_UPROBE ? "uprobes" : "tracepoint kmem:rss_stat");
		snprintf(signal->remedy, sizeof(signal->remedy), "%.*s",
			 (int)sizeof(signal->remedy) - 1, plan->kernel.why_not);
		return 0;
	}
	for (size_t i = 0; i < way->hook_count; i++) {
		const struct catalogue_hook *hook = &catalogue_hooks[way->hooks[i]];
		const struct plan_hook *planned = &plan->hooks[way->hooks[i]];

		if (hook->path && planned->site_count == 0) {
			snprintf(signal->reason, sizeof(signal->reason), "%s %s",
				 planned->found ? "cannot be probed:" : "not in the executable:",
				 hook->path);
			snprintf(signal->remedy, sizeof(signal->remedy),
				 "a build that keeps the function (it may be inlined or stripped)");
			return 0;
		}
	}
	if (way->path && elf_symbols__find(builder->symbols, way->path, ignore_symbol, NULL) <= 0) {
		snprintf(signal->reason, sizeof(signal->reason), "not in the executable: %s",
			 way->path);
		snprintf(signal->remedy, sizeof(signal->remedy),
			 "a build that keeps the function (it may be inlined or stripped)");
		return 0;
	}
	return 1;
}

static _Bool way_is_expensive(const struct plan *plan, const struct catalogue_way *way)
{
	for (size_t i = 0; i < way->hook_count; i++) {
		if (plan->hooks[way->hooks[i]].has_expensive_site)
			return 1;
	}
	return 0;
}

static void choose_ways(struct builder *builder)
{
	struct plan *plan = builder->plan;

	for (size_t s = 0; s < SIGNAL_COUNT; s++) {
		struct plan_signal *signal = &plan->signals[s];

		snprintf(signal->reason, sizeof(signal->reason),
			 "this version has no way to get it");
		for (size_t w = 0; w < catalogue_way_count; w++) {
			const struct catalogue_way *way = &catalogue_ways[w];

			if (way->signal != s || !way_is_possible(builder, way, signal))
				continue;
			if (!signal->way ||
			    (way_is_expensive(plan, signal->way) && !way_is_expensive(plan, way)))
				signal->way = way;
		}
		for (size_t i = 0; signal->way && i < signal->way->hook_count; i++)
			plan->hooks[signal->way->hooks[i]].wanted = 1;
		for (size_t i = 0; signal->way && i < signal->way->watch_count; i++) {
			struct plan_hook *watch = &plan->hooks[signal->way->watches[i]];

			watch->wanted = watch->site_count > 0;
		}
	}
	/* A request is counted within the polls of its connection's task. */
	if (plan->signals[SIGNAL_HTTP_REQUESTS].way && !plan->signals[SIGNAL_TOKIO_POLLS].way) {
		struct plan_signal *requests = &plan->signals[SIGNAL_HTTP_REQUESTS];

		*requests = plan->signals[SIGNAL_TOKIO_POLLS];
		plan->signals[SIGNAL_HTTP_ROUTES] = *requests;
		plan->hooks[HOOK_HTTP_PARSE].wanted = 0;
		plan->hooks[HOOK_HTTP_ENCODE].wanted = 0;
		plan->hooks[HOOK_HTTP_ROUTE].wanted = 0;
		plan->hooks[HOOK_HTTP2_STREAM].wanted = 0;
	}
}

static int add_worker_range(void *context, const struct elf_symbol *symbol)
{
	struct plan *plan = context;
	struct plan_range *ranges =
		reallocarray(plan->worker_code, plan->worker_code_count + 1, sizeof(*ranges));

	if (!ranges)
		return -ENOMEM;
	plan->worker_code = ranges;
	ranges[plan->worker_code_count++] = (struct plan_range){
		.start = symbol->address,
		.end = symbol->address + symbol->size,
	};
	return 0;
}

static int find_worker_code(struct builder *builder)
{
	for (size_t i = 0; i < sizeof(worker_paths) / sizeof(worker_paths[0]); i++) {
		if (elf_symbols__find(builder->symbols, worker_paths[i], add_worker_range,
				      builder->plan) < 0)
			return error_out_of_memory(builder->error);
	}
	return 0;
}

/* An executable without any of tokio's functions is the wrong one, or tells us nothing. */
static int check_program(const struct builder *builder)
{
	const struct plan *plan = builder->plan;

	for (size_t i = 0; i < HOOK_COUNT; i++) {
		if (plan->hooks[i].found > 0)
			return 0;
	}
	if (plan->symbol_source == SYMBOLS_NONE || plan->symbol_source == SYMBOLS_DYNSYM)
		return error_set(builder->error, -ENOEXEC,
				 "%s is stripped: it names none of its functions. Use a build with "
				 ".symtab (Rust's default release build has it) or install its "
				 "separate debug file (build id %s) below /usr/lib/debug/.build-id",
				 plan->executable_path, plan->build_id ? plan->build_id : "none");
	return error_set(builder->error, -ENOEXEC,
			 "%s is no tokio program: none of tokio's and hyper's functions are among "
			 "its %zu. Choose another process with --pid, --exe or --port",
			 plan->executable_path, plan->function_count);
}

int plan__build(const struct elf_image *image, const struct elf_symbols *symbols,
		const struct plan_kernel *kernel, struct plan **ret_plan, struct error *error)
{
	_cleanup_(plan__freep) struct plan *plan = calloc(1, sizeof(*plan));
	struct builder builder = {
		.plan = plan,
		.image = image,
		.symbols = symbols,
		.error = error,
	};
	int r;

	if (!plan)
		return error_out_of_memory(error);
	plan->kernel = *kernel;
	plan->executable_path = strdup(elf_image__path(image));
	if (!plan->executable_path)
		return error_out_of_memory(error);
	if (elf_image__build_id(image)) {
		plan->build_id = strdup(elf_image__build_id(image));
		if (!plan->build_id)
			return error_out_of_memory(error);
	}
	plan->symbol_source = elf_symbols__source(symbols);
	plan->function_count = elf_symbols__count(symbols);
	plan->encode_head_offset = ENCODE_HEAD_OFFSET;
	plan->head_status_offset = HEAD_STATUS_OFFSET;

	r = find_sites(&builder);
	if (r >= 0)
		r = check_program(&builder);
	if (r >= 0)
		r = plan_find_vtables(plan, image, symbols, error);
	if (r >= 0)
		r = find_worker_code(&builder);
	if (r < 0)
		return r;
	choose_ways(&builder);
	*ret_plan = TAKE_PTR(plan);
	return 0;
}

void plan__free(struct plan *plan)
{
	if (!plan)
		return;
	free(plan->executable_path);
	free(plan->build_id);
	free(plan->sites);
	free(plan->vtables);
	free(plan->worker_code);
	free(plan);
}

size_t plan__available(const struct plan *plan)
{
	size_t available = 0;

	for (size_t i = 0; i < SIGNAL_COUNT; i++)
		available += plan->signals[i].way != NULL;
	return available;
}
