// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child.h"

TestSuite(process_load_bias, .init = set_up_directory, .fini = tear_down_directory, .timeout = 60);

/* The first executable segment of an ELF file. */
static ElfW(Phdr) executable_segment(int fd)
{
	ElfW(Ehdr) header;
	ElfW(Phdr) segment = {};

	cr_assert_eq(pread(fd, &header, sizeof(header), 0), sizeof(header));
	for (size_t i = 0; i < header.e_phnum; i++) {
		off_t offset = (off_t)(header.e_phoff + i * sizeof(segment));

		cr_assert_eq(pread(fd, &segment, sizeof(segment), offset), sizeof(segment));
		if (segment.p_type == PT_LOAD && segment.p_flags & PF_X)
			break;
	}
	cr_assert(segment.p_flags & PF_X, "no executable segment");
	return segment;
}

static int take_first(struct dl_phdr_info *info, size_t size, void *context)
{
	(void)size;
	*(uint64_t *)context = info->dlpi_addr;
	return 1;
}

/* The first object is the program itself. */
static void tell_bias(struct child *process)
{
	dl_iterate_phdr(take_first, &process->shared->address);
	child__tell(process);
}

Test(process_load_bias, is_what_the_process_thinks)
{
	struct child process = child__start(tell_bias);
	struct process *target = find_one(&(struct process_selection){.pid = process.pid});
	ElfW(Phdr) segment = executable_segment(target->executable_fd);
	struct error error = {};
	uint64_t bias = 1;

	cr_assert_eq(process__load_bias(target, segment.p_vaddr, segment.p_offset, &bias, &error),
		     0, "%s", error.message);
	cr_assert_eq(bias, process.shared->address);
	child__stop(&process);
	process__free(target);
}

/* Another program than the test's, at an address of its own: the file's code is where we say. */
Test(process_load_bias, leads_to_the_code)
{
	char *path = directory__add_sleep(directory, unique_name());
	struct child process = child__run(path);
	struct process *target = find_one(&(struct process_selection){.pid = process.pid});
	ElfW(Phdr) segment = executable_segment(target->executable_fd);
	unsigned char in_file[512], in_memory[512];
	uint64_t bias = 1;

	/* As with an upgrade: nothing here depends on the path. */
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(process__load_bias(target, segment.p_vaddr, segment.p_offset, &bias, NULL), 0);
	cr_assert_eq(bias % (uint64_t)sysconf(_SC_PAGESIZE), 0);
	cr_assert_eq(
		pread(target->executable_fd, in_file, sizeof(in_file), (off_t)segment.p_offset),
		sizeof(in_file));
	cr_assert_eq(
		process__read_memory(target, bias + segment.p_vaddr, in_memory, sizeof(in_memory)),
		sizeof(in_memory));
	cr_assert_arr_eq(in_memory, in_file, sizeof(in_file));
	child__stop(&process);
	process__free(target);
	free(path);
}

/* An address that the file does not have there would put probes anywhere. */
Test(process_load_bias, wrong_segment)
{
	struct child process = child__start(tell_bias);
	struct process *target = find_one(&(struct process_selection){.pid = process.pid});
	ElfW(Phdr) segment = executable_segment(target->executable_fd);
	struct error error = {};
	uint64_t bias = 1;

	cr_assert_eq(
		process__load_bias(target, segment.p_vaddr, segment.p_offset + 4096, &bias, &error),
		-ENOEXEC);
	cr_assert(strstr(error.message, target->executable_path));
	cr_assert_eq(process__load_bias(target, segment.p_vaddr + (UINT64_C(1) << 40),
					segment.p_offset, &bias, NULL),
		     -ENOEXEC);
	cr_assert_eq(bias, 1);
	child__stop(&process);
	cr_assert_lt(process__load_bias(target, segment.p_vaddr, segment.p_offset, &bias, NULL), 0);
	process__free(target);
}

#ifdef __x86_64__
/* A program that is linked to a fixed address: for (;;) pause(); */
static void write_fixed_program(const char *path)
{
	static const unsigned char code[] = {
		0xb8, 0x22, 0x00, 0x00, 0x00, /* mov $SYS_pause, %eax */
		0x0f, 0x05,		      /* syscall */
		0xeb, 0xf7,		      /* jmp to the start */
	};
	struct {
		Elf64_Ehdr header;
		Elf64_Phdr segment;
		unsigned char code[sizeof(code)];
	} file = {
		.header =
			{
				.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
					    ELFDATA2LSB, EV_CURRENT},
				.e_type = ET_EXEC,
				.e_machine = EM_X86_64,
				.e_version = EV_CURRENT,
				.e_entry = 0x400000 + sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr),
				.e_phoff = sizeof(Elf64_Ehdr),
				.e_ehsize = sizeof(Elf64_Ehdr),
				.e_phentsize = sizeof(Elf64_Phdr),
				.e_phnum = 1,
			},
		.segment =
			{
				.p_type = PT_LOAD,
				.p_flags = PF_R | PF_X,
				.p_vaddr = 0x400000,
				.p_filesz = sizeof(file),
				.p_memsz = sizeof(file),
				.p_align = 4096,
			},
	};
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);

	memcpy(file.code, code, sizeof(code));
	cr_assert_eq(write(fd, &file, sizeof(file)), sizeof(file));
	close(fd);
}

Test(process_load_bias, is_zero_for_a_fixed_address)
{
	char *path = NULL;
	uint64_t bias = 1;

	cr_assert_gt(asprintf(&path, "%s/%s", directory, unique_name()), 0);
	write_fixed_program(path);

	struct child process = child__run(path);
	struct process *target = find_one(&(struct process_selection){.pid = process.pid});

	cr_assert_eq(process__load_bias(target, 0x400000, 0, &bias, NULL), 0);
	cr_assert_eq(bias, 0);
	child__stop(&process);
	process__free(target);
	free(path);
}
#endif
