/* Scores of connections and sources: leaky buckets; the sources' in a table where rare collisions
 * share. */
#include "role/edge/abuse.h"

#include "role/edge/access.h"
#include "role/edge/address.h"
#include "role/edge/h2.h"
#include "sys/log.h"

#include <sys/mman.h>

enum { ABUSE_TOLD_MS = 60000 /* between two events about one source */, ABUSE_PARDON = 5 };

/* The price of each act to its connection and to its source, and its name in the log. 500 resets at
 * once, or 33 a second for ever, are within the limit: a person who leaves a page full of pictures
 * causes dozens. What ends its connection anyway costs the source what a connection costs us. */
static const struct {
	uint16_t cost, source_cost;
	const char *name;
} abuse_acts[PAGE_ABUSES] = {
	[PAGE_ABUSE_RESET] = { 10, 10, "reset" },
	[PAGE_ABUSE_MALFORMED] = { 100, 100, "malformed" },
	[PAGE_ABUSE_SETTINGS] = { 50, 50, "settings" },
	[PAGE_ABUSE_PING] = { 10, 10, "ping" },
	[PAGE_ABUSE_PRIORITY] = { 5, 5, "priority" },
	[PAGE_ABUSE_WINDOW] = { 5, 5, "window" },
	[PAGE_ABUSE_EMPTY] = { 10, 10, "empty" },
	[PAGE_ABUSE_UNKNOWN] = { 10, 10, "unknown" },
	[PAGE_ABUSE_HEADER] = { 100, 2000, "header" },
	[PAGE_ABUSE_REFUSED] = { 10, 10, "refused" },
	[PAGE_ABUSE_REQUEST] = { 100, 20, "bad_request" },
	[PAGE_ABUSE_SLOW] = { 100, 100, "slow" },
	[PAGE_ABUSE_PROTOCOL] = { 100, 200, "protocol" },
	[PAGE_ABUSE_HANDSHAKE] = { 30, 30, "handshake" },
};

enum err abuse_init(struct edge *e)
{
	e->sources = mmap(NULL, ABUSE_SOURCES * sizeof *e->sources, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return e->sources == MAP_FAILED ? log_errno("reserving the table of sources") : E_OK;
}

static uint32_t abuse_now(const struct edge *e)
{
	return (uint32_t)e->loop.now_ms;
}

/* What is left of a score after the time since it was last changed. */
static uint32_t abuse_left(const struct abuse_score *s, uint32_t now_ms, uint32_t leak)
{
	uint64_t gone = (uint64_t)(now_ms - s->at_ms) * leak / 1000;

	return gone < s->score ? s->score - (uint32_t)gone : 0;
}

static uint32_t abuse_raise(struct abuse_score *s, uint32_t now_ms, uint32_t leak, uint32_t by)
{
	s->score = abuse_left(s, now_ms, leak) + by;
	s->at_ms = now_ms;
	return s->score;
}

static struct abuse_source *abuse_source(const struct edge *e, const struct ip *ip)
{
	struct ip who = ip_source(ip);

	return &e->sources[address_hash(e, 0, &who) % ABUSE_SOURCES];
}

bool abuse_speaks_for_others(const struct edge *e, const struct ip *ip)
{
	const struct image_range *r = &e->now->image.header->trust_forwarded_from;

	for (uint32_t i = 0; i < r->n; i++)
		if (ip_net_has(image_network_at(&e->now->image, r->first + i), ip))
			return true;
	return false;
}

bool abuse_is_refused(const struct edge *e, const struct ip *ip)
{
	const struct abuse_source *s = abuse_source(e, ip);

	return s->all.score > ABUSE_SOURCE &&
	       abuse_left(&s->all, abuse_now(e), ABUSE_SOURCE_LEAK) > ABUSE_SOURCE &&
	       !abuse_speaks_for_others(e, ip);
}

/* One event per source and minute: a flood must not become one of events. */
static void abuse_tell(struct edge *e, const struct client *c, struct abuse_source *s,
		       enum page_abuse act)
{
	uint8_t text[64];
	struct wbuf w = wbuf_of(text, sizeof text);

	if (s->told_ms && abuse_now(e) + 1 - s->told_ms < ABUSE_TOLD_MS) /* it was rounded up */
		return;
	s->told_ms = abuse_now(e) | 1;
	ip_put(&w, &c->ip);
	if (access_event(e, VIEW("client.abuse"), wbuf_view(&w), view_str(abuse_acts[act].name),
			 (struct view){ 0 }) != E_OK)
		log_line(LOG_WARNING, "an event about a client's abuse did not fit");
}

/* The client whose connection c is, or is a stream of. */
static struct client *abuse_owner(struct client *c)
{
	const struct h2_stream *s = c->conn.stream;

	return s ? OWNER_OF(s->session->conn, struct client, conn) : c;
}

/* What its source pays; the one that takes it over its limit is recorded, whatever it did before.
 */
static struct abuse_source *abuse_charge(struct edge *e, struct client *owner, enum page_abuse act)
{
	struct abuse_source *s = abuse_source(e, &owner->ip);
	uint32_t before = abuse_left(&s->all, abuse_now(e), ABUSE_SOURCE_LEAK);

	if (abuse_raise(&s->all, abuse_now(e), ABUSE_SOURCE_LEAK, abuse_acts[act].source_cost) >
		    ABUSE_SOURCE &&
	    before <= ABUSE_SOURCE)
		abuse_tell(e, owner, s, act);
	return s;
}

bool abuse_add(struct edge *e, struct client *c, enum page_abuse act)
{
	struct client *owner = abuse_owner(c);
	struct abuse_source *s = abuse_charge(e, owner, act);
	uint32_t cost = abuse_acts[act].cost, before = owner->abuse.score;

	if (abuse_raise(&owner->abuse, abuse_now(e), ABUSE_LEAK, cost) <= ABUSE_CONNECTION)
		return false;
	if (before <= ABUSE_CONNECTION)
		PAGE_ADD(e->load->listener[owner->slot].abuse[act], 1);
	abuse_tell(e, owner, s, act);
	return true;
}

void abuse_end(struct edge *e, struct client *c, enum page_abuse act, bool is_attack)
{
	struct client *owner = abuse_owner(c);
	struct abuse_source *s = abuse_charge(e, owner, act);

	if (is_attack)
		abuse_tell(e, owner, s, act);
	PAGE_ADD(e->load->listener[owner->slot].abuse[act], 1);
}

void abuse_note(struct edge *e, struct client *c, enum page_abuse act)
{
	(void)abuse_charge(e, abuse_owner(c), act);
}

void abuse_forgive(struct client *c)
{
	struct abuse_score *s = &abuse_owner(c)->abuse;

	s->score -= s->score < ABUSE_PARDON ? s->score : ABUSE_PARDON;
}
