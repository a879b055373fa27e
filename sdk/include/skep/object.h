/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Objects: what a relocatable BPF ELF holds, read from its bytes; no kernel is asked.
 *
 * The report of skep_inspect(), as JSON; a key is always there, null or [] when there is nothing to say:
 *
 *	{ "kind": "object", "file": path, "size": bytes,
 *	  "license": string|null,	SEC("license")
 *	  "byte_order": "little"|"big",
 *	  "programs": [{ "name", "type": "tracepoint", "section": "tp/sched/sched_switch",
 *	                 "attach_type": string|null, "target": string|null (section after its first '/'),
 *	                 "insns": number (without subprograms), "autoload": bool,
 *	                 "helpers": [name], "kfuncs": [name] (subprograms and callbacks included) }],
 *	  "calls": [{ "name", "kind": "helper"|"kfunc", "programs": [name] }],	the same, by what is called
 *	  "maps": [{ "name", "type": "hash", "key_type": C|null, "key_size", "value_type": C|null, "value_size",
 *	             "max_entries", "event_type": C|null (SKEP_EVENTS), "pinning": "by_name"|null,
 *	             "data_section": bool (".rodata" and the like), "flags": number, "flag_names": [name] }],
 *	  "globals": [{ "section", "offset": bytes, "size": bytes, "name", "type": C, "static": bool }],
 *	  "relocations": [{ "function": name|null, "insn": number within it, "kind": "byte_off" (libbpf's words),
 *	                    "path": "struct task_struct.signal.nr_threads", "access": "0:12:3",
 *	                    "source": "file:line"|null, "text": source line|null, "section" }],
 *	  "requirements": {		what it asks of a kernel
 *	    "minimum": "5.17"|null (estimated first release that loads it: what only newer kernels get to does not count),
 *	    "because": "helper bpf_loop"|null, "source": "file:line"|null,	of that
 *	    "isa": "v1".."v4",
 *	    "needs": [REQUIREMENT], of kind "program type", "attach type", "map type", "helper", "kfunc", "feature"
 *	             (instructions, and what else the loader and verifier have learnt), "kconfig", "kernel symbol",
 *	             "struct_ops", "map field", "GPL license" (used, and the license is none)
 *	    "hooks": [REQUIREMENT], of kind "hook": what programs attach to, as their section says
 *	    "core": [REQUIREMENT] } }	of kind "field", "field exists", "type", "type exists", "enum value", "enum value exists"
 *
 *	REQUIREMENT: { "kind", "name", "since": "5.17"|null (first release that has it),
 *	    "guarded": bool (not reached where existence checks say no, weak kfuncs are absent and the kernel is no newer than
 *	    minimum), "programs": [name] ([]: the object as a whole), "sources": ["file:line"] (of a feature: the first) }
 *
 *	{ "kind": "package", "file": path, "name", "version", "license", "digest": "sha256:…",
 *	  "params": [{ "name", "type", "default": string|null, "bind": "rodata"|"max_entries"|"entries",
 *	               "target", "object": name|null, "help": string|null }],
 *	  "referrers": [{ "type", "predicate": string|null, "size", "digest", "subject" }],	signatures and the like, unchecked
 *	  "platforms": { ARCH: { "clang", "skep", "libbpf", "files": [{ "name", "size", "digest" }],
 *	                         "objects": { NAME: as above from "license" on } } } }
 */
#ifndef SKEP_OBJECT_H
#define SKEP_OBJECT_H

#include <skep/error.h>
#include <skep/report.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * skep_inspect - what is in an object or a package.
 * @path:   BPF object (.bpf.o) or package (.skep); told apart by their bytes
 * @report: is filled; caller owns it
 *
 * Errors: errno of reading; -SKEP_EKIND neither; -SKEP_ECORRUPT malformed ELF, BTF or package
 * (where = path).   Since: 0.1
 */
int skep_inspect(const char *path, struct skep_report *report, struct skep_err *err);

#ifdef __cplusplus
}
#endif

#endif
