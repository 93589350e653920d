/*
 * Buffers for what must wait: partial heads, spills. Most requests use none but their head's.
 *
 * All are reserved at boot and cost nothing until touched; the last one given back is the next one
 * given out, and pages of those that lie deep in the free list are returned to the kernel.
 */
#ifndef ROLE_EDGE_BUFFER_H
#define ROLE_EDGE_BUFFER_H

#include "role/edge/edge.h"

/* buffer_pool_init - count buffers of BUFFER_BYTES of address space. E_SYS (logged) */
enum err buffer_pool_init(struct buffer_pool *pool, uint32_t count);

/* buffer_get - an empty buffer, or NULL when all are in use */
struct buffer *buffer_get(struct buffer_pool *pool);

/* buffer_put - gives it back; returns NULL: b = buffer_put(pool, b); accepts NULL */
struct buffer *buffer_put(struct buffer_pool *pool, struct buffer *b);

/* buffer_pool_trim - returns the memory of free buffers beyond the first `keep` */
void buffer_pool_trim(struct buffer_pool *pool, uint32_t keep);

static inline struct view buffer_view(const struct buffer *b)
{
	return b ? view_of(b->p + b->at, b->n - b->at) : (struct view){ 0 };
}

/* buffer_append - behind what is there, moving it to the front when that makes room. E_LIMIT */
enum err buffer_append(struct buffer *b, struct view v);

/* buffer_room - moves what is there to the front; bytes that still fit */
size_t buffer_room(struct buffer *b);

#endif
