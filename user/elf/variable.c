// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "elf/variable.h"

#include <errno.h>
#include <string.h>

#include "elf/internal.h"

int elf_variable__find_entry(const struct elf_symbols *symbols, unsigned char type,
			     const char *part, const char *other_part, uint64_t size,
			     uint64_t *ret_value)
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
		const char *name;

		memcpy(&entry, table.bytes + i * sizeof(entry), sizeof(entry));
		if (ELF64_ST_TYPE(entry.st_info) != type || entry.st_shndx == SHN_UNDEF ||
		    entry.st_size != size || entry.st_name >= names.size)
			continue;
		name = (const char *)names.bytes + entry.st_name;
		if (!strstr(name, part) || !strstr(name, other_part))
			continue;
		*ret_value = entry.st_value;
		found++;
	}
	return found == 1 ? 0 : -ENOENT;
}

int elf_variable__find(const struct elf_symbols *symbols, const char *part, const char *other_part,
		       uint64_t size, uint64_t *ret_address)
{
	return elf_variable__find_entry(symbols, STT_OBJECT, part, other_part, size, ret_address);
}
