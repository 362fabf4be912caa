/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_FRONT_READERS_H
#define SCOTTYSCOPE_FRONT_READERS_H

/* The readers of /metrics, and when each of them read last. A value of an interval, such as the
 * memory peak, is that of the reader's own interval.
 *
 * A client that names itself (/metrics?reader=NAME) is one reader for each address and name,
 * whatever its connections. Another client is a reader for each open connection; Prometheus, vmagent
 * and the OpenTelemetry Collector keep theirs open. A new connection continues the reader of an
 * ended connection with the same address and User-Agent header. Otherwise a reader is new.
 *
 * These functions do not lock: the caller does. */

#include <stdbool.h>
#include <stdint.h>

/* Twice the connections that the HTTP server has at a time. */
#define READERS_LIMIT 64

/* Buffer sizes. Longer texts are cut, so that texts that differ only after that are the same. */
#define READER_ADDRESS_BYTES	46 /* INET6_ADDRSTRLEN */
#define READER_USER_AGENT_BYTES 128
#define READER_NAME_BYTES	64

/* Says who sends a request. */
struct reader_identity {
	uint64_t connection; /* not 0; unique among all connections */
	const char *address;
	const char *user_agent; /* or NULL */
	const char *name;	/* NULL or empty: the client did not name itself */
};

struct reader {
	uint64_t connection; /* 0: ended, or the reader has a name */
	uint64_t since_ns;   /* of its last snapshot; monotonic */
	uint64_t last_use;   /* a number of `uses`; 0: this entry is empty */
	char address[READER_ADDRESS_BYTES];
	char user_agent[READER_USER_AGENT_BYTES]; /* empty if the reader has a name */
	char name[READER_NAME_BYTES];
};

/* Zeroed: empty. */
struct readers {
	struct reader items[READERS_LIMIT];
	uint64_t uses;
};

/* Begins a request and returns the time of the reader's last snapshot; 0 for a new reader. A new
 * reader above the limit replaces the reader whose last request is the longest ago; readers with an
 * open connection are replaced last. */
uint64_t readers__begin(struct readers *readers, const struct reader_identity *identity);

/* The reader got an answer with the snapshot of `now_ns`. Ignores readers that were replaced. */
void readers__answered(struct readers *readers, const struct reader_identity *identity,
		       uint64_t now_ns);

/* No further request comes from the connection. */
void readers__connection_ended(struct readers *readers, uint64_t connection);

#endif
