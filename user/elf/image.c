// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "elf/image.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/param.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "elf/internal.h"

/* Linkers write about a dozen program headers. The limit bounds the time of linear lookups for any
 * file. */
#define SEGMENTS_MAX 64

void elf_image__free(struct elf_image *image)
{
	if (!image)
		return;
	if (image->bytes)
		munmap((void *)(uintptr_t)image->bytes, image->size);
	for (size_t i = 0; i < image->part_count; i++)
		free(image->parts[i].bytes);
	free(image->segments);
	free(image->sections);
	free(image->path);
	free(image);
}

/* Sets the image's size, and refuses what is no file of a reasonable size. */
static int image__measure(struct elf_image *image, int fd, struct error *error)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return error_set(error, -errno, "cannot examine %s: %m", image->path);
	if (!S_ISREG(status.st_mode))
		return error_set(error, -ENOEXEC, "%s is not a regular file", image->path);
	if (status.st_size == 0)
		return error_set(error, -ENOEXEC, "%s is empty", image->path);
	if ((uint64_t)status.st_size > ELF_FILE_BYTES_MAX)
		return error_set(error, -EFBIG,
				 "%s has %llu bytes: files of more than %llu bytes are not read",
				 image->path, (unsigned long long)status.st_size,
				 (unsigned long long)ELF_FILE_BYTES_MAX);
	image->size = (size_t)status.st_size;
	return 0;
}

static int image__map(struct elf_image *image, int fd, struct error *error)
{
	void *bytes = mmap(NULL, image->size, PROT_READ, MAP_PRIVATE, fd, 0);

	if (bytes == MAP_FAILED)
		return error_set(error, -errno, "cannot map %s: %m", image->path);
	image->bytes = bytes;
	return 0;
}

const uint8_t *elf_image__file_bytes(const struct elf_image *image, uint64_t offset, uint64_t size)
{
	if (offset > image->size || size > image->size - offset)
		return NULL;
	if (image->bytes)
		return image->bytes + offset;
	for (size_t i = 0; i < image->part_count; i++) {
		const struct elf_part *part = &image->parts[i];

		if (offset >= part->offset && offset - part->offset <= part->size &&
		    size <= part->size - (offset - part->offset))
			return part->bytes + (offset - part->offset);
	}
	return NULL;
}

static int image__read_header(struct elf_image *image, struct error *error)
{
	size_t available = MIN(image->size, sizeof(image->header));
	const uint8_t *bytes = elf_image__file_bytes(image, 0, available);
	const char *path = image->path;
	Elf64_Ehdr *header = &image->header;

	if (!bytes || image->size < SELFMAG || memcmp(bytes, ELFMAG, SELFMAG) != 0)
		return error_set(error, -ENOEXEC, "%s is not an ELF file", path);
	if (image->size < EI_NIDENT)
		return error_set(error, -EBADMSG, "%s is damaged: its ELF header is truncated",
				 path);
	if (bytes[EI_CLASS] != ELFCLASS64)
		return error_set(error, -ENOTSUP, "%s is not a 64-bit executable", path);
	if (bytes[EI_DATA] != ELFDATA2LSB)
		return error_set(error, -ENOTSUP, "%s is not little-endian", path);
	if (image->size < sizeof(*header))
		return error_set(error, -EBADMSG, "%s is damaged: its ELF header is truncated",
				 path);
	memcpy(header, bytes, sizeof(*header));
	if (header->e_type != ET_EXEC && header->e_type != ET_DYN)
		return error_set(error, -ENOTSUP, "%s is not an executable (ELF type %u)", path,
				 header->e_type);
	if (header->e_machine != EM_X86_64 && header->e_machine != EM_AARCH64)
		return error_set(error, -ENOTSUP,
				 "%s is for another machine (ELF machine %u): only x86-64 and "
				 "arm64 are supported",
				 path, header->e_machine);
	return 0;
}

static int image__read_segments(struct elf_image *image, struct error *error)
{
	size_t count = image->header.e_phnum;
	size_t size = count * sizeof(Elf64_Phdr);
	const uint8_t *table = elf_image__file_bytes(image, image->header.e_phoff, size);

	if (count == 0)
		return error_set(error, -EBADMSG, "%s is damaged: it has no segments", image->path);
	if (count > SEGMENTS_MAX || image->header.e_phentsize != sizeof(Elf64_Phdr))
		return error_set(error, -EBADMSG,
				 "%s is damaged: %zu program headers of %u bytes are invalid",
				 image->path, count, image->header.e_phentsize);
	if (!table)
		return error_set(error, -EBADMSG,
				 "%s is damaged: its program headers exceed the file", image->path);
	image->segments = malloc(size);
	if (!image->segments)
		return error_out_of_memory(error);
	memcpy(image->segments, table, size);
	image->segment_count = count;
	return 0;
}

/* Checks that sums of a segment's fields do not overflow, as every later lookup requires. */
static int image__check_segments(const struct elf_image *image, bool is_debug_file,
				 struct error *error)
{
	for (size_t i = 0; i < image->segment_count; i++) {
		const Elf64_Phdr *segment = &image->segments[i];
		uint64_t sum;

		if (segment->p_type != PT_LOAD)
			continue;
		if (__builtin_add_overflow(segment->p_vaddr, segment->p_memsz, &sum) ||
		    __builtin_add_overflow(segment->p_offset, segment->p_filesz, &sum) ||
		    segment->p_filesz > segment->p_memsz)
			return error_set(error, -EBADMSG,
					 "%s is damaged: segment %zu has invalid bounds",
					 image->path, i);
		if (!is_debug_file && sum > image->size)
			return error_set(error, -EBADMSG,
					 "%s is damaged: segment %zu exceeds the file "
					 "(truncated?)",
					 image->path, i);
	}
	return 0;
}

static int image__read_sections(struct elf_image *image, struct error *error)
{
	const Elf64_Ehdr *header = &image->header;
	size_t size = header->e_shnum * sizeof(Elf64_Shdr);

	if (header->e_shoff == 0)
		return 0; /* sstrip removes the section headers; the executable still runs */
	if (header->e_shnum == 0)
		return error_set(error, -ENOTSUP, "%s has too many sections", image->path);

	const uint8_t *table = elf_image__file_bytes(image, header->e_shoff, size);

	if (!table || header->e_shentsize != sizeof(Elf64_Shdr))
		return error_set(error, -EBADMSG,
				 "%s is damaged: its section headers exceed the file or have "
				 "the wrong size (truncated?)",
				 image->path);
	image->sections = malloc(size);
	if (!image->sections)
		return error_out_of_memory(error);
	memcpy(image->sections, table, size);
	image->section_count = header->e_shnum;
	return 0;
}

/* Reads headers, segments and sections of what is mapped or copied. */
static int image__read(struct elf_image *image, bool is_debug_file, struct error *error)
{
	int r = image__read_header(image, error);

	if (r == 0)
		r = image__read_segments(image, error);
	if (r == 0)
		r = image__check_segments(image, is_debug_file, error);
	return r < 0 ? r : image__read_sections(image, error);
}

/* Returns an image without contents. */
static int image__new(int fd, const char *path, struct elf_image **ret_image, struct error *error)
{
	_cleanup_(elf_image__freep) struct elf_image *image = calloc(1, sizeof(*image));
	int r;

	if (!image)
		return error_out_of_memory(error);
	budget__init(&image->own_budget);
	image->budget = &image->own_budget;
	image->path = strdup(path);
	if (!image->path)
		return error_out_of_memory(error);
	r = image__measure(image, fd, error);
	if (r < 0)
		return r;
	*ret_image = TAKE_PTR(image);
	return 0;
}

int elf_image__open(int fd, const char *path, struct elf_image **ret_image, struct error *error)
{
	_cleanup_(elf_image__freep) struct elf_image *image = NULL;
	int r = image__new(fd, path, &image, error);

	if (r == 0)
		r = image__map(image, fd, error);
	if (r == 0)
		r = image__read(image, false, error);
	if (r < 0)
		return r;
	elf_image__read_build_id(image);
	*ret_image = TAKE_PTR(image);
	return 0;
}

int elf_image__open_debug(const struct elf_image *executable, int fd, const char *path,
			  struct elf_image **ret_image, struct error *error)
{
	_cleanup_(elf_image__freep) struct elf_image *image = NULL;
	int r = image__new(fd, path, &image, error);

	if (r < 0)
		return r;
	image->budget = executable->budget;
	r = elf_parts__copy_headers(image, fd, error);
	if (r == 0)
		r = image__read(image, true, error);
	if (r == 0)
		r = elf_parts__copy_names(image, fd, error);
	if (r < 0)
		return r;
	elf_image__read_build_id(image);
	*ret_image = TAKE_PTR(image);
	return 0;
}

struct budget *elf_image__budget(const struct elf_image *image)
{
	return image->budget;
}

int elf_image__check_budget(const struct elf_image *image, struct error *error)
{
	char subject[512];

	snprintf(subject, sizeof(subject), "the analysis of %s", image->path);
	return budget__check(image->budget, subject, error);
}

const char *elf_image__path(const struct elf_image *image)
{
	return image->path;
}

uint16_t elf_image__machine(const struct elf_image *image)
{
	return image->header.e_machine;
}

bool elf_image__is_pie(const struct elf_image *image)
{
	return image->header.e_type == ET_DYN;
}

const char *elf_image__build_id(const struct elf_image *image)
{
	return image->build_id[0] ? image->build_id : NULL;
}

int elf_image__code_offset(const struct elf_image *image, uint64_t address, uint64_t *ret_offset)
{
	for (size_t i = 0; i < image->segment_count; i++) {
		const Elf64_Phdr *segment = &image->segments[i];

		if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X))
			continue;
		if (address >= segment->p_vaddr && address - segment->p_vaddr < segment->p_filesz) {
			*ret_offset = segment->p_offset + (address - segment->p_vaddr);
			return 0;
		}
	}
	return -ENOENT;
}

const uint8_t *elf_image__contents(const struct elf_image *image, uint64_t address,
				   size_t *ret_size)
{
	for (size_t i = 0; i < image->segment_count; i++) {
		const Elf64_Phdr *segment = &image->segments[i];
		uint64_t skip = address - segment->p_vaddr;

		if (segment->p_type != PT_LOAD || address < segment->p_vaddr ||
		    skip >= segment->p_filesz)
			continue;

		size_t size = (size_t)(segment->p_filesz - skip);

		*ret_size = size;
		return elf_image__file_bytes(image, segment->p_offset + skip, size);
	}
	return NULL;
}

const uint8_t *elf_image__bytes(const struct elf_image *image, uint64_t address, size_t size)
{
	size_t available;
	const uint8_t *bytes = elf_image__contents(image, address, &available);

	return bytes && size <= available ? bytes : NULL;
}

void elf_image__for_each_code(const struct elf_image *image, elf_code_callback callback,
			      void *context)
{
	for (size_t i = 0; i < image->segment_count; i++) {
		const Elf64_Phdr *segment = &image->segments[i];
		const uint8_t *bytes;
		size_t size;

		if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X))
			continue;
		bytes = elf_image__contents(image, segment->p_vaddr, &size);
		if (bytes)
			callback(context, bytes, size, segment->p_vaddr);
	}
}
