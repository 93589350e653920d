/*
 * The hooks: what a request says is taken from its head here, once, and its tokens are wiped there.
 * Jobs belong to exchanges and live as long.
 */
#include "role/cell/porter.h"

#include "base/base64url.h"
#include "role/cell/gate_app.h"
#include "role/cell/gate_facts.h"
#include "role/cell/gate_own.h"
#include "role/cell/gate_say.h"
#include "role/cell/portal_route.h"
#include "role/edge/client.h"
#include "role/edge/conn.h"
#include "role/edge/level.h"
#include "role/edge/tripwire.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "sys/secret.h"

#include <sys/mman.h>

enum {
	PORTER_TICK_MS = 200,	/* between two looks at the gate page: within a quarter second */
	PORTER_USED_MS = 5000,	/* between two words about what is used */
	PORTER_GRANT = 1u << 31 /* who asks is a grant, not a job */
};

/* ---- jobs ---- */

static struct gate_state *porter_job(struct porter *p, struct exchange *x)
{
	struct gate_state *j = p->free;

	if (j)
		p->free = j->next;
	else if (p->job_high < p->job_cap)
		j = &p->jobs[p->job_high++];
	if (!j)
		return NULL;
	*j = (struct gate_state){ .porter = p, .x = x };
	return j;
}

static uint32_t porter_number(const struct gate_state *j)
{
	return (uint32_t)(j - j->porter->jobs) + 1;
}

static struct view porter_user(const struct exchange *x)
{
	const struct gate_state *j = x->gate;

	return view_of(j->known.user, j->known.user_n);
}

static uint32_t porter_session(const struct exchange *x)
{
	const struct gate_state *j = x->gate;

	return j->known.user_n ? j->known.hold.number : 0;
}

static void porter_ended(struct edge *e, struct exchange *x)
{
	struct gate_state *j = x->gate;
	struct porter *p = j->porter;

	(void)e;
	ask_forget(&p->ask, porter_number(j));
	if (j->form) {
		secret_wipe(j->form->bytes, sizeof j->form->bytes);
		j->form->is_used = false;
	}
	secret_wipe(j, sizeof *j);
	j->next = p->free;
	p->free = j;
}

/* ---- what a head says ---- */

struct view porter_span(const struct gate_state *j, struct span16 at)
{
	return view_of(j->x->head->p + at.at, at.n);
}

struct view porter_query(const struct gate_state *j)
{
	const struct exchange *x = j->x;

	if (!x->query_n)
		return (struct view){ 0 };
	return view_of(x->head->p + x->path_at.at + x->path_at.n + 1, x->query_n);
}

const struct image_gateway *porter_gateway(const struct gate_state *j)
{
	return &j->x->g->image.header->gateway;
}

const struct image_app *porter_app(const struct gate_state *j, struct view name)
{
	const struct image *im = &j->x->g->image;

	for (uint32_t i = 0; name.n && i < image_count(im, IMAGE_APP); i++)
		if (view_eq(image_view(im, image_app_at(im, i)->name), name))
			return image_app_at(im, i);
	return NULL;
}

const struct image_app *porter_app_of(const struct gate_state *j, uint64_t id)
{
	const struct image *im = &j->x->g->image;

	for (uint32_t i = 0; i < image_count(im, IMAGE_APP); i++)
		if (image_app_at(im, i)->id == id)
			return image_app_at(im, i);
	return NULL;
}

/* Cookies of ours are gone from the place where they were read; others of the same field have been
 * copied. */
static void porter_wipe(struct edge *e, const struct client *c, const struct gate_request *q)
{
	for (size_t i = 0; i < q->h->field_n; i++) {
		const struct field *f = &q->h->fields[i];

		if (f->id == FIELD_TAKEN_OUT &&
		    view_ieq(field_name_view(q->head, f), VIEW("cookie")))
			gate_wipe(e, &c->conn, field_value_view(q->head, f));
	}
}

/* nonce "." base64url of path and query */
static void porter_read_enter(struct gate_state *j, struct view value)
{
	struct wbuf w = wbuf_of(j->back, sizeof j->back);
	size_t dot = view_find(value, '.');
	bool is_good = token_read(view_slice(value, 0, dot), &j->nonce) == E_OK &&
		       base64url_get(view_slice(value, dot + 1, value.n), &w) == E_OK &&
		       gate_facts_back(wbuf_view(&w));

	j->back_n = is_good ? (uint16_t)w.n : 0;
}

static void porter_read_cookies(struct edge *e, struct gate_state *j, const struct gate_request *q,
				const struct jar *jar)
{
	struct porter *p = j->porter;
	struct wbuf others = wbuf_of(p->cookies, sizeof p->cookies);

	(void)token_read(jar->value[JAR_SESSION], &j->session);
	(void)token_read(jar->value[JAR_LOGIN], &j->login);
	(void)token_read(jar->value[JAR_APP], &j->at_app);
	if (jar->value[JAR_ENTER].n)
		porter_read_enter(j, jar->value[JAR_ENTER]);
	p->cookies_n = 0;
	if (!jar->has_any)
		return;
	jar_take_out(&others, q->head, q->h);
	p->cookies_n = others.n;
	porter_wipe(e, j->x->c, q);
}

static struct gate_refusal porter_decide(struct edge *e, struct exchange *x,
					 const struct gate_request *q)
{
	const struct image *im = &x->g->image;
	struct gate_state *j = porter_job(e->porter, x);
	struct view origin = { 0 };
	struct jar jar = { 0 };

	x->gate = j;
	if (!j)
		return (struct gate_refusal){ 503, "no room for what is known of a request" };
	if (x->rule->action == IMAGE_ACTION_APP)
		j->app = image_app_at(im, x->rule->app);
	j->app_id = j->app ? j->app->id : 0;
	origin = image_view(im, j->app ? j->app->origin : im->header->gateway.origin);
	jar_read(&jar, q->head, q->h);
	j->facts = gate_facts_read(q, origin, jar.value[JAR_LANGUAGE]);
	porter_read_cookies(e, j, q, &jar);
	if (j->app) {
		j->is_own = gate_facts_is_own(q->path);
		gate_facts_drop(q, image_view(im, j->app->header));
	}
	return (struct gate_refusal){ 0 };
}

static void porter_put(struct edge *e, struct exchange *x, struct wbuf *w)
{
	struct porter *p = e->porter;

	(void)x;
	wbuf_put(w, p->cookies, p->cookies_n);
	secret_wipe(p->cookies, p->cookies_n);
	p->cookies_n = 0;
}

/*
 * P8: what the authority has granted was granted under other levels: it is asked again before the
 * next request, and a stream that is under one now which only the authority can judge by is cut, so
 * that its client asks again.
 */
static void porter_look_at_levels(struct porter *p)
{
	struct edge *e = p->edge;

	if (p->levels_version == e->levels.version)
		return;
	p->levels_version = e->levels.version;
	for (unsigned i = 0; i < PORTER_GRANTS; i++)
		if (p->grants[i].state == PORTER_GRANT_HERE)
			p->grants[i].fresh_s = 0;
	for (uint32_t i = 0; i < p->job_high; i++) {
		struct gate_state *j = &p->jobs[i];

		if (j->x && j->is_passed &&
		    level_of_app(e, j->x) & LEVEL_ASKS & (uint16_t)~j->levels)
			gate_cut(e, j->x);
	}
}

static void porter_act(struct edge *e, struct exchange *x)
{
	struct gate_state *j = x->gate;

	porter_look_at_levels(e->porter);
	if (!j->app)
		portal_route_act(j);
	else if (j->is_own)
		gate_own_act(j);
	else
		gate_app_act(j);
}

static void porter_run(struct edge *e, struct exchange *x)
{
	(void)e;
	if (x->gate && x->gate->form && !x->gate->app)
		portal_route_read(x->gate);
}

static void porter_expired(struct edge *e, struct exchange *x)
{
	(void)e;
	gate_say_error(x->gate, x->gate->form && !x->request.is_done ? 408 : 503,
		       "the authority did not answer in time");
}

/* Cookies of ours are set here alone: an application that can be made to set one would give its
 * visitors another's session. */
static void porter_take_answer(struct view head, const struct http1_head *h)
{
	jar_take_out_set(head, h);
}

static void porter_put_answer(struct edge *e, struct exchange *x, struct wbuf *w)
{
	struct gate_state *j = x->gate;

	if (!j->sets_session)
		return;
	jar_put(w, JAR_APP, view_of(j->fresh.text, sizeof j->fresh.text), 0);
	secret_wipe(j->fresh.text, sizeof j->fresh.text);
	j->sets_session = false;
	e->porter->wipes_piece = true; /* the head is built there */
}

/* ---- the authority ---- */

static void porter_answered(void *owner, uint32_t who, const struct ask_answer *a)
{
	struct porter *p = owner;
	struct gate_state *j = NULL;
	struct client *c = NULL;

	if (who & PORTER_GRANT) {
		gate_app_granted(p, &p->grants[who & (PORTER_GRANTS - 1)], a);
		return;
	}
	j = &p->jobs[who - 1];
	c = j->x->c;
	if (j->is_own)
		gate_own_answered(j, a);
	else if (j->app)
		gate_app_answered(j, a);
	else
		portal_route_answered(j, a);
	client_run_later(p->edge, c);
}

static const struct ask_hooks porter_ask_hooks = { .answered = porter_answered };

bool porter_try(struct gate_state *j, uint8_t type, const struct wbuf *body, uint8_t step)
{
	struct porter *p = j->porter;

	if (wbuf_check(body) != E_OK || ask_send(&p->ask, p->edge->authority.fd, type,
						 wbuf_view(body), porter_number(j)) != E_OK)
		return false;
	j->step = step;
	gate_wait(p->edge, j->x, ask_wait_ms(type));
	return true;
}

bool porter_ask(struct gate_state *j, uint8_t type, const struct wbuf *body, uint8_t step)
{
	if (porter_try(j, type, body, step))
		return true;
	gate_say_error(j, 503, "the authority can't be asked now");
	return false;
}

bool porter_ask_grant(struct porter *p, struct porter_grant *g)
{
	struct cell_token question = { .app = g->app, .token = g->token };
	uint8_t room[128];
	struct wbuf w = wbuf_of(room, sizeof room);

	return cell_token_put(&w, &question) == E_OK &&
	       ask_send(&p->ask, p->edge->authority.fd, CELL_GRANT, wbuf_view(&w),
			PORTER_GRANT | (uint32_t)(g - p->grants)) == E_OK;
}

/* What kind of program the client is, once, and again to an authority that has been started anew.
 */
static void porter_say_hello(struct porter *p)
{
	if (p->hello_n)
		ask_tell(p->edge->authority.fd, CELL_HELLO, view_of(p->hello, p->hello_n));
}

static void porter_greeted(struct edge *e, struct client *c)
{
	const struct tls_conn *tls = conn_tls(&c->conn);
	struct porter *p = e->porter;
	struct wbuf w = wbuf_of(p->hello, sizeof p->hello);
	struct wbuf fingerprint = { 0 };
	struct cell_hello hello = { 0 };

	if (!tls)
		return;
	fingerprint = wbuf_of(hello.fingerprint.b, sizeof hello.fingerprint.b);
	wbuf_view_put(&fingerprint, tls_conn_class(tls));
	(void)tls_conn_certificate_hash(tls, hello.certificate.b);
	tripwire_token_hash(e, CANARY_SESSION, hello.canary.b);
	hello.sni = tls_conn_sni(tls);
	if (cell_hello_put(&w, &hello) != E_OK)
		return;
	p->hello_n = (uint32_t)w.n;
	porter_say_hello(p);
}

/* A new authority, after which dialers let a cell reach nothing but what is granted anew. */
static void porter_joined(struct edge *e)
{
	for (unsigned i = 0; i < PORTER_GRANTS; i++)
		if (e->porter->grants[i].state == PORTER_GRANT_HERE)
			e->porter->grants[i].fresh_s = 0;
	ask_lost(&e->porter->ask);
	porter_say_hello(e->porter);
	ask_again(&e->porter->ask, e->authority.fd);
}

static void porter_on_authority(struct edge *e, uint32_t events)
{
	enum err got = ask_take(&e->porter->ask, e->authority.fd);

	if (got != E_AGAIN) {
		loop_close(&e->authority);
		ask_lost(&e->porter->ask);
	} else if (events & EPOLLOUT) {
		ask_again(&e->porter->ask, e->authority.fd);
	}
}

/* ---- time ---- */

bool porter_is_live(const struct porter *p, const struct porter_hold *h)
{
	uint64_t now_s = (uint64_t)clock_wall_us() / 1000000;

	return h->slot && h->slot < PAGE_SESSIONS && h->until_s > now_s &&
	       atomic_load_explicit(&p->page->session[h->slot], memory_order_acquire) ==
		       h->generation;
}

bool porter_has_ended(const struct porter *p)
{
	return p->own.slot && !porter_is_live(p, &p->own);
}

/* A stream is use of its session as long as its client says something: who only listens may have
 * gone home. */
static void porter_tell_use(struct porter *p, struct gate_state *j)
{
	struct cell_used used = { .slot = j->hold.slot, .generation = j->hold.generation };
	uint8_t room[16];
	struct wbuf w = wbuf_of(room, sizeof room);

	if (j->x->request.moved == j->moved)
		return;
	j->moved = j->x->request.moved;
	if (cell_used_put(&w, &used) == E_OK)
		ask_tell(p->edge->authority.fd, CELL_USED, wbuf_view(&w));
}

void porter_forget(struct edge *e)
{
	struct porter *p = e->porter;

	if (!p || !p->wipes_piece)
		return;
	secret_wipe(e->piece, sizeof e->piece);
	p->wipes_piece = false;
}

/* P7: everything of a session that has ended is cut, whatever it is doing. */
static void porter_tick(struct edge *e)
{
	struct porter *p = e->porter;
	bool tells = e->loop.now_ms - p->used_ms >= PORTER_USED_MS;

	if (e->loop.now_ms - p->ticked_ms < PORTER_TICK_MS)
		return;
	p->ticked_ms = e->loop.now_ms;
	porter_look_at_levels(p);
	for (uint32_t i = 0; i < p->job_high; i++) {
		struct gate_state *j = &p->jobs[i];

		if (!j->x || !j->hold.slot)
			continue;
		if (!porter_is_live(p, &j->hold))
			gate_cut(e, j->x);
		else if (tells)
			porter_tell_use(p, j);
	}
	if (tells)
		p->used_ms = e->loop.now_ms;
}

static void porter_client_ended(struct edge *e, struct client *c)
{
	(void)e;
	(void)c;
}

static const struct gate_hooks porter_hooks = {
	.decide = porter_decide,
	.put = porter_put,
	.act = porter_act,
	.run = porter_run,
	.expired = porter_expired,
	.take_answer = porter_take_answer,
	.put_answer = porter_put_answer,
	.user = porter_user,
	.session = porter_session,
	.ended = porter_ended,
	.greeted = porter_greeted,
	.client_ended = porter_client_ended,
	.tick = porter_tick,
	.on_authority = porter_on_authority,
	.joined = porter_joined,
};

enum err porter_open(struct edge *e, const struct page_gate_page *page)
{
	size_t jobs = e->exchange_cap * sizeof(struct gate_state);
	uint8_t *p = mmap(NULL, sizeof(struct porter) + jobs, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return log_errno("reserving memory for the gate");
	e->porter = (struct porter *)(void *)p;
	e->porter->jobs = (struct gate_state *)(void *)(p + sizeof(struct porter));
	e->porter->job_cap = e->exchange_cap;
	e->porter->edge = e;
	e->porter->page = page;
	e->porter->ask.hooks = &porter_ask_hooks;
	e->porter->ask.owner = e->porter;
	e->gate = &porter_hooks;
	tls_library_keep_class(e->tls);
	return E_OK;
}
