/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PLAN_ARGUMENTS_H
#define SCOTTYSCOPE_PLAN_ARGUMENTS_H

#include <stdbool.h>
#include <stdint.h>

/* Returns the state (enum code_register) that must be unchanged at the site of a program that reads `reads`
 * (READS() of catalogue.h), by the calling convention of an ELF machine. */
unsigned int plan_registers_of(unsigned int reads, uint16_t machine);

/* Whether `reads` has arguments of a function that returns its result in memory. */
bool plan_reads_behind_result(unsigned int reads);

#endif
