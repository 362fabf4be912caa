// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tokio/tokio.h"

#include <stdlib.h>

void tokio__done(struct tokio *tokio)
{
	for (size_t i = 0; i < tokio->task_type_count; i++)
		free(tokio->task_types[i].name);
	free(tokio->task_types);
	free(tokio->vtables);
	free(tokio->worker_code);
	*tokio = (struct tokio){0};
}
