/* SPDX-License-Identifier: BSD-2-Clause */
/* Image: is a file a kernel that a machine can be started with; emulators start anything, and then nothing happens. */
#ifndef LIB_PROVE_MACHINE_IMAGE_H
#define LIB_PROVE_MACHINE_IMAGE_H

#include <skep/error.h>

#include "lib/prove/machine.h"

/*
 * -SKEP_EKIND it is none of that architecture; -SKEP_ECORRUPT it is cut short; -ENOMEM the guest's memory cannot hold
 * it; errno of reading. Architectures whose
 * images have no signature pass.
 */
int machine_image_check(const struct machine_query *q, struct skep_err *err);

#endif
