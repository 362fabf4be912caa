/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_CODE_ARM64_EXIT_H
#define SCOTTYSCOPE_CODE_ARM64_EXIT_H

/* Exits of functions of 64-bit Arm: as the functions of code/exit.h, for whole functions. */

#include <stdbool.h>
#include <stdint.h>

#include "code/code.h"

int arm64_find_exits(const struct code_function *code, struct code_site ret_sites[CODE_EXIT_LIMIT]);
bool arm64_find_result(const struct code_function *code, uint32_t *ret_register);
uint32_t arm64_find_byte_store(const struct code_function *code);

#endif
