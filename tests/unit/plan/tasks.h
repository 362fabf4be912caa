/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_TESTS_PLAN_TASKS_H
#define SCOTTYSCOPE_TESTS_PLAN_TASKS_H

/* The source of a program with tokio's task functions as rustc compiles them: a vtable for each
 * task, and in legacy mangling the type of the future only in the names of drop glue. */

#include "elf/executable.h"
#include "program.h"
#include "tokio/vtable.h"

#define TASK_RAW   "_ZN5tokio7runtime4task3raw"
#define TASK_STAGE "tokio::runtime::task::core::Stage"
#define BLOCKING   "tokio::runtime::blocking::task::BlockingTask"

/* The schedule function of blocking tasks, which panics. */
#define SCHEDULE_BLOCKING TASK_RAW "8schedule17hfedcba9876543210E"

struct tasks {
	char *text;
	size_t size;
	FILE *stream;
	unsigned int count;	/* the number of the next task, part of its symbols */
	const char *poll;	/* body of the next poll functions; NULL: without calls */
	unsigned int id_offset; /* offset of the id in the next vtables */
};

/* The offset of the id in tasks of tokio's scheduler. */
#define ID_OFFSET      40
#define TRAILER_OFFSET 512

static inline void tasks_start(struct tasks *tasks)
{
	*tasks = (struct tasks){0};
	tasks->stream = open_memstream(&tasks->text, &tasks->size);
	fputs(PLAIN(PANIC) PLAIN(SCHEDULE)
		      FUNCTION(SCHEDULE_BLOCKING, "push %rax\ncall \"" PANIC "\""),
	      tasks->stream);
}

/* Writes the legacy mangled name of `core::ptr::drop_in_place<type>` to `name`. */
static inline void legacy_drop_glue(const char *type, char *name, size_t size)
{
	char path[2048];

	cr_assert_lt((size_t)snprintf(path, sizeof(path), "core::ptr::drop_in_place<%s>", type),
		     sizeof(path));
	legacy_name(path, name, size);
}

/* Adds a function with a mangled name, and a reference to the function. */
static inline void add_function(struct tasks *tasks, const char *name, const char *body)
{
	fprintf(tasks->stream, FUNCTION("%s", "%s"), name, name, name, body, name, name, name);
}

/* Adds a function without a reference. */
static inline void add_unused_function(struct tasks *tasks, const char *name, const char *body)
{
	fprintf(tasks->stream, UNUSED_FUNCTION("%s", "%s"), name, name, name, body, name, name);
}

static inline void add_alias(struct tasks *tasks, const char *alias, const char *name)
{
	fprintf(tasks->stream, ".globl \"%s\"\n.type \"%s\", @function\n.set \"%s\", \"%s\"\n",
		alias, alias, alias, name);
}

/* Adds the drop glue of the stage of a task with a future of `type`. */
static inline void add_glue(struct tasks *tasks, const char *type)
{
	char stage[1024], name[2048];

	snprintf(stage, sizeof(stage), TASK_STAGE "<%s>", type);
	legacy_drop_glue(stage, name, sizeof(name));
	add_function(tasks, name, "push %rbx\npop %rbx\nret");
}

/* Makes the drop glue of `merged` an alias of the glue of `type`, as linkers merge equal code. */
static inline void merge_glue(struct tasks *tasks, const char *merged, const char *type)
{
	char stage[1024], name[2048], alias[2048];

	snprintf(stage, sizeof(stage), TASK_STAGE "<%s>", type);
	legacy_drop_glue(stage, name, sizeof(name));
	snprintf(stage, sizeof(stage), TASK_STAGE "<%s>", merged);
	legacy_drop_glue(stage, alias, sizeof(alias));
	add_alias(tasks, alias, name);
}

/* Adds a vtable with these functions. The scheduler before the id is a pointer. */
static inline void add_vtable(struct tasks *tasks, const char *poll, const char *schedule,
			      const char *dealloc)
{
	unsigned int id = tasks->id_offset;

	fprintf(tasks->stream,
		".section .data.rel.ro,\"aw\"\n.balign 8\n"
		".quad \"%s\", \"%s\", \"%s\", 0, 0, 0, 0, %u, %u, %u\n.text\n",
		poll, schedule, dealloc, TRAILER_OFFSET, id ? id - 8 : 0, id);
}

/* Adds a vtable with a poll and a dealloc function of its own. */
static inline void add_legacy_task(struct tasks *tasks, const char *schedule,
				   const char *dealloc_body)
{
	unsigned int number = tasks->count++;
	char poll[128], dealloc[128];

	snprintf(poll, sizeof(poll), TASK_RAW "4poll17h0123456789ab%04xE", number);
	snprintf(dealloc, sizeof(dealloc), TASK_RAW "7dealloc17h0123456789ab%04xE", number);
	add_function(tasks, poll, tasks->poll ? tasks->poll : "push %rbx\npop %rbx\nret");
	add_function(tasks, dealloc, dealloc_body);
	add_vtable(tasks, poll, schedule, dealloc);
}

/* Adds a vtable whose dealloc function calls the drop glue of `type`. */
static inline void add_task_with_glue(struct tasks *tasks, const char *schedule, const char *type)
{
	char stage[1024], glue[2048], body[2200];

	snprintf(stage, sizeof(stage), TASK_STAGE "<%s>", type);
	legacy_drop_glue(stage, glue, sizeof(glue));
	snprintf(body, sizeof(body), "push %%rbx\ncall \"%s\"\npop %%rbx\nret", glue);
	add_legacy_task(tasks, schedule, body);
}

/* Returns the vtables and task types of the program; to be freed with tokio_free(). */
static inline struct tokio *tasks_tokio(struct tasks *tasks)
{
	struct tokio *tokio = calloc(1, sizeof(*tokio));
	struct error error = {0};

	fclose(tasks->stream);

	struct program program = program_of(tasks->text);
	struct elf_executable executable = {.image = program.image, .symbols = program.symbols};

	cr_assert_eq(elf_pointers__load(program.image, &executable.pointers), 0);
	cr_assert_eq(tokio_find_vtables(tokio, &executable, &error), 0, "%s", error.message);
	elf_executable__done(&executable);
	program_done(&program);
	free(tasks->text);
	return tokio;
}

static inline void tokio_free(struct tokio *tokio)
{
	tokio__done(tokio);
	free(tokio);
}

static inline const struct tokio_task_type *type_of(const struct tokio *tokio, size_t vtable)
{
	cr_assert_lt(vtable, tokio->vtable_count);
	cr_assert_lt(tokio->vtables[vtable].kind.index, tokio->task_type_count);

	const struct tokio_task_type *type = &tokio->task_types[tokio->vtables[vtable].kind.index];

	cr_assert_eq(tokio->vtables[vtable].kind.class, type->class);
	cr_assert_eq(tokio->vtables[vtable].kind.role, type->role);
	return type;
}

#endif
