// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "code/site.h"

#include <elf.h>
#include <stdbool.h>
#include <stdio.h>

#include "code/arm64.h"
#include "code/jump_table.h"
#include "code/x86_instruction.h"

/* A function of x86-64 with its decoder. */
struct function {
	const struct elf_image *image;
	struct code_function code;
	ZydisDecoder decoder;
};

static bool function__decode(const struct function *function, uint64_t address,
			     struct x86_instruction *instruction)
{
	size_t skip = (size_t)(address - function->code.entry);

	if (budget__spend(function->code.budget, BUDGET_INSTRUCTIONS, 1) < 0)
		return false;
	return x86_instruction__decode(instruction, &function->decoder, function->code.bytes + skip,
				       function->code.size - skip, address);
}

static bool is_cheap(const struct x86_instruction *instruction)
{
	return x86_instruction__cost(instruction) == CODE_COST_EMULATED;
}

/* Walks the straight path from the instruction behind `entry`, the first of the function, to the first
 * instruction that `is_meant`. Returns whether there is one up to which the state in `keep` is unchanged.
 * An instruction that may leave the path ends the walk. Such an instruction can be the site, because every
 * call reaches it. */
static bool function__walk(const struct function *function, const struct x86_instruction *entry,
			   unsigned int keep, bool (*is_meant)(const struct x86_instruction *),
			   struct x86_instruction *ret_site)
{
	*ret_site = *entry;
	while (!x86_instruction__ends_straight_path(ret_site) &&
	       !x86_instruction__writes(ret_site, keep)) {
		uint64_t next = ret_site->address + ret_site->decoded.length;

		if (!function__decode(function, next, ret_site))
			return false; /* end of the function, or no instruction */
		if (is_meant(ret_site))
			return true;
	}
	return false;
}

/* Where jumps within a function go to, seen from the path between its entry and a site. */
struct jumps {
	bool to_entry;
	bool to_path; /* behind the entry, up to the site; also if only possible */
	bool unknown; /* some bytes are no instruction */
};

/* Decodes the whole function. Jumps from other functions into the middle of this one are not searched:
 * compilers make them only between the parts of a split function. These parts have their own symbols, and
 * such jumps enter behind the path. A jump table can hold the head of a loop that begins on the path
 * (`match x { A => continue, ... }`); any address that the function takes may be the address of a table. */
static struct jumps function__find_jumps(const struct function *function, uint64_t site)
{
	const struct code_range within = {function->code.entry,
					  function->code.entry + function->code.size - 1};
	const struct code_range path = {function->code.entry + 1, site};
	bool has_tables = false, has_addresses = false, tables_lead_to_path = false;
	struct jumps jumps = {false};
	struct x86_instruction instruction;
	uint64_t target;

	for (size_t at = 0; at < function->code.size; at += instruction.decoded.length) {
		if (budget__spend(function->code.budget, BUDGET_INSTRUCTIONS, 1) < 0 ||
		    !x86_instruction__decode_brief(
			    &instruction, &function->decoder, function->code.bytes + at,
			    function->code.size - at, function->code.entry + at)) {
			jumps.unknown = true;
			break;
		}
		has_tables |= x86_instruction__may_use_jump_table(&instruction);
		if (x86_instruction__loaded_address(&instruction, &target)) {
			has_addresses = true;
			tables_lead_to_path |=
				jump_table_leads_to(function->image, target, within, path);
		}
		if (!x86_instruction__direct_target(&instruction, &target))
			continue;
		/* A recursive call is a new call, no repetition. */
		if (target == function->code.entry)
			jumps.to_entry |= instruction.decoded.meta.category != ZYDIS_CATEGORY_CALL;
		else if (target > function->code.entry && target <= site)
			jumps.to_path = true;
	}
	jumps.to_path |= has_tables && (tables_lead_to_path || !has_addresses);
	return jumps;
}

static void site__set(struct code_site *site, const struct x86_instruction *instruction)
{
	site->address = instruction->address;
	site->cost = x86_instruction__cost(instruction);
	x86_instruction__format(instruction, site->instruction, sizeof(site->instruction));
}

/* Sets the site to the first instruction that `is_meant`, if every call passes that instruction exactly
 * once, or with `repeat_ok` at least once. Returns whether the site was set. */
static bool slide(const struct function *function, const struct x86_instruction *entry,
		  unsigned int keep, bool (*is_meant)(const struct x86_instruction *),
		  bool repeat_ok, struct code_site *site)
{
	struct x86_instruction candidate;
	struct jumps jumps;

	if (!function__walk(function, entry, keep, is_meant, &candidate))
		return false;
	jumps = function__find_jumps(function, candidate.address);
	if (jumps.unknown || ((jumps.to_path || jumps.to_entry) && !repeat_ok))
		return false;
	site__set(site, &candidate);
	site->may_repeat = jumps.to_path || jumps.to_entry;
	return true;
}

static void find_x86_site(const struct function *function, unsigned int keep, bool repeat_ok,
			  struct code_site *site)
{
	struct x86_instruction entry;

	if (!function__decode(function, function->code.entry, &entry)) {
		site->cost = site->entry_cost = CODE_COST_FORBIDDEN;
		snprintf(site->instruction, sizeof(site->instruction), "(bad)");
		return;
	}
	site__set(site, &entry);
	site->entry_cost = site->cost;
	if (!function->code.is_whole)
		return;

	if (!x86_instruction__is_cheapest(&entry) &&
	    (slide(function, &entry, keep, x86_instruction__is_cheapest, false, site) ||
	     (!is_cheap(&entry) && slide(function, &entry, keep, is_cheap, repeat_ok, site))))
		return;
	site->may_repeat = function__find_jumps(function, function->code.entry).to_entry;
}

int code_find_site(const struct elf_image *image, uint64_t entry, uint64_t size, unsigned int keep,
		   bool repeat_ok, struct code_site *ret_site, struct error *error)
{
	struct code_site site = {.address = entry, .entry = entry};
	struct function function = {.image = image};
	int r = code_function__init(&function.code, image, entry, size);

	if (r < 0)
		return error_set(error, r,
				 "%s is damaged: the function at 0x%llx is not within its code",
				 elf_image__path(image), (unsigned long long)entry);
	if (elf_image__machine(image) == EM_AARCH64) {
		arm64_find_site(&function.code, keep, repeat_ok, &site);
	} else {
		x86_decoder_init(&function.decoder);
		find_x86_site(&function, keep, repeat_ok, &site);
	}
	*ret_site = site;
	return 0;
}

bool code_takes_result(const struct elf_image *image, uint64_t entry, uint64_t size)
{
	struct code_function code;

	if (code_function__init(&code, image, entry, size) < 0)
		return false;
	return elf_image__machine(image) == EM_X86_64 || arm64_takes_result(&code);
}
