/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef SCOTTYSCOPE_BASE_ADDRINFO_H
#define SCOTTYSCOPE_BASE_ADDRINFO_H

#include <netdb.h>

/* For _cleanup_(): frees the result of getaddrinfo(). freeaddrinfo(NULL) is not valid in every C
 * library. */
static inline void addrinfo_freep(struct addrinfo **addresses)
{
	if (*addresses)
		freeaddrinfo(*addresses);
}

#endif
