// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* Sections by type and name, and the build id in a note. */

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/param.h>

#include "elf/internal.h"

int elf_image__section_at(const struct elf_image *image, size_t index,
			  struct elf_section *ret_section)
{
	if (index >= image->section_count)
		return -EBADMSG;

	const Elf64_Shdr *header = &image->sections[index];
	const uint8_t *bytes = elf_image__file_bytes(image, header->sh_offset, header->sh_size);

	if (header->sh_type == SHT_NOBITS || !bytes)
		return -EBADMSG;
	*ret_section = (struct elf_section){
		.bytes = bytes,
		.size = (size_t)header->sh_size,
		.link = header->sh_link,
		.entry_size = header->sh_entsize,
	};
	return 0;
}

static bool section__is_named(const struct elf_image *image, const Elf64_Shdr *header,
			      const char *name)
{
	struct elf_section names;
	size_t size = strlen(name) + 1;

	if (elf_image__section_at(image, image->header.e_shstrndx, &names) < 0)
		return false;
	return header->sh_name <= names.size && size <= names.size - header->sh_name &&
	       memcmp(names.bytes + header->sh_name, name, size) == 0;
}

int elf_image__section(const struct elf_image *image, uint32_t type, const char *name,
		       struct elf_section *ret_section)
{
	for (size_t i = 0; i < image->section_count; i++) {
		const Elf64_Shdr *header = &image->sections[i];

		if (header->sh_type != type)
			continue;
		if (!name || section__is_named(image, header, name))
			return elf_image__section_at(image, i, ret_section);
	}
	return -ENOENT;
}

static void write_hexadecimal(char *to, const uint8_t *bytes, size_t size)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < size; i++) {
		*to++ = digits[bytes[i] >> 4];
		*to++ = digits[bytes[i] & 0xf];
	}
	*to = '\0';
}

static uint64_t align_note(uint64_t size)
{
	return (size + 3) & ~UINT64_C(3);
}

/* Finds the build id in the notes of one section or segment. */
static bool notes__find_build_id(const uint8_t *notes, size_t size, char *ret_build_id)
{
	Elf64_Nhdr note;

	while (size >= sizeof(note)) {
		memcpy(&note, notes, sizeof(note));

		uint64_t name_size = align_note(note.n_namesz);
		uint64_t total = sizeof(note) + name_size + note.n_descsz;

		if (total > size)
			return false;

		const uint8_t *name = notes + sizeof(note);

		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof(ELF_NOTE_GNU) &&
		    memcmp(name, ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU)) == 0 && note.n_descsz >= 2 &&
		    note.n_descsz <= BUILD_ID_BYTES_MAX) {
			write_hexadecimal(ret_build_id, name + name_size, note.n_descsz);
			return true;
		}
		total = align_note(total);
		if (total > size)
			return false;
		notes += total;
		size -= (size_t)total;
	}
	return false;
}

void elf_image__read_build_id(struct elf_image *image)
{
	size_t notes_left = ELF_NOTE_COUNT_MAX;

	/* Sections first: the program headers of a debug file may be the executable's. */
	for (size_t i = 0; i < image->section_count && notes_left > 0; i++) {
		struct elf_section section;

		if (image->sections[i].sh_type != SHT_NOTE)
			continue;
		notes_left--;
		if (elf_image__section_at(image, i, &section) == 0 &&
		    notes__find_build_id(section.bytes, MIN(section.size, ELF_NOTE_BYTES_MAX),
					 image->build_id))
			return;
	}
	for (size_t i = 0; i < image->segment_count; i++) {
		const Elf64_Phdr *segment = &image->segments[i];
		const uint8_t *notes =
			elf_image__file_bytes(image, segment->p_offset, segment->p_filesz);

		if (segment->p_type == PT_NOTE && notes &&
		    notes__find_build_id(notes, (size_t)MIN(segment->p_filesz, ELF_NOTE_BYTES_MAX),
					 image->build_id))
			return;
	}
}
