/* SPDX-License-Identifier: BSD-2-Clause */
/* Integers of a file in its own byte order, at any alignment. */
#ifndef LIB_OBJECT_ORDER_H
#define LIB_OBJECT_ORDER_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t order_get16(bool big, const void *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return big ? be16toh(v) : le16toh(v);
}

static inline uint32_t order_get32(bool big, const void *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return big ? be32toh(v) : le32toh(v);
}

static inline uint64_t order_get64(bool big, const void *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return big ? be64toh(v) : le64toh(v);
}

static inline void order_put16(bool big, void *p, uint16_t v)
{
	v = big ? htobe16(v) : htole16(v);
	memcpy(p, &v, sizeof(v));
}

static inline void order_put32(bool big, void *p, uint32_t v)
{
	v = big ? htobe32(v) : htole32(v);
	memcpy(p, &v, sizeof(v));
}

static inline void order_put64(bool big, void *p, uint64_t v)
{
	v = big ? htobe64(v) : htole64(v);
	memcpy(p, &v, sizeof(v));
}

#endif
