// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What hooks cost on this machine before their programs do anything.
 *
 * Without arguments: the time that a function takes longer with a program attached that does nothing,
 * by the instruction that the probe replaces, and a call of recv() with one at its tracepoint. Prints
 * JSON, nanoseconds a hit, by the names that `scottyscope verify` has for the costs of sites.
 *
 * trap PID FILE PLACE...: attaches such programs to a process, at offsets in its executable and at
 * tracepoints of these names, says so, and stays until its standard input ends.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS	   7
#define PLACES_MAX 64

#if defined(__x86_64__)
/* A jump is what nearly all sites are on. */
__asm__(".globl trap_emulated\ntrap_emulated:\n\tjne 1f\n1:\tret\n"
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

static int empty_program(enum bpf_prog_type type, enum bpf_attach_type attach_type)
{
	const struct bpf_insn code[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = attach_type);
	int program = bpf_prog_load(type, "trap", "GPL", code, 2, &options);

	if (program < 0)
		fail("load");
	return program;
}

/* At offsets in a file, for the process of that id; 0: for all. */
static int attach_traps(int pid, const char *file, const unsigned long *offsets, unsigned int count)
{
	LIBBPF_OPTS(bpf_link_create_opts, options, .uprobe_multi.path = file,
		    .uprobe_multi.offsets = offsets, .uprobe_multi.cnt = count,
		    .uprobe_multi.pid = (__u32)pid);
	int program = empty_program(BPF_PROG_TYPE_KPROBE, BPF_TRACE_UPROBE_MULTI);
	int link = bpf_link_create(program, 0, BPF_TRACE_UPROBE_MULTI, &options);

	if (link < 0)
		fail("attach a uprobe");
	close(program);
	return link;
}

static int attach_tracepoint(const char *name)
{
	int program = empty_program(BPF_PROG_TYPE_RAW_TRACEPOINT, 0);
	int link = bpf_raw_tracepoint_open(name, program);

	if (link < 0)
		fail(name);
	close(program);
	return link;
}

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

/* The median of rounds, each a difference of with and without; `tracepoint` NULL: at the function. */
static double cost_ns(void (*function)(void), const char *tracepoint, unsigned int calls)
{
	double costs[ROUNDS];

	for (int i = 0; i < ROUNDS; i++) {
		double without = ns_a_call(function, calls);
		unsigned long offset = tracepoint ? 0 : file_offset(function);
		int link = tracepoint ? attach_tracepoint(tracepoint)
				      : attach_traps(0, "/proc/self/exe", &offset, 1);

		costs[i] = ns_a_call(function, calls) - without;
		close(link);
	}
	qsort(costs, ROUNDS, sizeof(costs[0]), compare);
	return costs[ROUNDS / 2];
}

static int sockets[2];

static void receive_nothing(void)
{
	char byte;

	recv(sockets[0], &byte, sizeof(byte), MSG_DONTWAIT);
}

/* Stays attached to a process until the standard input ends. */
static int hold(int pid, const char *file, char **places, int count)
{
	unsigned long offsets[PLACES_MAX];
	unsigned int traps = 0;

	if (count > PLACES_MAX) {
		errno = E2BIG;
		fail("places");
	}
	for (int i = 0; i < count; i++) {
		char *end;

		offsets[traps] = strtoul(places[i], &end, 10);
		if (*end)
			attach_tracepoint(places[i]);
		else
			traps++;
	}
	if (traps)
		attach_traps(pid, file, offsets, traps);
	puts("attached");
	fflush(stdout);
	while (getchar() != EOF)
		continue;
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 3)
		return hold(atoi(argv[1]), argv[2], argv + 3, argc - 3);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets))
		fail("socketpair");
	printf("{\"emulated\": %.0f, \"single-step\": %.0f, \"socket tracepoint\": %.0f}\n",
	       cost_ns(trap_emulated, NULL, 100000), cost_ns(trap_single_step, NULL, 10000),
	       cost_ns(receive_nothing, "sock_recv_length", 100000));
	return 0;
}
