// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "front/routes.h"

#include <errno.h>
#include <stdio.h>

#include "base/array.h"
#include "base/clock.h"
#include "prom/format.h"
#include "web/server.h"

#define TEXT_PLAIN "text/plain; charset=utf-8"

static int answer_index(void *context, const struct web_request *request,
			struct web_response *response)
{
	FILE *stream = open_memstream(&response->body, &response->size);

	(void)context;
	(void)request;
	if (!stream)
		return -errno;
	fputs("scottyscope\n\n", stream);
	for (size_t i = 0; i < front_routes.count; i++) {
		const struct web_route *route = &front_routes.items[i];

		if (route->summary)
			fprintf(stream, "%-10s %s\n", route->path, route->summary);
	}
	return fclose(stream) == 0 ? 0 : -ENOMEM;
}

/* Waits for a snapshot of the reader's own interval. */
static int collect(struct front_context *front, const struct web_request *request,
		   enum prom_format format, struct collected *ret_collected)
{
	char address[READER_ADDRESS_BYTES];
	const struct reader_identity reader = {
		.connection = web_request__connection(request),
		.address = address,
		.user_agent = web_request__header(request, "User-Agent"),
		.name = web_request__query(request, "reader"),
	};
	uint64_t since_ns;
	int r;

	web_request__address(request, address, sizeof(address));
	pthread_mutex_lock(&front->lock);
	since_ns = readers__begin(&front->readers, &reader);
	pthread_mutex_unlock(&front->lock);
	r = collection__wait(front->collection, format, since_ns, ret_collected);
	/* The answer to HEAD does not have the values: the interval continues. */
	if (r < 0 || web_request__is_head(request))
		return r;
	pthread_mutex_lock(&front->lock);
	readers__answered(&front->readers, &reader, ret_collected->now_ns);
	pthread_mutex_unlock(&front->lock);
	return 0;
}

static int answer_metrics(void *context, const struct web_request *request,
			  struct web_response *response)
{
	enum prom_format format = prom_format_of_accept(web_request__header(request, "Accept"));
	struct collected collected;
	int r = collect(context, request, format, &collected);

	/* The connection identifies the reader. */
	response->keep_open = true;
	if (r < 0) {
		response->status = WEB_STATUS_UNAVAILABLE;
		response->content_type = TEXT_PLAIN;
		return web_response__print(response, "%s\n",
					   r == -ETIMEDOUT ? "the agent did not answer in time"
							   : "cannot make the exposition");
	}
	response->body = collected.text;
	response->size = collected.size;
	response->content_type = prom_format_content_type(format);
	response->vary = "Accept";
	return 0;
}

static int answer_health(void *context, const struct web_request *request,
			 struct web_response *response)
{
	const struct front_context *front = context;
	uint64_t overdue_ns = collection__overdue_ns(front->collection);

	(void)request;
	if (overdue_ns == 0)
		return web_response__print(response, "ok\n");
	response->status = WEB_STATUS_UNAVAILABLE;
	return web_response__print(response, "the agent has not answered for %.0f s\n",
				   (double)overdue_ns / (double)NS_PER_S);
}

static void on_connection_ended(void *context, uint64_t connection)
{
	struct front_context *front = context;

	pthread_mutex_lock(&front->lock);
	readers__connection_ended(&front->readers, connection);
	pthread_mutex_unlock(&front->lock);
}

static const struct web_route routes[] = {
	{"GET", "/", TEXT_PLAIN, NULL, answer_index, false},
	/* The content type depends on the request. */
	{"GET", "/metrics", NULL, "metrics of Scotty, for Prometheus", answer_metrics, false},
	{"GET", "/healthz", TEXT_PLAIN, "whether scottyscope works", answer_health, true},
};

const struct web_routes front_routes = {
	.items = routes,
	.count = ARRAY_SIZE(routes),
	.connection_ended = on_connection_ended,
};
