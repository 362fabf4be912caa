/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_TOKIO_TASK_TYPE_H
#define SCOTTYSCOPE_TOKIO_TASK_TYPE_H

#include <stdbool.h>

#include "tokio/tokio.h"

#define TASK_TYPE_NAME_BYTES ((size_t)512)

/* Returns the role of the tasks of that name and class. */
enum task_role task_type_role(const char *name, enum task_class class);

/* Lists the task types of `tokio->vtables` and sets the type of each vtable. `names` holds the name of the
 * future of each vtable in their order, NULL for unknown ones, and stays the caller's. The list begins with the types
 * of unknown futures; then come the types with a role, then the others, each by name. Types beyond
 * KIND_LIMIT count as unknown. A name of more than TASK_TYPE_NAME_BYTES loses its beginning in place, with a
 * warning: the executable chooses it, and it is a label of metrics. -ENOMEM. */
int tokio_list_task_types(struct tokio *tokio, char *const *names);

/* Whether the last segments of the name of a task type are `end`. */
bool task_type_ends_with(const char *name, const char *end);

#endif
