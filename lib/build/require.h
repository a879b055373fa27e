/* SPDX-License-Identifier: BSD-2-Clause */
/* Require: the requirements of an object, from its bytes. */
#ifndef LIB_BUILD_REQUIRE_H
#define LIB_BUILD_REQUIRE_H

#include <stdbool.h>
#include <stdint.h>

#include <skep/error.h>
#include <skep/report.h>

#include "lib/object/need.h"
#include "lib/object/object.h"
#include "lib/package/requirements.h"

/* Caller frees with requirements_free(). -SKEP_ECORRUPT: the object's code, with where = the object's. */
int require_object(struct requirements **out, const struct object *o,
		   struct skep_err *err);

/* Section "requirements", as <skep/object.h> documents it; text says whether people see it too. */
void require_report(const struct requirements *r, struct skep_node *into, bool text);

/*
 * Which needs only kernels meet that have them: by need, true if none of its uses is reached where every existence check
 * says no, weak externs are absent and the release is version. Caller frees.
 */
int require_guarded(bool **out, const struct image *im, const struct needs *n,
		    uint32_t version, struct skep_err *err);

#endif
