/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_CONFIG_SECRETS_H
#define SCOTTYSCOPE_CONFIG_SECRETS_H

/* Overwrites the values of the variables with OTLP headers in this process's environment, where other
 * programs of root see them in /proc. The variables become empty: call this after config__parse(). */
void secrets__wipe_environment(void);

#endif
