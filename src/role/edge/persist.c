/*
 * Persistence by cookie and by address. A sealed cookie is opened once per request, and only when
 * the pool asks for it; all other pools pay one look at the image.
 */
#include "role/edge/persist.h"
#include "role/edge/conn.h"

#include "base/base64url.h"
#include "proto/cookie.h"
#include "role/edge/address.h"
#include "role/edge/buffer.h"
#include "role/edge/conn.h"
#include "role/edge/count.h"
#include "role/edge/pool.h"
#include "sys/clock.h"
#include "sys/secret.h"

enum {
	PERSIST_PLAIN = 8 + 8 + 4,
	PERSIST_SEALED = 1 + TLS_SEAL_NONCE + PERSIST_PLAIN + TLS_SEAL_TAG,
	PERSIST_OPENS_MAX = 4, /* cookies of our name that are looked at in one request */
	PERSIST_WAYS = 4,
	PERSIST_AHEAD_S = 60 /* another edge's clock may be a moment ahead of a changed one */
};

#define PERSIST_BOUND VIEW("sluis persistence 1")

enum err persist_init(struct edge *e)
{
	struct view in = view_of(e->persist_keys, sizeof e->persist_keys);

	if (e->persist_keys[0] == 0) {
		secret_random(e->persist_keys, PERSIST_KEY_BYTES);
		e->persist_keys[0] |= 1;
	}
	for (unsigned i = 0; i < PERSIST_KEYS; i++) {
		struct view key = { 0 };

		TRY(view_u8(&in, &e->persist[i].id));
		TRY(view_take(&in, PERSIST_KEY_BYTES - 1, &key));
		if (e->persist[i].id)
			TRY(tls_seal_new(e->tls, key, &e->persist[i].seal));
	}
	secret_wipe(e->persist_keys, sizeof e->persist_keys);
	return E_OK;
}

/* ---- cookies ---- */

enum err persist_seal(const struct edge *e, const struct persist_token *t, struct wbuf *w)
{
	uint8_t plain[PERSIST_PLAIN], sealed[PERSIST_SEALED];
	struct wbuf p = wbuf_of(plain, sizeof plain), s = wbuf_of(sealed, sizeof sealed);

	wbuf_u64(&p, t->pool);
	wbuf_u64(&p, t->server);
	wbuf_u32(&p, t->issued_s);
	wbuf_u8(&s, e->persist[0].id);
	TRY(tls_seal_put(e->persist[0].seal, wbuf_view(&p), PERSIST_BOUND, &s));
	base64url_put(w, wbuf_view(&s));
	return wbuf_check(w);
}

enum err persist_open(const struct edge *e, struct view value, struct persist_token *ret)
{
	uint8_t plain[PERSIST_PLAIN], sealed[PERSIST_SEALED], id = 0;
	struct wbuf p = wbuf_of(plain, sizeof plain), s = wbuf_of(sealed, sizeof sealed);
	struct view in = { 0 };
	unsigned k = 0;

	if (base64url_get(value, &s) != E_OK || s.n != PERSIST_SEALED)
		return E_DENIED;
	in = wbuf_view(&s);
	TRY(view_u8(&in, &id));
	while (k < PERSIST_KEYS && (e->persist[k].id != id || !e->persist[k].seal))
		k++;
	if (k == PERSIST_KEYS)
		return E_DENIED;
	TRY(tls_seal_open(e->persist[k].seal, in, PERSIST_BOUND, &p));
	in = wbuf_view(&p);
	TRY(view_u64(&in, &ret->pool));
	TRY(view_u64(&in, &ret->server));
	return view_u32(&in, &ret->issued_s);
}

static uint32_t persist_wall_s(void)
{
	return (uint32_t)(clock_wall_us() / 1000000);
}

/* A cookie of our name: what it says, when it is good. */
static void persist_take(struct edge *e, struct exchange *x, struct view value)
{
	struct persist_token t = { 0 };
	uint32_t now_s = persist_wall_s();

	if (x->persist.is_kept || x->persist.opens++ >= PERSIST_OPENS_MAX)
		return;
	if (persist_open(e, value, &t) != E_OK || t.pool != x->pool->persist_id ||
	    t.issued_s > now_s + PERSIST_AHEAD_S ||
	    (now_s > t.issued_s && now_s - t.issued_s > x->pool->persist_s)) {
		PAGE_ADD(count_pool(e, x->pool)->persist_refused, 1);
		return;
	}
	x->persist.index = roster_find_id(&x->g->roster, &x->g->image, x->pool, t.server);
	x->persist.is_kept = x->persist.index != BALANCE_NONE;
	x->persist.issued_s = t.issued_s;
	if (!x->persist.is_kept)
		PAGE_ADD(count_pool(e, x->pool)->persist_lost, 1);
}

/* The value of a Cookie line; false: it is another field. */
static bool persist_is_cookie(struct view line, struct view *ret)
{
	static const struct view name = { (const uint8_t *)"Cookie:", 7 };

	if (!view_ieq(view_slice(line, 0, name.n), name))
		return false;
	*ret = view_trim(view_slice(line, name.n, line.n));
	return true;
}

/* Looks for our cookie in one line. True when it is there, whatever it is worth. */
static bool persist_look(struct edge *e, struct exchange *x, struct view line, struct view name)
{
	struct view value = { 0 }, pair = { 0 }, token = { 0 };
	bool is_there = false;

	if (!persist_is_cookie(line, &value))
		return false;
	while (cookie_next(&value, &pair) == E_OK) {
		if (!cookie_is(pair, name, &token))
			continue;
		is_there = true;
		persist_take(e, x, token);
	}
	return is_there;
}

/* One line of the head without its CRLF, and the CRLF; empty at its end. */
static struct view persist_line(struct view *head)
{
	size_t n = view_find(*head, '\r');
	struct view line = view_slice(*head, 0, n);

	*head = view_slice(*head, n + 2, head->n);
	return line;
}

/* A position in the line of n bytes that stood at `at` and stands at `from` now. */
static void persist_shift(uint16_t *position, size_t at, size_t n, size_t from)
{
	if (at <= *position && *position < at + n)
		*position = (uint16_t)(*position - at + from);
}

/* The head again, without our cookie; what is remembered of its lines moves with them. */
static void persist_strip(struct edge *e, struct exchange *x, struct view name)
{
	struct view in = buffer_view(x->head), line = { 0 }, value = { 0 };
	struct wbuf w = wbuf_of(e->frame, sizeof e->frame), to = { 0 };
	size_t at = 0;

	do {
		size_t from = w.n;

		line = persist_line(&in);
		if (!persist_is_cookie(line, &value)) {
			wbuf_view_put(&w, line);
			WBUF_LIT(&w, "\r\n");
		} else {
			WBUF_LIT(&w, "Cookie: ");
			if (cookie_put_others(&w, value, name))
				WBUF_LIT(&w, "\r\n");
			else
				w.n = from;
		}
		persist_shift(&x->agent_at.at, at, line.n, from);
		persist_shift(&x->trace.at, at, line.n, from);
		at += line.n + 2;
	} while (line.n);
	to = wbuf_of(x->head->p, BUFFER_BYTES);
	wbuf_view_put(&to, wbuf_view(&w));
	x->head->n = (uint32_t)to.n;
}

static void persist_begin_cookie(struct edge *e, struct exchange *x)
{
	struct view name = image_view(&x->g->image, x->pool->persist_cookie);
	struct view head = buffer_view(x->head), line = persist_line(&head);
	bool is_there = false;

	while (line.n) {
		is_there |= persist_look(e, x, line, name);
		line = persist_line(&head);
	}
	if (is_there)
		persist_strip(e, x, name);
}

/* ---- addresses ---- */

struct persist_sight {
	uint32_t age_s, slot;
};

/* What an entry of the table says: 28 bits of the hash, the server's slot, when it was used last.
 */
static uint64_t persist_entry(uint64_t hash, uint32_t slot, uint32_t now_s)
{
	return (hash >> 36) << 36 | (uint64_t)slot << 22 | (now_s & 0x3fffff);
}

static uint32_t persist_entry_age_s(uint64_t entry, uint32_t now_s)
{
	return (now_s - (uint32_t)entry) & 0x3fffff;
}

static uint32_t persist_bucket(uint64_t hash)
{
	return (uint32_t)(hash % (PAGE_STICKY / PERSIST_WAYS)) * PERSIST_WAYS;
}

/* When an edge has seen this address last, and where. */
static void persist_seen(const struct page_load_page *page, uint64_t hash, uint32_t now_s,
			 struct persist_sight *s)
{
	uint32_t at = persist_bucket(hash);

	for (uint32_t k = at; k < at + PERSIST_WAYS; k++) {
		uint64_t entry = PAGE_GET(page->sticky[k]);
		uint32_t age_s = persist_entry_age_s(entry, now_s);

		if (!entry || entry >> 36 != hash >> 36 || age_s >= s->age_s)
			continue;
		s->age_s = age_s;
		s->slot = (uint32_t)(entry >> 22) & 0x3fff;
	}
}

/* The newest sight of all edges counts. A page that lies can name a server of this pool, no more.
 */
static void persist_begin_source(struct edge *e, struct exchange *x)
{
	struct persist_sight s = { .age_s = UINT32_MAX };

	x->persist.hash = address_hash_pool(e, &x->c->ip, x->pool->persist_id);
	for (unsigned i = 0; i < e->load_n; i++)
		if (e->loads[i])
			persist_seen(e->loads[i], x->persist.hash,
				     (uint32_t)(e->loop.now_ms / 1000), &s);
	if (s.age_s <= x->pool->persist_s)
		x->persist.index = roster_find_slot(&x->g->roster, x->pool, s.slot);
	x->persist.is_kept = x->persist.index != BALANCE_NONE;
}

/* The entry of this address, an old one, or that which was used longest ago. */
static void persist_note(struct edge *e, const struct exchange *x)
{
	uint32_t now_s = (uint32_t)(e->loop.now_ms / 1000), at = persist_bucket(x->persist.hash);
	uint32_t oldest = at, oldest_s = 0;
	uint64_t entry = persist_entry(x->persist.hash, x->server->slot, now_s);

	for (uint32_t k = at; k < at + PERSIST_WAYS; k++) {
		uint64_t old = PAGE_GET(e->load->sticky[k]);
		uint32_t age_s = old ? persist_entry_age_s(old, now_s) : UINT32_MAX;

		if (old && old >> 36 == entry >> 36)
			age_s = UINT32_MAX; /* its own: the last one that is looked at */
		if (age_s >= oldest_s) {
			oldest = k;
			oldest_s = age_s;
		}
		if (old && old >> 36 == entry >> 36)
			break;
	}
	if (PAGE_GET(e->load->sticky[oldest]) != entry)
		PAGE_SET(e->load->sticky[oldest], entry);
}

/* ---- both ---- */

void persist_begin(struct edge *e, struct exchange *x)
{
	x->persist.index = BALANCE_NONE;
	if (x->pool->persist == IMAGE_PERSIST_COOKIE)
		persist_begin_cookie(e, x);
	else
		persist_begin_source(e, x);
}

static enum err persist_pick_new(struct edge *e, struct exchange *x)
{
	if (x->pool->persist == IMAGE_PERSIST_SOURCE)
		return pool_pick_hashed(e, x, x->persist.hash);
	return pool_pick(e, x);
}

enum err persist_pick(struct edge *e, struct exchange *x)
{
	enum err got = x->persist.is_kept ? pool_pick_kept(e, x, x->persist.index) : E_NOMEM;

	if (got == E_OK) {
		PAGE_ADD(count_pool(e, x->pool)->persist_kept, 1);
		PAGE_ADD(pool_load(e, x->server->slot, x->server->slot_gen)->kept, 1);
	} else {
		/* No room now is no reason to move for good. */
		x->persist.is_guest = got == E_LIMIT;
		got = persist_pick_new(e, x);
		if (got == E_OK)
			PAGE_ADD(count_pool(e, x->pool)->persist_new, 1);
	}
	if (got == E_OK && x->pool->persist == IMAGE_PERSIST_SOURCE && !x->persist.is_guest)
		persist_note(e, x);
	return got;
}

/* A client whose cookie names this server keeps it, until half of its time is over; one of a server
 * that drains is not renewed: that is how draining ends. */
static bool persist_needs_cookie(struct edge *e, const struct exchange *x)
{
	uint32_t index =
		(uint32_t)(x->server - image_server_at(&x->g->image, x->pool->servers.first));

	if (x->pool->persist != IMAGE_PERSIST_COOKIE || x->status >= 500 || x->persist.is_guest ||
	    !e->persist[0].seal) /* cells have no such key */
		return false;
	if (!x->persist.is_kept || x->persist.index != index)
		return true;
	return persist_wall_s() - x->persist.issued_s > x->pool->persist_s / 2 &&
	       !pool_is_draining(e, x->server);
}

void persist_put(struct edge *e, struct exchange *x, struct wbuf *w)
{
	struct persist_token t = { .pool = x->pool->persist_id,
				   .server = x->server->persist_id,
				   .issued_s = persist_wall_s() };
	size_t from = w->n;

	if (!persist_needs_cookie(e, x))
		return;
	WBUF_LIT(w, "Set-Cookie: ");
	wbuf_view_put(w, image_view(&x->g->image, x->pool->persist_cookie));
	WBUF_LIT(w, "=");
	if (persist_seal(e, &t, w) != E_OK) {
		w->n = from; /* the answer goes without it */
		return;
	}
	WBUF_LIT(w, "; Path=/; Max-Age=");
	wbuf_dec(w, x->pool->persist_s);
	WBUF_LIT(w, "; HttpOnly; SameSite=Lax");
	wbuf_view_put(w, conn_tls(&x->c->conn) ? VIEW("; Secure\r\n") : VIEW("\r\n"));
}
