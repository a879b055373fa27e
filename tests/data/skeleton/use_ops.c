// SPDX-License-Identifier: BSD-2-Clause
/* A user program for any skeleton of ops.bpf.c. */
#include <stdio.h>

#include SKELETON

int main(void)
{
	struct ops *skel = ops__open();

	if (!skel)
		return 1;
	printf("%u %d\n", skel->struct_ops.linked->flags,
	       skel->struct_ops.linked->ssthresh == skel->progs.threshold);
	skel->struct_ops.plain->undo_cwnd = skel->progs.undo;
	if (ops__load(skel))
		return 2;
	printf("%d ", ops__attach(skel));
	printf("%d %d\n", !!skel->links.linked, !!skel->links.plain);
	ops__destroy(skel);
	return 0;
}
