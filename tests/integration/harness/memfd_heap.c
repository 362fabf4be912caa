// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* An allocator for LD_PRELOAD whose memory is a memfd, as allocators with huge pages or with pages that they can
 * move have it. Nothing is freed: a test is short. HEAP_GIB is the size of the mapping. */

#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define HEADER_BYTES 16 /* the size of the block, before its address */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char *heap;
static size_t heap_bytes;
static atomic_size_t used;

static void map_heap(void)
{
	const char *size = getenv("HEAP_GIB");
	int fd = memfd_create("heap", MFD_CLOEXEC);

	heap_bytes = (size_t)(size ? atoi(size) : 1) << 30;
	if (fd < 0 || ftruncate(fd, (off_t)heap_bytes) < 0)
		abort();
	heap = mmap(NULL, heap_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
	if (heap == MAP_FAILED)
		abort();
	close(fd);
}

static void *allocate(size_t alignment, size_t size)
{
	size_t room, start;
	char *block;

	pthread_once(&once, map_heap);
	if (alignment < HEADER_BYTES)
		alignment = HEADER_BYTES;
	room = size + HEADER_BYTES + alignment;
	start = atomic_fetch_add(&used, room);
	if (room < size || start + room > heap_bytes) {
		errno = ENOMEM;
		return NULL;
	}
	block = (char *)(((uintptr_t)heap + start + HEADER_BYTES + alignment - 1) &
			 ~(uintptr_t)(alignment - 1));
	((size_t *)block)[-1] = size;
	return block;
}

void *malloc(size_t size)
{
	return allocate(HEADER_BYTES, size);
}

void free(void *block)
{
	(void)block;
}

void *calloc(size_t count, size_t size)
{
	/* Pages of a memfd that were never used are zero. */
	return size && count > SIZE_MAX / size ? NULL : malloc(count * size);
}

void *realloc(void *block, size_t size)
{
	size_t old = block ? ((size_t *)block)[-1] : 0;
	void *larger;

	if (block && size <= old)
		return block;
	larger = malloc(size);
	if (larger && block)
		memcpy(larger, block, old);
	return larger;
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return allocate(alignment, size);
}

void *memalign(size_t alignment, size_t size)
{
	return allocate(alignment, size);
}

int posix_memalign(void **ret_block, size_t alignment, size_t size)
{
	*ret_block = allocate(alignment, size);
	return *ret_block ? 0 : ENOMEM;
}

size_t malloc_usable_size(void *block)
{
	return block ? ((size_t *)block)[-1] : 0;
}
