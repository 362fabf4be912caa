/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_CONFIG_HELP_H
#define SCOTTYSCOPE_CONFIG_HELP_H

/* Print the output of --help and of --version to standard output. */
void help__print(void);
void help__print_version(void);

#endif
