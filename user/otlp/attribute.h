/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_OTLP_ATTRIBUTE_H
#define SCOTTYSCOPE_OTLP_ATTRIBUTE_H

/* The attributes of spans, packed as KeyValue messages: most of what a span is made of. */

#include "otlp/common.h"

/* Packs an attribute into `arena`. Without data when out of memory. */
ProtobufCBinaryData otlp_pack_attribute(struct arena *arena,
					const struct span_attribute *attribute);

#endif
