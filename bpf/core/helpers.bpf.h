/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_HELPERS_BPF_H
#define SCOTTYSCOPE_HELPERS_BPF_H

/* The kernel's types and helpers. Unit tests compile parsers natively, with the stubs of
 * tests/bpf/native.h. */

#ifdef __bpf__

#include "vmlinux.h"

#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#endif

#endif
