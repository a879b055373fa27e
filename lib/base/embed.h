/* SPDX-License-Identifier: BSD-2-Clause */
/* Files embedded in the binary: EMBED(skel_header, "skeletons/header.h.in") defines the bytes. */
#ifndef LIB_BASE_EMBED_H
#define LIB_BASE_EMBED_H

/* Defines `const char name[]`, NUL-terminated; path is relative to the top of the source tree. */
#define EMBED(name, path)                                                                \
	extern const char name[];                                                        \
	__asm__(".pushsection .rodata\n"                                                 \
		".hidden " #name "\n.global " #name "\n.type " #name ", @object\n" #name \
		":\n"                                                                    \
		".incbin \"" path "\"\n.byte 0\n.size " #name ", .-" #name               \
		"\n.popsection\n")

#endif
