// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* .gnu_debugdata ("MiniDebugInfo"): an xz-compressed ELF file with the symbol table of a stripped
 * executable. */

#include <errno.h>
#include <lzma.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "elf/internal.h"

/* A symbol table of a million functions takes about 100 MB; decompressing xz -9 needs 65 MB. */
#define UNPACKED_BYTES_MAX ((uint64_t)128 * 1024 * 1024)
#define DECODER_BYTES_MAX  ((uint64_t)80 * 1024 * 1024)
#define CHUNK_BYTES	   ((size_t)64 * 1024)

DEFINE_CLEANUP(lzma_stream *, lzma_end);

static int write_all(int fd, const uint8_t *bytes, size_t size)
{
	while (size > 0) {
		ssize_t written = write(fd, bytes, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		bytes += written;
		size -= (size_t)written;
	}
	return 0;
}

static int bad_stream(const struct elf_image *image, const char *why, struct error *error)
{
	return error_set(error, -EBADMSG, "%s is damaged: its .gnu_debugdata %s",
			 elf_image__path(image), why);
}

/* Unpacks one xz stream into a file by chunks, so that the size limit applies before all memory is
 * allocated. */
static int unpack(const struct elf_image *image, const struct elf_section *section, int fd,
		  struct error *error)
{
	lzma_stream stream = LZMA_STREAM_INIT;
	_cleanup_(lzma_endp) lzma_stream *owner = &stream;
	uint8_t chunk[CHUNK_BYTES];
	lzma_ret status;

	if (lzma_stream_decoder(owner, DECODER_BYTES_MAX, 0) != LZMA_OK)
		return error_out_of_memory(error);
	stream.next_in = section->bytes;
	stream.avail_in = section->size;
	do {
		stream.next_out = chunk;
		stream.avail_out = sizeof(chunk);
		status = lzma_code(&stream, LZMA_FINISH);
		if (status == LZMA_MEM_ERROR)
			return error_out_of_memory(error);
		if (status != LZMA_OK && status != LZMA_STREAM_END)
			return bad_stream(image, "cannot be decompressed", error);
		if (stream.total_out > UNPACKED_BYTES_MAX)
			return bad_stream(image, "is too large", error);

		/* The file is memory. */
		int r = budget__spend(image->budget, BUDGET_MEMORY_BYTES,
				      sizeof(chunk) - stream.avail_out);

		if (r < 0)
			return elf_image__check_budget(image, error);
		r = write_all(fd, chunk, sizeof(chunk) - stream.avail_out);
		if (r < 0)
			return error_set(error, r, "cannot store the symbols of %s: %m",
					 elf_image__path(image));
	} while (status != LZMA_STREAM_END);
	return 0;
}

int elf_debugdata__open(const struct elf_image *image, struct elf_image **ret_image,
			struct error *error)
{
	struct elf_section section;
	int r;

	r = elf_image__section(image, SHT_PROGBITS, ".gnu_debugdata", &section);
	if (r == -ENOENT)
		return r;
	if (r < 0)
		return bad_stream(image, "exceeds the file", error);

	_cleanup_close_ int fd = memfd_create("scottyscope-debugdata", MFD_CLOEXEC);

	if (fd < 0)
		return error_set(error, -errno, "cannot create a file in memory: %m");
	r = unpack(image, &section, fd, error);
	if (r < 0)
		return r;
	r = elf_image__open_debug(image, fd, elf_image__path(image), ret_image, error);
	if (r < 0)
		return error_prefix(error, r, "cannot read .gnu_debugdata");
	return 0;
}
