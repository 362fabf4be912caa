/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PROM_POINTS_H
#define SCOTTYSCOPE_PROM_POINTS_H

/* The samples of a metric's points: everything of the text formats but the heads of families. */

#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/error.h"
#include "otlp/messages.h"
#include "prom/format.h"

/* A bound of histograms, which all points of a metric have in common, as text. */
struct bound_text {
	double bound;
	const char *text; /* NULL: none yet */
	char digits[32];
};
#define BOUND_TEXTS 64

struct point_writer {
	FILE *stream;
	enum prom_format format;
	FILE *label_stream; /* of `labels`: the label set of the point being written */
	char *labels;
	size_t labels_size;
	const char *bucket_head;		    /* what all buckets of that point begin with */
	struct bound_text bound_texts[BOUND_TEXTS]; /* of the last histogram's, by their places */
	struct arena *arena;
	struct error *error;
};

/* One that writes to `stream`, which nobody else uses meanwhile; what it allocates is the arena's. -ENOMEM.
 * point_writer__done() is to be called in any case. */
int point_writer__init(struct point_writer *writer, FILE *stream, enum prom_format format,
		       struct arena *arena, struct error *error);
void point_writer__done(struct point_writer *writer);

/* Writes a metric's points under that name; of a kind that Prometheus has. -EPROTO for too many
 * attributes, or -ENOMEM. */
int point_writer__write(struct point_writer *writer, const char *name, const pb_metric *metric);

/* Writes one sample of the value 1, which has its labels to say something. Fails as the above. */
int point_writer__write_info(struct point_writer *writer, const char *name,
			     pb_key_value *const *attributes, size_t count);

#endif
