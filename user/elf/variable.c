// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "elf/variable.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "elf/internal.h"

/* Whether a mangled name contains both parts. */
static bool has_parts(const char *name, const struct elf_variable_query *query,
		      struct budget *budget)
{
	size_t length = strnlen(name, ELF_NAME_BYTES_MAX + 1);

	return length <= ELF_NAME_BYTES_MAX &&
	       budget__spend(budget, BUDGET_NAME_BYTES, length) == 0 && strstr(name, query->part) &&
	       strstr(name, query->other_part);
}

int elf_variable__find_entry(const struct elf_symbols *symbols,
			     const struct elf_variable_query *query,
			     struct elf_variable_entry *ret_entry)
{
	const struct elf_image *tables = elf_symbols__tables(symbols);
	struct elf_section table, names;
	size_t found = 0;
	int r = elf_image__section(tables, SHT_SYMTAB, NULL, &table);

	if (r == 0)
		r = elf_image__section_at(tables, table.link, &names);
	if (r < 0 || table.entry_size != sizeof(Elf64_Sym) || names.size == 0 ||
	    names.bytes[names.size - 1] != '\0')
		return -ENOENT;
	for (size_t i = 0; i < table.size / sizeof(Elf64_Sym); i++) {
		Elf64_Sym entry;

		if (budget__spend(tables->budget, BUDGET_SYMBOL_VISITS, 1) < 0)
			return -ENOENT;

		memcpy(&entry, table.bytes + i * sizeof(entry), sizeof(entry));
		if (ELF64_ST_TYPE(entry.st_info) != query->type || entry.st_shndx == SHN_UNDEF ||
		    entry.st_size < query->size_min || entry.st_size > query->size_max ||
		    entry.st_name >= names.size)
			continue;
		if (!has_parts((const char *)names.bytes + entry.st_name, query, tables->budget))
			continue;
		*ret_entry = (struct elf_variable_entry){
			.value = entry.st_value,
			.size = entry.st_size,
		};
		found++;
	}
	return found == 1 ? 0 : -ENOENT;
}

int elf_variable__find(const struct elf_symbols *symbols, const char *part, const char *other_part,
		       uint64_t size, uint64_t *ret_address)
{
	const struct elf_variable_query query = {
		.type = STT_OBJECT,
		.part = part,
		.other_part = other_part,
		.size_min = size,
		.size_max = size,
	};
	struct elf_variable_entry entry;
	int r = elf_variable__find_entry(symbols, &query, &entry);

	if (r == 0)
		*ret_address = entry.value;
	return r;
}
