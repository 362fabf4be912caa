/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_CONFIG_FILE_KEYS_H
#define SCOTTYSCOPE_CONFIG_FILE_KEYS_H

/* The keys that a configuration file may have: long names of options and variables. */

/* `name` as the static text of the list; NULL where it is none of them. */
const char *file_key__find(const char *name);

/* The key with the fewest characters to insert, delete or replace to get it from `name`, upper and
 * lower case being the same. Only the first characters of a long name count. */
const char *file_key__nearest(const char *name);

#endif
