/* What is stored is what the server sent, before any filter: they apply again when it is used. */
#include "role/edge/cache_fill.h"

#include "base/date.h"
#include "cache/cache_vary.h"
#include "sys/clock.h"

enum { CACHE_FILL_HEAD_MAX = 16 * 1024, CACHE_FILL_VARY_MAX = 1024 };

static const struct image_cache *cache_fill_option(const struct exchange *x)
{
	return image_cache_at(&x->g->image, x->rule->cache);
}

/* RFC 9111 §3.1: what belongs to the connection; and what is computed anew for each use. */
static bool cache_fill_drops(struct view head, const struct http1_head *h, const struct field *f)
{
	struct view name = field_name_view(head, f);

	if (field_flags((enum field_id)f->id) & (FIELD_HOP | FIELD_FRAMING))
		return true;
	if (f->id == FIELD_CONTENT_LENGTH || view_ieq(name, VIEW("age")))
		return true;
	return (h->flags & HTTP1_CONNECTION) && http1_connection_has(head, h, name);
}

static void cache_fill_put_status(struct wbuf *w, struct view head, const struct http1_head *h)
{
	WBUF_LIT(w, "HTTP/1.1 ");
	wbuf_dec(w, h->status);
	WBUF_LIT(w, " ");
	wbuf_put(w, head.p + h->method, h->method_n);
	WBUF_LIT(w, "\r\n");
}

/* RFC 9110 §6.6.1: when it came, if the server did not say when it was made */
static void cache_fill_put_date(struct wbuf *w, int64_t now_s)
{
	WBUF_LIT(w, "Date: ");
	date_put_http(w, now_s);
	WBUF_LIT(w, "\r\n");
}

static void cache_fill_put_head(struct wbuf *w, struct view head, const struct http1_head *h,
				int64_t now_s)
{
	bool has_date = false;

	cache_fill_put_status(w, head, h);
	for (size_t i = 0; i < h->field_n; i++) {
		has_date |= h->fields[i].id == FIELD_DATE;
		if (!cache_fill_drops(head, h, &h->fields[i]))
			wbuf_view_put(w, http1_line(head, h, i));
	}
	if (!has_date)
		cache_fill_put_date(w, now_s);
}

bool cache_fill_is_current(const struct edge *e, const struct cache_job *j, uint64_t hash)
{
	return cache_store_is_current(&e->cache.store, hash, j->asked_turn);
}

/* An entry that nobody finds yet, with its head. */
static struct cache_entry *cache_fill_new(struct edge *e, const struct exchange *x,
					  const struct cache_look *l, struct view vary,
					  struct view head)
{
	struct cache_store *s = &e->cache.store;
	struct cache_entry *entry =
		cache_store_new(s, cache_fill_option(x)->scope, wbuf_view(&l->key), vary);

	if (!entry)
		return NULL;
	if (cache_store_append(s, entry, head) != E_OK) {
		cache_store_drop(s, entry);
		return NULL;
	}
	entry->head_n = (uint32_t)head.n;
	entry->stored_ms = e->loop.now_ms;
	return entry;
}

static struct cache_times cache_fill_times(const struct exchange *x)
{
	return (struct cache_times){ .asked_s = x->job->asked_wall_s,
				     .now_s = clock_wall_us() / 1000000,
				     .even_with_cookies = cache_fill_option(x)->even_with_cookies };
}

/* Only what ends where the server has said that it ends (RFC 9111 §3.3). */
static bool cache_fill_has_end(const struct exchange *x, const struct http1_head *h)
{
	return h->body == BODY_CHUNKED || h->body == BODY_NONE ||
	       (h->body == BODY_LENGTH &&
		h->content_length <= cache_fill_option(x)->max_object_bytes);
}

enum err cache_fill_begin(struct edge *e, struct exchange *x, const struct cache_look *l,
			  struct view head, const struct http1_head *h)
{
	struct cache_times times = cache_fill_times(x);
	struct cache_life life = { 0 };
	uint8_t vary[CACHE_FILL_VARY_MAX];
	struct wbuf v = wbuf_of(vary, sizeof vary), w = wbuf_of(e->frame, CACHE_FILL_HEAD_MAX);

	if (!cache_fill_has_end(x, h) ||
	    cache_policy_judge(&l->q, head, h, &times, &life) != E_OK ||
	    cache_vary_put(&v, head, h, l->head, &l->h) != E_OK)
		return E_DENIED;
	cache_fill_put_head(&w, head, h, times.now_s);
	if (wbuf_check(&w) != E_OK)
		return E_DENIED;
	x->job->fill = cache_fill_new(e, x, l, wbuf_view(&v), wbuf_view(&w));
	if (!x->job->fill)
		return E_DENIED;
	x->job->fill->life = life;
	x->job->fill->status = h->status;
	return E_OK;
}

void cache_fill_head(struct edge *e, const struct cache_entry *entry, struct wbuf *w)
{
	cache_store_read(&e->cache.store, entry, entry->key_n + entry->vary_n, entry->head_n, w);
}

/* ---- freshening ---- */

static bool cache_fill_has_name(struct view head, const struct http1_head *h, struct view name)
{
	return cache_policy_field(head, h, name).p != NULL;
}

/* RFC 9111 §3.2: what describes the stored content stays as it was. */
static bool cache_fill_is_kept(struct view head, const struct http1_head *h, const struct field *f)
{
	return cache_fill_drops(head, h, f) || f->id == FIELD_CONTENT_ENCODING ||
	       f->id == FIELD_CONTENT_TYPE || f->id == FIELD_CONTENT_RANGE ||
	       f->id == FIELD_SET_COOKIE;
}

/* The stored head with the 304's fields in the place of its own of the same names. */
static void cache_fill_merge(struct wbuf *w, struct view stored, const struct http1_head *stored_h,
			     struct view head, const struct http1_head *h)
{
	bool has_date = cache_fill_has_name(head, h, VIEW("date"));

	cache_fill_put_status(w, stored, stored_h);
	for (size_t i = 0; i < stored_h->field_n; i++) {
		struct view name = field_name_view(stored, &stored_h->fields[i]);

		if (stored_h->fields[i].id == FIELD_DATE)
			continue;
		if (!cache_fill_has_name(head, h, name) || view_ieq(name, VIEW("content-type")) ||
		    view_ieq(name, VIEW("content-encoding")))
			wbuf_view_put(w, http1_line(stored, stored_h, i));
	}
	for (size_t i = 0; i < h->field_n; i++)
		if (!cache_fill_is_kept(head, h, &h->fields[i]))
			wbuf_view_put(w, http1_line(head, h, i));
	if (!has_date)
		cache_fill_put_date(w, clock_wall_us() / 1000000);
}

/* The head of an entry, taken apart; its fields lie in e->cache.stored. */
static enum err cache_fill_parse(struct edge *e, struct wbuf *w, struct http1_head *ret)
{
	struct http1_error why = { 0 };
	size_t progress = 0;

	WBUF_LIT(w, "\r\n");
	TRY(wbuf_check(w));
	*ret = (struct http1_head){ .fields = e->cache.stored, .field_cap = FIELDS_MAX };
	return http1_parse_response(wbuf_view(w), UINT16_MAX, METHOD_GET, &progress, ret, &why);
}

static enum err cache_fill_copy_body(struct edge *e, const struct cache_entry *from,
				     struct cache_entry *to)
{
	size_t at = from->key_n + from->vary_n + from->head_n;

	while (to->body_n < from->body_n) {
		struct wbuf w = wbuf_of(e->frame, READ_BYTES);

		cache_store_read(&e->cache.store, from, at + to->body_n, READ_BYTES, &w);
		TRY(cache_store_append(&e->cache.store, to, wbuf_view(&w)));
		to->body_n += (uint32_t)w.n;
	}
	return E_OK;
}

/* A new entry takes the place of x->job->entry; without memory for it the old one serves once. */
static void cache_fill_renew(struct edge *e, struct exchange *x, const struct cache_look *l,
			     struct view head, const struct cache_life *life)
{
	struct cache_entry *old = x->job->entry;
	struct cache_entry *entry =
		cache_fill_new(e, x, l, cache_store_vary(&e->cache.store, old), head);

	if (!entry)
		return;
	entry->status = old->status;
	if (cache_fill_copy_body(e, old, entry) != E_OK) {
		cache_store_drop(&e->cache.store, entry);
		return;
	}
	if (life) {
		entry->life = *life;
		if (cache_fill_is_current(e, x->job, entry->hash))
			cache_store_commit(&e->cache.store, entry);
	}
	cache_store_remove(&e->cache.store, old);
	cache_store_drop(&e->cache.store, old);
	x->job->entry = entry;
}

enum err cache_fill_freshen(struct edge *e, struct exchange *x, const struct cache_look *l,
			    struct view head, const struct http1_head *h)
{
	struct wbuf stored = wbuf_of(e->piece, 2 * CACHE_FILL_HEAD_MAX),
		    w = wbuf_of(e->wire, CACHE_FILL_HEAD_MAX + 2);
	struct http1_head stored_h = { 0 };
	struct view tag = cache_policy_field(head, h, VIEW("etag")), text = { 0 };
	struct cache_times times = cache_fill_times(x);
	struct cache_life life = { 0 };

	cache_fill_head(e, x->job->entry, &stored);
	TRY(cache_fill_parse(e, &stored, &stored_h));
	if (tag.p && !cache_policy_same_tag(tag, cache_policy_field(wbuf_view(&stored), &stored_h,
								    VIEW("etag")))) {
		cache_store_remove(&e->cache.store, x->job->entry);
		return E_PROTO;
	}
	cache_fill_merge(&w, wbuf_view(&stored), &stored_h, head, h);
	text = wbuf_view(&w);
	if (cache_fill_parse(e, &w, &stored_h) != E_OK)
		return E_OK; /* too long together: the stored one serves as it is */
	if (cache_policy_judge(&l->q, wbuf_view(&w), &stored_h, &times, &life) == E_OK)
		cache_fill_renew(e, x, l, text, &life);
	else
		cache_fill_renew(e, x, l, text, NULL);
	return E_OK;
}
