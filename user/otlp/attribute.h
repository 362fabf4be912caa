/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_OTLP_ATTRIBUTE_H
#define SCOTTYSCOPE_OTLP_ATTRIBUTE_H

/* Packs the attributes of spans as KeyValue messages. Attributes are most of a span's bytes. */

#include "otlp/common.h"

/* Packs an attribute into `arena`. The result has no data when out of memory. */
ProtobufCBinaryData otlp_pack_attribute(struct arena *arena,
					const struct span_attribute *attribute);

#endif
