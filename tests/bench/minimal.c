/* SPDX-License-Identifier: BSD-2-Clause */
/* The rival of `skep run`: what libbpf alone takes to open, load, attach and detach. minimal OBJECT MS */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <bpf/libbpf.h>

int main(int argc, char **argv)
{
	struct bpf_link *links[64];
	struct bpf_object *obj;
	struct bpf_program *prog;
	size_t n = 0;

	if (argc != 3)
		return 2;
	obj = bpf_object__open_file(argv[1], NULL);
	if (!obj || bpf_object__load(obj))
		return 1;
	bpf_object__for_each_program(prog, obj)
	{
		links[n] = bpf_program__attach(prog);
		if (!links[n++])
			return 1;
	}
	usleep(1000 * atoi(argv[2]));
	while (n)
		bpf_link__destroy(links[--n]);
	bpf_object__close(obj);
	return 0;
}
