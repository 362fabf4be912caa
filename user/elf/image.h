/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_ELF_IMAGE_H
#define SCOTTYSCOPE_ELF_IMAGE_H

/* An ELF executable. Every offset is checked: files may be truncated or hostile. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/budget.h"
#include "base/error.h"

struct elf_image;

/* The size of the largest executables and debug files that are read. */
#define ELF_FILE_BYTES_MAX (UINT64_C(2) << 30)

/* Maps the 64-bit little-endian executable behind `fd` (borrowed; the caller may close it
 * afterwards). Error messages name `path`. -ENOEXEC if the file is not an ELF file; -ENOTSUP for
 * another class, byte order, machine (neither x86-64 nor arm64) or type; -EBADMSG if the file is
 * damaged or truncated; -EFBIG if the file is larger than ELF_FILE_BYTES_MAX. Each message states the
 * reason. The file must not be truncated while it is mapped; the kernel prevents writes to a running
 * executable. */
int elf_image__open(int fd, const char *path, struct elf_image **ret_image, struct error *error);
void elf_image__free(struct elf_image *image);

/* Returns the budget of all work on the image, which the image owns. */
struct budget *elf_image__budget(const struct elf_image *image);

/* As budget__check(), with the image's path. */
int elf_image__check_budget(const struct elf_image *image, struct error *error);

const char *elf_image__path(const struct elf_image *image);
uint16_t elf_image__machine(const struct elf_image *image); /* Returns EM_X86_64 or EM_AARCH64. */
bool elf_image__is_pie(const struct elf_image *image);

/* Returns the GNU build id in lower-case hexadecimal; NULL without one. */
const char *elf_image__build_id(const struct elf_image *image);

/* Sets `*ret_offset` to the file offset of a virtual address in an executable PT_LOAD segment, as
 * uprobes require. -ENOENT if no such segment holds the address. */
int elf_image__code_offset(const struct elf_image *image, uint64_t address, uint64_t *ret_offset);

/* Returns the file's contents from a virtual address to the end of the segment: `*ret_size` bytes,
 * at least one. NULL if no segment's contents hold the address. */
const uint8_t *elf_image__contents(const struct elf_image *image, uint64_t address,
				   size_t *ret_size);

/* Returns `size` bytes of the file's contents at a virtual address; NULL if the file does not
 * contain all of them. */
const uint8_t *elf_image__bytes(const struct elf_image *image, uint64_t address, size_t size);

/* Calls `callback` for each executable PT_LOAD segment, with its contents and its address. */
typedef void (*elf_code_callback)(void *context, const uint8_t *bytes, size_t size,
				  uint64_t address);
void elf_image__for_each_code(const struct elf_image *image, elf_code_callback callback,
			      void *context);

/* Calls `callback` for each relative relocation (R_X86_64_RELATIVE, R_AARCH64_RELATIVE, DT_RELR) of
 * a PIE: the 8 bytes at `address` will hold load bias + `value`. For an executable at fixed
 * addresses, calls `callback` for each aligned word of the data segments that points into code.
 * Only the first PT_DYNAMIC counts. Stops at a negative return and returns the value. -EBADMSG if the
 * relocations are damaged, or more than the words of the writable segments; -EDQUOT. */
typedef int (*elf_pointer_callback)(void *context, uint64_t address, uint64_t value);
int elf_image__for_each_pointer(const struct elf_image *image, elf_pointer_callback callback,
				void *context);

static inline void elf_image__freep(struct elf_image **image)
{
	elf_image__free(*image);
}

#endif
