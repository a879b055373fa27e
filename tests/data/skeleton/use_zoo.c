// SPDX-License-Identifier: BSD-2-Clause
/* A user program, in C and C++, for any skeleton of zoo.bpf.c: prints what it sees. */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "zoo.h"
#include SKELETON

static void run_true(void)
{
	pid_t pid = fork();

	if (!pid) {
		execl("/bin/true", "true", (char *)NULL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
}

static int use_cplusplus(void)
{
#ifdef __cplusplus
	struct zoo *skel = zoo::open();
	size_t size;

	if (!skel || zoo::load(skel) || zoo::attach(skel))
		return 20;
	zoo::detach(skel);
	zoo::destroy(skel);
	skel = zoo::open_and_load();
	if (!skel)
		return 21;
	zoo::destroy(skel);
	return zoo::elf_bytes(&size) == nullptr || !size;
#else
	return 0;
#endif
}

int main(void)
{
	struct zoo *skel = zoo__open();
	const void *elf;
	size_t size;

	if (!skel)
		return 1;
	printf("%d %c %d %s %u\n", skel->rodata->ro_int, skel->rodata->ro_char,
	       skel->rodata->ro_mode, skel->rodata->ro_name, skel->data->data_aligned);
	printf("%d %d %g %d %s\n", skel->data_custom->custom_int,
	       skel->data_custom->custom_char, skel->data->data_double,
	       skel->rodata_custom->ro_custom, skel->data->data_text);
	skel->rodata->ro_int = 1000;
	if (zoo__load(skel))
		return 2;
	if (zoo__attach(skel))
		return 3;
	printf("links %d %d %d %d\n", !!skel->links.on_exec, !!skel->links.on_switch,
	       !!skel->links.not_loaded, !!skel->links.pass);
	run_true();
	printf("run %d %d %d %d\n", skel->bss->bss_int > 1000, skel->bss->bss_u16 > 0,
	       skel->bss_seen->seen > 0, skel->kconfig->LINUX_KERNEL_VERSION > 0);
	printf("fds %d %d\n", bpf_map__fd(skel->maps.events) > 0,
	       bpf_program__fd(skel->progs.not_loaded) > 0);
	zoo__detach(skel);
	zoo__destroy(skel);
	zoo__destroy(NULL);

	elf = zoo__elf_bytes(&size);
	fwrite(elf, 1, size, stderr);
	skel = zoo__open_opts(NULL);
	if (!skel)
		return 4;
	zoo__destroy(skel);
	skel = zoo__open_and_load();
	if (!skel)
		return 5;
	zoo__destroy(skel);
	return use_cplusplus();
}
