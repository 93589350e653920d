/* Jobs: looking, serving, waiting, and what to tell the server. */
#include "role/edge/cache.h"

#include "role/edge/answer.h"
#include "role/edge/buffer.h"
#include "role/edge/cache_fill.h"
#include "role/edge/client.h"
#include "role/edge/compress.h"
#include "role/edge/conn.h"
#include "role/edge/exchange.h"
#include "role/edge/local.h"
#include "role/edge/pool.h"
#include "role/edge/request.h"
#include "role/edge/upstream.h"
#include "sys/clock.h"
#include "sys/log.h"

#include <sys/mman.h>

enum {
	CACHE_PASS_MS = 10 * 1000, /* how long a URL is known not to be storable */
	CACHE_PIECES = 8	   /* of one answer before others get their turn */
};

/* What a job's exchange is doing while no server is at work for it. */
enum cache_state {
	CACHE_IDLE,
	CACHE_WAITS, /* x->node stands in another job's list */
	CACHE_LOOKS, /* it waited, and is to look again */
	CACHE_READY, /* job->entry is to be served */
	CACHE_SERVES
};

/* Why an answer comes from where it comes from, in the words of RFC 9211 §2. */
enum cache_how {
	CACHE_HOW_BYPASS,
	CACHE_HOW_METHOD,
	CACHE_HOW_REQUEST,
	CACHE_HOW_URI_MISS,
	CACHE_HOW_VARY_MISS,
	CACHE_HOW_STALE,
	CACHE_HOW_HIT,
	CACHE_HOW_N
};

static const struct image_cache *cache_option(const struct exchange *x)
{
	return image_cache_at(&x->g->image, x->rule->cache);
}

static uint32_t cache_held_s(const struct edge *e, const struct cache_entry *entry)
{
	return (uint32_t)((e->loop.now_ms - entry->stored_ms) / 1000);
}

/* ---- memory ---- */

/* The largest that any rule of the newest configuration says. */
static void cache_configure(struct edge *e)
{
	const struct image *im = &e->now->image;
	uint32_t most = 0;

	for (uint32_t i = 0; i < image_count(im, IMAGE_CACHE); i++)
		if (image_cache_at(im, i)->max_total_bytes > most)
			most = image_cache_at(im, i)->max_total_bytes;
	e->cache.generation = e->now->number;
	cache_store_limit(&e->cache.store, most / CACHE_STORE_BLOCK);
}

static enum err cache_open(struct edge *e)
{
	uint32_t blocks = IMAGE_CACHE_TOTAL_MAX / CACHE_STORE_BLOCK;
	size_t bytes = cache_store_bytes(blocks), jobs = e->exchange_cap * sizeof *e->cache.jobs;
	uint64_t key[2] = { rng_next(&e->rng), rng_next(&e->rng) };
	uint8_t *p = NULL;

	if (e->cache.jobs)
		return E_OK;
	p = mmap(NULL, bytes + jobs, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p == MAP_FAILED)
		return log_errno("reserving memory for the cache");
	cache_store_init(&e->cache.store, p, blocks, key);
	e->cache.jobs = (struct cache_job *)(void *)(p + bytes);
	for (unsigned i = 0; i < CACHE_LEADS; i++)
		list_init(&e->cache.leads[i]);
	cache_configure(e);
	return E_OK;
}

static struct cache_job *cache_job(struct edge *e)
{
	struct cache_job *j = e->cache.free;

	if (j)
		e->cache.free = j->next;
	else if (e->cache.job_high < e->exchange_cap)
		j = &e->cache.jobs[e->cache.job_high++];
	if (!j)
		return NULL;
	*j = (struct cache_job){ 0 };
	list_init(&j->leads);
	list_init(&j->waiters);
	return j;
}

void cache_tick(struct edge *e)
{
	if (!e->cache.jobs)
		return;
	if (e->cache.generation != e->now->number)
		cache_configure(e);
	PAGE_SET(e->load->delivery.cache_bytes, (uint64_t)e->cache.store.used * CACHE_STORE_BLOCK);
	PAGE_SET(e->load->delivery.cache_evicted, e->cache.store.evicted);
}

/* ---- one request for many ---- */

static struct cache_pass *cache_pass(struct edge *e, uint64_t hash)
{
	return &e->cache.pass[hash & (CACHE_PASSES - 1)];
}

/* Its answer is not for others: they need not wait for the next one (a miss is expected). */
static void cache_note_pass(struct edge *e, const struct cache_job *j)
{
	*cache_pass(e, j->hash) =
		(struct cache_pass){ .hash = j->hash, .until_ms = e->loop.now_ms + CACHE_PASS_MS };
}

static struct cache_job *cache_leader(struct edge *e, uint64_t hash)
{
	struct list *head = &e->cache.leads[hash & (CACHE_LEADS - 1)];

	for (struct list *n = head->next; n != head; n = n->next) {
		struct cache_job *j = LIST_OWNER(n, struct cache_job, leads);

		if (j->hash == hash)
			return j;
	}
	return NULL;
}

/* Those that waited for j look again, each in its own turn. */
static void cache_release(struct edge *e, struct cache_job *j)
{
	list_remove(&j->leads);
	while (!list_is_empty(&j->waiters)) {
		struct exchange *x = LIST_OWNER(j->waiters.next, struct exchange, node);

		list_remove(&x->node);
		x->job->state = CACHE_LOOKS;
		client_run_later(e, x->c);
	}
}

/* Waits for a job that asks the same, or becomes the one that others wait for. True: waits */
static bool cache_join(struct edge *e, struct exchange *x, const struct cache_look *l)
{
	struct cache_job *j = x->job, *leader = NULL;
	const struct cache_pass *pass = NULL;
	uint32_t collapse_ms = cache_option(x)->collapse_ms;

	j->hash = cache_store_hash(&e->cache.store, wbuf_view(&l->key)) ^ cache_option(x)->scope;
	pass = cache_pass(e, j->hash);
	if (x->method != METHOD_GET || l->q.none_match.p || l->q.modified_since.p ||
	    (pass->hash == j->hash && pass->until_ms > e->loop.now_ms))
		return false;
	leader = cache_leader(e, j->hash);
	if (!leader) {
		list_push(&e->cache.leads[j->hash & (CACHE_LEADS - 1)], &j->leads);
		return false;
	}
	if (!j->wait_until_ms)
		j->wait_until_ms = e->loop.now_ms + collapse_ms;
	if (j->wait_until_ms <= e->loop.now_ms)
		return false;
	j->state = CACHE_WAITS;
	j->was_collapsed = true;
	list_append(&leader->waiters, &x->node);
	wheel_set(&e->wheel, &x->c->conn.timer, j->wait_until_ms);
	PAGE_ADD(e->load->delivery.cache_collapsed, 1);
	return true;
}

/* ---- looking ---- */

static void cache_use_entry(struct exchange *x, struct cache_entry *entry)
{
	cache_store_hold(entry);
	x->job->entry = entry;
}

static bool cache_is_stale_enough(const struct edge *e, const struct cache_entry *entry,
				  uint32_t limit_s)
{
	uint32_t stale_s = cache_policy_stale_s(&entry->life, cache_held_s(e, entry));

	return stale_s <= limit_s &&
	       !(entry->life.flags & (CACHE_LIFE_NO_STALE | CACHE_LIFE_VALIDATE));
}

/* A request field that our own conditions take the place of. */
static bool cache_is_condition(struct view name)
{
	return view_ieq(name, VIEW("if-none-match")) || view_ieq(name, VIEW("if-modified-since"));
}

/* RFC 9111 §4.3.1: the request as the client sent it, with conditions of ours. */
static enum err cache_put_conditions(struct edge *e, struct exchange *x, const struct cache_look *l)
{
	struct wbuf stored = wbuf_of(e->piece, sizeof e->piece), w = { 0 };
	struct http1_head h = { .fields = e->cache.stored, .field_cap = FIELDS_MAX };
	struct http1_error why = { 0 };
	size_t progress = 0;
	struct view tag = { 0 }, date = { 0 };

	x->job->sent = buffer_get(&e->buffers);
	if (!x->job->sent)
		return E_NOMEM;
	cache_fill_head(e, x->job->entry, &stored);
	WBUF_LIT(&stored, "\r\n");
	TRY(http1_parse_response(wbuf_view(&stored), UINT16_MAX, METHOD_GET, &progress, &h, &why));
	tag = cache_policy_field(wbuf_view(&stored), &h, VIEW("etag"));
	date = cache_policy_field(wbuf_view(&stored), &h, VIEW("last-modified"));
	w = wbuf_of(x->job->sent->p, BUFFER_BYTES);
	wbuf_put(&w, l->head.p, l->h.fields_at);
	for (size_t i = 0; i < l->h.field_n; i++)
		if (!cache_is_condition(field_name_view(l->head, &l->h.fields[i])))
			wbuf_view_put(&w, http1_line(l->head, &l->h, i));
	if (tag.p) {
		WBUF_LIT(&w, "If-None-Match: ");
		wbuf_view_put(&w, tag);
		WBUF_LIT(&w, "\r\n");
	}
	if (date.p) {
		WBUF_LIT(&w, "If-Modified-Since: ");
		wbuf_view_put(&w, date);
		WBUF_LIT(&w, "\r\n");
	}
	WBUF_LIT(&w, "\r\n");
	x->job->sent->n = (uint32_t)w.n;
	return wbuf_check(&w);
}

static void cache_serve(struct edge *e, struct exchange *x);

static bool cache_only_if_cached(struct edge *e, struct exchange *x, const struct cache_look *l)
{
	if (!(l->q.control.flags & CACHE_ONLY_IF_CACHED))
		return false;
	local_error(e, x, 504, "only-if-cached, and it is not"); /* RFC 9111 §5.2.1.7 */
	return true;
}

/* There is an entry that may be used only when the server says so. */
static bool cache_validate(struct edge *e, struct exchange *x, const struct cache_look *l,
			   struct cache_entry *entry)
{
	bool wants_it_now = l->q.control.flags & (CACHE_NO_CACHE | CACHE_MAX_AGE);

	x->job->how = wants_it_now ? CACHE_HOW_REQUEST : CACHE_HOW_STALE;
	if (cache_only_if_cached(e, x, l))
		return true;
	if (!wants_it_now && cache_is_stale_enough(e, entry, entry->life.while_revalidate_s) &&
	    cache_leader(e, cache_store_hash(&e->cache.store, wbuf_view(&l->key)) ^
				    cache_option(x)->scope)) {
		cache_use_entry(x, entry); /* RFC 5861 §3: somebody else is asking already */
		x->job->how = CACHE_HOW_HIT;
		cache_serve(e, x);
		return true;
	}
	if (!wants_it_now && !(entry->life.flags & CACHE_LIFE_VALIDATE) && cache_join(e, x, l))
		return true;
	x->job->may_store = x->method == METHOD_GET;
	cache_use_entry(x, entry);
	if ((entry->life.flags & CACHE_LIFE_VALIDATOR) && x->method == METHOD_GET &&
	    cache_put_conditions(e, x, l) != E_OK)
		x->job->sent = buffer_put(&e->buffers, x->job->sent);
	return false;
}

static bool cache_miss(struct edge *e, struct exchange *x, const struct cache_look *l)
{
	PAGE_ADD(e->load->delivery.cache_misses, 1);
	if (cache_only_if_cached(e, x, l) || cache_join(e, x, l))
		return true;
	x->job->may_store = x->method == METHOD_GET;
	return false;
}

/* The requests that the cache takes part in at all. */
static bool cache_is_for(const struct exchange *x, const struct cache_look *l)
{
	if (x->method != METHOD_GET && x->method != METHOD_HEAD) {
		x->job->how = CACHE_HOW_METHOD;
		return false;
	}
	x->job->how = CACHE_HOW_BYPASS;
	return x->request.is_done && !l->q.is_odd && !l->q.is_partial &&
	       !(l->q.control.flags & CACHE_NO_STORE);
}

/* True: x is answered, or waits. */
static bool cache_look(struct edge *e, struct exchange *x)
{
	struct cache_look l = { 0 };
	struct cache_entry *entry = NULL;
	bool has_others = false;
	enum cache_use use = CACHE_USE_NEVER;

	x->job->asked_wall_s = clock_wall_us() / 1000000;
	x->job->asked_turn = cache_store_turn(&e->cache.store);
	if (cache_look_read(e, x, &l) != E_OK || !cache_is_for(x, &l)) {
		PAGE_ADD(e->load->delivery.cache_passed, 1);
		return false;
	}
	entry = cache_look_find(e, x, &l, &has_others);
	x->job->how = has_others ? CACHE_HOW_VARY_MISS : CACHE_HOW_URI_MISS;
	if (!entry)
		return cache_miss(e, x, &l);
	use = cache_policy_use(&l.q, &entry->life, cache_held_s(e, entry));
	if (use == CACHE_USE_NEVER) {
		x->job->how = CACHE_HOW_BYPASS;
		return cache_only_if_cached(e, x, &l);
	}
	cache_store_touch(entry);
	if (use == CACHE_USE_VALIDATE)
		return cache_validate(e, x, &l, entry);
	cache_use_entry(x, entry);
	x->job->how = CACHE_HOW_HIT;
	cache_serve(e, x);
	return true;
}

bool cache_begin(struct edge *e, struct exchange *x)
{
	if (x->flags & X_WEBSOCKET || cache_open(e) != E_OK)
		return false;
	x->job = cache_job(e);
	return x->job && cache_look(e, x);
}

struct view cache_head(const struct exchange *x)
{
	return buffer_view(x->job->sent ? x->job->sent : x->head);
}

/* ---- serving ---- */

/* RFC 9110 §15.4.5: what a 304 has of the fields that 200 would have had. */
static bool cache_goes_with_304(struct view name)
{
	static const struct view names[] = {
		VIEW_INIT("cache-control"), VIEW_INIT("content-location"), VIEW_INIT("date"),
		VIEW_INIT("etag"),	    VIEW_INIT("expires"),	   VIEW_INIT("vary")
	};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (view_ieq(name, names[i]))
			return true;
	return false;
}

/* The client has it already: RFC 9111 §4.3.2. w becomes a 304 when so. */
static void cache_answer_condition(struct edge *e, struct exchange *x, struct wbuf *w)
{
	struct cache_look l = { 0 };
	struct http1_head h = { .fields = e->cache.stored, .field_cap = FIELDS_MAX };
	struct http1_error why = { 0 };
	struct wbuf same = wbuf_of(e->plain, sizeof e->plain);
	struct view head = wbuf_view(w);
	size_t progress = 0;

	if (cache_look_read(e, x, &l) != E_OK || (!l.q.none_match.p && !l.q.modified_since.p) ||
	    http1_parse_response(head, UINT16_MAX, METHOD_GET, &progress, &h, &why) != E_OK ||
	    !cache_policy_matches(&l.q, head, &h))
		return;
	WBUF_LIT(&same, "HTTP/1.1 304 Not Modified\r\n");
	for (size_t i = 0; i < h.field_n; i++)
		if (cache_goes_with_304(field_name_view(head, &h.fields[i])))
			wbuf_view_put(&same, http1_line(head, &h, i));
	WBUF_LIT(&same, "\r\n");
	w->n = 0;
	wbuf_view_put(w, wbuf_view(&same));
}

static size_t cache_body_at(const struct cache_entry *entry)
{
	return entry->key_n + entry->vary_n + entry->head_n;
}

static void cache_move(struct edge *e, struct exchange *x);

/* The head, and with it as much of the body as fits. */
static void cache_serve(struct edge *e, struct exchange *x)
{
	struct cache_job *j = x->job;
	struct wbuf w = wbuf_of(e->in, sizeof e->in);
	size_t head_n = 0;

	j->state = CACHE_SERVES;
	PAGE_ADD(e->load->delivery.cache_hits, j->how == CACHE_HOW_HIT);
	PAGE_ADD(e->load->delivery.cache_stale,
		 cache_policy_stale_s(&j->entry->life, cache_held_s(e, j->entry)) != 0);
	cache_fill_head(e, j->entry, &w);
	if (j->entry->status != 204) {
		WBUF_LIT(&w, "Content-Length: ");
		wbuf_dec(&w, j->entry->body_n);
		WBUF_LIT(&w, "\r\n");
	}
	WBUF_LIT(&w, "\r\n");
	cache_answer_condition(e, x, &w);
	head_n = w.n;
	cache_store_read(&e->cache.store, j->entry, cache_body_at(j->entry), sizeof e->in - w.n,
			 &w);
	j->at = w.n - head_n;
	if (wbuf_check(&w) != E_OK || answer_stored(e, x, wbuf_view(&w)) != E_OK) {
		x->c->conn.is_broken = true;
		exchange_abort(e, x);
		return;
	}
	cache_move(e, x);
}

/* One more piece. E_AGAIN: there is none */
static enum err cache_move_piece(struct edge *e, struct exchange *x)
{
	struct cache_job *j = x->job;
	struct wbuf w = wbuf_of(e->in, sizeof e->in);
	struct view v = { 0 };

	if (x->z && compress_has_more(x))
		return compress_send(e, x);
	if (x->answer.is_done)
		return E_AGAIN;
	cache_store_read(&e->cache.store, j->entry, cache_body_at(j->entry) + j->at, sizeof e->in,
			 &w);
	j->at += w.n;
	v = wbuf_view(&w);
	return v.n ? answer_more(e, x, &v) : E_PROTO;
}

static void cache_move(struct edge *e, struct exchange *x)
{
	enum err got = E_OK;

	for (unsigned i = 0; i < CACHE_PIECES && got == E_OK && !x->c->conn.out; i++)
		got = cache_move_piece(e, x);
	if (got == E_OK || got == E_AGAIN) {
		if (answer_is_whole(x)) {
			exchange_finish(e, x);
			return;
		}
		exchange_deadline(e, x, x->listener->response_idle_ms);
		if (!x->c->conn.out)
			client_run_later(e, x->c);
		return;
	}
	x->c->conn.is_broken = true;
	exchange_abort(e, x);
}

bool cache_go_on(struct edge *e, struct exchange *x)
{
	switch ((enum cache_state)x->job->state) {
	case CACHE_IDLE:
		return false;
	case CACHE_WAITS:
		return true;
	case CACHE_LOOKS:
		x->job->state = CACHE_IDLE;
		if (!cache_look(e, x))
			request_ask(e, x);
		return true;
	case CACHE_READY:
		cache_serve(e, x);
		return true;
	case CACHE_SERVES:
		cache_move(e, x);
		return true;
	}
	return false;
}

bool cache_expired(struct edge *e, struct exchange *x)
{
	if (x->job->state != CACHE_WAITS)
		return x->job->state == CACHE_LOOKS || x->job->state == CACHE_READY;
	list_remove(&x->node);
	x->job->state = CACHE_LOOKS;
	(void)cache_go_on(e, x);
	return true;
}

bool cache_failed(struct edge *e, struct exchange *x)
{
	struct cache_job *j = x->job;

	if (!j->entry || x->flags & X_ANSWERED || !cache_fill_is_current(e, j, j->entry->hash) ||
	    !cache_is_stale_enough(e, j->entry, j->entry->life.if_error_s))
		return false;
	j->how = CACHE_HOW_STALE;
	j->state = CACHE_READY;
	cache_release(e, j);
	client_run_later(e, x->c);
	return true;
}

/* ---- the server's answer ---- */

/* The server has done its part; x goes on from memory in its next turn. */
static enum err cache_take_over(struct edge *e, struct exchange *x, const struct http1_head *h,
				struct view *rest)
{
	bool is_reusable = rest->n == 0 && h->body == BODY_NONE && (h->flags & HTTP1_KEEP_ALIVE);

	x->status = h->status;
	x->first_byte_ns = e->loop.now_ns;
	answer_count(e, x);
	*rest = (struct view){ 0 };
	TRY(conn_keep(e, &x->u->conn, *rest));
	upstream_give(e, x, is_reusable);
	pool_release(e, x); /* what the client takes its time for is not the server's load */
	x->flags &= ~(uint32_t)X_SENT;
	x->progress = 0;
	x->job->fwd_status = h->status;
	x->job->state = CACHE_READY;
	client_run_later(e, x->c);
	return E_OK;
}

static void cache_forget_entry(struct edge *e, struct cache_job *j)
{
	if (j->entry)
		cache_store_drop(&e->cache.store, j->entry);
	j->entry = NULL;
}

enum err cache_answer(struct edge *e, struct exchange *x, struct view head,
		      const struct http1_head *h, struct view *rest)
{
	struct cache_job *j = x->job;
	struct cache_look l = { 0 };

	if (!j->may_store || cache_look_read(e, x, &l) != E_OK)
		return E_AGAIN;
	if (h->status == 304 && j->sent) {
		TRY(cache_fill_freshen(e, x, &l, head, h));
		PAGE_ADD(e->load->delivery.cache_validated, 1);
		cache_release(e, j);
		return cache_take_over(e, x, h, rest);
	}
	if (h->status >= 500 && cache_failed(e, x))
		return cache_take_over(e, x, h, rest);
	cache_forget_entry(e, j);
	if (!cache_fill_is_current(e, j, cache_store_hash(&e->cache.store, wbuf_view(&l.key)))) {
		cache_release(e, j);
		return E_AGAIN;
	}
	if (cache_fill_begin(e, x, &l, head, h) != E_OK) {
		cache_note_pass(e, j);
		cache_release(e, j);
	}
	return E_AGAIN;
}

/* It can't be stored after all. */
static void cache_give_up(struct edge *e, struct cache_job *j)
{
	cache_store_drop(&e->cache.store, j->fill);
	j->fill = NULL;
	cache_note_pass(e, j);
	cache_release(e, j);
}

void cache_take(struct edge *e, struct exchange *x, struct view content)
{
	struct cache_job *j = x->job;
	struct cache_entry *fill = j->fill;

	if (!fill)
		return;
	if (content.n > cache_option(x)->max_object_bytes - fill->body_n ||
	    cache_store_append(&e->cache.store, fill, content) != E_OK) {
		cache_give_up(e, j);
		return;
	}
	fill->body_n += (uint32_t)content.n;
	if (!x->answer.is_done)
		return;
	if (cache_fill_is_current(e, j, fill->hash)) {
		cache_store_commit(&e->cache.store, fill);
		PAGE_ADD(e->load->delivery.cache_stored, 1);
	}
	cache_store_drop(&e->cache.store, fill);
	j->fill = NULL;
	cache_release(e, j);
}

void cache_invalidate(struct edge *e, struct exchange *x)
{
	struct cache_look l = { 0 };

	if (cache_look_read(e, x, &l) == E_OK)
		(void)cache_store_remove_key(&e->cache.store, wbuf_view(&l.key));
}

struct cache_purged cache_purge(struct edge *e, const struct cache_pattern *pattern)
{
	struct cache_purged gone = { 0 };

	if (!e->cache.jobs)
		return gone;
	gone = cache_store_purge(&e->cache.store, pattern);
	PAGE_ADD(e->load->delivery.cache_purged, gone.entries);
	return gone;
}

void cache_drop(struct edge *e, struct exchange *x)
{
	struct cache_job *j = x->job;

	if (!j)
		return;
	list_remove(&x->node);
	if (j->fill)
		cache_store_drop(&e->cache.store, j->fill);
	cache_forget_entry(e, j);
	cache_release(e, j);
	j->sent = buffer_put(&e->buffers, j->sent);
	x->job = NULL;
	j->next = e->cache.free;
	e->cache.free = j;
}

/* ---- what is said about it ---- */

void cache_put_fields(struct edge *e, const struct exchange *x, struct wbuf *w)
{
	static const char *const words[CACHE_HOW_N] = {
		[CACHE_HOW_BYPASS] = "fwd=bypass",
		[CACHE_HOW_METHOD] = "fwd=method",
		[CACHE_HOW_REQUEST] = "fwd=request",
		[CACHE_HOW_URI_MISS] = "fwd=uri-miss",
		[CACHE_HOW_VARY_MISS] = "fwd=vary-miss",
		[CACHE_HOW_STALE] = "fwd=stale",
		[CACHE_HOW_HIT] = "hit",
	};
	const struct cache_job *j = x->job;

	if (j->state == CACHE_SERVES) {
		WBUF_LIT(w, "Age: ");
		wbuf_dec(w, (uint64_t)j->entry->life.age_s + cache_held_s(e, j->entry));
		WBUF_LIT(w, "\r\n");
	}
	if (!cache_option(x)->status_field)
		return;
	WBUF_LIT(w, "Cache-Status: sluis; ");
	wbuf_str(w, words[j->how]);
	if (j->fwd_status) {
		WBUF_LIT(w, "; fwd-status=");
		wbuf_dec(w, j->fwd_status);
	}
	if (j->fill)
		WBUF_LIT(w, "; stored");
	if (j->was_collapsed)
		WBUF_LIT(w, "; collapsed");
	WBUF_LIT(w, "\r\n");
}
