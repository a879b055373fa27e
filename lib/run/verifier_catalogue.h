/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Catalogue of what the verifier, the kernel and libbpf refuse with: the first entry that a line fits counts, so the
 * specific come first. Wordings are those of kernel/bpf/verifier.c and btf.c, Linux 5.10 to 7.3, and of libbpf 1.7.
 *
 * X(key, whose, pattern, cause, remedy): whose is OWN, what the program does, only the verifier finds it; or LACK, what this
 * kernel has not, or what stands in the object. In a pattern * is anything; OR begins another wording.
 */
#ifndef LIB_RUN_VERIFIER_CATALOGUE_H
#define LIB_RUN_VERIFIER_CATALOGUE_H

#define OR "\n"

/* clang-format off */

#define VERIFIER_NAMED(X) \
	X("core", LACK, "failed to resolve CO-RE relocation" OR "<invalid CO-RE relocation>", \
	  "the field, type or enumerator does not exist in this kernel", \
	  "guard its use with bpf_core_field_exists(), bpf_core_type_exists() or bpf_core_enum_value_exists()") \
	X("kfunc-absent", LACK, "kernel btf_id * is not a function" OR "kfunc '*' is referenced but wasn't resolved" \
	  OR "calling invalid kernel function" OR "calling kernel function* not supported without" \
	  OR "cannot find address for kernel function" \
	  OR "extern (func ksym) *: not found", \
	  "this kernel has no such kfunc, or has it in a module that is not loaded", \
	  "declare it __weak and ask bpf_ksym_exists() before the call") \
	X("kfunc-differs", LACK, "extern (func ksym) *: func_proto", \
	  "this kernel's kfunc takes or returns something else than the object says", \
	  "declare it as this kernel has it; for several kernels, one ___flavour each") \
	X("map-absent", LACK, "map '*' is referenced but wasn't created" \
	  OR "is not pointing to valid bpf_map" OR "<invalid BPF map reference>", \
	  "a map that the program uses was not created", \
	  "let the map be created, or do not load the program")

#define VERIFIER_FLOW(X) \
	X("infinite-loop", OWN, "infinite loop detected", \
	  "the verifier came back to the same place with nothing changed, so the loop may never end", \
	  "count with a variable that is compared with a constant, or use bpf_for() or bpf_loop()") \
	X("back-edge", OWN, "back-edge from insn", \
	  "this kernel takes no loop, or no function that calls itself, here", \
	  "unroll the loop with #pragma unroll, or rewrite the recursion as a loop with a bound") \
	X("recursive-call", OWN, "recursive call from", \
	  "a function calls itself, directly or through others", \
	  "rewrite the recursion as a loop with a bound") \
	X("too-large", OWN, "BPF program is too large. Processed", \
	  "the verifier gave up: following all paths took more instructions than it is willing to walk", \
	  "bound or split the loop, or use bpf_loop(), whose body is walked once") \
	X("too-complex", OWN, "jumps is too complex", \
	  "more branches are open at once than the verifier remembers", \
	  "bound or split the loop, have fewer conditions in it, or use bpf_loop()") \
	X("call-depth", OWN, "the call stack of * frames is too deep", \
	  "functions call each other more than eight deep", \
	  "inline some of them: static __always_inline") \
	X("combined-stack", OWN, "combined stack size of" OR "stack size * is too large" \
	  OR "stack size of subprog", \
	  "the functions that call each other need more than 512 bytes of stack together", \
	  "keep large data in a map: a per-CPU array with one element is the usual place") \
	X("unreachable", OWN, "unreachable insn", \
	  "an instruction can never be reached, which this verifier does not take", \
	  "remove the dead code; clang leaves none behind at -O2 unless it is written in assembly") \
	X("jump-range", OWN, "jump out of range" OR "jump into the middle of ldimm64" \
	  OR "call to invalid destination", \
	  "a jump or call leads to where no instruction of this function is", \
	  "do not jump between functions; see that the linker kept every function that is called") \
	X("no-exit", OWN, "last insn is not an exit or jmp", \
	  "the function may run beyond its last instruction", \
	  "return on every path; clang leaves the end out behind what it takes for undefined behaviour") \
	X("subprograms", OWN, "too many subprograms", \
	  "the program has more than 256 functions", \
	  "inline small ones, or split the program with tail calls") \
	X("ld-imm64", LACK, "invalid bpf_ld_imm64 insn" OR "invalid BPF_LD_IMM insn" \
	  OR "unrecognized bpf_ld_imm64 insn" OR "BPF_LD_IMM64 uses reserved fields", \
	  "an instruction that loads 64 bits is not complete or refers to what this kernel does not know", \
	  "link with libbpf or bpftool, and do not edit instructions by hand") \
	X("call-kind", LACK, "BPF_CALL uses reserved fields", \
	  "this kernel does not know this kind of call: kfuncs came with Linux 5.13", \
	  "guard the call with bpf_ksym_exists() or bpf_core_enum_value_exists(), or leave the program out") \
	X("unknown-opcode", LACK, "unknown opcode" OR "BPF_* uses reserved fields" \
	  OR "invalid BPF_ALU opcode" OR "invalid BPF_JMP" OR "unknown insn class" \
	  OR "BPF_ATOMIC uses invalid atomic opcode" OR "BPF_XADD uses reserved fields" \
	  OR "BPF_STX uses reserved fields" OR "BPF_ALU uses reserved fields", \
	  "this kernel does not know the instruction, or it is none", \
	  "compile for an older instruction set: mcpu: v3, or v2, v1 for kernels before 5.12") \
	X("insn-two-pointers", OWN, "same insn cannot be used with different pointers", \
	  "one instruction reads through two kinds of pointers, depending on the path", \
	  "keep the accesses in separate branches: put barrier_var() on the pointer in each") \
	X("div-zero", OWN, "div by zero", \
	  "the program divides by the constant 0", \
	  "see which constant or macro of the divisor is 0") \
	X("shift", OWN, "invalid shift", \
	  "a shift by a constant is wider than the number", \
	  "shift by less than the number has bits") \
	X("frame-pointer", OWN, "frame pointer is read only", \
	  "register r10, which points to the stack, is written", \
	  "copy r10 into another register first")

#define VERIFIER_NULL(X) \
	X("arith-null", OWN, "pointer arithmetic on * prohibited, null-check it first" \
	  OR "pointer arithmetic on *_or_null", \
	  "an offset is added to a pointer that may be NULL", \
	  "check the pointer for NULL before any arithmetic or field access") \
	X("map-value-null", OWN, "invalid mem access 'map_value_or_null'", \
	  "the lookup may find nothing, and its result is used without a check", \
	  "check the result of the lookup for NULL before use") \
	X("record-null", OWN, "invalid mem access 'ringbuf_mem_or_null'" \
	  OR "type=ringbuf_mem_or_null expected=" OR "type=alloc_mem_or_null expected=" \
	  OR "invalid mem access 'mem_or_null'" OR "invalid mem access 'alloc_mem_or_null'", \
	  "the reservation may fail when the buffer is full, and its result is used without a check", \
	  "check the reserved record for NULL before use") \
	X("pointer-null", OWN, "invalid mem access '*_or_null", \
	  "the pointer may be NULL and is used without a check", \
	  "check the pointer for NULL before use") \
	X("argument-null", OWN, "ossibly NULL pointer passed" OR "type=*_or_null* expected=" \
	  OR "is expected to be non-NULL", \
	  "a pointer that may be NULL is passed to a function that does not take NULL", \
	  "check the pointer for NULL before the call")

#define VERIFIER_PACKET(X) \
	X("packet-bounds", OWN, "invalid access to packet" OR "offset is outside of the packet", \
	  "the program reads or writes the packet beyond what it has compared with data_end", \
	  "compare the pointer, with the size of the access added, with data_end before the access") \
	X("packet-helper", OWN, "helper access to the packet is not allowed", \
	  "this helper does not take pointers into the packet in this type of program", \
	  "copy the bytes to the stack first and pass that") \
	X("packet-write", OWN, "cannot write into packet" \
	  OR "the prog does not allow writes to packet data", \
	  "programs of this type may not write to the packet", \
	  "read only, or use a type that may: tc or xdp")

#define VERIFIER_BOUNDS(X) \
	X("length-negative", OWN, "min value is negative, either use unsigned or", \
	  "the length passed to a helper may be negative as far as the verifier knows", \
	  "bound the length: make it unsigned, or mask or compare it first") \
	X("length-unbounded", OWN, "unbounded memory access, use 'var &= const'" OR "unbounded size, use 'var &= const'", \
	  "the length passed to a helper has no upper bound as far as the verifier knows", \
	  "bound the length with a mask or a comparison first") \
	X("zero-size", OWN, "invalid zero-sized read" OR "invalid stack type * access_size=0", \
	  "the length passed to a helper may be 0, which this one does not take", \
	  "compare the length with 0 first") \
	X("index-negative", OWN, "min value is negative, either use unsigned index", \
	  "the index may be negative as far as the verifier knows", \
	  "make the index unsigned, or compare it with 0 first") \
	X("index-unbounded", OWN, "unbounded memory access, make sure to bounds check" \
	  OR "max value is outside of the * memory range" OR "max value is outside of the array range" \
	  OR "min value is outside of the array range", \
	  "the index has no upper bound that fits, as far as the verifier knows", \
	  "compare the index with the number of elements just before the access, or mask it") \
	X("map-bounds", OWN, "invalid access to map value" OR "invalid access to map key", \
	  "the access goes beyond the end of the map's value or key", \
	  "the index or length exceeds the value; compare it with the size first") \
	X("memory-bounds", OWN, "invalid access to memory, mem_size=" \
	  OR "buffer access: off=" OR "buffer offset: off=" OR "is bpf_array invalid negative access" \
	  OR "min value is outside of the * memory range" OR "memory, len pair leads to invalid memory", \
	  "the access goes beyond the end of the memory that the pointer stands for", \
	  "compare offset and length with the size first") \
	X("arith-unbounded", OWN, "math between * and register with unbounded" OR "unbounded min value" \
	  OR "variable offset buffer access" OR "invalid variable buffer offset", \
	  "a number without bounds is added to a pointer", \
	  "bound the number with a mask or a comparison first") \
	X("arith-range", OWN, "math between * is not allowed" OR "pointer offset * is not allowed" \
	  OR "makes * pointer be out of bounds", \
	  "a number is added to a pointer that leads far outside of what it points to", \
	  "keep the offset within the size, and bound it before the addition") \
	X("arith-two-pointers", OWN, "pointer += pointer prohibited" OR "pointer -= pointer prohibited" \
	  OR "pointer * pointer prohibited", \
	  "two pointers are added, or subtracted though they are not of one packet", \
	  "keep one of them as a number: to pointers, bounded numbers can be added, nothing else") \
	X("arith-from-number", OWN, "tried to subtract pointer from scalar" \
	  OR "subtraction from stack pointer prohibited", \
	  "a pointer is subtracted, or something from a pointer to the stack", \
	  "add to the pointer instead, and keep it on the left") \
	X("arith-32-bit", OWN, "32-bit pointer arithmetic prohibited", \
	  "a pointer goes through 32-bit arithmetic, which cuts it", \
	  "do not cast pointers to int; use 64-bit types for what is added to them") \
	X("arith-operator", OWN, "pointer arithmetic with * operator prohibited" \
	  OR "bitwise operator * on pointer prohibited", \
	  "a pointer is multiplied, shifted, masked or the like", \
	  "to pointers, bounded numbers can be added or subtracted, nothing else") \
	X("arith-type", OWN, "pointer arithmetic on * prohibited" OR "pointer arithmetic prohibited", \
	  "to this kind of pointer nothing can be added", \
	  "use the pointer as it was given") \
	X("pointer-comparison", OWN, "pointer comparison prohibited", \
	  "pointers are compared that are not of one packet, which tells addresses to the unprivileged", \
	  "compare with NULL or data_end alone") \
	X("pointer-leak", OWN, "leaks addr" OR "leaking pointer from stack", \
	  "an address of the kernel would get to user space or into the context", \
	  "store and return numbers, not pointers")

#define VERIFIER_STACK(X) \
	X("stack-unread", OWN, "invalid indirect read from stack" OR "invalid read from stack off" \
	  OR "invalid read from stack R* off *+*size" OR "invalid read from stack R* var_off", \
	  "bytes of the stack are read that nothing wrote: a variable, or the padding of a structure", \
	  "initialise the whole variable first: = {}, or __builtin_memset(), which also clears padding") \
	X("stack-variable", OWN, "invalid variable-offset" OR "variable stack access prohibited" \
	  OR "variable offset stack access" OR "invalid unbounded variable-offset" \
	  OR "variable stack read" OR "unbounded indirect variable offset stack access" \
	  OR "variable offset stack pointer" OR "variable stack write", \
	  "an array on the stack is accessed at an index that may lie outside of it", \
	  "bound the index with a mask or a comparison first") \
	X("stack-bounds", OWN, "invalid write to stack" OR "invalid read from stack" \
	  OR "invalid stack off=" OR "invalid indirect access to stack" OR "invalid stack type" \
	  OR "invalid unbounded access to stack" OR "invalid stack R" OR "stack pointer arithmetic goes", \
	  "the access lies outside of the variable, or of the 512 bytes of stack that there are", \
	  "the size exceeds the variable; pass its sizeof, and keep large data in a map") \
	X("spilled-pointer", OWN, "attempt to corrupt spilled pointer" OR "corrupted spill memory" \
	  OR "invalid size of register", \
	  "a pointer that was saved on the stack is overwritten or read back in part", \
	  "do not copy structures with pointers in them byte by byte")

#define VERIFIER_ACCESS(X) \
	X("dynptr-direct", OWN, "invalid mem access 'dynptr_ptr'" OR "potential write to dynptr" \
	  OR "dereference of modified dynptr_ptr" OR "negative offset dynptr_ptr", \
	  "a dynptr is read or written as if it were memory", \
	  "use bpf_dynptr_read(), bpf_dynptr_write() or bpf_dynptr_data()") \
	X("number-as-pointer", OWN, "invalid mem access 'scalar'" OR "invalid mem access 'inv'", \
	  "a number is used as an address: to the verifier this is no pointer, or no longer one", \
	  "read through pointers to kernel memory with BPF_CORE_READ()") \
	X("past-object", OWN, "access beyond struct" OR "access beyond the end of member" \
	  OR "access beyond the end of struct", \
	  "the access goes beyond the end of a kernel structure or of a field of it", \
	  "read one field at a time, with bpf_probe_read_kernel() for parts of arrays") \
	X("kernel-write", OWN, "only read is supported" OR "only read from * is supported" \
	  OR "no write support to" OR "cannot access ptr member" OR "may write into memory pointed by", \
	  "kernel memory is written directly, which programs may not", \
	  "write to maps and to the stack; kernel objects change through helpers and kfuncs alone") \
	X("read-only", OWN, "cannot write into" OR "write into map forbidden" \
	  OR "write to change key" OR "doesn't point to a readonly map" \
	  OR "does not point to a readonly map" OR "store to referenced kptr", \
	  "memory is written that can only be read, or must be constant and is not", \
	  "copy it to the stack or into a writable map first; const data belongs into .rodata") \
	X("map-read", OWN, "read from map forbidden", \
	  "the map was created with BPF_F_WRONLY_PROG, so programs cannot read it", \
	  "drop the flag, or read another map") \
	X("lock-direct", OWN, "cannot be accessed directly by load/store" OR "direct access to bpf_" \
	  OR "kptr in map can only be accessed" OR "kptr access" OR "kptr cannot be accessed", \
	  "a field that is the kernel's own, such as a lock, a timer or a kptr, is read or written as memory", \
	  "access it through its helpers alone") \
	X("socket-access", OWN, "invalid sock access" OR "invalid *sock* access off=", \
	  "programs may not read this part of the socket, or not in this width", \
	  "read whole fields of struct bpf_sock, or more of a socket with bpf_skc_to_tcp_sock() and the like") \
	X("context-access", OWN, "invalid bpf_context access" OR "func '*' doesn't have *-th argument" \
	  OR "func '*' offset * is not multiple of 8", \
	  "this hook has no such argument, or programs of this type may not access this field of the context", \
	  "access the fields that the type allows, in their full width") \
	X("context-modified", OWN, "dereference of modified ctx ptr" OR "variable ctx access" \
	  OR "negative offset ctx ptr", \
	  "the context is accessed through a pointer to which something was added", \
	  "access fields of the context as ctx->field; inline functions that take part of it") \
	X("pointer-modified", OWN, "dereference of modified" OR "variable * access var_off" \
	  OR "negative offset * ptr R" OR "is ptr_* invalid variable offset", \
	  "a pointer is used that was moved, and this kind must not be", \
	  "use the pointer as it was given") \
	X("misaligned", OWN, "misaligned * access", \
	  "the access is not aligned to its size", \
	  "align the field or the structure, or read it byte by byte") \
	X("atomic-memory", OWN, "BPF_* stores into" \
	  OR "BPF_ATOMIC loads from", \
	  "this kind of store, or an atomic operation, is not possible on this kind of memory", \
	  "keep what is counted in a map") \
	X("uninitialised", OWN, "!read_ok", \
	  "a variable is used that has no value on some path, or was lost in a call", \
	  "initialise the variable on every path before it is read")

#define VERIFIER_RESOURCE(X) \
	X("leak", OWN, "Unreleased reference" OR "would lead to reference leak" \
	  OR "cannot be mixed with socket references", \
	  "something that was reserved, acquired or looked up is not given back on some path", \
	  "submit or discard the record, or release the reference, on every path") \
	X("release", OWN, "must be referenced when passed to release function" \
	  OR "expects refcounted PTR_TO_BTF_ID" OR "reference has not been acquired before" \
	  OR "is an unacquired reference" OR "allocated object must be referenced" \
	  OR "must have zero offset when passed to release" OR "expects referenced", \
	  "what is released was not acquired here, or was released already", \
	  "release, once, the very pointer that the acquiring call returned") \
	X("record-type", OWN, "expected=ringbuf_mem" OR "expected=alloc_mem", \
	  "what is submitted or discarded is not a record of this ring buffer", \
	  "pass the pointer that bpf_ringbuf_reserve() returned, without an offset") \
	X("lock-needed", OWN, "must be held for bpf_" OR "held lock and object are not in the same", \
	  "a list or tree is changed without its lock", \
	  "call bpf_spin_lock() on the lock beside it first") \
	X("lock-unlock", OWN, "bpf_spin_unlock of different lock" OR "without taking a lock" \
	  OR "unlock of different lock", \
	  "a lock is released that was not taken, or not last", \
	  "unlock the lock that was locked last, through the same pointer") \
	X("lock-held", OWN, "bpf_spin_unlock is missing" OR "inside bpf_spin_lock-ed region" \
	  OR "function calls are not allowed while holding a lock" \
	  OR "Locking two bpf_spin_locks are not allowed" \
	  OR "Acquiring * lock while holding" OR "calls are not allowed while holding a lock", \
	  "while a lock is held, the program returns, locks again or calls what may not be called then", \
	  "unlock first, on every path; do nothing but arithmetic and memory access under a lock") \
	X("lock-map", OWN, "has no valid bpf_" OR "bpf_spin_lock is mangled" OR "doesn't point to 'struct bpf_" \
	  OR "has to have BTF in order to use" OR "has to be at a constant offset" \
	  OR "has to be at the constant offset" OR "not found at offset=" \
	  OR "has no valid kptr" OR "offset=*, but expected bpf_", \
	  "no lock, timer, list or kptr is where the program says it is", \
	  "put the field into the type of the map's value, and pass its address") \
	X("rcu", OWN, "expected an RCU CS" OR "requires RCU critical section" OR "rcu_read_unlock is missing" \
	  OR "bpf_rcu_read_lock-ed region" OR "rcu_read_lock region" OR "unmatched rcu read unlock" \
	  OR "nested rcu read lock", \
	  "rules of RCU are broken: protected data is used outside, or the section is not left in order", \
	  "use it between bpf_rcu_read_lock() and bpf_rcu_read_unlock(), closed on every path") \
	X("preemption", OWN, "bpf_preempt_disable-ed region" OR "non-preemptible region" \
	  OR "bpf_preempt_enable* missing" OR "attempt to enable preemption" \
	  OR "with preemption disabled", \
	  "preemption is not enabled again on every path, or something sleeps while it is disabled", \
	  "call bpf_preempt_enable() before that, on every path") \
	X("interrupts", OWN, "bpf_local_irq_save-ed region" OR "IRQ state" OR "irq flag", \
	  "interrupts are not restored in order on every path", \
	  "call bpf_local_irq_restore() with the flags that were saved last, before that") \
	X("sleepable", OWN, "might sleep in a non-sleepable" OR "must be sleepable to call" \
	  OR "is sleepable within" OR "sleepable helper * in", \
	  "something that may sleep is called where sleeping is not possible", \
	  "use a sleepable program: SEC(\"fentry.s/...\"), \"lsm.s/...\", \"uprobe.s\", \"syscall\"") \
	X("iterator", OWN, "initialized iter_" OR "expected valid iter pointer" \
	  OR "expected pointer to an iterator" OR "expected uninitialized iter_" \
	  OR "css_task_iter is only allowed", \
	  "an iterator is used before it was begun, begun twice, or not destroyed", \
	  "use bpf_for_each() or bpf_for(), which begin and destroy it") \
	X("dynptr", OWN, "initialized dynptr" OR "cannot overwrite referenced dynptr" \
	  OR "dynptr has to be" OR "unowned const bpf_dynptr" OR "pointer to const bpf_dynptr" \
	  OR "bpf_dynptr_from_mem data" OR "cannot pass in dynptr" OR "DYNPTR cannot be released", \
	  "a dynptr is used before it was made, made twice, or overwritten", \
	  "make it once on every path, submit or discard it once, and use it as a whole") \
	X("graph", OWN, "operation on bpf_" OR "bpf_rbtree_remove" OR "rbtree_remove" \
	  OR "expected pointer to allocated object" OR "neither owning or non-owning ref" \
	  OR "in rbtree cb" OR "bpf_obj_new" OR "bpf_obj_drop" OR "type ID argument must be" \
	  OR "type with bpf_refcount" OR "bpf_percpu_obj_", \
	  "rules of lists, trees and allocated objects are broken", \
	  "add what bpf_obj_new() returned, once; what was added is no longer yours to drop") \
	X("callback", OWN, "callback function not static" OR "expected pointer to func" \
	  OR "At callback return" , \
	  "a callback is not a static function, or does not return what it must", \
	  "pass a static function that returns 0 to go on and 1 to stop") \
	X("exception", OWN, "bpf_throw" OR "exception c", \
	  "rules of exceptions are broken: where bpf_throw() may be called, and what handles it", \
	  "throw outside of locks and callbacks; have one global callback that takes and returns u64") \
	X("arena", OWN, "arena's user address" OR "Only one arena per program" \
	  OR "associated arena" OR "to use arena" OR "pointer to arena" OR "from arena" \
	  OR "kernel function bpf_arena_" OR "not a pointer to arena" OR "arena cannot be", \
	  "rules of arenas are broken", \
	  "one arena per program; give it an address, and use pointers marked __arena")

#define VERIFIER_CALLS(X) \
	X("helper-type", LACK, "program of this type cannot use helper" \
	  OR "helper call is not allowed in probe" OR "supported only for fentry" \
	  OR "not supported for program type" OR "instructions not allowed for this program type", \
	  "the helper exists, and programs of this type, or at this hook, may not call it", \
	  "call it in a program of a type that may, or use a helper that this one may call") \
	X("helper-absent", LACK, "unknown func" OR "invalid func unknown#" OR "invalid func ", \
	  "this kernel, or this type of program, has no such helper", \
	  "guard the call with bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_...)") \
	X("gpl-helper", LACK, "cannot call GPL-restricted function" \
	  OR "cannot call kernel function from non-GPL" OR "must have a GPL compatible license", \
	  "this may be called under the GPL alone, and the object's license is another", \
	  "give the object a GPL-compatible license: char LICENSE[] SEC(\"license\") = \"Dual BSD/GPL\"") \
	X("gpl-access", LACK, "Cannot access kernel '*' from non-GPL", \
	  "kernel structures may be read directly under the GPL alone, and the object's license is another", \
	  "give the object a GPL-compatible license: char LICENSE[] SEC(\"license\") = \"Dual BSD/GPL\"") \
	X("tracing-cannot", OWN, "progs cannot use bpf_", \
	  "programs that trace cannot use locks, timers, lists and trees in this kernel", \
	  "count with atomic operations, or use per-CPU maps") \
	X("map-helper", LACK, "cannot pass map_type" OR "no direct value access support" \
	  OR "callback function not allowed for map" OR "map_ptr access not supported for map", \
	  "this helper does not take maps of this type", \
	  "use the helpers that belong to the type of the map") \
	X("kfunc-type", LACK, "calling kernel function * is not allowed" \
	  OR "metadata kfuncs" OR "destructive kfunc calls", \
	  "programs of this type, or at this hook, may not call this kfunc", \
	  "call it in a program of a type that may") \
	X("global-function", OWN, "doesn't return scalar" OR "in * is not supported yet" \
	  OR "global function calls are not allowed" OR "use static function instead" \
	  OR "size cannot be determined" OR "Global function" OR "At subprogram exit" \
	  OR "Buggy compiler", \
	  "a global function takes or returns what global functions cannot", \
	  "make it static, or pass pointers to structures of a known size and return a number") \
	X("global-arguments", OWN, "Caller passes invalid args into", \
	  "a global function is called with an argument that does not fit its declaration", \
	  "check pointers for NULL before the call, or make the function static, which is verified with its caller") \
	X("trusted", OWN, "must be referenced or trusted" OR "must be a rcu pointer" OR "type=untrusted_ptr_ expected" \
	  OR "invalid mem access 'untrusted_ptr_'" OR "type=ptr_ expected=*trusted", \
	  "the kernel does not vouch for this pointer: it was read from memory, not given to the program", \
	  "use the hook's own argument, or acquire a reference, with bpf_task_acquire() for instance") \
	X("kfunc-argument", OWN, "kernel function * expected pointer to" \
	  OR "must point to *scalar" OR "expected pointer to ctx" OR "is not a scalar" \
	  OR "must be a known constant" OR "is * expected STRUCT" OR "doesn't point to a const string" \
	  OR "doesn't point to a map value" OR "expected pointer to map value" OR "Unrecognized arg#", \
	  "a kfunc gets an argument that it does not take", \
	  "pass what its declaration in vmlinux.h says: this type of pointer, a constant, a number") \
	X("argument-type", OWN, "type=* expected=" OR "is of type * but * is expected", \
	  "a helper gets an argument of another kind than it takes", \
	  "pass what the helper wants: copy numbers to the stack and pass their address, check pointers for NULL") \
	X("known-constant", OWN, "is not a known constant" OR "is not a constant address" \
	  OR "is not a const" OR "doesn't support non-zero flags" OR "is not zero-terminated" \
	  OR "Invalid format string" OR "direct value access on string", \
	  "an argument has to be a constant, and is not one, or not one that is allowed", \
	  "pass a constant, or a string in .rodata") \
	X("return-range", OWN, "should have been in", \
	  "the program returns a value that this hook does not take", \
	  "return one of the values that this hook takes") \
	X("return-value", OWN, "is not a known value" OR "R0 not a scalar value" \
	  OR "cannot return stack pointer", \
	  "the program returns a pointer or what is not a number", \
	  "return one of the values that this hook takes") \
	X("tail-call", OWN, "tail_call" OR "LD_ABS is", \
	  "this kernel does not mix tail calls, or old packet loads, with functions like this", \
	  "make functions that contain tail calls static and return int, and release everything before")

#define VERIFIER_ATTACH(X) \
	X("hook-member", LACK, "attach to unsupported member" OR "attach to invalid member" \
	  OR "is not a supported struct", \
	  "this kernel's operations have no such member for programs", \
	  "leave the member out on this kernel") \
	X("hook-sleepable", LACK, "is not sleepable" OR "programs can be sleepable" OR "can only be sleepable" \
	  OR "Sleepable programs can only use", \
	  "this hook, or a map of this type, is not for programs that sleep, in this kernel", \
	  "take the .s from the section's name, and what may sleep from the program") \
	X("hook-disabled", LACK, "points to disabled hook", \
	  "programs may not be attached to this LSM hook", \
	  "use another hook") \
	X("hook-address", OWN, "The address of function" OR "is not found in kallsyms", \
	  "this kernel's types know the function, and it is inlined or in no place to attach to", \
	  "attach to a function that calls it, or to a tracepoint") \
	X("hook-function", LACK, "attach_btf_id * is not a function" OR "is not a typedef" \
	  OR "attach_btf_id * is invalid" OR "points to wrong type name" \
	  OR "is not modifiable" OR "__noreturn functions" OR "fentry/fexit" \
	  OR "Cannot replace kernel functions" OR "FENTRY/FEXIT" \
	  OR "Tracing programs must provide btf_id" OR "can't modify return", \
	  "programs of this type cannot be attached to that", \
	  "attach to a function that is in the kernel's BTF, and may be traced or modified") \
	X("symbol-absent", LACK, "failed to find the address for kernel symbol" \
	  OR "extern (var ksym) *: not found" OR "extern * (strong): not resolved" \
	  OR "not found in kallsyms" OR "pseudo btf_id" OR "ldimm64 unable to resolve the size", \
	  "this kernel has no such variable or setting, or does not tell its address", \
	  "declare it __weak, and test its address before use") \
	X("func-info", LACK, "func_info" OR "line_info" OR "in func info" OR "core_relo", \
	  "the object's BTF does not fit its instructions", \
	  "link and strip with bpftool or llvm-strip -g, which keep both in step") \
	X("program-maps", OWN, "cgroup storage of each type" OR "number of maps per program", \
	  "the program uses more maps than the kernel takes, or two cgroup storages", \
	  "use one map with a larger value")

#define VERIFIER_LIBBPF(X) \
	X("no-kernel-btf", LACK, "failed to find valid kernel BTF" OR "kernel BTF is missing" \
	  OR "rror loading vmlinux BTF" OR "kernel is missing BTF" OR "missing vmlinux BTF" \
	  OR "in-kernel BTF is malformed", \
	  "the kernel does not tell its types, which this program is resolved with", \
	  "the kernel needs CONFIG_DEBUG_INFO_BTF=y") \
	X("struct-ops-absent", LACK, "struct_ops init_kern", \
	  "this kernel has no such operations, or a member of them is another", \
	  "load the object on kernels that have them; members that differ need a ___flavour") \
	X("hook-absent", LACK, "failed to find kernel BTF type ID of", \
	  "this kernel has nothing of the name that the program is to be attached to", \
	  "attach to what this kernel has, or leave the program out with SEC(\"?...\")") \
	X("hook-unset", LACK, "no BTF-based attach target" OR "attach program FD is not set" \
	  OR "program isn't referenced anywhere", \
	  "the program does not say what it is attached to", \
	  "name the function in SEC(), or let the loader set it") \
	X("program-section", LACK, "missing BPF prog type", \
	  "the section's name tells libbpf no type of program", \
	  "name the section as libbpf knows it: SEC(\"tp/...\"), SEC(\"xdp\")") \
	X("pin", LACK, "failed to pin map" OR "is not on BPF FS" OR "failed to auto-pin map" OR "couldn't reuse pinned map", \
	  "a map cannot be pinned, or what is pinned there is another", \
	  "mount bpffs: mount -t bpf bpf /sys/fs/bpf") \
	X("map-too-large", OWN, "failed to create: -E2BIG", \
	  "the map is larger than the kernel takes", \
	  "the map is larger than the kernel takes: fewer entries") \
	X("map-memory", OWN, "failed to create: -ENOMEM", \
	  "there is no memory for the map", \
	  "there is no memory for a map this large: fewer entries") \
	X("map-invalid", LACK, "failed to create: -EINVAL" OR "failed to create inner map" \
	  OR "failed to create: -", \
	  "this kernel does not know the type of the map, or does not take its flags and sizes", \
	  "see which kernel has the type, and that key, value and number of entries fit it") \
	X("kconfig", LACK, "failed to open system Kconfig", \
	  "the kernel's configuration, which the program asks for, cannot be read", \
	  "the kernel needs CONFIG_IKCONFIG_PROC=y, or /boot/config-RELEASE; or declare it __weak") \
	X("object-btf", LACK, "BTF loading error" OR "Error loading .BTF", \
	  "the kernel does not take the types of the object itself", \
	  "compile with the clang that the kernel's time knew, or update libbpf") \
	X("not-permitted", LACK, "load failed: -EPERM" OR "failed to create: -EPERM" \
	  OR "bpf_object__probe_loading(): -EPERM", \
	  "the kernel does not permit this program or map here", \
	  "run as root; a locked-down kernel refuses some types of programs; skep doctor tells") \
	X("no-words", LACK, "load failed: -EINVAL" OR "load failed: -ENOTSUPP" \
	  OR "load failed: -EOPNOTSUPP" OR "Operation not supported", \
	  "the kernel refuses it without a word: it knows no such type of program, attach type or flag", \
	  "this kernel is too old or built without this type") \
	X("too-many-insns", LACK, "load failed: -E2BIG", \
	  "the program has more instructions than the kernel takes", \
	  "split it with tail calls or bpf_loop()") \
	X("log-full", OWN, "load failed: -ENOSPC", \
	  "the verifier said more than the buffer for its log holds", \
	  "bound or split the loops: a log that long comes of following them")

#define VERIFIER_CATALOGUE(X) \
	VERIFIER_NAMED(X) \
	VERIFIER_LIBBPF(X) \
	VERIFIER_FLOW(X) \
	VERIFIER_NULL(X) \
	VERIFIER_PACKET(X) \
	VERIFIER_BOUNDS(X) \
	VERIFIER_STACK(X) \
	VERIFIER_ACCESS(X) \
	VERIFIER_RESOURCE(X) \
	VERIFIER_CALLS(X) \
	VERIFIER_ATTACH(X)

/* clang-format on */

#include <stddef.h>

/* The entry that a line fits, or NULL. */
const struct verifier_entry *verifier_entry_for(const char *line, size_t len);

#endif
