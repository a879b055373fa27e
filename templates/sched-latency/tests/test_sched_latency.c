// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Goes to sleep many times and demands that each waking up is counted, and only its own.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "sched_latency.h"
#include "sched_latency.skel.h"

#define MAX_CPUS 4096
#define NAPS     50

static int read_total(struct sched_latency *skel, unsigned long long *total)
{
	static __u64 per_cpu[MAX_CPUS];
	int cpus = libbpf_num_possible_cpus();

	*total = 0;
	if (cpus < 0 || cpus > MAX_CPUS)
		return -1;
	for (__u32 slot = 0; slot < LATENCY_SLOTS; slot++) {
		int err = bpf_map__lookup_elem(skel->maps.latency, &slot, sizeof(slot),
					       per_cpu, cpus * sizeof(per_cpu[0]), 0);

		if (err)
			return err;
		for (int i = 0; i < cpus; i++)
			*total += per_cpu[i];
	}
	return 0;
}

static void take_naps(void)
{
	const struct timespec nap = { .tv_nsec = 1000000 };

	for (int i = 0; i < NAPS; i++)
		nanosleep(&nap, NULL);
}

/* Counts what happens while this process takes its naps and only @process is measured. */
static int measure(unsigned int process, unsigned long long *total)
{
	struct sched_latency *skel = sched_latency__open();
	int err = -1;

	if (!skel)
		return err;
	skel->rodata->only_process = process;
	err = sched_latency__load(skel);
	if (!err)
		err = sched_latency__attach(skel);
	if (!err) {
		take_naps();
		sched_latency__detach(skel);
		err = read_total(skel, total);
	}
	sched_latency__destroy(skel);
	return err;
}

int main(void)
{
	unsigned long long own, others;

	if (measure(getpid(), &own) || measure(0x7fffffff, &others)) {
		perror("cannot measure");
		return 1;
	}
	printf("sched-latency: %llu waits in %d naps, %llu of nobody\n", own, NAPS,
	       others);
	/*
	 * Each nap ends with a wait, unless the timer fires before the thread has left its
	 * CPU; being preempted may add some.
	 */
	return own < NAPS * 9 / 10 || own > 20 * NAPS || others != 0;
}
