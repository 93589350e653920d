/*
 * Both ends of an audit ring. The writer runs on the edge's hot path: one bounds check, one copy,
 * one release store. The reader runs in audit and treats every word of the data page as hostile:
 * each is loaded once, checked against the ring's own size, and only then used.
 */
#include "ipc/ring.h"

#include "sys/shm.h"

enum { RING_LENGTH = 4 };

/* Bytes a record of n takes: length, body, padding to the next length's alignment. */
static uint64_t ring_frame(uint64_t n)
{
	return RING_LENGTH + ((n + 3) & ~(uint64_t)3);
}

size_t ring_data_bytes(uint32_t capacity)
{
	return sizeof(struct ring_data) + capacity;
}

void ring_init(struct ring_data *d, uint32_t capacity)
{
	INVARIANT(capacity >= RING_BYTES_SMALL && (capacity & (capacity - 1)) == 0);
	d->bytes = capacity;
}

/* Checks a mapped data page; its own word for the capacity is read once. */
static enum err ring_capacity(const struct ring_data *d, size_t mapped, uint32_t *ret)
{
	uint32_t bytes = 0;

	if (mapped < sizeof *d)
		return E_PROTO;
	bytes = __atomic_load_n(&d->bytes, __ATOMIC_RELAXED);
	if (bytes < RING_BYTES_SMALL || (bytes & (bytes - 1)) != 0 ||
	    mapped != ring_data_bytes(bytes))
		return E_PROTO;
	*ret = bytes;
	return E_OK;
}

/* Maps both memory files; on failure nothing stays mapped. */
static enum err ring_map(const int fds[2], const bool is_writable[2], void *ret[2],
			 uint32_t *ret_bytes)
{
	size_t data_n = 0, cursor_n = 0;

	if (!shm_size_is_sealed(fds[0]) || !shm_size_is_sealed(fds[1]))
		return E_PROTO;
	TRY(shm_map(fds[0], is_writable[0], &ret[0], &data_n));
	if (ring_capacity(ret[0], data_n, ret_bytes) == E_OK &&
	    shm_map(fds[1], is_writable[1], &ret[1], &cursor_n) == E_OK) {
		if (cursor_n >= sizeof(struct ring_cursor))
			return E_OK;
		shm_unmap(ret[1], cursor_n);
	}
	shm_unmap(ret[0], data_n);
	return E_PROTO;
}

enum err ring_writer_map(int data_fd, int cursor_fd, struct ring_writer *ret)
{
	void *p[2] = { 0 };
	uint32_t bytes = 0;

	TRY(ring_map((int[]){ data_fd, cursor_fd }, (bool[]){ true, false }, p, &bytes));
	*ret = (struct ring_writer){
		.data = p[0], .cursor = p[1], .map = { p[0], p[1] }, .bytes = bytes
	};
	return E_OK;
}

enum err ring_reader_map(int data_fd, int cursor_fd, struct ring_reader *ret)
{
	void *p[2] = { 0 };
	uint32_t bytes = 0;

	TRY(ring_map((int[]){ data_fd, cursor_fd }, (bool[]){ false, true }, p, &bytes));
	*ret = (struct ring_reader){
		.data = p[0], .cursor = p[1], .map = { p[0], p[1] }, .bytes = bytes
	};
	/* What an earlier audit process stored, which the cursor page outlives (P11). */
	ret->tail = atomic_load_explicit(&ret->cursor->tail, memory_order_acquire);
	ret->told = atomic_load_explicit(&ret->cursor->told, memory_order_relaxed);
	return E_OK;
}

void ring_writer_unmap(struct ring_writer *w)
{
	if (w->data) {
		shm_unmap(w->map[0], ring_data_bytes(w->bytes));
		shm_unmap(w->map[1], sizeof *w->cursor);
	}
	*w = (struct ring_writer){ 0 };
}

void ring_reader_unmap(struct ring_reader *r)
{
	if (r->data) {
		shm_unmap(r->map[0], ring_data_bytes(r->bytes));
		shm_unmap(r->map[1], sizeof *r->cursor);
	}
	*r = (struct ring_reader){ 0 };
}

/* Nothing went in: access records are counted, so that the log can say how many it misses. */
static enum err ring_full(struct ring_writer *w, enum ring_class c)
{
	uint64_t dropped = atomic_load_explicit(&w->data->dropped, memory_order_relaxed);

	if (c == RING_EVENT)
		return E_AGAIN;
	atomic_store_explicit(&w->data->dropped, dropped + 1, memory_order_relaxed);
	return E_LIMIT;
}

enum err ring_put(struct ring_writer *w, enum ring_class c, struct view record)
{
	uint64_t head = atomic_load_explicit(&w->data->head, memory_order_relaxed);
	uint64_t used = head - atomic_load_explicit(&w->cursor->tail, memory_order_acquire);
	uint64_t limit = c == RING_EVENT ? w->bytes : w->bytes - w->bytes / 8;
	uint64_t at = head & (w->bytes - 1), need = ring_frame(record.n);
	uint32_t length = (uint32_t)record.n;
	struct wbuf out = { 0 };

	if (record.n == 0 || record.n > RING_RECORD_MAX)
		return E_PROTO;
	if (used > limit || need > limit - used)
		return ring_full(w, c);
	/* Frames begin at multiples of 4, so a length never wraps; a body may. */
	out = wbuf_of(w->data->at + at, w->bytes - at); /* hot */
	wbuf_put(&out, &length, sizeof length);
	if (wbuf_room(&out) >= record.n) {
		wbuf_view_put(&out, record);
	} else {
		size_t first = wbuf_room(&out);

		wbuf_put(&out, record.p, first);
		out = wbuf_of(w->data->at, w->bytes);
		wbuf_view_put(&out, view_slice(record, first, record.n));
	}
	atomic_store_explicit(&w->data->head, head + need, memory_order_release);
	return E_OK;
}

uint64_t ring_waiting(const struct ring_reader *r)
{
	uint64_t n = atomic_load_explicit(&r->data->head, memory_order_relaxed) - r->tail;

	return n < r->bytes ? n : r->bytes;
}

enum err ring_get(struct ring_reader *r, uint8_t buf[RING_RECORD_MAX], struct view *ret)
{
	uint64_t head = atomic_load_explicit(&r->data->head, memory_order_acquire);
	uint64_t waiting = head - r->tail, at = r->tail & (r->bytes - 1);
	struct wbuf out = wbuf_of(buf, RING_RECORD_MAX);
	struct view ring = view_of(r->data->at, r->bytes);
	uint32_t n = 0;

	if (waiting == 0)
		return E_AGAIN;
	if (waiting > r->bytes || waiting % RING_LENGTH != 0 || r->tail % RING_LENGTH != 0)
		return E_PROTO;
	/* One load: the writer may change the word between two looks at it. */
	n = __atomic_load_n((const uint32_t *)(const void *)(ring.p + at), __ATOMIC_RELAXED);
	if (n == 0 || n > RING_RECORD_MAX || ring_frame(n) > waiting)
		return E_PROTO;
	wbuf_view_put(&out, view_slice(ring, at + RING_LENGTH, n));
	wbuf_view_put(&out, view_slice(ring, 0, n - out.n));
	r->tail += ring_frame(n);
	*ret = wbuf_view(&out);
	return E_OK;
}

enum err ring_lost(struct ring_reader *r, uint64_t *ret_new, uint64_t *ret_total)
{
	uint64_t total = atomic_load_explicit(&r->data->dropped, memory_order_relaxed);

	if (total < r->told)
		return E_PROTO;
	*ret_new = total - r->told;
	*ret_total = total;
	r->told = total;
	return E_OK;
}

void ring_release(struct ring_reader *r)
{
	atomic_store_explicit(&r->cursor->told, r->told, memory_order_relaxed);
	atomic_store_explicit(&r->cursor->tail, r->tail, memory_order_release);
}
