/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a running kernel relocates otherwise than libbpf does: names of Linux, of types that most kernels have. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#define LOCAL __attribute__((preserve_access_index))

struct perf_event_header {
	unsigned int type;
};
/* Three drivers have one of that name, with other members. */
struct perf_aux_event {
	struct perf_event_header header;
	unsigned int pid;
	unsigned long long offset;
} LOCAL;
/* Of 64 bits in the kernel. */
enum perf_callchain_context { PERF_CONTEXT_HV = 1, PERF_CONTEXT_NONE };
struct load_weight {
	unsigned long weight;
};
struct sched_entity {
	struct load_weight load;
};
struct task_struct {
	int pid;
	struct sched_entity se;
} LOCAL;
struct list_head {
	struct list_head *next, *prev;
};

volatile long long out;

SEC("socket")
int applied(void *ctx)
{
	out = bpf_core_field_offset(struct perf_aux_event, pid);
	out = bpf_core_field_offset(struct perf_aux_event, offset);
	out = bpf_core_field_size(struct perf_aux_event, header);
	out = bpf_core_type_id_kernel(struct perf_aux_event);
	out = bpf_core_enum_value_exists(enum perf_callchain_context, PERF_CONTEXT_HV);
	out = bpf_core_enum_value(enum perf_callchain_context, PERF_CONTEXT_HV);
	out = bpf_core_type_matches(struct task_struct);
	out = bpf_core_type_matches(struct list_head);
	out = bpf_core_field_offset(struct task_struct, pid);
	out = bpf_core_type_size(struct task_struct);
	return 0;
}
