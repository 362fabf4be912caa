/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_ELF_IMAGE_H
#define SCOTTYSCOPE_ELF_IMAGE_H

/* An ELF executable, read with every offset checked: files may be cut short or hostile. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct elf_image;

/* Maps the 64-bit little-endian executable behind `fd` (borrowed; it may be closed afterwards).
 * `path` is what errors call it. -ENOEXEC when it is no ELF file, -ENOTSUP when it is of another
 * class, byte order, machine (neither x86-64 nor arm64) or kind, -EBADMSG when it is damaged or cut
 * short; each message says which. The file must not be cut short while it is mapped, which the
 * kernel sees to for a running executable. */
int elf_image__open(int fd, const char *path, struct elf_image **ret_image, struct error *error);
void elf_image__free(struct elf_image *image);

const char *elf_image__path(const struct elf_image *image);
uint16_t elf_image__machine(const struct elf_image *image); /* EM_X86_64, EM_AARCH64 */
bool elf_image__is_pie(const struct elf_image *image);

/* The GNU build id in lower-case hexadecimal; NULL where there is none. */
const char *elf_image__build_id(const struct elf_image *image);

/* The file offset of a virtual address within an executable PT_LOAD segment, which is what a
 * uprobe wants. -ENOENT when none holds it. */
int elf_image__code_offset(const struct elf_image *image, uint64_t address, uint64_t *ret_offset);

/* Returns the file's contents from a virtual address to the end of the segment, `*ret_size` bytes, at
 * least one; NULL if no segment's contents hold the address. */
const uint8_t *elf_image__contents(const struct elf_image *image, uint64_t address,
				   size_t *ret_size);

/* Returns `size` bytes of the file's contents at a virtual address; NULL if the file does not have all of
 * them. */
const uint8_t *elf_image__bytes(const struct elf_image *image, uint64_t address, size_t size);

/* Calls back for each executable PT_LOAD segment, with its contents and its address. */
typedef void (*elf_code_callback)(void *context, const uint8_t *bytes, size_t size,
				  uint64_t address);
void elf_image__for_each_code(const struct elf_image *image, elf_code_callback callback,
			      void *context);

/* Calls back for each relative relocation (R_X86_64_RELATIVE, R_AARCH64_RELATIVE, DT_RELR) of a
 * PIE: the 8 bytes at `address` will hold load bias + `value`. For an executable at fixed
 * addresses, gives each aligned word of its data segments that points into code. Ends early on a
 * negative return and gives it back; -EBADMSG where the relocations are damaged. */
typedef int (*elf_pointer_callback)(void *context, uint64_t address, uint64_t value);
int elf_image__for_each_pointer(const struct elf_image *image, elf_pointer_callback callback,
				void *context);

static inline void elf_image__freep(struct elf_image **image)
{
	elf_image__free(*image);
}

#endif
