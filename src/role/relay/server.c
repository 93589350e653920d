/* From servers: answers for clients of one listener are gathered over the sessions of a turn. */
#include "role/relay/server.h"

#include "role/relay/session.h"

void server_flush(struct relay *r)
{
	struct page_load_listener *l = &r->load->listener[r->out_slot];
	int fd = r->listeners[r->out_slot].source.fd;
	unsigned sent = 0;

	if (r->out.n == 0)
		return;
	if (fd >= 0)
		sent = datagram_send_to(fd, &r->out);
	PAGE_ADD(l->datagrams_out, sent);
	if (sent < r->out.n)
		session_drop(r, r->out_slot, PAGE_DROP_SEND, r->out.n - sent);
	r->out.n = 0;
}

/* Whether s's client may be sent n bytes more, by what came from it. */
static bool server_has_ratio(const struct relay *r, const struct relay_session *s, size_t n)
{
	uint64_t ratio = r->now->listener[s->slot]->datagrams.reply_ratio;

	return ratio == 0 || s->bytes_out + n <= s->bytes_in * ratio;
}

/* Datagrams [first, out.n) are s's. Those that may not go are taken out; *ret_bytes of the others.
 */
static unsigned server_address(struct relay *r, const struct relay_session *s, unsigned first,
			       size_t *ret_bytes)
{
	struct datagram_batch *b = &r->out;
	unsigned kept = first;

	*ret_bytes = 0;
	for (unsigned i = first; i < b->n; i++) {
		size_t n = b->at[i].bytes.n;

		if (b->at[i].is_cut || !server_has_ratio(r, s, *ret_bytes + n)) {
			session_drop(r, s->slot, b->at[i].is_cut ? PAGE_DROP_SIZE : PAGE_DROP_RATIO,
				     1);
			continue;
		}
		*ret_bytes += n;
		b->at[kept++] = (struct datagram){ .bytes = b->at[i].bytes,
						   .remote = s->client,
						   .local = s->local,
						   .scope = s->scope,
						   .port = s->port };
	}
	return kept - first;
}

void server_on_event(void *owner, struct loop_source *source, uint32_t events)
{
	struct relay *r = owner;
	struct relay_session *s = LIST_OWNER(source, struct relay_session, source);
	unsigned first = 0, got = 0, n = 0;
	size_t bytes = 0;
	enum err e = E_OK;

	(void)events;
	if (r->out.n == DATAGRAM_BATCH || r->out_slot != s->slot)
		server_flush(r);
	r->out_slot = s->slot;
	first = r->out.n;
	e = datagram_receive(source->fd, r->now->listener[s->slot]->datagrams.size, &r->out);
	if (e == E_CLOSED)
		session_refused(r, s);
	if (e != E_OK)
		return;
	got = r->out.n - first;
	n = server_address(r, s, first, &bytes);
	r->out.n = first + n;
	if (n < got)
		server_flush(r); /* the others lie between what is free: none of it is reused */
	session_answered(r, s, got, n, bytes);
}
