// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "agent/resource.h"

#include <errno.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "agent/service_names.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "config/values.h"

/* Attributes that set_observed() and resource__describe() set. */
#define OBSERVED_LIMIT 16

struct builder {
	struct arena *arena;
	struct otlp_resource_attribute *attributes;
	size_t count;
	size_t capacity;
};

/* The slot of the key: that of an earlier value, or a new one. */
static struct otlp_resource_attribute *slot_of(struct builder *builder, const char *key)
{
	for (size_t i = 0; i < builder->count; i++) {
		if (strcmp(builder->attributes[i].key, key) == 0)
			return &builder->attributes[i];
	}
	if (builder->count == builder->capacity)
		return NULL;

	struct otlp_resource_attribute *attribute = &builder->attributes[builder->count];

	attribute->key = arena__strdup(builder->arena, key);
	if (attribute->key)
		builder->count++;
	return attribute->key ? attribute : NULL;
}

static void set_string(struct builder *builder, const char *key, const char *value)
{
	struct otlp_resource_attribute *attribute = value ? slot_of(builder, key) : NULL;
	const char *copy = attribute ? arena__strdup(builder->arena, value) : NULL;

	if (copy)
		attribute->string = copy;
}

static void set_integer(struct builder *builder, const char *key, int64_t value)
{
	struct otlp_resource_attribute *attribute = slot_of(builder, key);

	if (attribute) {
		attribute->string = NULL;
		attribute->integer = value;
	}
}

static void set_pairs(struct builder *builder, const struct config_header *pairs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		set_string(builder, pairs[i].name, pairs[i].value);
}

static void set_creation_time(struct builder *builder, uint64_t realtime_ns)
{
	time_t seconds = (time_t)(realtime_ns / NS_PER_S);
	struct tm utc;
	char date[32], text[48];

	gmtime_r(&seconds, &utc);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text, sizeof(text), "%s.%03uZ", date,
		 (unsigned int)(realtime_ns % NS_PER_S / NS_PER_MS));
	set_string(builder, "process.creation.time", text);
}

static void set_observed(struct builder *builder, const struct process *target)
{
	_cleanup_free_ char *container = process__container_id(target);
	const char *slash = strrchr(target->executable_path, '/');
	const char *name = slash ? slash + 1 : target->executable_path;
	struct utsname host;

	set_string(builder, "service.name", name);
	set_integer(builder, "process.pid", target->pid);
	set_string(builder, "process.executable.name", name);
	set_string(builder, "process.executable.path", target->executable_path);
	set_creation_time(builder, target->start_time_ns);
	if (uname(&host) == 0) {
		set_string(builder, "host.name", host.nodename);
		/* The same process on the same host is the same instance, however often we attach. */
		set_string(builder, "service.instance.id",
			   arena__printf(builder->arena, "%s-%d-%llu", host.nodename,
					 (int)target->pid,
					 (unsigned long long)target->start_ticks));
	}
	set_string(builder, "os.type", "linux");
	set_string(builder, "container.id", container);
}

/* Tells the service apart from the server that exports the same metrics. */
static void append_to_name(struct builder *builder)
{
	struct otlp_resource_attribute *name = slot_of(builder, "service.name");
	const char *text =
		name ? arena__printf(builder->arena, "%s-scottyscope", name->string) : NULL;

	if (text)
		name->string = text;
}

const char *resource__host_name(struct arena *arena)
{
	struct utsname host;

	return uname(&host) == 0 ? arena__strdup(arena, host.nodename) : NULL;
}

/* The list of a variable, as the process and the tool have it in their environments. */
struct pairs {
	struct config_header *items;
	size_t count;
};

static void pairs__done(struct pairs *pairs)
{
	config_headers__free(pairs->items, pairs->count);
}

/* What the process says of itself. */
static void set_names(struct builder *builder, const struct process *target,
		      const struct pairs *attributes)
{
	_cleanup_free_ char *name = process__environment(target, "OTEL_SERVICE_NAME");

	set_pairs(builder, attributes->items, attributes->count);
	/* An empty variable is not set (OpenTelemetry specification, "Environment Variable
	 * Specification"). */
	if (!name || !*name)
		return;
	service_names__cut("OTEL_SERVICE_NAME", name);
	set_string(builder, "service.name", name);
}

int resource__describe(const struct config *config, const struct process *target,
		       const char *version, struct own_telemetry own, struct arena *arena,
		       struct otlp_resource *ret_resource, struct error *error)
{
	_cleanup_free_ char *list = process__environment(target, "OTEL_RESOURCE_ATTRIBUTES");
	_cleanup_(pairs__done) struct pairs of_target = {0};
	_cleanup_(pairs__done) struct pairs of_tool = {0};
	struct builder builder = {.arena = arena};

	service_names__parse(list, &of_target.items, &of_target.count);
	/* config/ accepted the list. */
	if (config->resource_attributes)
		value_parse_pairs("OTEL_RESOURCE_ATTRIBUTES", config->resource_attributes,
				  &of_tool.items, &of_tool.count, NULL);
	builder.capacity = OBSERVED_LIMIT + of_target.count + of_tool.count;
	builder.attributes =
		arena__alloc_array(arena, builder.capacity, sizeof(struct otlp_resource_attribute));
	if (!builder.attributes)
		return error_out_of_memory(error);
	set_observed(&builder, target);
	set_string(&builder, "service.version", version);
	set_names(&builder, target, &of_target);
	if (own_telemetry__is_on(own) && config->own_telemetry == OWN_TELEMETRY_REPLACE)
		append_to_name(&builder);
	set_pairs(&builder, of_tool.items, of_tool.count);
	set_string(&builder, "service.name", config->service_name);
	if (arena__failed(arena))
		return error_out_of_memory(error);
	*ret_resource = (struct otlp_resource){
		.attributes = builder.attributes,
		.attribute_count = builder.count,
	};
	return 0;
}
