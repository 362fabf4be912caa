/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_TESTS_FUZZ_FUZZ_H
#define SCOTTYSCOPE_TESTS_FUZZ_FUZZ_H

/* A fuzz target is a function that processes one input and calls fuzz_check() for each property. The
 * driver (driver.c) limits the CPU time and the memory of each input. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Processes one input. Each target defines this function. */
void fuzz_one(const uint8_t *bytes, size_t size);

/* Prints the message and ends the process, which libFuzzer reports as a fault of the input. */
_Noreturn void fuzz_fail(const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#define fuzz_check(condition, ...)                                  \
	do {                                                        \
		if (!(condition))                                   \
			fuzz_fail(__FILE__, __LINE__, __VA_ARGS__); \
	} while (0)

/* Returns `answer`, the answer of the code under test; a wrong answer with FUZZ_DAMAGE=answer in the
 * environment. tests/fuzz/run.py uses the variable to show that a target reports wrong answers. */
uint64_t fuzz_answer(uint64_t answer);

/* The rest of an input that a target takes apart. */
struct fuzz_input {
	const uint8_t *bytes;
	size_t size;
};

/* Takes one byte from the front; 0 at the end. */
static inline uint8_t fuzz_byte(struct fuzz_input *input)
{
	if (input->size == 0)
		return 0;
	input->size--;
	return *input->bytes++;
}

/* Takes a little-endian number of `size` bytes (up to 8). */
static inline uint64_t fuzz_number(struct fuzz_input *input, size_t size)
{
	uint64_t number = 0;

	for (size_t i = 0; i < size; i++)
		number |= (uint64_t)fuzz_byte(input) << 8 * i;
	return number;
}

/* Takes up to `size` bytes. */
static inline struct fuzz_input fuzz_part(struct fuzz_input *input, size_t size)
{
	struct fuzz_input part = {input->bytes, size < input->size ? size : input->size};

	input->bytes += part.size;
	input->size -= part.size;
	return part;
}

/* Returns the bytes as a text, terminated and malloc'ed. */
char *fuzz_text(struct fuzz_input input);

#endif
