/* The table of sessions. */
#include "role/relay/table.h"

#include "base/hash.h"

#include <sys/mman.h>

static void *table_map(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

enum err table_init(struct relay *r, uint32_t most)
{
	r->session_cap = most < RELAY_SESSIONS ? most : (uint32_t)RELAY_SESSIONS;
	r->session = table_map(RELAY_SESSIONS * sizeof *r->session);
	r->session_free = r->session_dead = RELAY_NONE;
	for (size_t i = 0; i < RELAY_BUCKETS; i++)
		r->bucket[i] = RELAY_NONE;
	return r->session ? E_OK : E_NOMEM;
}

static uint64_t table_hash(const struct relay *r, const struct table_key *k)
{
	uint8_t bytes[40];
	struct wbuf w = wbuf_of(bytes, sizeof bytes);

	wbuf_put(&w, k->client->b, sizeof k->client->b);
	wbuf_put(&w, k->local->b, sizeof k->local->b);
	wbuf_u16(&w, k->port);
	wbuf_u16(&w, k->slot);
	return hash_keyed(r->table_key, wbuf_view(&w));
}

static uint32_t table_address(const struct relay *r, const struct table_key *k)
{
	uint8_t bytes[24];
	struct wbuf w = wbuf_of(bytes, sizeof bytes);
	struct ip source = ip_source(k->client);

	wbuf_put(&w, source.b, sizeof source.b);
	wbuf_u16(&w, k->slot);
	return (uint32_t)(hash_keyed(r->table_key, wbuf_view(&w)) % RELAY_ADDRESSES);
}

uint32_t table_address_n(const struct relay *r, const struct table_key *k)
{
	return r->address_n[table_address(r, k)];
}

struct relay_session *table_find(struct relay *r, const struct table_key *k)
{
	uint32_t i = r->bucket[table_hash(r, k) % RELAY_BUCKETS];

	while (i != RELAY_NONE) {
		struct relay_session *s = &r->session[i];

		if (s->port == k->port && s->slot == k->slot && ip_eq(&s->client, k->client) &&
		    ip_eq(&s->local, k->local))
			return s;
		i = s->next;
	}
	return NULL;
}

static struct relay_session *table_slot(struct relay *r)
{
	struct relay_session *s = NULL;

	if (r->session_n >= r->session_cap)
		return NULL;
	if (r->session_free != RELAY_NONE) {
		s = &r->session[r->session_free];
		r->session_free = s->next;
	} else if (r->session_high < RELAY_SESSIONS) {
		s = &r->session[r->session_high++];
	}
	return s;
}

struct relay_session *table_add(struct relay *r, const struct table_key *k)
{
	struct relay_session *s = table_slot(r);
	uint32_t gen = 0;

	if (!s)
		return NULL;
	gen = s->gen + 1;
	*s = (struct relay_session){ .source = { .fd = -1, .kind = RELAY_SERVER },
				     .client = *k->client,
				     .local = *k->local,
				     .port = k->port,
				     .slot = k->slot,
				     .gen = gen,
				     .first_waiting = RELAY_NONE,
				     .last_waiting = RELAY_NONE,
				     .bucket = (uint32_t)(table_hash(r, k) % RELAY_BUCKETS),
				     .address = table_address(r, k) };
	wheel_entry_init(&s->timer);
	list_init(&s->young);
	list_init(&s->dialing);
	s->next = r->bucket[s->bucket];
	r->bucket[s->bucket] = (uint32_t)(s - r->session);
	r->address_n[s->address]++;
	r->session_n++;
	return s;
}

void table_remove(struct relay *r, struct relay_session *s)
{
	uint32_t index = (uint32_t)(s - r->session), *at = &r->bucket[s->bucket];

	while (*at != index)
		at = &r->session[*at].next;
	*at = s->next;
	r->address_n[s->address]--;
	r->session_n--;
	s->state = SESSION_FREE;
	s->next = r->session_dead;
	r->session_dead = index;
}

void table_turn(struct relay *r)
{
	while (r->session_dead != RELAY_NONE) {
		uint32_t i = r->session_dead;

		r->session_dead = r->session[i].next;
		r->session[i].next = r->session_free;
		r->session_free = i;
	}
}

uint32_t table_seq(const struct relay *r, const struct relay_session *s)
{
	return (uint32_t)(s - r->session) | s->gen << 16;
}

struct relay_session *table_at(struct relay *r, uint32_t seq)
{
	struct relay_session *s = &r->session[seq & (RELAY_SESSIONS - 1)];

	return s->state != SESSION_FREE && (s->gen & 0xffff) == seq >> 16 ? s : NULL;
}
