/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_PROM_POINTS_H
#define SCOTTYSCOPE_PROM_POINTS_H

/* Writes the samples of a metric's points: all lines of the text formats but HELP and TYPE. */

#include <stdint.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/error.h"
#include "otlp/messages.h"
#include "prom/format.h"

/* The text of a histogram bound. All points of a metric have the same bounds. */
struct bound_text {
	double bound;
	const char *text; /* NULL: an empty slot */
	char digits[32];
};
#define BOUND_TEXTS 64

struct point_writer {
	FILE *stream;
	enum prom_format format;
	FILE *label_stream; /* writes `labels`, the label set of the current point */
	char *labels;
	size_t labels_size;
	const char *bucket_head;		    /* the common start of its bucket lines */
	struct bound_text bound_texts[BOUND_TEXTS]; /* of the last histogram */
	struct arena *arena;
	struct error *error;
};

/* Initialises a writer to `stream`, which has no other user until point_writer__done(). The caller
 * calls point_writer__done(), also after an error. Allocates from the arena. -ENOMEM. */
int point_writer__init(struct point_writer *writer, FILE *stream, enum prom_format format,
		       struct arena *arena, struct error *error);
void point_writer__done(struct point_writer *writer);

/* Writes a metric's points as samples of `name`. The metric has a type that Prometheus knows. -EPROTO
 * for too many attributes, or -ENOMEM. */
int point_writer__write(struct point_writer *writer, const char *name, const pb_metric *metric);

/* Writes one sample with the value 1 and these labels. Fails like point_writer__write(). */
int point_writer__write_info(struct point_writer *writer, const char *name,
			     pb_key_value *const *attributes, size_t count);

#endif
