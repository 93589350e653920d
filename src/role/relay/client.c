/* From clients: what came in one batch, and belongs together, goes on in one call. */
#include "role/relay/client.h"

#include "role/relay/session.h"
#include "role/relay/table.h"
#include "sys/fd.h"

enum { CLIENT_BATCHES = 4 /* per event: others have their turn too */ };

enum err client_open(struct relay *r, uint16_t slot, int fd)
{
	struct relay_listener *l = &r->listeners[slot];

	if (l->source.fd >= 0)
		client_close(r, slot, RELAY_END_LISTENER);
	list_init(&l->young);
	l->source = (struct loop_source){ .fd = fd, .kind = RELAY_LISTENER };
	if (loop_add(&r->loop, &l->source, EPOLLIN) == E_OK)
		return E_OK;
	loop_close(&l->source);
	return E_SYS;
}

void client_close(struct relay *r, uint16_t slot, enum relay_end why)
{
	if (r->listeners[slot].source.fd < 0)
		return;
	session_end_all(r, slot, why);
	loop_close(&r->listeners[slot].source);
}

static bool client_is_same(const struct datagram *a, const struct datagram *b)
{
	return a->port == b->port && ip_eq(&a->remote, &b->remote) && ip_eq(&a->local, &b->local) &&
	       !b->is_cut && !b->is_bogus;
}

/* How many from `first` on are one client's. */
static unsigned client_run(const struct relay *r, unsigned first)
{
	unsigned n = 1;

	while (first + n < r->in.n && client_is_same(&r->in.at[first], &r->in.at[first + n]))
		n++;
	return n;
}

/* What can't be answered, or would be answered to ourselves for ever. */
static bool client_is_bogus(const struct image_listener *l, const struct datagram *d)
{
	return d->is_bogus || (d->port == l->address.port && ip_eq(&d->remote, &d->local));
}

/* The datagrams in r->in, which came in on listener `slot`, go their ways. */
static void client_take(struct relay *r, uint16_t slot)
{
	const struct image_listener *l = r->now->listener[slot];

	for (unsigned i = 0, n = 0; i < r->in.n; i += n) {
		const struct datagram *d = &r->in.at[i];
		const struct table_key k = { &d->remote, &d->local, d->port, slot };
		struct relay_session *s = NULL;

		n = 1;
		if (d->is_cut || client_is_bogus(l, d)) {
			session_drop(r, slot, d->is_cut ? PAGE_DROP_SIZE : PAGE_DROP_BOGUS, 1);
			continue;
		}
		s = table_find(r, &k);
		if (!s)
			s = session_begin(r, slot, d);
		if (!s)
			continue;
		n = client_run(r, i);
		session_forward(r, s, i, n);
	}
}

void client_on_event(void *owner, struct loop_source *source, uint32_t events)
{
	struct relay *r = owner;
	uint16_t slot =
		(uint16_t)(LIST_OWNER(source, struct relay_listener, source) - r->listeners);

	(void)events;
	for (unsigned i = 0; i < CLIENT_BATCHES && source->fd >= 0; i++) {
		if (datagram_receive_from(source->fd, r->now->listener[slot]->datagrams.size,
					  &r->in) != E_OK)
			return;
		client_take(r, slot);
		if (r->in.n < DATAGRAM_BATCH)
			return;
	}
}
