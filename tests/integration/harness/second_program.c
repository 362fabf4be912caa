// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause

/* The program that the server becomes by execve(). TEXT_BYTES is at least the size of the server's file: at each
 * file offset of a probe site there is an instruction that the kernel would probe. */

#include <unistd.h>

__asm__(".text\n"
	".fill " TEXT_BYTES ", 1, 0x90\n");

int main(void)
{
	for (;;)
		pause();
}
