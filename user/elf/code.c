// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "elf/code.h"

#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "elf/arm64.h"
#include "elf/instruction.h"
#include "elf/internal.h"
#include "elf/jump_table.h"

/* The code of one function, from its entry to its end. */
struct function {
	const struct elf_image *image;
	ZydisDecoder decoder;
	const uint8_t *bytes;
	size_t size;
	uint64_t entry;
	bool is_whole; /* `size` is the function's; else it is what happens to follow */
};

const char *code_cost_name(enum code_cost cost)
{
	switch (cost) {
	case CODE_COST_UNKNOWN:
		return "unknown";
	case CODE_COST_EMULATED:
		return "emulated";
	case CODE_COST_SINGLE_STEP:
		return "single-step";
	case CODE_COST_FORBIDDEN:
		return "forbidden";
	}
	return "unknown";
}

static int function__init(struct function *function, const struct elf_image *image, uint64_t entry,
			  uint64_t size)
{
	uint64_t offset;
	size_t available;
	const uint8_t *bytes = elf_image__contents(image, entry, &available);

	if (!bytes || size > available || elf_image__code_offset(image, entry, &offset) < 0)
		return -EBADMSG;
	*function = (struct function){
		.image = image,
		.bytes = bytes,
		.size = size ? (size_t)size : available,
		.entry = entry,
		.is_whole = size != 0,
	};
	instruction_decoder_init(&function->decoder);
	return 0;
}

/* An image is of one machine or the other: see elf_image__open(). */
static struct arm64_code function__of_arm64(const struct function *function)
{
	return (struct arm64_code){
		.bytes = function->bytes,
		.size = function->size,
		.entry = function->entry,
		.is_whole = function->is_whole,
	};
}

static bool function__decode(const struct function *function, uint64_t address,
			     struct instruction *instruction)
{
	size_t skip = (size_t)(address - function->entry);

	return instruction__decode(instruction, &function->decoder, function->bytes + skip,
				   function->size - skip, address);
}

static bool is_cheap(const struct instruction *instruction)
{
	return instruction__cost(instruction) == CODE_COST_EMULATED;
}

/* Walks the straight path from behind `entry`, which is the first instruction, to the first one
 * that `is_meant` and that is reached with the registers of `keep` intact. An instruction that may lead
 * out of the path can be the site, for every call gets that far, but ends the walk. */
static bool function__walk(const struct function *function, const struct instruction *entry,
			   unsigned int keep, bool (*is_meant)(const struct instruction *),
			   struct instruction *ret_site)
{
	*ret_site = *entry;
	while (!instruction__ends_straight_path(ret_site) && !instruction__writes(ret_site, keep)) {
		uint64_t next = ret_site->address + ret_site->decoded.length;

		if (!function__decode(function, next, ret_site))
			return false; /* the end of the function, or no instruction */
		if (is_meant(ret_site))
			return true;
	}
	return false;
}

/* What jumps within the function do to the path from its entry to a site. */
struct jumps {
	bool to_entry;
	bool to_path; /* behind the entry, up to the site, or possibly so */
	bool unknown; /* not everything is an instruction */
};

/* Decodes the function from end to end. Jumps from other functions into the middle of this one are
 * not looked for: compilers make none but between the halves of a split function, which have
 * symbols of their own and are entered behind the path. A jump table may well hold the head of a loop
 * that begins on the path (`match x { A => continue, ... }`): any address that the function takes may be
 * one's. */
static struct jumps function__find_jumps(const struct function *function, uint64_t site)
{
	const struct code_range within = {function->entry, function->entry + function->size - 1};
	const struct code_range path = {function->entry + 1, site};
	bool has_tables = false, has_addresses = false, tables_lead_to_path = false;
	struct jumps jumps = {false};
	struct instruction instruction;
	uint64_t target;

	for (size_t at = 0; at < function->size; at += instruction.decoded.length) {
		if (!instruction__decode_brief(&instruction, &function->decoder,
					       function->bytes + at, function->size - at,
					       function->entry + at)) {
			jumps.unknown = true;
			break;
		}
		has_tables |= instruction__may_use_jump_table(&instruction);
		if (instruction__loaded_address(&instruction, &target)) {
			has_addresses = true;
			tables_lead_to_path |=
				jump_table_leads_to(function->image, target, within, path);
		}
		if (!instruction__direct_target(&instruction, &target))
			continue;
		/* A call of itself is a call, not a repetition. */
		if (target == function->entry)
			jumps.to_entry |= instruction.decoded.meta.category != ZYDIS_CATEGORY_CALL;
		else if (target > function->entry && target <= site)
			jumps.to_path = true;
	}
	jumps.to_path |= has_tables && (tables_lead_to_path || !has_addresses);
	return jumps;
}

static void site__set(struct code_site *site, const struct instruction *instruction)
{
	site->address = instruction->address;
	site->cost = instruction__cost(instruction);
	instruction__format(instruction, site->instruction, sizeof(site->instruction));
}

/* Takes the first instruction that `is_meant` instead of the entry if every call passes it once, or at
 * least once where that is enough (`repeat_ok`). */
static bool slide(const struct function *function, const struct instruction *entry,
		  unsigned int keep, bool (*is_meant)(const struct instruction *), bool repeat_ok,
		  struct code_site *site)
{
	struct instruction candidate;
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

static void find_site(const struct function *function, unsigned int keep, bool repeat_ok,
		      struct code_site *site)
{
	struct instruction entry;

	if (!function__decode(function, function->entry, &entry)) {
		site->cost = site->entry_cost = CODE_COST_FORBIDDEN;
		snprintf(site->instruction, sizeof(site->instruction), "(bad)");
		return;
	}
	site__set(site, &entry);
	site->entry_cost = site->cost;
	if (!function->is_whole)
		return;

	if (!instruction__is_cheapest(&entry) &&
	    (slide(function, &entry, keep, instruction__is_cheapest, false, site) ||
	     (!is_cheap(&entry) && slide(function, &entry, keep, is_cheap, repeat_ok, site))))
		return;
	site->may_repeat = function__find_jumps(function, function->entry).to_entry;
}

int code_find_site(const struct elf_image *image, uint64_t entry, uint64_t size, unsigned int keep,
		   bool repeat_ok, struct code_site *ret_site, struct error *error)
{
	struct code_site site = {.address = entry, .entry = entry};
	struct function function;
	int r = function__init(&function, image, entry, size);

	if (r < 0)
		return error_set(error, r,
				 "%s is damaged: the function at 0x%llx is not within its code",
				 elf_image__path(image), (unsigned long long)entry);
	if (elf_image__machine(image) == EM_X86_64) {
		find_site(&function, keep, repeat_ok, &site);
	} else {
		const struct arm64_code code = function__of_arm64(&function);

		arm64_find_site(&code, keep, repeat_ok, &site);
	}
	*ret_site = site;
	return 0;
}

bool code_takes_result(const struct elf_image *image, uint64_t entry, uint64_t size)
{
	struct function function;
	struct arm64_code code;

	if (function__init(&function, image, entry, size) < 0)
		return false;
	code = function__of_arm64(&function);
	return elf_image__machine(image) == EM_X86_64 || arm64_takes_result(&code);
}

/* Where a branch goes, if the file says so: to an address of its own, or through a pointer in the
 * data, as compilers call functions of other crates. */
static bool find_target(const struct elf_pointers *pointers, const struct instruction *instruction,
			uint64_t *ret_target)
{
	uint64_t slot;

	return instruction__direct_target(instruction, ret_target) ||
	       (instruction__slot(instruction, &slot) &&
		elf_pointers__at(pointers, slot, ret_target));
}

int code_for_each_target(const struct elf_image *image, const struct elf_pointers *pointers,
			 uint64_t entry, uint64_t size, code_target_callback callback,
			 void *context)
{
	struct function function;
	struct instruction instruction;
	uint64_t target;
	int r = function__init(&function, image, entry, size);

	if (r < 0)
		return r;
	if (elf_image__machine(image) != EM_X86_64) {
		const struct arm64_code code = function__of_arm64(&function);

		return arm64_for_each_target(&code, callback, context);
	}
	for (size_t at = 0; at < function.size; at += instruction.decoded.length) {
		if (!instruction__decode_brief(&instruction, &function.decoder, function.bytes + at,
					       function.size - at, entry + at))
			return 0; /* what follows cannot be told apart from data */

		/* Of a function of unknown size, the code up to its first jump or return is sure, and
		 * that jump most likely leads out of it. */
		bool is_last = !function.is_whole && instruction__never_falls_through(&instruction);
		bool is_call = instruction.decoded.meta.category == ZYDIS_CATEGORY_CALL;

		if (find_target(pointers, &instruction, &target) &&
		    (is_call || is_last || target < entry || target - entry >= function.size)) {
			r = callback(context, target);
			if (r != 0)
				return r;
		}
		if (is_last)
			return 0;
	}
	return 0;
}
