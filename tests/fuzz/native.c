// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bpf/native.h"

uint64_t native_fault_from, native_fault_until;
uint64_t native_begin, native_end;
