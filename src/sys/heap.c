/*
 * Memory for libraries that allocate: size classes over one region that was mapped at boot.
 *
 * A block that is freed waits in its class's ring until so many more were freed, and is then taken
 * from there in random order: who still points at it does not find at once what the next owner
 * puts there, and who frees and asks does not choose where. The ring is short, so what is handed
 * out was used lately and is in the cache. A free block is all zero, which is checked when it is
 * handed out again: that finds a write after free (and a neighbour's overflow) in the one place
 * where it would reach another connection.
 */
#include "sys/heap.h"

#include "base/harden.h"
#include "base/wbuf.h"
#include "sys/heap_span.h"
#include "sys/secret.h"

enum {
	HEAP_CHECKED = 4096,	 /* blocks up to here are looked at whole ... */
	HEAP_CHECKED_END = 1024, /* ... and of larger ones so much at both ends */
	HEAP_RING_MIDDLE = 9216,
	HEAP_RING_LARGE = 32768
};

static unsigned heap_class(const struct heap *h, size_t n)
{
	if (n <= HEAP_SMALL)
		return h->small[(n + HEAP_GRAIN - 1) / HEAP_GRAIN];
	for (unsigned c = h->small[HEAP_SMALL / HEAP_GRAIN] + 1u; c < HEAP_CLASSES; c++)
		if (heap_span_size(c) >= n)
			return c;
	return HEAP_NO_CLASS;
}

/* ---- blocks that wait ---- */

/* How many: small ones cost little, and are what is fought over. Half of them always stay. */
static uint8_t heap_ring_max(unsigned class)
{
	uint32_t size = heap_span_size(class);

	if (size <= HEAP_SMALL)
		return HEAP_RING;
	return size <= HEAP_RING_MIDDLE ? 8 : size <= HEAP_RING_LARGE ? 4 : 2;
}

static uint32_t *heap_ring_slot(struct heap_ring *r, unsigned i)
{
	return &r->grain[(r->at + i) % HEAP_RING];
}

static void *heap_ring_pop(struct heap *h, struct heap_ring *r, unsigned i)
{
	uint32_t grain = *heap_ring_slot(r, i);

	*heap_ring_slot(r, i) = *heap_ring_slot(r, 0);
	r->at = (uint8_t)((r->at + 1) % HEAP_RING);
	r->n--;
	return h->base + (size_t)grain * HEAP_GRAIN;
}

/* One of those that have waited long enough; NULL: there is none. */
static void *heap_ring_take(struct heap *h, unsigned class)
{
	struct heap_ring *r = &h->ring[class];
	uint8_t stay = heap_ring_max(class) / 2;

	r->is_busy = true;
	if (!harden_has(HARDEN_RING)) /* the last one first */
		return r->n ? heap_ring_pop(h, r, r->n - 1u) : NULL;
	return r->n > stay ? heap_ring_pop(h, r, rng_below(&h->rng, (uint32_t)(r->n - stay)))
			   : NULL;
}

static void heap_ring_evict(struct heap *h, struct heap_ring *r)
{
	heap_span_give(h, heap_span_place(h, heap_ring_pop(h, r, 0)));
}

static void heap_ring_put(struct heap *h, unsigned class, const uint8_t *p)
{
	struct heap_ring *r = &h->ring[class];

	r->is_busy = true;
	if (r->n == heap_ring_max(class))
		heap_ring_evict(h, r);
	*heap_ring_slot(r, r->n++) = (uint32_t)((size_t)(p - h->base) / HEAP_GRAIN);
}

static void heap_ring_empty(struct heap *h, unsigned class)
{
	while (h->ring[class].n)
		heap_ring_evict(h, &h->ring[class]);
}

/* ---- blocks ---- */

static uint64_t heap_any(const uint64_t *p, size_t n)
{
	uint64_t a = 0, b = 0;

	for (size_t i = 0; i < n / sizeof *p; i += 2) { /* hot */
		a |= p[i];
		b |= p[i + 1];
	}
	return a | b;
}

static bool heap_is_zero(const uint8_t *p, uint32_t size)
{
	const uint64_t *w = (const uint64_t *)(const void *)p;

	if (size <= HEAP_CHECKED)
		return heap_any(w, size) == 0;
	return (heap_any(w, HEAP_CHECKED_END) |
		heap_any(w + (size - HEAP_CHECKED_END) / sizeof *w, HEAP_CHECKED_END)) == 0;
}

static void *heap_take(struct heap *h, unsigned class)
{
	struct heap_span *s = NULL;
	void *p = heap_ring_take(h, class);

	if (p)
		return p;
	s = heap_span_for(h, class);
	if (!s) { /* nothing waits while somebody goes without */
		heap_ring_empty(h, class);
		s = list_is_empty(&h->room[class]) ? NULL : heap_span_for(h, class);
	}
	return s ? heap_span_take(h, s) : NULL;
}

void *heap_get(struct heap *h, size_t n)
{
	unsigned class = n ? heap_class(h, n) : HEAP_NO_CLASS;
	void *p = class == HEAP_NO_CLASS ? NULL : heap_take(h, class);

	if (!p) {
		h->stat.failed += n != 0;
		return NULL;
	}
	/* written after it was freed */
	INVARIANT(!harden_has(HARDEN_CHECKS) || heap_is_zero(p, heap_span_size(class)));
	heap_span_live(h, heap_span_place(h, p));
	h->stat.used += heap_span_size(class);
	return p;
}

void heap_put(struct heap *h, void *p)
{
	struct heap_place at = { 0 };

	if (!p)
		return;
	at = heap_span_place(h, p);
	heap_span_end(h, at);
	secret_wipe(p, heap_span_size(at.span->class));
	h->stat.used -= heap_span_size(at.span->class);
	heap_ring_put(h, at.span->class, p);
}

void *heap_resize(struct heap *h, void *p, size_t n)
{
	struct heap_place at = { 0 };
	size_t had = 0;
	void *q = NULL;

	if (p) {
		at = heap_span_place(h, p);
		INVARIANT(heap_span_is_live(h, at));
		had = heap_span_size(at.span->class);
	}
	if (p && n <= had && n > had / 2)
		return p;
	q = heap_get(h, n);
	if (q && p) {
		struct wbuf w = wbuf_of(q, n);

		wbuf_put(&w, p, had < n ? had : n);
	}
	if (q || n == 0)
		heap_put(h, p);
	return q;
}

/* ---- the whole ---- */

void heap_trim(struct heap *h, unsigned max)
{
	for (unsigned c = 0; c < HEAP_CLASSES; c++) {
		struct list *next = NULL;
		bool has_one = false;

		if (!h->ring[c].is_busy)
			heap_ring_empty(h, c);
		h->ring[c].is_busy = false;
		for (struct list *l = h->room[c].next; l != &h->room[c]; l = next) {
			struct heap_span *s = LIST_OWNER(l, struct heap_span, node);

			next = l->next;
			if (s->used)
				continue;
			if (has_one && (max == 0 || !heap_span_take_back(h, s)))
				return;
			max -= has_one;
			has_one = true;
		}
	}
}

void heap_rest(struct heap *h)
{
	if (h->is_hidden)
		return;
	for (unsigned c = 0; c < HEAP_CLASSES; c++)
		for (struct list *l = h->room[c].next; l != &h->room[c]; l = l->next)
			heap_span_forget(h, LIST_OWNER(l, struct heap_span, node));
}

void heap_shuffle(struct heap *h)
{
	secret_random(h->rng.s, sizeof h->rng.s);
}

enum err heap_init(struct heap *h, size_t bytes, enum heap_kind kind)
{
	TRY(heap_span_map(h, bytes, kind));
	for (unsigned c = 0; c < HEAP_CLASSES; c++)
		list_init(&h->room[c]);
	for (unsigned w = 0; w < HEAP_WIDTHS; w++)
		list_init(&h->spare[w]);
	for (size_t i = 0, c = 0; i <= HEAP_SMALL / HEAP_GRAIN; i++) {
		while (heap_span_size((unsigned)c) < i * HEAP_GRAIN)
			c++;
		h->small[i] = (uint8_t)c;
	}
	heap_shuffle(h);
	return E_OK;
}
