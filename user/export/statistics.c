// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "export/statistics.h"

void export_statistics__add(struct export_statistics *total, const struct export_statistics *more)
{
#define X(field) total->field += more->field;
	EXPORT_COUNTER_LIST(X)
#undef X
	total->queue_bytes = more->queue_bytes;
}
