/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_IPC_MESSAGE_H
#define SCOTTYSCOPE_IPC_MESSAGE_H

/* Messages between two processes of scottyscope over a Unix stream socket pair: between the agent
 * and its front, and between the front and scottyscope-otlp (export/transport_process.c). A message
 * is a fixed header and a payload. Both ends check kind, flags and size before they use a message. */

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define MESSAGE_MAGIC	      UINT32_C(0x53435459) /* "SCTY" */
#define MESSAGE_PAYLOAD_LIMIT (UINT32_C(4) * 1024 * 1024)
#define MESSAGE_REASON_LIMIT  UINT32_C(1023)

/* Settings are mostly OTLP headers; gRPC servers accept fewer bytes of headers than this. */
#define MESSAGE_SETTINGS_LIMIT	 (UINT32_C(64) * 1024)
#define MESSAGE_RESULT_LIMIT	 UINT32_C(512)
#define MESSAGE_STATISTICS_LIMIT UINT32_C(1024)

enum message_kind {
	/* probe -> front */
	MESSAGE_METRICS = 1, /* an ExportMetricsServiceRequest; sequence: its snapshot's number */
	MESSAGE_METRICS_END = 2, /* a snapshot is complete; sequence: its number; payload: uint64_t,
				  * the monotonic time in ns at which the agent took it */
	MESSAGE_SPANS = 3,	 /* an ExportTraceServiceRequest; sequence: its number of spans */
	MESSAGE_STOP = 4,	 /* flush, then exit; sequence: time limit in ns. No payload */
	/* front -> probe */
	MESSAGE_TAKE_SNAPSHOT = 16, /* send a snapshot with this sequence number; payload: uint64_t,
				     * the MESSAGE_METRICS_END's time of the reader's last snapshot,
				     * where the interval of the memory peak begins; 0: none */
	MESSAGE_STATISTICS = 17,    /* struct front_statistics (front/statistics.h) */
	MESSAGE_READY = 18,  /* the front runs; payload: uint16_t, the port of /metrics or 0 */
	MESSAGE_FAILED = 19, /* cannot start; sequence: the errno; payload: the reason, one line */
	/* front -> scottyscope-otlp */
	MESSAGE_SETTINGS = 32, /* export/settings.h; answered by MESSAGE_READY or MESSAGE_FAILED */
	MESSAGE_CALL = 33,     /* a request to send; sequence: its number of points or spans */
	/* scottyscope-otlp -> front */
	MESSAGE_RESULT = 34, /* struct export_result (export/transport.h) of the last call */
};

/* Flags of MESSAGE_METRICS and MESSAGE_METRICS_END: the purpose of the snapshot. */
#define MESSAGE_FLAG_EXPORT UINT16_C(1) /* the collector receives the snapshot */
#define MESSAGE_FLAG_SCRAPE UINT16_C(2) /* the snapshot answers a MESSAGE_TAKE_SNAPSHOT */

/* Flag of MESSAGE_CALL: the call waits for a connection until its time limit. */
#define MESSAGE_FLAG_WAIT UINT16_C(4)

struct message_header {
	uint32_t magic;
	uint16_t kind;
	uint16_t flags;
	uint64_t sequence;
	uint32_t payload_size;
	uint32_t reserved;
};
_Static_assert(sizeof(struct message_header) == 24, "message header");

/* Checks a header that was received or is about to be sent. -EPROTO for a wrong magic number, an
 * unknown kind, flags that the kind does not have, or a payload size outside the kind's range. */
int message_header__check(const struct message_header *header, struct error *error);

/* Writes one complete message to a blocking socket, without SIGPIPE. -EPIPE when the peer has ended
 * or has not taken the whole message within the socket's SO_SNDTIMEO; the socket is then shut down, so
 * that both ends notice. -EPROTO for a message that message_header__check() rejects; nothing is sent then. */
int message__send(int fd, enum message_kind kind, uint16_t flags, uint64_t sequence,
		  const void *payload, size_t size, struct error *error);

/* Reads exactly one message and waits up to `timeout_ns` for it. The payload is stored in
 * `payload`, which has `capacity` bytes. -ETIMEDOUT; -EPIPE at the end of the stream; -EPROTO for a
 * malformed header or a payload above the capacity. */
int message__receive(int fd, uint64_t timeout_ns, struct message_header *ret_header, void *payload,
		     size_t capacity, struct error *error);

/* Sends a MESSAGE_FAILED with the negative errno `code` and `reason`; a process that cannot start
 * sends nothing else. Failures to send are ignored: the peer then sees the end of the stream. */
void message__send_failed(int fd, int code, const char *reason);

/* Reads the first message of the process `name`: returns as message__await_ready() does. */
int message__take_ready(const struct message_header *header, const void *payload, const char *name,
			uint16_t *ret_port, struct error *error);

/* Waits for the first message of the process `name`. Returns 0 and the port of a MESSAGE_READY, or
 * the error that a MESSAGE_FAILED carries. */
int message__await_ready(int fd, uint64_t timeout_ns, const char *name, uint16_t *ret_port,
			 struct error *error);

#endif
