/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_TESTS_PLAN_PROGRAM_H
#define SCOTTYSCOPE_TESTS_PLAN_PROGRAM_H

/*
 * Small executables for tests of the plan, with functions that are named as rustc names them.
 *
 * A test writes assembly text with the macros below. program_of() assembles and links the text, and
 * returns the ELF image and its symbols. Most tests pass the text to plan_of() in server.h, which
 * builds the plan of that executable. Example:
 *
 *	struct plan *plan = plan_of(PLAIN(RUNNING) PLAIN(IDLE) PLAIN(COMPLETE) PLAIN(POLL)
 *				    PLAIN(PARSE) PLAIN(ENCODE), &full_kernel);
 *
 * PLAIN(PARSE) is a function whose symbol is the mangled name of hyper's parse(), with a body that
 * starts with `push %rbp`, and a pointer to the function in .data.rel.ro (USE), because the plan
 * ignores functions without a reference. In the plan, the hook HOOK_HTTP_PARSE has one site, at the
 * `push`, and SIGNAL_HTTP_REQUESTS is available. SIGNAL_HTTP_ROUTES is missing, and its reason names
 * the missing function. tasks.h adds tokio's tasks and vtables. server.h makes a complete
 * server, from which a test removes hooks by WITHOUT().
 */

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "elf/image.h"
#include "elf/symbols.h"

#define HASH "17h0123456789abcdefE"

#define RUNNING	 "_ZN5tokio7runtime4task5state5State21transition_to_running" HASH
#define IDLE	 "_ZN5tokio7runtime4task5state5State18transition_to_idle" HASH
#define COMPLETE "_ZN5tokio7runtime4task5state5State22transition_to_complete" HASH
#define SERVER                                                                   \
	"_ZN85_$LT$hyper..proto..h1..role..Server$u20$as$u20$hyper..proto..h1.." \
	"Http1Transaction$GT$"
#define PARSE	 SERVER "5parse" HASH
#define ENCODE	 SERVER "6encode" HASH
#define ROUTE	 "_ZN4core3ptr61drop_in_place$LT$axum..extract..matched_path..MatchedPath$GT$" HASH
#define HTTP2	 "_ZN2h25proto7streams4recv4Recv4open" HASH
#define POLL	 "_ZN5tokio7runtime4task3raw4poll" HASH
#define SCHEDULE "_ZN5tokio7runtime4task3raw8schedule" HASH
#define PANIC	 "_ZN4core9panicking5panic" HASH
#define WORKER	 "_ZN5tokio7runtime9scheduler12multi_thread6worker3run" HASH

/* A pointer to a function, between zeros. The plan ignores functions without a reference. */
#define USE(name) ".section .data.rel.ro.uses,\"aw\"\n.quad 0\n.quad \"" name "\"\n.quad 0\n.text\n"

/* A function with this symbol and body. A body starts with an instruction that is cheap to probe,
 * unless the test is about another one. UNUSED_FUNCTION has no reference to the function. */
#define UNUSED_FUNCTION(name, body)                                                \
	".globl \"" name "\"\n.type \"" name "\", @function\n\"" name "\":\n" body \
	"\n.size \"" name "\", . - \"" name "\"\n"
#define FUNCTION(name, body) UNUSED_FUNCTION(name, body) USE(name)
#define PLAIN(name)	     FUNCTION(name, "push %rbp\nmov %rsp, %rbp\npop %rbp\nret")

/* Writes the legacy mangled name of a Rust path, which has the form of rust/path.h, to `name`. */
static inline void legacy_name(const char *path, char *name, size_t size)
{
	static const struct {
		const char *plain, *mangled;
	} escapes[] = {
		{"::", ".."},	{"<", "$LT$"},	{">", "$GT$"},	{",", "$C$"},
		{" ", "$u20$"}, {"{", "$u7b$"}, {"}", "$u7d$"}, {"&", "$RF$"},
		{"(", "$LP$"},	{")", "$RP$"},	{"=", "$u3d$"}, {"+", "$u2b$"},
	};
	size_t length = (size_t)snprintf(name, size, "_ZN");

	while (*path) {
		char segment[2048] = "";
		unsigned int depth = 0;

		if (*path == '<') /* an identifier cannot begin with a dollar */
			strcat(segment, "_");
		while (*path && (depth > 0 || strncmp(path, "::", 2) != 0)) {
			const char *mangled = NULL;

			depth += *path == '<';
			depth -= *path == '>';
			for (size_t i = 0; i < ARRAY_SIZE(escapes) && !mangled; i++) {
				if (strncmp(path, escapes[i].plain, strlen(escapes[i].plain)) ==
				    0) {
					mangled = escapes[i].mangled;
					path += strlen(escapes[i].plain);
				}
			}
			if (mangled)
				strcat(segment, mangled);
			else
				strncat(segment, path++, 1);
			cr_assert_lt(strlen(segment), sizeof(segment) - 8);
		}
		path += *path ? strlen("::") : 0;
		length += (size_t)snprintf(name + length, size - length, "%zu%s", strlen(segment),
					   segment);
		cr_assert_lt(length, size);
	}
	cr_assert_lt(length + (size_t)snprintf(name + length, size - length, HASH), size);
}

/* Whether the next programs are for 64-bit Arm. A test sets the variable in its own process. */
static bool program_is_arm64 __attribute__((unused));

/* The x86-64 instructions of the programs as macros for 64-bit Arm. `push` also saves x8, the
 * address of a function's result, and adds a branch, which is cheap to probe. */
#define ARM64_MACROS                                                                 \
	".macro push register\nstp x8, x30, [sp, #-16]!\ntbz w9, #0, . + 4\n.endm\n" \
	".macro pop register\nldp x29, x30, [sp], #16\n.endm\n"                      \
	".macro mov from, to\n.endm\n.macro call to\nbl \\to\n.endm\n"               \
	".macro jmp to\nb \\to\n.endm\n"

struct program {
	struct elf_image *image;
	struct elf_symbols *symbols;
};

/* Assembles and links `text` as a PIE (GNU as; on x86-64 in AT&T syntax). The caller frees the
 * result with program_done(). */
static inline struct program program_of(const char *text)
{
	char source[] = "/tmp/scottyscope-plan-XXXXXX.s", output[64], command[400];
	const char *tools = program_is_arm64 ? "aarch64-linux-gnu-" : "";
	int fd = mkstemps(source, 2);
	struct program program = {0};
	FILE *stream = fdopen(fd, "w");

	fprintf(stream, "%s.text\n%s\n.section .note.GNU-stack\n",
		program_is_arm64 ? ARM64_MACROS : "", text);
	fclose(stream);
	snprintf(output, sizeof(output), "%s.out", source);
	snprintf(command, sizeof(command),
		 "%sas -o %s.o %s && %sld -pie -e 0 -o %s %s.o && rm %s.o", tools, source, source,
		 tools, output, source, source);
	cr_assert_eq(system(command), 0, "cannot build a test program: %s", command);
	fd = open(output, O_RDONLY | O_CLOEXEC);
	cr_assert_eq(elf_image__open(fd, "/opt/scotty", &program.image, NULL), 0);
	cr_assert_eq(elf_symbols__load(program.image, NULL, &program.symbols, NULL), 0);
	close(fd);
	unlink(source);
	unlink(output);
	return program;
}

static inline void program_done(struct program *program)
{
	elf_symbols__free(program->symbols);
	elf_image__free(program->image);
}

#endif
