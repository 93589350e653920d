/* The buffer pool: address space at boot, memory when used, given back when idle. */
#include "role/edge/buffer.h"

#include "sys/log.h"
#include "sys/moat.h"

#include <sys/mman.h>

enum err buffer_pool_init(struct buffer_pool *pool, uint32_t count)
{
	uint8_t *bytes = moat_map((size_t)count * BUFFER_SLOT);

	pool->all = moat_map(count * sizeof *pool->all);
	if (!bytes || !pool->all)
		return log_errno("reserving buffers");
	pool->count = pool->free_n = count;
	for (uint32_t i = count; i-- > 0;) {
		pool->all[i].p = bytes + (size_t)i * BUFFER_SLOT + BUFFER_FRONT;
		pool->all[i].next = pool->free;
		pool->free = &pool->all[i];
	}
	return E_OK;
}

/* A canary behind the end of the buffer before, on a page that this one touches anyway; and a page
 * between this one and the next. */
static void buffer_guard(const struct buffer_pool *pool, struct buffer *b)
{
	struct wbuf w = wbuf_of(b->p - BUFFER_FRONT, BUFFER_FRONT);

	if (pool->canary)
		wbuf_put(&w, pool->canary->text, sizeof pool->canary->text);
	if (!b->has_fence) /* the slot's last page: stays when the memory goes back */
		b->has_fence = moat_page(b->p - BUFFER_FRONT + BUFFER_SLOT - MOAT_PAGE);
}

struct buffer *buffer_get(struct buffer_pool *pool)
{
	struct buffer *b = pool->free;

	if (!b)
		return NULL;
	pool->free = b->next;
	pool->free_n--;
	b->next = NULL;
	b->pipe = NULL;
	b->at = b->n = 0;
	if (!b->is_dirty)
		buffer_guard(pool, b);
	b->is_dirty = true;
	return b;
}

struct buffer *buffer_put(struct buffer_pool *pool, struct buffer *b)
{
	if (b) {
		b->next = pool->free;
		pool->free = b;
		pool->free_n++;
	}
	return NULL;
}

void buffer_pool_trim(struct buffer_pool *pool, uint32_t keep)
{
	uint32_t i = 0;

	for (struct buffer *b = pool->free; b; b = b->next) {
		if (i++ < keep)
			continue;
		if (!b->is_dirty)
			return; /* deeper ones were never used since they were trimmed */
		b->is_dirty = false;
		if (madvise(b->p - BUFFER_FRONT, BUFFER_SLOT, MADV_DONTNEED) < 0)
			(void)log_errno("madvise");
	}
}

size_t buffer_room(struct buffer *b)
{
	if (b->at) {
		uint8_t *to = b->p;

		for (uint32_t i = b->at; i < b->n; i++) /* hot: overlapping move, small by design */
			to[i - b->at] = b->p[i];
		b->n -= b->at;
		b->at = 0;
	}
	return BUFFER_BYTES - b->n;
}

enum err buffer_append(struct buffer *b, struct view v)
{
	struct wbuf w = { 0 };

	if (v.n > BUFFER_BYTES - b->n && v.n > buffer_room(b))
		return E_LIMIT;
	w = (struct wbuf){ .p = b->p, .n = b->n, .cap = BUFFER_BYTES };
	wbuf_view_put(&w, v);
	b->n = (uint32_t)w.n;
	return E_OK;
}
