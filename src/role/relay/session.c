/* Sessions of datagrams; what a session may cost is decided before anything is made for it. */
#include "role/relay/session.h"

#include "proto/proxy_protocol.h"
#include "role/relay/dial.h"
#include "role/relay/level.h"
#include "role/relay/pool.h"
#include "role/relay/record.h"
#include "role/relay/table.h"
#include "role/relay/waiting.h"
#include "route/route.h"
#include "sys/fd.h"

static struct page_load_listener *session_page(struct relay *r, uint16_t slot)
{
	return &r->load->listener[slot];
}

void session_drop(struct relay *r, uint16_t slot, enum page_drop why, unsigned n)
{
	PAGE_ADD(session_page(r, slot)->drops[why], n);
}

static const struct image_listener *session_listener(const struct relay *r,
						     const struct relay_session *s)
{
	return r->now->listener[s->slot];
}

static void session_touch(struct relay *r, struct relay_session *s)
{
	wheel_set(&r->wheel, &s->timer, r->loop.now_ms + session_listener(r, s)->datagrams.idle_ms);
}

/* ---- its end ---- */

/* It is recorded, and gives back all it has. */
static void session_end(struct relay *r, struct relay_session *s, enum relay_end why)
{
	struct page_load_listener *l = session_page(r, s->slot);
	uint32_t lost = waiting_forget(r, s);

	if (lost)
		session_drop(r, s->slot, PAGE_DROP_SERVER, lost);
	record_session(r, s, why);
	dial_forget(r, s);
	pool_release(r, s);
	loop_close(&s->source);
	wheel_cancel(&s->timer);
	list_remove(&s->young);
	r->listeners[s->slot].sessions--;
	PAGE_SET(l->connections, r->listeners[s->slot].sessions);
	table_remove(r, s);
}

void session_isolate(struct relay *r, struct relay_session *s)
{
	PAGE_ADD(session_page(r, s->slot)->isolated, 1);
	session_end(r, s, RELAY_END_ISOLATED);
}

void session_end_all(struct relay *r, uint16_t slot, enum relay_end why)
{
	for (uint32_t i = 0; i < r->session_high; i++) {
		struct relay_session *s = &r->session[i];

		if (s->state != SESSION_FREE && (slot == UINT16_MAX || s->slot == slot))
			session_end(r, s, why);
	}
}

void session_refused(struct relay *r, struct relay_session *s)
{
	pool_seen(r, s, 0, true);
	dial_tell_failure(r, s->server, DIAL_RESET);
	session_end(r, s, RELAY_END_REFUSED);
}

/*
 * Where each datagram has answers, silence is a failure of the server: but only when it was silent
 * to everybody meanwhile. Else clients could have servers ejected by asking what none answers
 * (THREATS A22).
 */
static void session_unanswered(struct relay *r, struct relay_session *s)
{
	if (r->replied_ns[s->server.slot] < s->asked_ns) {
		pool_seen(r, s, 0, true);
		dial_tell_failure(r, s->server, DIAL_TIMEOUT);
	}
	session_end(r, s, RELAY_END_UNANSWERED);
}

void session_expired(struct relay *r, struct relay_session *s)
{
	if (s->state == SESSION_DIALING)
		session_end(r, s, RELAY_END_NO_SERVER);
	else if (s->owed)
		session_unanswered(r, s);
	else
		session_end(r, s, RELAY_END_IDLE);
}

/* ---- its beginning ---- */

/* The oldest session whose client has not shown that it is there gives way. */
static bool session_evict(struct relay *r, uint16_t slot)
{
	struct list *young = &r->listeners[slot].young;

	if (list_is_empty(young))
		return false;
	PAGE_ADD(session_page(r, slot)->evicted, 1);
	session_end(r, LIST_OWNER(young->next, struct relay_session, young), RELAY_END_EVICTED);
	return true;
}

/* PAGE_DROPS: it may begin. */
static enum page_drop session_may_begin(struct relay *r, const struct table_key *k)
{
	const struct image_listener *l = r->now->listener[k->slot];
	bool is_full = l->connections && r->listeners[k->slot].sessions >= l->connections;

	if (l->connections_per_address && table_address_n(r, k) >= l->connections_per_address)
		return PAGE_DROP_ADDRESS;
	if (r->dialing_n >= RELAY_DIALS)
		return PAGE_DROP_WAITING;
	if ((is_full || r->session_n >= r->session_cap) && !session_evict(r, k->slot))
		return PAGE_DROP_SESSIONS;
	return PAGE_DROPS;
}

static void session_make_header(struct relay_session *s, const struct image_listener *l)
{
	struct wbuf w = wbuf_of(s->proxy, sizeof s->proxy);
	const struct proxy_protocol p = { .source = s->client,
					  .destination = s->local,
					  .source_port = s->port,
					  .destination_port = l->address.port,
					  .has_addresses = true,
					  .is_datagram = true };

	proxy_protocol_put_v2(&w, &p);
	INVARIANT(!w.bad);
	s->proxy_n = (uint8_t)w.n;
}

/* PAGE_DROPS: s has a server, and the dialer has been asked for a socket. */
static enum page_drop session_choose(struct relay *r, struct relay_session *s,
				     const struct image_rule *rule)
{
	const struct image *im = &r->now->image;
	uint32_t pool = route_split(im, rule, rng_below(&r->rng, rule->weight_total));

	if (pool == IMAGE_NONE || pool_pick(r, s, pool) != E_OK)
		return PAGE_DROP_SERVER;
	s->pool = (struct relay_id){ image_pool_at(im, pool)->slot,
				     image_pool_at(im, pool)->slot_gen };
	s->rule = (struct relay_id){ rule->slot, rule->slot_gen };
	record_where(r, s, rule);
	if (image_pool_at(im, pool)->send_proxy)
		session_make_header(s, session_listener(r, s));
	return PAGE_DROPS;
}

static void session_refuse(struct relay *r, uint16_t slot, enum page_drop why)
{
	session_drop(r, slot, why, 1);
	if (why == PAGE_DROP_SESSIONS || why == PAGE_DROP_ADDRESS)
		PAGE_ADD(session_page(r, slot)->refused, 1);
}

static struct relay_session *session_enter(struct relay *r, struct relay_session *s)
{
	struct relay_listener *l = &r->listeners[s->slot];
	struct page_load_listener *page = session_page(r, s->slot);

	s->started_ns = r->loop.now_ns;
	l->sessions++;
	list_append(&l->young, &s->young);
	PAGE_SET(page->connections, l->sessions);
	PAGE_ADD(page->accepted, 1);
	wheel_set(&r->wheel, &s->timer, r->loop.now_ms + RELAY_DIAL_MS);
	dial_ask(r, s);
	return s;
}

struct relay_session *session_begin(struct relay *r, uint16_t slot, const struct datagram *d)
{
	const struct table_key k = { &d->remote, &d->local, d->port, slot };
	const struct image_rule *rule = route_find_stream(&r->now->image, r->now->listener[slot],
							  (struct view){ 0 }, &d->remote);
	struct relay_session *s = NULL;
	/* Whom no rule takes makes nobody else give way. */
	enum page_drop why = rule ? session_may_begin(r, &k) : PAGE_DROP_ROUTE;

	if (!level_lets(r, slot, &d->remote, false)) {
		PAGE_ADD(session_page(r, slot)->isolated, 1);
		why = PAGE_DROP_ISOLATED;
	}

	if (why == PAGE_DROPS) {
		s = table_add(r, &k);
		why = s ? session_choose(r, s, rule) : PAGE_DROP_SESSIONS;
	}
	if (why == PAGE_DROPS) {
		s->scope = d->scope;
		return session_enter(r, s);
	}
	if (s)
		table_remove(r, s);
	session_refuse(r, slot, why);
	return NULL;
}

/* ---- its way to a server ---- */

static void session_count_in(struct relay *r, struct relay_session *s, size_t bytes)
{
	struct page_load_listener *l = session_page(r, s->slot);
	struct page_load_server *server = pool_load(r, s->server);

	s->datagrams_in++;
	s->bytes_in += bytes;
	s->asked_ns = r->loop.now_ns;
	s->owed += session_listener(r, s)->datagrams.replies;
	PAGE_ADD(l->datagrams_in, 1);
	PAGE_ADD(l->bytes_in, bytes);
	if (server)
		PAGE_ADD(server->bytes_out, bytes);
}

/* Everything that waits; E_CLOSED nobody is there. */
static enum err session_flush(struct relay *r, struct relay_session *s)
{
	struct view v = { 0 };

	while (waiting_take(r, s, &v)) {
		enum err e = datagram_send_one(s->source.fd, view_of(s->proxy, s->proxy_n), v);

		if (e == E_CLOSED)
			return e;
		if (e == E_OK)
			session_count_in(r, s, v.n);
		else
			session_drop(r, s->slot, PAGE_DROP_SEND, 1);
	}
	return E_OK;
}

void session_connected(struct relay *r, struct relay_session *s, int fd)
{
	struct page_load_server *server = pool_load(r, s->server);

	dial_forget(r, s);
	s->state = SESSION_OPEN;
	s->source = (struct loop_source){ .fd = fd, .kind = RELAY_SERVER };
	if (server)
		PAGE_ADD(server->connects, 1);
	session_touch(r, s);
	if (loop_add(&r->loop, &s->source, EPOLLIN) != E_OK)
		session_end(r, s, RELAY_END_NO_SERVER);
	else if (session_flush(r, s) == E_CLOSED)
		session_refused(r, s);
}

/* The dialer has counted the failure. */
void session_not_connected(struct relay *r, struct relay_session *s)
{
	uint32_t pool = pool_index_of(r, s);

	pool_release(r, s);
	if (++s->tries < RELAY_TRIES && pool != RELAY_NONE && pool_pick(r, s, pool) == E_OK)
		dial_ask(r, s);
	else
		session_end(r, s, RELAY_END_NO_SERVER);
}

static void session_wait(struct relay *r, struct relay_session *s, unsigned first, unsigned n)
{
	uint32_t most = session_listener(r, s)->datagrams.waiting;

	for (unsigned i = first; i < first + n; i++)
		if (waiting_add(r, s, r->in.at[i].bytes, most) != E_OK)
			session_drop(r, s->slot, PAGE_DROP_WAITING, 1);
}

/* E_CLOSED: nobody is there; *ret_left of the last ones have not gone. */
static enum err session_send(struct relay *r, struct relay_session *s, unsigned first, unsigned n,
			     unsigned *ret_left)
{
	enum err e = E_OK;

	for (*ret_left = n; *ret_left && e != E_CLOSED;) {
		struct datagram_run run = { .prefix = view_of(s->proxy, s->proxy_n),
					    .first = first + n - *ret_left,
					    .n = *ret_left };
		unsigned sent = 0;

		e = datagram_send(s->source.fd, &r->in, &run, &sent);
		for (unsigned i = 0; i < sent; i++)
			session_count_in(r, s, r->in.at[run.first + i].bytes.n);
		*ret_left -= sent;
		if (e == E_AGAIN && sent == 0) {
			session_drop(r, s->slot, PAGE_DROP_SEND, 1);
			(*ret_left)--;
		}
	}
	return e;
}

/* The client goes on: it is there, and not only somebody who writes its address. */
static void session_confirm(struct relay_session *s)
{
	if (!s->has_reply || s->is_confirmed)
		return;
	s->is_confirmed = true;
	list_remove(&s->young);
}

void session_forward(struct relay *r, struct relay_session *s, unsigned first, unsigned n)
{
	unsigned left = n;
	uint16_t slot = s->slot;

	if (s->state == SESSION_OPEN && pool_may_stay(r, s)) {
		session_touch(r, s);
		session_confirm(s);
		if (session_send(r, s, first, n, &left) != E_CLOSED)
			return;
		session_refused(r, s);
		s = NULL;
	} else if (s->state == SESSION_OPEN) {
		session_end(r, s, RELAY_END_LEFT);
		s = NULL;
	}
	first += n - left;
	if (!s && left)
		s = session_begin(r, slot, &r->in.at[first]);
	if (s)
		session_wait(r, s, first, left);
}

/* ---- and back ---- */

void session_answered(struct relay *r, struct relay_session *s, unsigned n, unsigned passed,
		      size_t bytes)
{
	struct page_load_server *server = pool_load(r, s->server);

	r->replied_ns[s->server.slot] = r->loop.now_ns;
	dial_tell_success(r, s->server);
	if (s->asked_ns)
		pool_seen(r, s, (r->loop.now_ns - s->asked_ns) / 1000, false);
	s->asked_ns = 0;
	s->has_reply |= passed != 0;
	s->datagrams_out += passed;
	s->bytes_out += bytes;
	PAGE_ADD(session_page(r, s->slot)->bytes_out, bytes);
	if (server)
		PAGE_ADD(server->bytes_in, bytes);
	session_touch(r, s);
	if (!s->owed)
		return;
	s->owed -= n < s->owed ? n : s->owed;
	if (!s->owed)
		session_end(r, s, RELAY_END_ANSWERED);
}
