// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <criterion/criterion.h>

#include "export/response.h"

#define BYTES(literal) (const uint8_t *)(literal), sizeof(literal) - 1

Test(export_response, partial_success)
{
	for (enum export_signal signal = 0; signal < EXPORT_SIGNAL_COUNT; signal++) {
		cr_assert_eq(export_rejected_items(signal, NULL, 0, 9), 0u);
		cr_assert_eq(export_rejected_items(signal, BYTES("\x0a\x05\x08\x03\x12\x01x"), 9),
			     3u);
		/* more than were sent; -1; not a message */
		cr_assert_eq(export_rejected_items(signal, BYTES("\x0a\x02\x08\x0a"), 9), 9u);
		cr_assert_eq(export_rejected_items(
				     signal,
				     BYTES("\x0a\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
				     9),
			     0u);
		cr_assert_eq(export_rejected_items(signal, BYTES("\x0a\x7f"), 9), 0u);
	}
}
