// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One of each kind of variable, map and program that a skeleton has to declare. */
#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "zoo.h"

#ifdef EVENTS
#include <skep/events.h>
#else
#define SKEP_EVENTS(name, record)                   \
	struct {                                    \
		__uint(type, BPF_MAP_TYPE_RINGBUF); \
		__uint(max_entries, 256 * 1024);    \
	} name SEC(".maps")
#endif

const volatile int ro_int = 3;
const volatile char ro_char = 'x';
const volatile __u64 ro_u64 = 7;
const volatile struct inner ro_inner = { .a = 5 };
const volatile enum mode ro_mode = ON;
const volatile enum big ro_big = BIG;
const volatile char ro_name[17] = "hello";
const volatile bool ro_flag = true;
static const volatile int ro_static = 9;

int bss_int;
char bss_char;
__u64 bss_array[3][4];
struct tight bss_tight;
__u16 bss_u16;
struct {
	int a;
	struct {
		long b;
	} n[2];
} bss_anonymous;
struct chain bss_chain;
static int bss_static;
float bss_float;
volatile int bss_volatile;
const int *bss_pointer = 0;

__u64 data_u64 = 5;
pair_t data_pair = { 4, OFF };
char data_text[] = "abc?\?=\1\02";
__u32 data_aligned __attribute__((aligned(64))) = 1;
char data_after = 2;
double data_double = 1.5;

int custom_int SEC(".data.custom") = 4;
char custom_char SEC(".data.custom") = 5;
const int ro_custom SEC(".rodata.custom") = 4;
int hidden SEC(".bss.hidden") __attribute__((visibility("hidden")));
int seen SEC(".bss.seen");

extern int LINUX_KERNEL_VERSION __kconfig;
extern bool CONFIG_BPF_SYSCALL __kconfig __weak;

struct event {
	__u32 pid;
};
SKEP_EVENTS(events, struct event);

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, struct inner);
} table SEC(".maps");

SEC("tp/sched/sched_process_exec")
int on_exec(void *ctx)
{
	bss_int +=
		ro_int + ro_static + ro_u64 + ro_inner.a + ro_mode + ro_flag + ro_name[0];
	bss_int += LINUX_KERNEL_VERSION + CONFIG_BPF_SYSCALL + ro_char + (ro_big >> 32);
	bss_int += data_u64 + data_pair.q + data_text[0] + custom_int + custom_char +
		   ro_custom;
	bss_int += data_aligned + data_after;
	bss_u16++;
	bss_static++;
	hidden++;
	seen += hidden;
	return bss_static;
}

SEC("raw_tp/sched_switch")
int on_switch(void *ctx)
{
	return 0;
}

SEC("?tp_btf/sched_switch")
int BPF_PROG(not_loaded, bool preempt)
{
	return 0;
}

SEC("xdp")
int pass(void *ctx)
{
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
