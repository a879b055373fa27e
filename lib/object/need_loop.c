/* SPDX-License-Identifier: BSD-2-Clause */
/* Loops: does a jump of a function lead back to where it came from? */
#include <errno.h>
#include <stdlib.h>

#include "lib/base/cleanup.h"
#include "lib/object/image_parts.h"
#include "lib/object/need_parts.h"

/* What is left to do of an instruction: all, its jump, the way on, nothing though it is on the path, nothing. */
enum { NEW, JUMP, NEXT, OPEN, DONE };

static bool jumps_back(const struct image *im, const struct image_func *f)
{
	int64_t ahead;

	for (uint32_t i = f->first; i < f->first + f->cnt; i++) {
		if (image_jump(&im->insns[i], &ahead) && ahead < 0)
			return true;
		i += im->insns[i].code == IMAGE_LDIMM64;
	}
	return false;
}

/* Where an instruction leads, by its jump or to the next one. IMAGE_NONE: nowhere in this function. */
static uint32_t successor(const struct image *im, const struct image_func *f, uint32_t i,
			  bool next)
{
	const struct bpf_insn *in = &im->insns[f->first + i];
	bool jump = BPF_CLASS(in->code) == BPF_JMP || BPF_CLASS(in->code) == BPF_JMP32;
	int64_t ahead = 0, to;

	if (!next) {
		if (!image_jump(in, &ahead))
			return IMAGE_NONE;
	} else if (jump && (BPF_OP(in->code) == BPF_EXIT || BPF_OP(in->code) == BPF_JA)) {
		return IMAGE_NONE;
	}
	to = (int64_t)i + 1 + (next ? in->code == IMAGE_LDIMM64 : ahead);
	return to >= 0 && to < f->cnt ? to : IMAGE_NONE;
}

/* Depth first; a way to what is on the path closes a loop. */
static uint32_t find(const struct image *im, const struct image_func *f, uint8_t *state,
		     uint32_t *path)
{
	uint32_t depth = 1;

	state[0] = JUMP;
	path[0] = 0;
	while (depth) {
		uint32_t i = path[depth - 1], to;

		if (state[i] == OPEN) {
			state[i] = DONE;
			depth--;
			continue;
		}
		to = successor(im, f, i, state[i]++ == NEXT);
		if (to == IMAGE_NONE || state[to] == DONE)
			continue;
		if (state[to] != NEW)
			return f->first + i;
		state[to] = JUMP;
		path[depth++] = to;
	}
	return IMAGE_NONE;
}

int need_loop(uint32_t *jump, const struct image *im, const struct image_func *f,
	      struct skep_err *err)
{
	_cleanup_free_ uint8_t *state = NULL;
	_cleanup_free_ uint32_t *path = NULL;

	*jump = IMAGE_NONE;
	if (!jumps_back(im, f))
		return 0;
	state = calloc(f->cnt, sizeof(*state));
	path = calloc(f->cnt, sizeof(*path));
	if (!state || !path)
		return skep_fail(err, ENOMEM, "out of memory");
	*jump = find(im, f, state, path);
	return 0;
}
