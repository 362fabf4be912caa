// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a uprobe costs on this machine before its program does anything: the time that a function takes
 * longer with a program attached that does nothing, by the instruction that the probe replaces.
 * Prints JSON, nanoseconds a hit, by the names that `scottyscope verify` has for the costs of sites.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 7

#if defined(__x86_64__)
__asm__(".globl trap_emulated\ntrap_emulated:\n\tpush %rbp\n\tpop %rbp\n\tret\n"
	".globl trap_single_step\ntrap_single_step:\n\tsub $8, %rsp\n\tadd $8, %rsp\n\tret\n");
#elif defined(__aarch64__)
__asm__(".globl trap_emulated\ntrap_emulated:\n\tnop\n\tret\n"
	".globl trap_single_step\ntrap_single_step:\n\tsub sp, sp, #16\n\tadd sp, sp, "
	"#16\n\tret\n");
#endif
void trap_emulated(void);
void trap_single_step(void);

static void fail(const char *what)
{
	fprintf(stderr, "trap: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double ns_a_call(void (*function)(void), unsigned int calls)
{
	struct timespec start, end;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
	for (unsigned int i = 0; i < calls; i++)
		function();
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
	return ((double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec)) /
	       calls;
}

/* Where a function of this executable is in its file. */
static unsigned long file_offset(void (*function)(void))
{
	unsigned long address = (unsigned long)function, start, end, offset;
	unsigned long found = 0;
	char line[512];
	FILE *maps = fopen("/proc/self/maps", "r");

	if (!maps)
		fail("/proc/self/maps");
	while (fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx %*s %lx", &start, &end, &offset) == 3 &&
		    address >= start && address < end)
			found = address - start + offset;
	}
	fclose(maps);
	return found;
}

static int empty_program(enum bpf_attach_type type)
{
	const struct bpf_insn code[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = type);
	int program = bpf_prog_load(BPF_PROG_TYPE_KPROBE, "trap", "GPL", code, 2, &options);

	if (program < 0)
		fail("load");
	return program;
}

static int attach(void (*function)(void))
{
	unsigned long offset = file_offset(function);
	LIBBPF_OPTS(bpf_link_create_opts, options, .uprobe_multi.path = "/proc/self/exe",
		    .uprobe_multi.offsets = &offset, .uprobe_multi.cnt = 1);
	int program = empty_program(BPF_TRACE_UPROBE_MULTI);
	int link = bpf_link_create(program, 0, BPF_TRACE_UPROBE_MULTI, &options);

	if (link < 0)
		fail("attach");
	close(program);
	return link;
}

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

/* The median of rounds, each a difference of with and without. */
static double trap_ns(void (*function)(void), unsigned int calls)
{
	double costs[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		double without = ns_a_call(function, calls);
		int link = attach(function);

		costs[i] = ns_a_call(function, calls) - without;
		close(link);
	}
	qsort(costs, ROUNDS, sizeof(costs[0]), compare);
	return costs[ROUNDS / 2];
}

int main(void)
{
	printf("{\"emulated\": %.0f, \"single-step\": %.0f}\n", trap_ns(trap_emulated, 100000),
	       trap_ns(trap_single_step, 10000));
	return 0;
}
