/* Slots of the longest size, of which only what is used takes memory; the last one that was freed
 * is used first, and the bytes of all together are bounded. */
#include "role/relay/waiting.h"

#include <sys/mman.h>

enum err waiting_init(struct relay *r)
{
	size_t bytes = (size_t)RELAY_WAITING * DATAGRAM_BYTES;
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return E_NOMEM;
	r->waiting_memory = p;
	r->waiting_free = RELAY_NONE;
	return E_OK;
}

static uint32_t waiting_slot(struct relay *r, size_t n)
{
	uint32_t i = r->waiting_free;

	if (r->waiting_bytes + n > RELAY_WAITING_BYTES)
		return RELAY_NONE;
	if (i != RELAY_NONE)
		r->waiting_free = r->waiting[i].next;
	else if (r->waiting_high < RELAY_WAITING)
		i = r->waiting_high++;
	return i;
}

enum err waiting_add(struct relay *r, struct relay_session *s, struct view v, uint32_t most)
{
	uint32_t i = s->waiting_n < most ? waiting_slot(r, v.n) : RELAY_NONE;
	struct wbuf w = { 0 };

	if (i == RELAY_NONE)
		return E_LIMIT;
	w = wbuf_of(r->waiting_memory + (size_t)i * DATAGRAM_BYTES, DATAGRAM_BYTES);
	wbuf_view_put(&w, v);
	INVARIANT(!w.bad);
	r->waiting[i] = (struct relay_waiting){ .next = RELAY_NONE, .n = (uint32_t)v.n };
	if (s->waiting_n)
		r->waiting[s->last_waiting].next = i;
	else
		s->first_waiting = i;
	s->last_waiting = i;
	s->waiting_n++;
	r->waiting_bytes += v.n;
	return E_OK;
}

bool waiting_take(struct relay *r, struct relay_session *s, struct view *ret)
{
	uint32_t i = s->first_waiting;

	if (s->waiting_n == 0)
		return false;
	*ret = view_of(r->waiting_memory + (size_t)i * DATAGRAM_BYTES, r->waiting[i].n);
	s->first_waiting = r->waiting[i].next;
	s->waiting_n--;
	r->waiting_bytes -= ret->n;
	r->waiting[i].next = r->waiting_free;
	r->waiting_free = i;
	return true;
}

uint32_t waiting_forget(struct relay *r, struct relay_session *s)
{
	struct view v = { 0 };
	uint32_t n = 0;

	while (waiting_take(r, s, &v))
		n++;
	return n;
}
