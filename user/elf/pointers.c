// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* The pointers in an image's data after loading, mostly in vtables. */

#include "elf/pointers.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "elf/internal.h"

#define WORD_BYTES sizeof(uint64_t)

/* Linkers write some thirty entries. */
#define DYNAMIC_ENTRIES_MAX 4096

/* The two tables of relative relocations from the dynamic section. */
struct relocations {
	uint64_t rela, rela_size;
	uint64_t relr, relr_size;
};

static uint64_t load_word(const uint8_t *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return word;
}

static int relocations__read(const struct elf_image *image, const Elf64_Phdr *dynamic,
			     struct relocations *ret_relocations)
{
	const uint8_t *bytes = elf_image__file_bytes(image, dynamic->p_offset, dynamic->p_filesz);
	Elf64_Dyn entry;

	if (!bytes)
		return -EBADMSG;
	*ret_relocations = (struct relocations){0};
	for (size_t i = 0; i < dynamic->p_filesz / sizeof(entry); i++) {
		if (i == DYNAMIC_ENTRIES_MAX)
			return -EBADMSG;
		memcpy(&entry, bytes + i * sizeof(entry), sizeof(entry));
		switch (entry.d_tag) {
		case DT_NULL:
			return 0;
		case DT_RELA:
			ret_relocations->rela = entry.d_un.d_ptr;
			break;
		case DT_RELASZ:
			ret_relocations->rela_size = entry.d_un.d_val;
			break;
		case DT_RELR:
			ret_relocations->relr = entry.d_un.d_ptr;
			break;
		case DT_RELRSZ:
			ret_relocations->relr_size = entry.d_un.d_val;
			break;
		}
	}
	return 0;
}

static int walk_rela(const struct elf_image *image, const struct relocations *relocations,
		     elf_pointer_callback callback, void *context)
{
	uint32_t relative =
		image->header.e_machine == EM_X86_64 ? R_X86_64_RELATIVE : R_AARCH64_RELATIVE;
	size_t size = (size_t)relocations->rela_size;
	const uint8_t *table = elf_image__bytes(image, relocations->rela, size);
	Elf64_Rela entry;

	if (size == 0)
		return 0;
	if (!table)
		return -EBADMSG;
	for (size_t i = 0; i < size / sizeof(entry); i++) {
		memcpy(&entry, table + i * sizeof(entry), sizeof(entry));
		if (ELF64_R_TYPE(entry.r_info) != relative)
			continue;

		int r = callback(context, entry.r_offset, (uint64_t)entry.r_addend);

		if (r < 0)
			return r;
	}
	return 0;
}

/* Calls `callback` for one word that DT_RELR relocates. The load bias is added to the word's value
 * in the file. */
static int visit_relr_word(const struct elf_image *image, uint64_t address,
			   elf_pointer_callback callback, void *context)
{
	const uint8_t *word = elf_image__bytes(image, address, WORD_BYTES);

	return word ? callback(context, address, load_word(word)) : -EBADMSG;
}

/* An even entry is the address of one word; an odd entry is a bitmap of the next 63 words. Addresses rise, so
 * no word is relocated twice. */
static int walk_relr(const struct elf_image *image, const struct relocations *relocations,
		     elf_pointer_callback callback, void *context)
{
	size_t size = (size_t)relocations->relr_size;
	const uint8_t *table = elf_image__bytes(image, relocations->relr, size);
	uint64_t next = 0;

	if (size == 0)
		return 0;
	if (!table)
		return -EBADMSG;
	for (size_t i = 0; i < size / WORD_BYTES; i++) {
		uint64_t entry = load_word(table + i * WORD_BYTES);
		int r = 0;

		if (!(entry & 1)) {
			if (entry < next)
				return -EBADMSG;
			r = visit_relr_word(image, entry, callback, context);
			next = entry + WORD_BYTES;
		} else {
			for (unsigned int bit = 1; bit < 64 && r >= 0; bit++) {
				if (entry >> bit & 1)
					r = visit_relr_word(image, next + (bit - 1) * WORD_BYTES,
							    callback, context);
			}
			next += 63 * WORD_BYTES;
		}
		if (r < 0)
			return r;
	}
	return 0;
}

static int walk_dynamic(const struct elf_image *image, const Elf64_Phdr *dynamic,
			elf_pointer_callback callback, void *context)
{
	struct relocations relocations;
	int r = relocations__read(image, dynamic, &relocations);

	if (r < 0)
		return r;
	r = walk_rela(image, &relocations, callback, context);
	if (r < 0)
		return r;
	return walk_relr(image, &relocations, callback, context);
}

/* A program at fixed addresses has no relocations: each word whose value is a code address counts
 * as a pointer. */
static int walk_words(const struct elf_image *image, const Elf64_Phdr *segment,
		      elf_pointer_callback callback, void *context)
{
	uint64_t skip = -segment->p_vaddr % WORD_BYTES;

	const uint8_t *bytes = elf_image__file_bytes(image, segment->p_offset, segment->p_filesz);

	for (; bytes && skip + WORD_BYTES <= segment->p_filesz; skip += WORD_BYTES) {
		uint64_t value = load_word(bytes + skip);
		uint64_t offset;

		if (budget__spend(image->budget, BUDGET_CODE_BYTES, WORD_BYTES) < 0)
			return -EDQUOT;

		if (elf_image__code_offset(image, value, &offset) < 0)
			continue;

		int r = callback(context, segment->p_vaddr + skip, value);

		if (r < 0)
			return r;
	}
	return 0;
}

/* Returns the number of words that relocations may change: those of the writable segments. */
static uint64_t count_words(const struct elf_image *image)
{
	uint64_t words = 0;

	for (size_t i = 0; i < image->segment_count; i++) {
		const Elf64_Phdr *segment = &image->segments[i];

		if (segment->p_type == PT_LOAD && segment->p_flags & PF_W)
			words += segment->p_filesz / WORD_BYTES;
	}
	return words;
}

/* Passes pointers on, up to a number. */
struct limiter {
	const struct elf_image *image;
	elf_pointer_callback callback;
	void *context;
	uint64_t left;
};

static int pass_on(void *context, uint64_t address, uint64_t value)
{
	struct limiter *limiter = context;

	if (limiter->left-- == 0)
		return -EBADMSG;
	if (budget__spend(limiter->image->budget, BUDGET_POINTERS, 1) < 0)
		return -EDQUOT;
	return limiter->callback(limiter->context, address, value);
}

static int walk_data(const struct elf_image *image, struct limiter *limiter)
{
	int r = 0;

	for (size_t i = 0; i < image->segment_count && r == 0; i++) {
		const Elf64_Phdr *segment = &image->segments[i];

		if (segment->p_type == PT_LOAD && !(segment->p_flags & PF_X))
			r = walk_words(image, segment, pass_on, limiter);
	}
	return r;
}

int elf_image__for_each_pointer(const struct elf_image *image, elf_pointer_callback callback,
				void *context)
{
	struct limiter limiter = {
		.image = image, .callback = callback, .context = context, .left = UINT64_MAX};

	if (!elf_image__is_pie(image))
		return walk_data(image, &limiter);
	limiter.left = count_words(image);
	/* The loader, too, uses one of them. */
	for (size_t i = 0; i < image->segment_count; i++) {
		if (image->segments[i].p_type == PT_DYNAMIC)
			return walk_dynamic(image, &image->segments[i], pass_on, &limiter);
	}
	return 0;
}

static int add_pointer(void *context, uint64_t address, uint64_t value)
{
	struct elf_pointers *pointers = context;

	if (pointers->count == pointers->capacity) {
		size_t capacity = pointers->capacity ? pointers->capacity * 2 : 4096;
		struct elf_pointer *items =
			reallocarray(pointers->items, capacity, sizeof(*pointers->items));

		if (!items)
			return -ENOMEM;
		pointers->items = items;
		pointers->capacity = capacity;
	}
	pointers->items[pointers->count++] = (struct elf_pointer){address, value};
	return 0;
}

static int compare_pointers(const void *left, const void *right)
{
	uint64_t a = ((const struct elf_pointer *)left)->address;
	uint64_t b = ((const struct elf_pointer *)right)->address;

	return (a > b) - (a < b);
}

int elf_pointers__load(const struct elf_image *image, struct elf_pointers *ret_pointers)
{
	_cleanup_(elf_pointers__free) struct elf_pointers pointers = {0};
	int r = elf_image__for_each_pointer(image, add_pointer, &pointers);

	if (r < 0)
		return r;
	if (pointers.count > 0)
		qsort(pointers.items, pointers.count, sizeof(*pointers.items), compare_pointers);
	*ret_pointers = pointers;
	pointers = (struct elf_pointers){0};
	return 0;
}

void elf_pointers__free(struct elf_pointers *pointers)
{
	free(pointers->items);
	*pointers = (struct elf_pointers){0};
}

bool elf_pointers__at(const struct elf_pointers *pointers, uint64_t address, uint64_t *ret_value)
{
	struct elf_pointer key = {.address = address};
	const struct elf_pointer *found = NULL;

	if (pointers->count > 0)
		found = bsearch(&key, pointers->items, pointers->count, sizeof(key),
				compare_pointers);
	if (found)
		*ret_value = found->value;
	return found != NULL;
}
