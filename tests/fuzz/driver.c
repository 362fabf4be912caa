// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* The part of a fuzz target that all targets share: libFuzzer's entry, and the limits of an input. */

#include "fuzz.h"

#include <sanitizer/allocator_interface.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Limits of one input. CPU time and not elapsed time: other processes do not change the result. */
#define TIME_LIMIT_S	   1.0
#define MEMORY_LIMIT_BYTES ((size_t)256 * 1024 * 1024)

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* What FUZZ_DAMAGE makes wrong on purpose. */
static enum {
	DAMAGE_NONE,
	DAMAGE_ANSWER,
	DAMAGE_TIME,
	DAMAGE_MEMORY,
} damage;

static size_t held_bytes; /* allocated by the present input and not freed */
static bool is_counting;

_Noreturn void fuzz_fail(const char *file, int line, const char *format, ...)
{
	va_list arguments;

	is_counting = false;
	fprintf(stderr, "%s:%d: ", file, line);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	abort();
}

uint64_t fuzz_answer(uint64_t answer)
{
	return damage == DAMAGE_ANSWER ? answer + 1 : answer;
}

char *fuzz_text(struct fuzz_input input)
{
	char *text = malloc(input.size + 1);

	if (!text)
		abort();
	if (input.size > 0)
		memcpy(text, input.bytes, input.size);
	text[input.size] = '\0';
	return text;
}

static void on_allocation(const volatile void *memory, size_t size)
{
	(void)memory;
	if (!is_counting)
		return;
	held_bytes += size;
	fuzz_check(held_bytes <= MEMORY_LIMIT_BYTES,
		   "the input takes more than %zu bytes of memory", MEMORY_LIMIT_BYTES);
}

static void on_free(const volatile void *memory)
{
	size_t size;

	if (!is_counting || !memory)
		return;
	size = __sanitizer_get_allocated_size(memory);
	held_bytes -= size < held_bytes ? size : held_bytes;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char *const names[] = {
		[DAMAGE_ANSWER] = "answer", [DAMAGE_TIME] = "time", [DAMAGE_MEMORY] = "memory"};
	const char *value = getenv("FUZZ_DAMAGE");

	(void)argc;
	(void)argv;
	for (unsigned int i = DAMAGE_ANSWER; value && i <= DAMAGE_MEMORY; i++) {
		if (strcmp(value, names[i]) == 0)
			damage = i;
	}
	if (!__sanitizer_install_malloc_and_free_hooks(on_allocation, on_free))
		abort();
	return 0;
}

static double cpu_time_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void do_damage(double start_s)
{
	void *volatile memory[4];

	while (damage == DAMAGE_TIME && cpu_time_s() - start_s <= TIME_LIMIT_S)
		;
	for (int i = 0; damage == DAMAGE_MEMORY && i < 4; i++)
		memory[i] = malloc(MEMORY_LIMIT_BYTES / 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	double start_s = cpu_time_s(), time_s;

	held_bytes = 0;
	is_counting = true;
	fuzz_one(bytes, size);
	do_damage(start_s);
	is_counting = false;
	time_s = cpu_time_s() - start_s;
	fuzz_check(time_s <= TIME_LIMIT_S, "the input takes %.2f s of CPU time", time_s);
	return 0;
}
