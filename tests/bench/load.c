// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A load of HTTP/1.1 requests over keep-alive connections, from one thread.
 *
 * At a fixed rate each request has a time at which it is due, and its latency counts from then, also
 * where no connection was free to send it: a server that falls behind is seen to be late, as its users
 * would see it. Requests that were due but had not been answered at the end count with their age.
 * Without a rate each connection sends its next request once it has an answer.
 *
 *   load PORT REQUESTS-FILE CONNECTIONS SECONDS RATE
 *
 * The file has the requests that are sent in turn, each after a line with its length. Prints JSON.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS	UINT64_C(1000000000)
#define MAX_REQUESTS	1024
#define MAX_CONNECTIONS 1024
#define HEAD_BYTES	16384
/* Buckets of latency are linear within powers of two: at most 0.8 % wide. */
#define SUB_BITS 7
#define BUCKETS	 ((64 - SUB_BITS) << SUB_BITS)

struct request {
	char *bytes;
	size_t size;
};

struct connection {
	int fd;
	uint64_t due_ns;
	/* Of the response: what of its head is there, and the bytes of its body yet to come. */
	size_t head_size;
	size_t body_left;
	char head[HEAD_BYTES];
};

static struct request requests[MAX_REQUESTS];
static size_t request_count;
static struct connection connections[MAX_CONNECTIONS];
static struct connection *idle[MAX_CONNECTIONS];
static size_t idle_count;
static uint64_t buckets[BUCKETS];
static uint64_t recorded, answered, unanswered, longest_ns;
static uint64_t by_class[10];

static void fail(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, errno ? strerror(errno) : "not as expected");
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

static void record(uint64_t latency_ns)
{
	unsigned int power = 63 - (unsigned int)__builtin_clzll(latency_ns | 1);
	unsigned int shift = power > SUB_BITS ? power - SUB_BITS : 0;

	buckets[((uint64_t)shift << SUB_BITS) + (latency_ns >> shift)]++;
	recorded++;
	if (latency_ns > longest_ns)
		longest_ns = latency_ns;
}

/* The upper end of the bucket that has the quantile. */
static double quantile_us(double quantile)
{
	uint64_t wanted = (uint64_t)((double)recorded * quantile), seen = 0;

	for (uint64_t i = 0; i < BUCKETS; i++) {
		seen += buckets[i];
		if (seen > wanted) {
			uint64_t shift = i >> SUB_BITS ? (i >> SUB_BITS) - 1 : 0;

			uint64_t end_ns = (i - (shift << SUB_BITS) + 1) << shift;

			return (double)(end_ns < longest_ns ? end_ns : longest_ns) / 1e3;
		}
	}
	return (double)longest_ns / 1e3;
}

static void read_requests(const char *path)
{
	FILE *file = fopen(path, "r");
	size_t size;

	if (!file)
		fail(path);
	while (fscanf(file, "%zu", &size) == 1 && fgetc(file) == '\n') {
		char *bytes = malloc(size);

		if (!bytes || request_count == MAX_REQUESTS || fread(bytes, 1, size, file) != size)
			fail(path);
		requests[request_count++] = (struct request){bytes, size};
	}
	fclose(file);
	if (!request_count)
		fail(path);
}

static void open_connection(struct connection *connection, uint16_t port, int epoll)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
	int yes = 1;

	connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connection->fd < 0 ||
	    connect(connection->fd, (struct sockaddr *)&address, sizeof(address)) ||
	    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)) ||
	    epoll_ctl(epoll, EPOLL_CTL_ADD, connection->fd, &event))
		fail("connect");
	idle[idle_count++] = connection;
}

static void send_request(uint64_t due_ns)
{
	static size_t next;
	struct connection *connection = idle[--idle_count];
	const struct request *request = &requests[next++ % request_count];

	connection->due_ns = due_ns;
	connection->head_size = connection->body_left = 0;
	if (send(connection->fd, request->bytes, request->size, MSG_NOSIGNAL) !=
	    (ssize_t)request->size)
		fail("send");
}

static void finish(struct connection *connection)
{
	record(now_ns() - connection->due_ns);
	answered++;
	connection->due_ns = 0;
	idle[idle_count++] = connection;
}

/* Takes what came of a response, which has a Content-Length. */
static void receive(struct connection *connection)
{
	char *head = connection->head, *end, *field;
	ssize_t got = recv(connection->fd, head + connection->head_size,
			   HEAD_BYTES - 1 - connection->head_size, 0);
	size_t body_size;

	if (got <= 0 || !connection->due_ns)
		fail("receive");
	if (connection->body_left) {
		if ((size_t)got > connection->body_left)
			fail("body");
		connection->body_left -= (size_t)got;
		if (!connection->body_left)
			finish(connection);
		return;
	}
	connection->head_size += (size_t)got;
	head[connection->head_size] = '\0';
	end = strstr(head, "\r\n\r\n");
	if (!end)
		return;
	field = strcasestr(head, "\r\ncontent-length:");
	if (!field || field > end || connection->head_size < 16)
		fail("response");
	by_class[(head[9] - '0') % 10]++;
	body_size = strtoul(field + strlen("\r\ncontent-length:"), NULL, 10);
	got = head + connection->head_size - (end + 4);
	if ((size_t)got > body_size)
		fail("body");
	connection->body_left = body_size - (size_t)got;
	connection->head_size = 0;
	if (!connection->body_left)
		finish(connection);
}

static void receive_all(int epoll, uint64_t wait_ns)
{
	struct epoll_event events[64];
	struct timespec wait = {.tv_sec = (time_t)(wait_ns / SECOND_NS),
				.tv_nsec = (long)(wait_ns % SECOND_NS)};
	int count = epoll_pwait2(epoll, events, 64, &wait, NULL);

	if (count < 0 && errno != EINTR)
		fail("epoll_pwait2");
	for (int i = 0; i < count; i++)
		receive(events[i].data.ptr);
}

/* Runs to the end; gives the time at which the next request would have been due. */
static uint64_t run(int epoll, uint64_t start_ns, uint64_t end_ns, double rate)
{
	uint64_t sent = 0, due_ns = start_ns, now;

	while ((now = now_ns()) < end_ns) {
		while (idle_count && (rate == 0 || due_ns <= now)) {
			send_request(rate == 0 ? now_ns() : due_ns);
			sent++;
			if (rate > 0)
				due_ns = start_ns + (uint64_t)((double)sent * 1e9 / rate);
		}
		receive_all(epoll, idle_count && due_ns < end_ns ? (due_ns > now ? due_ns - now : 0)
								 : end_ns - now);
	}
	return due_ns;
}

/* Those that were due and are not answered count with the age that they have reached. */
static void record_unanswered(uint64_t due_ns, uint64_t end_ns, size_t count, double rate)
{
	for (size_t i = 0; i < count; i++) {
		if (connections[i].due_ns && connections[i].due_ns < end_ns) {
			record(end_ns - connections[i].due_ns);
			unanswered++;
		}
	}
	for (; rate > 0 && due_ns < end_ns; due_ns += (uint64_t)(1e9 / rate)) {
		record(end_ns - due_ns);
		unanswered++;
	}
}

int main(int argc, char **argv)
{
	uint64_t start_ns, end_ns, due_ns;
	size_t count;
	double seconds, rate;
	int epoll;

	if (argc != 6) {
		fprintf(stderr, "usage: load PORT REQUESTS-FILE CONNECTIONS SECONDS RATE\n");
		return 2;
	}
	count = strtoul(argv[3], NULL, 10);
	seconds = strtod(argv[4], NULL);
	rate = strtod(argv[5], NULL);
	read_requests(argv[2]);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (epoll < 0 || !count || count > MAX_CONNECTIONS || !(seconds > 0) || !(rate >= 0))
		fail("arguments");
	prctl(PR_SET_TIMERSLACK, 1);
	for (size_t i = 0; i < count; i++)
		open_connection(&connections[i], (uint16_t)strtoul(argv[1], NULL, 10), epoll);

	start_ns = now_ns();
	end_ns = start_ns + (uint64_t)(seconds * 1e9);
	due_ns = run(epoll, start_ns, end_ns, rate);
	record_unanswered(due_ns, end_ns, count, rate);

	printf("{\"answered\": %lu, \"unanswered\": %lu, \"seconds\": %g, \"rate\": %g, "
	       "\"by_class\": [%lu, %lu, %lu, %lu, %lu], \"latency_us\": "
	       "{\"p50\": %.1f, \"p90\": %.1f, \"p99\": %.1f, \"p99.9\": %.1f, \"max\": %.1f}}\n",
	       answered, unanswered, seconds, rate, by_class[1], by_class[2], by_class[3],
	       by_class[4], by_class[5], quantile_us(0.5), quantile_us(0.9), quantile_us(0.99),
	       quantile_us(0.999), (double)longest_ns / 1e3);
	return 0;
}
