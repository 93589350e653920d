/*
 * Keys. Everything that a server is told about where a request was aimed is in them, in the form in
 * which it is told: canonical host and path, the client's own spellings of X-Forwarded-* removed
 * before (THREATS A4, A6, A26). The scope says for which rule and backends an answer was meant, so
 * that a rule for inside clients never answers those of another.
 */
#include "role/edge/cache_look.h"

#include "cache/cache_vary.h"
#include "role/edge/buffer.h"

/* All values of a field that may come from a trusted sender, one behind the other. */
static void cache_look_put_all(struct wbuf *w, const struct cache_look *l, enum field_id id)
{
	for (size_t i = 0; i < l->h.field_n; i++)
		if (l->h.fields[i].id == (uint16_t)id) {
			WBUF_LIT(w, "|");
			wbuf_view_put(w, field_value_view(l->head, &l->h.fields[i]));
		}
}

static void cache_look_key(const struct exchange *x, struct cache_look *l)
{
	struct view host = cache_policy_field(l->head, &l->h, field_name(FIELD_X_FORWARDED_HOST));
	struct view proto = cache_policy_field(l->head, &l->h, field_name(FIELD_X_FORWARDED_PROTO));
	struct view target = view_of(l->head.p + l->h.target, l->h.target_n);
	struct view asked = view_of(x->head->p + x->path_at.at,
				    x->path_at.n + (x->query_n ? x->query_n + 1 : 0));

	l->key = wbuf_of(l->key_bytes, sizeof l->key_bytes);
	/* The client's scheme, host and target, as cache_pattern reads them; then the server's */
	wbuf_view_put(&l->key, proto);
	WBUF_LIT(&l->key, "|");
	wbuf_view_put(&l->key, host);
	wbuf_view_put(&l->key, asked);
	WBUF_LIT(&l->key, " ");
	if (!view_eq(asked, target))
		wbuf_view_put(&l->key, target);
	WBUF_LIT(&l->key, " ");
	wbuf_view_put(&l->key, view_of(x->head->p + x->host_at.at, x->host_at.n));
	cache_look_put_all(&l->key, l, FIELD_X_FORWARDED_HOST);
	cache_look_put_all(&l->key, l, FIELD_X_FORWARDED_PROTO);
	cache_look_put_all(&l->key, l, FIELD_X_FORWARDED_OTHER);
}

enum err cache_look_read(struct edge *e, const struct exchange *x, struct cache_look *ret)
{
	struct http1_error why = { 0 };
	size_t progress = 0;

	ret->head = buffer_view(x->head);
	ret->h = (struct http1_head){ .fields = e->cache.fields, .field_cap = FIELDS_MAX };
	if (http1_parse_request(ret->head, UINT16_MAX, &progress, &ret->h, &why) != E_OK)
		return E_DENIED;
	cache_policy_read(ret->head, &ret->h, &ret->q);
	cache_look_key(x, ret);
	return wbuf_check(&ret->key) == E_OK ? E_OK : E_DENIED;
}

struct cache_entry *cache_look_find(struct edge *e, const struct exchange *x,
				    const struct cache_look *l, bool *ret_others)
{
	const struct cache_store *s = &e->cache.store;
	struct view key = wbuf_view(&l->key);
	uint64_t hash = cache_store_hash(s, key);
	uint64_t scope = image_cache_at(&x->g->image, x->rule->cache)->scope;
	struct cache_entry *entry = NULL;

	*ret_others = false;
	while ((entry = cache_store_find(s, key, hash, entry))) {
		if (entry->scope != scope)
			continue;
		if (cache_vary_matches(cache_store_vary(s, entry), l->head, &l->h))
			return entry;
		*ret_others = true;
	}
	return NULL;
}
