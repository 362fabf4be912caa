/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_FRONT_PROTOCOL_H
#define SCOTTYSCOPE_FRONT_PROTOCOL_H

/* What the probe and its front say to each other over their Unix stream socket pair, and the front
 * and the program that sends for it (export/remote.c) over theirs: frames of a fixed header and a
 * payload. Both ends check length and kind before they use anything. */

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define FRAME_MAGIC	    UINT32_C(0x53435459) /* "SCTY" */
#define FRAME_PAYLOAD_LIMIT (UINT32_C(4) * 1024 * 1024)
#define FRAME_REASON_LIMIT  UINT32_C(1023)

/* Most of it headers, of which there is room for more than gRPC's server takes. */
#define FRAME_SETTINGS_LIMIT (UINT32_C(64) * 1024)
#define FRAME_RESULT_LIMIT   UINT32_C(512)

enum frame_kind {
	/* probe -> front */
	FRAME_METRICS = 1, /* ExportMetricsServiceRequest; sequence: the collection it belongs to */
	FRAME_METRICS_END = 2, /* a collection is whole; sequence: its number. No payload */
	FRAME_SPANS = 3,       /* ExportTraceServiceRequest; sequence: how many spans are in it */
	FRAME_STOP = 4,	       /* flush, then exit; sequence: within how many ns. No payload */
	/* front -> probe */
	FRAME_COLLECT = 16,    /* collect now and answer with that sequence number. No payload */
	FRAME_STATISTICS = 17, /* struct front_statistics */
	FRAME_READY = 18,      /* serving; payload: uint16_t, the port /metrics is at, 0 for none */
	FRAME_FAILED = 19, /* cannot start; sequence: the errno, payload: the reason, one line */
	/* front -> sending program */
	FRAME_SETTINGS = 32, /* export/settings.h; answered by FRAME_READY or FRAME_FAILED */
	FRAME_CALL = 33,     /* a request to send; sequence: how many points or spans are in it */
	/* sending program -> front */
	FRAME_RESULT = 34, /* struct export_result: what became of the call */
};

/* FRAME_METRICS flags: what the collection is for. */
#define FRAME_FLAG_EXPORT UINT16_C(1) /* send it to the collector */
#define FRAME_FLAG_SCRAPE UINT16_C(2) /* it answers a FRAME_COLLECT */

/* A FRAME_CALL flag. */
#define FRAME_FLAG_WAIT UINT16_C(4) /* also for a connection */

struct frame_header {
	uint32_t magic;
	uint16_t kind;
	uint16_t flags;
	uint64_t sequence;
	uint32_t payload_size;
	uint32_t reserved;
};
_Static_assert(sizeof(struct frame_header) == 24, "frame header");

/* What became of what the front was handed, cumulative since it started. */
struct front_statistics {
	uint64_t requests_sent;	   /* acknowledged by the collector */
	uint64_t requests_retried; /* attempts after the first */
	uint64_t metric_points_sent;
	uint64_t metric_requests_dropped_queue_full;
	uint64_t metric_requests_dropped_expired;
	uint64_t metric_requests_dropped_superseded; /* a newer collection came before they left */
	uint64_t metric_requests_dropped_refused;    /* by a permanent gRPC status */
	uint64_t spans_sent;
	uint64_t spans_dropped_queue_full;
	uint64_t spans_dropped_expired;
	uint64_t spans_dropped_refused;
	uint64_t points_rejected; /* partial_success: rejected_data_points */
	uint64_t spans_rejected;  /* partial_success: rejected_spans */
	uint64_t queue_bytes;	  /* now waiting */
	uint64_t scrapes;
	uint64_t scrape_failures;
};

/* Writes one whole frame to a blocking socket (MSG_NOSIGNAL). -EPIPE when the other end is gone
 * or has not read for the socket's SO_SNDTIMEO: then the stream is cut, so that both notice. */
int frame__send(int fd, enum frame_kind kind, uint16_t flags, uint64_t sequence,
		const void *payload, size_t size, struct error *error);

/* Reads one frame and not a byte more, waiting up to `timeout_ns` for it. The payload goes to
 * `payload`, of `capacity` bytes. -ETIMEDOUT, -EPIPE at the end of the stream, -EPROTO for a frame
 * that makes no sense or does not fit. */
int frame__receive(int fd, uint64_t timeout_ns, struct frame_header *ret_header, void *payload,
		   size_t capacity, struct error *error);

/* Says why this process cannot do its work, as its first and last frame. */
void frame__send_failed(int fd, int code, const char *reason);

/* Waits for the first frame of the process `who`, which says that it works, or why not: then that
 * is the error. `*ret_port` is a FRAME_READY's. */
int frame__await_ready(int fd, uint64_t timeout_ns, const char *who, uint16_t *ret_port,
		       struct error *error);

/* Collects the bytes that a socket has into frames; never waits for more. */
struct frame_reader;

struct frame {
	struct frame_header header;
	const uint8_t *payload; /* at any alignment, valid until the next call on the reader */
};

int frame_reader__new(struct frame_reader **ret_reader, struct error *error);
void frame_reader__free(struct frame_reader *reader);

/* Gives the next whole frame of `fd`: 1 and `*ret_frame`, 0 when more bytes are needed, -EPIPE at
 * the end of the stream, -EPROTO for a header that makes no sense: a payload that is too large or of
 * the wrong size for its kind included. */
int frame_reader__next(struct frame_reader *reader, int fd, struct frame *ret_frame,
		       struct error *error);

static inline void frame_reader__freep(struct frame_reader **reader)
{
	frame_reader__free(*reader);
}

#endif
