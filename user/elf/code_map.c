// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "elf/code_map.h"

#include <elf.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

static bool read_all(int fd, void *bytes, size_t size, uint64_t offset)
{
	return offset <= INT64_MAX && pread(fd, bytes, size, (off_t)offset) == (ssize_t)size;
}

static bool add_segment(struct elf_code_map *map, const Elf64_Phdr *segment, uint64_t file_size)
{
	uint64_t end;

	if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X))
		return true;
	if (__builtin_add_overflow(segment->p_offset, segment->p_filesz, &end) || end > file_size ||
	    __builtin_add_overflow(segment->p_vaddr, segment->p_filesz, &end))
		return false;
	map->segments[map->count].address = segment->p_vaddr;
	map->segments[map->count].offset = segment->p_offset;
	map->segments[map->count++].size = segment->p_filesz;
	return true;
}

int elf_code_map__read(struct elf_code_map *map, int fd, struct error *error)
{
	Elf64_Phdr segments[CODE_MAP_SEGMENTS_MAX];
	Elf64_Ehdr header;
	struct stat status;
	bool is_valid =
		fstat(fd, &status) == 0 && read_all(fd, &header, sizeof(header), 0) &&
		header.e_phentsize == sizeof(segments[0]) &&
		header.e_phnum <= CODE_MAP_SEGMENTS_MAX &&
		read_all(fd, segments, header.e_phnum * sizeof(segments[0]), header.e_phoff);

	map->count = 0;
	for (size_t i = 0; is_valid && i < header.e_phnum; i++)
		is_valid = add_segment(map, &segments[i], (uint64_t)status.st_size);
	return is_valid
		       ? 0
		       : error_set(error, -EBADMSG, "the executable's program headers are damaged");
}

bool elf_code_map__has(const struct elf_code_map *map, uint64_t address, uint64_t offset)
{
	for (size_t i = 0; i < map->count; i++) {
		uint64_t skip = address - map->segments[i].address;

		if (address >= map->segments[i].address && skip < map->segments[i].size &&
		    offset == map->segments[i].offset + skip)
			return true;
	}
	return false;
}

bool elf_code_map__has_address(const struct elf_code_map *map, uint64_t address)
{
	for (size_t i = 0; i < map->count; i++) {
		if (address >= map->segments[i].address &&
		    address - map->segments[i].address < map->segments[i].size)
			return true;
	}
	return false;
}
