// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "agent/resource.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/service_names.h"
#include "otlp/otlp.h"

#define LARGE_BYTES ((size_t)100 * 1024)

/* A process with an environment, and what the tool makes of the environment. */
struct described {
	pid_t pid;
	struct arena *arena;
	struct otlp_resource resource;
};

static int read_first_byte(pid_t pid)
{
	char path[64];
	FILE *stream;
	int byte;

	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	stream = fopen(path, "r");
	cr_assert_not_null(stream);
	byte = fgetc(stream);
	fclose(stream);
	return byte;
}

static pid_t run(char *const *environment)
{
	static char *const arguments[] = {(char *)"sleep", (char *)"300", NULL};
	pid_t pid;

	cr_assert_eq(posix_spawn(&pid, "/bin/sleep", NULL, NULL, arguments, environment), 0);
	/* The kernel ends the wait of posix_spawn() before it sets the environment. */
	while (read_first_byte(pid) != environment[0][0])
		sched_yield();
	return pid;
}

static struct described describe_running(pid_t pid, const struct config *config)
{
	struct described described = {.pid = pid, .arena = arena__new(0)};
	const struct process process = {
		.pid = pid,
		.executable_path = (char *)"/opt/scotty",
		.start_ticks = 1,
	};
	struct error error;

	cr_assert_eq(resource__describe(config, &process, "1.2.3", (struct own_telemetry){0},
					described.arena, &described.resource, &error),
		     0);
	return described;
}

static struct described describe(char *const *environment)
{
	const struct config config = {0};

	cr_redirect_stderr();
	return describe_running(run(environment), &config);
}

static void described__done(struct described *described)
{
	arena__free(described->arena);
	kill(described->pid, SIGKILL);
	waitpid(described->pid, NULL, 0);
}

static const char *value_of(const struct described *described, const char *key)
{
	const struct otlp_resource *resource = &described->resource;

	for (size_t i = 0; i < resource->attribute_count; i++) {
		if (strcmp(resource->attributes[i].key, key) == 0)
			return resource->attributes[i].string;
	}
	return "(none)";
}

/* Expects one line of the log for each of `parts`, in that order; NULL is the end. */
static void expect_log(const char *const *parts)
{
	FILE *log = cr_get_redirected_stderr();
	char line[4096];

	fputs("end\n", stderr);
	fflush(stderr);
	for (; *parts; parts++) {
		cr_assert_not_null(fgets(line, sizeof(line), log));
		cr_expect(strstr(line, *parts), "'%s' is not in: %s", *parts, line);
	}
	cr_assert_not_null(fgets(line, sizeof(line), log));
	cr_expect_str_eq(line, "end\n");
}

Test(resource, a_process_names_its_service)
{
	static char *const environment[] = {
		(char *)"OTEL_RESOURCE_ATTRIBUTES=service.namespace=shop,service.version=9,"
			"deployment.environment.name=staging,service.name=first",
		(char *)"OTEL_SERVICE_NAME=blog", NULL};
	struct described described = describe(environment);

	cr_expect_str_eq(value_of(&described, "service.name"), "blog");
	cr_expect_str_eq(value_of(&described, "service.namespace"), "shop");
	cr_expect_str_eq(value_of(&described, "service.version"), "9");
	cr_expect_str_eq(value_of(&described, "deployment.environment.name"), "staging");
	expect_log((const char *const[]){NULL});
	described__done(&described);
}

Test(resource, a_process_does_not_choose_its_host_process_container_and_instance)
{
	static const char *const keys[] = {"host.name",
					   "host.id",
					   "process.executable.path",
					   "process.creation.time",
					   "os.type",
					   "container.id",
					   "service.instance.id",
					   "telemetry.sdk.name",
					   "job",
					   "instance",
					   "k8s.pod.uid",
					   "cloud.account.id",
					   "service",
					   "deployment",
					   "service.name.other",
					   "Host.Name",
					   "process.pid",
					   "service.namespa"};
	char list[2048] = "OTEL_RESOURCE_ATTRIBUTES=";
	char *environment[] = {list, NULL};
	struct described described;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s=stolen,", keys[i]);
	described = describe(environment);
	for (size_t i = 0; i < described.resource.attribute_count; i++) {
		const struct otlp_resource_attribute *attribute = &described.resource.attributes[i];

		cr_expect(!attribute->string || strcmp(attribute->string, "stolen") != 0, "%s",
			  attribute->key);
	}
	cr_expect_str_eq(value_of(&described, "process.executable.path"), "/opt/scotty");
	expect_log((const char *const[]){"18 attributes of the observed process's "
					 "OTEL_RESOURCE_ATTRIBUTES are left out",
					 NULL});
	described__done(&described);
}

Test(resource, the_settings_of_the_tool_may_set_all)
{
	static char *const environment[] = {
		(char *)"OTEL_RESOURCE_ATTRIBUTES=deployment.environment.name=staging",
		(char *)"OTEL_SERVICE_NAME=blog", NULL};
	struct config config = {
		.resource_attributes = (char *)"host.name=web-1,service.instance.id=1,team=a,"
					       "deployment.environment.name=production",
		.service_name = (char *)"shop",
	};
	struct described described = describe_running(run(environment), &config);

	cr_expect_str_eq(value_of(&described, "host.name"), "web-1");
	cr_expect_str_eq(value_of(&described, "service.instance.id"), "1");
	cr_expect_str_eq(value_of(&described, "team"), "a");
	cr_expect_str_eq(value_of(&described, "deployment.environment.name"), "production");
	cr_expect_str_eq(value_of(&described, "service.name"), "shop");
	described__done(&described);
}

Test(resource, many_attributes_of_a_process_leave_room_for_those_of_the_tool)
{
	char list[4096] = "OTEL_RESOURCE_ATTRIBUTES=";
	char *environment[] = {list, NULL};
	struct config config = {.resource_attributes = (char *)"team=a"};
	struct described described;

	for (int i = 0; i < 100; i++)
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "deployment.n%d=%d,", i,
			 i);
	cr_redirect_stderr();
	described = describe_running(run(environment), &config);
	cr_expect_str_eq(value_of(&described, "deployment.n15"), "15");
	cr_expect_str_eq(value_of(&described, "deployment.n16"), "(none)");
	cr_expect_str_eq(value_of(&described, "team"), "a");
	expect_log((const char *const[]){"84 attributes", NULL});
	described__done(&described);
}

Test(resource, long_values_are_cut_between_characters)
{
	char name[1024] = "OTEL_SERVICE_NAME=";
	char list[1024] = "OTEL_RESOURCE_ATTRIBUTES=deployment.id=";
	char *environment[] = {name, list, NULL};
	struct described described;

	/* 255 is amid the 128th of these characters. */
	for (int i = 0; i < 200; i++)
		strcat(name, "\xc3\xbc");
	memset(list + strlen(list), 'x', 300);
	described = describe(environment);
	cr_expect_eq(strlen(value_of(&described, "service.name")), 254);
	cr_expect_eq(strlen(value_of(&described, "deployment.id")), 255);
	expect_log((const char *const[]){"deployment.id is cut to 255 bytes",
					 "OTEL_SERVICE_NAME is cut to 254 bytes", NULL});
	described__done(&described);
}

/* Writes over the ends of its variables, as the process itself may: they become one. */
static void join_variables(pid_t pid)
{
	char path[64], *bytes = malloc(8 * LARGE_BYTES);
	unsigned long start;
	size_t size;
	FILE *stream;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	stream = fopen(path, "r");
	/* Field 50 of proc(5), env_start; the name of sleep has no space. */
	for (int i = 1; i < 50; i++)
		cr_assert_eq(fscanf(stream, "%*s"), 0);
	cr_assert_eq(fscanf(stream, "%lu", &start), 1);
	fclose(stream);
	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	stream = fopen(path, "r");
	size = fread(bytes, 1, 8 * LARGE_BYTES, stream);
	fclose(stream);
	cr_assert_gt(size, 3 * LARGE_BYTES);
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	stream = fopen(path, "r+");
	for (size_t i = 0; i < size; i++)
		bytes[i] = bytes[i] ? bytes[i] : 'x';
	cr_assert_eq(fseek(stream, (long)start, SEEK_SET), 0);
	cr_assert_eq(fwrite(bytes, 1, size, stream), size);
	cr_assert_eq(fclose(stream), 0);
	free(bytes);
}

/* No name and no list of a process ends the tool: here one of 300 KiB. */
Test(resource, an_environment_that_the_process_enlarged)
{
	const struct config config = {0};
	char *variables[4] = {NULL};
	struct described described;
	struct error error;
	pid_t pid;

	for (int i = 0; i < 3; i++) {
		cr_assert_neq(asprintf(&variables[i], "%s=%*s",
				       i == 0 ? "OTEL_SERVICE_NAME" : "OTHER", (int)LARGE_BYTES,
				       "x"),
			      -1);
	}
	cr_redirect_stderr();
	pid = run(variables);
	join_variables(pid);
	described = describe_running(pid, &config);
	cr_expect_str_eq(value_of(&described, "service.name"), "scotty");
	cr_expect_eq(otlp_encode_metrics(&described.resource, &(struct metric_set){0}, NULL, NULL,
					 &error),
		     0);
	expect_log((const char *const[]){"the variable OTEL_SERVICE_NAME of the process", NULL});
	described__done(&described);
	for (int i = 0; i < 3; i++)
		free(variables[i]);
}

Test(resource, empty_and_malformed_variables)
{
	static char *const environment[] = {
		(char *)"OTEL_RESOURCE_ATTRIBUTES=service.namespace=a,broken",
		(char *)"OTEL_SERVICE_NAME=", NULL};
	struct described described = describe(environment);

	cr_expect_str_eq(value_of(&described, "service.name"), "scotty");
	cr_expect_str_eq(value_of(&described, "service.namespace"), "(none)");
	expect_log((const char *const[]){"is ignored", NULL});
	described__done(&described);
}
