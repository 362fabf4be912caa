// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <bpf/libbpf.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "probe/internal.h"

/* BPF_LOG_STATS (include/linux/bpf_verifier.h): logs errors and statistics without each step. */
#define LOG_STATS 4

/* Capacity for a program's errors and statistics. */
#define LOG_BYTES 65536

/* Logs the number of verified instructions. The verifier's log ends with "processed N insns (limit
 * 1000000) ...", where N counts an instruction once for each distinct path. Linux 5.16 and newer
 * also report N in bpf_prog_info; every supported kernel has the log line. */
static void log_instructions(const struct bpf_program *program, const char *log)
{
	const char *processed = strstr(log, "processed ");
	unsigned long count = processed ? strtoul(processed + strlen("processed "), NULL, 10) : 0;

	if (count)
		log_debug("program %s: %lu instructions verified", bpf_program__name(program),
			  count);
}

int probe_load_verbosely(struct probe *probe)
{
	_cleanup_free_ char *logs = NULL;
	struct bpf_program *program;
	size_t count = 0, i = 0;
	int r;

	bpf_object__for_each_program(program, probe->skeleton->obj) count++;
	logs = calloc(count + 1, LOG_BYTES);
	if (!logs)
		return -ENOMEM;
	bpf_object__for_each_program(program, probe->skeleton->obj)
	{
		bpf_program__set_log_level(program, LOG_STATS);
		bpf_program__set_log_buf(program, logs + i++ * LOG_BYTES, LOG_BYTES);
	}
	r = scottyscope__load(probe->skeleton);
	i = 0;
	bpf_object__for_each_program(program, probe->skeleton->obj)
	{
		const char *log = logs + i++ * LOG_BYTES;

		if (bpf_program__fd(program) >= 0)
			log_instructions(program, log);
		else if (r < 0 && log[0])
			log_debug("program %s: %s", bpf_program__name(program), log);
		bpf_program__set_log_buf(program, NULL, 0);
	}
	return r;
}
