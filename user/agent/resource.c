// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "agent/resource.h"

#include <errno.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "config/values.h"

#define ATTRIBUTE_LIMIT 64

struct builder {
	struct arena *arena;
	struct otlp_resource_attribute *attributes;
	size_t count;
};

/* The slot of the key: that of an earlier value, or a new one. */
static struct otlp_resource_attribute *slot_of(struct builder *builder, const char *key)
{
	for (size_t i = 0; i < builder->count; i++) {
		if (strcmp(builder->attributes[i].key, key) == 0)
			return &builder->attributes[i];
	}
	if (builder->count == ATTRIBUTE_LIMIT)
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

/* "key=value,key=value" as in OTEL_RESOURCE_ATTRIBUTES. A malformed list is ignored as a whole
 * (OpenTelemetry specification, "Resource SDK"). */
static void set_list(struct builder *builder, const char *name, const char *list)
{
	struct config_header *pairs = NULL;
	struct error error = {0};
	size_t count = 0;

	if (!list || !*list)
		return;
	if (value_parse_pairs(name, list, &pairs, &count, &error) < 0) {
		log_warning("the observed process's %s is ignored: %s", name, error.message);
		return;
	}
	for (size_t i = 0; i < count; i++)
		set_string(builder, pairs[i].name, pairs[i].value);
	config_headers__free(pairs, count);
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

int resource__describe(const struct config *config, const struct process *target,
		       const char *version, struct own_telemetry own, struct arena *arena,
		       struct otlp_resource *ret_resource, struct error *error)
{
	_cleanup_free_ char *its_attributes =
		process__environment(target, "OTEL_RESOURCE_ATTRIBUTES");
	_cleanup_free_ char *its_name = process__environment(target, "OTEL_SERVICE_NAME");
	struct builder builder = {
		.arena = arena,
		.attributes = arena__alloc_array(arena, ATTRIBUTE_LIMIT,
						 sizeof(struct otlp_resource_attribute)),
	};

	if (!builder.attributes)
		return error_out_of_memory(error);
	set_observed(&builder, target);
	set_string(&builder, "service.version", version);
	set_list(&builder, "OTEL_RESOURCE_ATTRIBUTES", its_attributes);
	set_string(&builder, "service.name", its_name);
	if (own_telemetry__is_on(own) && config->own_telemetry == OWN_TELEMETRY_REPLACE)
		append_to_name(&builder);
	set_list(&builder, "OTEL_RESOURCE_ATTRIBUTES", config->resource_attributes);
	set_string(&builder, "service.name", config->service_name);
	if (arena__failed(arena))
		return error_out_of_memory(error);
	*ret_resource = (struct otlp_resource){
		.attributes = builder.attributes,
		.attribute_count = builder.count,
	};
	return 0;
}
