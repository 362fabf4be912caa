// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "front/process.h"
#include "front/statistics.h"
#include "ipc/message.h"
#include "otlp/otlp.h"
#include "receive.h"

/* The front as it is; the test is the agent. */

static char host[] = "127.0.0.1";
static struct config config = {.listen_host = host};
static struct front *front;
static struct error error;

static const struct otlp_resource resource = {NULL, 0};

static void start(void)
{
	cr_assert_eq(front__start(&config, &front, &error), 0, "%s", error.message);
	cr_assert_neq(front__port(front), 0);
}

static void end(void)
{
	front__free(front);
}

TestSuite(front_main, .init = start, .fini = end, .timeout = 60);

struct client {
	pthread_t thread;
	const char *method; /* NULL: GET */
	const char *path;
	const char *header; /* one more, with its line end; NULL: none */
	char answer[8192];
};

static void *get(void *context)
{
	struct client *client = context;
	const struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(front__port(front)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	size_t size = 0;
	ssize_t got;

	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0) {
		dprintf(fd, "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s\r\n",
			client->method ? client->method : "GET", client->path,
			client->header ? client->header : "");
		while ((got = read(fd, client->answer + size, sizeof(client->answer) - 1 - size)) >
		       0)
			size += (size_t)got;
	}
	client->answer[size] = '\0';
	close(fd);
	return NULL;
}

static void begin(struct client *client, const char *path)
{
	client->path = path;
	pthread_create(&client->thread, NULL, get, client);
}

static const char *finish(struct client *client)
{
	pthread_join(client->thread, NULL);
	return client->answer;
}

static int send_request(void *sequence, const uint8_t *request, size_t size)
{
	return message__send(front__socket_fd(front), MESSAGE_METRICS, MESSAGE_FLAG_SCRAPE,
			     *(uint64_t *)sequence, request, size, &error);
}

/* Answers with a snapshot of the time 1000 * `sequence`. */
static void answer(uint64_t sequence)
{
	static const struct metric_description answers = {"answers", "{answer}", "", METRIC_GAUGE,
							  ""};
	struct arena *arena = arena__new(0);
	struct metric_set *set = metric_set__new(arena, 1, 2);
	uint64_t now_ns = 1000 * sequence;

	metric_set__add_integer(set, &answers, (int64_t)sequence);
	cr_assert_eq(otlp_encode_metrics(&resource, set, send_request, &sequence, NULL), 0);
	cr_assert_eq(message__send(front__socket_fd(front), MESSAGE_METRICS_END,
				   MESSAGE_FLAG_SCRAPE, sequence, &now_ns, sizeof(now_ns), NULL),
		     0);
	arena__free(arena);
}

/* The interval of the last MESSAGE_TAKE_SNAPSHOT. */
static uint64_t since_ns;

/* Receives the next message of the front. Stores the interval of a MESSAGE_TAKE_SNAPSHOT, or the
 * statistics of a MESSAGE_STATISTICS. */
static struct message_header receive(struct front_statistics *statistics)
{
	struct message message;

	cr_assert_eq(receive_message(front, 10 * NS_PER_S, &message, &error), 1, "%s",
		     error.message);
	if (message.header.kind == MESSAGE_TAKE_SNAPSHOT)
		memcpy(&since_ns, message.payload, sizeof(since_ns));
	else
		memcpy(statistics, message.payload, sizeof(*statistics));
	return message.header;
}

/* Like receive(), and answers a MESSAGE_TAKE_SNAPSHOT with its number as the value. Returns the kind
 * of the message. */
static enum message_kind handle_next(struct front_statistics *statistics)
{
	struct message_header header = receive(statistics);

	if (header.kind == MESSAGE_TAKE_SNAPSHOT)
		answer(header.sequence);
	return header.kind;
}

/* Makes a request, which the agent answers; returns the begin of its interval. */
static uint64_t interval_of(const char *method, const char *path, const char *header)
{
	struct client client = {.method = method, .header = header};
	struct front_statistics statistics;

	begin(&client, path);
	while (handle_next(&statistics) != MESSAGE_TAKE_SNAPSHOT)
		continue;
	cr_assert_not_null(strstr(finish(&client), " 200 OK"), "%s", client.answer);
	return since_ns;
}

Test(front_main, a_scrape_gets_a_new_snapshot)
{
	struct client client = {0};
	struct front_statistics statistics = {0};

	for (int i = 1; i <= 3; i++) {
		char expected[32];

		snprintf(expected, sizeof(expected), "\nanswers %d\n", i);
		begin(&client, "/metrics");
		while (handle_next(&statistics) != MESSAGE_TAKE_SNAPSHOT)
			continue;
		cr_assert_not_null(strstr(finish(&client), expected), "%s", client.answer);
		/* The statistics before the request count the scrapes answered before. */
		cr_assert_eq(statistics.scrapes, (uint64_t)i - 1);
	}
}

Test(front_main, concurrent_scrapes_are_all_answered)
{
	static struct client clients[8];
	struct front_statistics statistics = {0};

	for (int i = 0; i < 8; i++)
		begin(&clients[i], "/metrics");
	while (statistics.scrapes + statistics.scrape_failures < 8)
		handle_next(&statistics);
	for (int i = 0; i < 8; i++)
		cr_assert_not_null(strstr(finish(&clients[i]), "\nanswers "));
	cr_assert_eq(statistics.scrape_failures, 0u);
}

Test(front_main, the_accept_header_chooses_the_format)
{
	struct client client = {.header = "Accept: application/openmetrics-text;version=1.0.0\r\n"};
	struct front_statistics statistics;

	begin(&client, "/metrics");
	while (handle_next(&statistics) != MESSAGE_TAKE_SNAPSHOT)
		continue;
	cr_assert_not_null(strstr(finish(&client), "\n# EOF\n"), "%s", client.answer);
	cr_assert_not_null(strstr(client.answer, "Content-Type: application/openmetrics-text; "
						 "version=1.0.0; charset=utf-8\r\n"));
	cr_assert_not_null(strstr(client.answer, "Vary: Accept\r\n"));

	client.header = NULL;
	begin(&client, "/metrics");
	while (handle_next(&statistics) != MESSAGE_TAKE_SNAPSHOT)
		continue;
	cr_assert_null(strstr(finish(&client), "# EOF"), "%s", client.answer);
	cr_assert_not_null(strstr(client.answer,
				  "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
}

Test(front_main, the_index_lists_the_pages)
{
	struct client client = {0};

	begin(&client, "/");
	cr_assert_not_null(strstr(finish(&client), "\r\n\r\nscottyscope\n\n/metrics "), "%s",
			   client.answer);
	cr_assert_not_null(strstr(client.answer, "\n/healthz "), "%s", client.answer);
	begin(&client, "/healthz");
	cr_assert_not_null(strstr(finish(&client), "\r\n\r\nok\n"), "%s", client.answer);
}

Test(front_main, a_snapshot_that_is_malformed)
{
	struct client client = {0};
	struct message_header header = {0};
	struct front_statistics statistics;
	uint64_t now_ns = 77;

	begin(&client, "/metrics");
	while (header.kind != MESSAGE_TAKE_SNAPSHOT)
		header = receive(&statistics);
	cr_assert_eq(send_request(&header.sequence, (const uint8_t *)"bad", 3), 0);
	message__send(front__socket_fd(front), MESSAGE_METRICS_END, MESSAGE_FLAG_SCRAPE,
		      header.sequence, &now_ns, sizeof(now_ns), NULL);
	cr_assert_not_null(strstr(finish(&client), "503 Service Unavailable"), "%s", client.answer);
	cr_assert_not_null(strstr(client.answer, "\r\n\r\ncannot make the exposition\n"));
	/* The reader does not have the values of that interval. */
	cr_assert_eq(interval_of("GET", "/metrics", NULL), 0u);
}

Test(front_main, each_reader_has_its_own_interval)
{
	static const char agent[] = "User-Agent: other\r\n";

	cr_assert_eq(interval_of("GET", "/metrics", NULL), 0u);
	cr_assert_eq(interval_of("GET", "/metrics?reader=a", NULL), 0u);
	cr_assert_eq(interval_of("GET", "/metrics?reader=b", NULL), 0u);
	cr_assert_eq(interval_of("GET", "/metrics", agent), 0u);
	cr_assert_eq(interval_of("GET", "/metrics", NULL), 1000u);
	cr_assert_eq(interval_of("GET", "/metrics?reader=b", agent), 3000u);
	cr_assert_eq(interval_of("GET", "/metrics?reader=a", NULL), 2000u);
	cr_assert_eq(interval_of("GET", "/metrics", agent), 4000u);
	/* The answer to HEAD does not have the values. */
	cr_assert_eq(interval_of("HEAD", "/metrics", agent), 8000u);
	cr_assert_eq(interval_of("GET", "/metrics", agent), 8000u);
	cr_assert_eq(interval_of("GET", "/metrics", agent), 10000u);
}

Test(front_main, an_agent_that_does_not_answer)
{
	struct client client = {0};

	begin(&client, "/metrics");
	cr_assert_not_null(strstr(finish(&client), "503 Service Unavailable"), "%s", client.answer);
	cr_assert_not_null(strstr(client.answer, "\r\n\r\nthe agent did not answer in time\n"));
	/* The front's request is younger than the scrape, and so becomes overdue later. */
	for (int i = 0; i < 100; i++) {
		begin(&client, "/healthz");
		if (strstr(finish(&client), "the agent has not answered for"))
			return;
		usleep(20 * 1000);
	}
	cr_assert_fail("%s", client.answer);
}

Test(front_main, ends_after_a_stop_message)
{
	struct pollfd ended = {.fd = front__pid_fd(front), .events = POLLIN};

	front__stop(front, 20 * NS_PER_S);
	cr_assert_eq(poll(&ended, 1, 5000), 1);
}

Test(front_main, ends_at_an_unexpected_message)
{
	struct pollfd ended = {.fd = front__pid_fd(front), .events = POLLIN};

	message__send(front__socket_fd(front), MESSAGE_TAKE_SNAPSHOT, 0, 0, &since_ns,
		      sizeof(since_ns), NULL);
	cr_assert_eq(poll(&ended, 1, 5000), 1);
	cr_assert_eq(front__begin(front, &error), 0, "%s", error.message);
	cr_assert_eq(front__await(front, &error), 0, "%s", error.message);
}

Test(front_main, a_port_in_use)
{
	struct front *second = NULL;
	struct config same = config;

	same.listen_port = front__port(front);
	cr_assert_eq(front__start(&same, &second, &error), -EADDRINUSE);
	cr_assert_not_null(strstr(error.message, "cannot listen on 127.0.0.1 port"));
}
