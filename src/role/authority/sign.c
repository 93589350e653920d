/* The signer's word is taken for the texts alone; whom they are for is known here. */
#include "role/authority/sign.h"

#include "role/authority/recover_key.h"

#include "base/hash.h"
#include "ipc/authority_signer.h"
#include "role/authority/cell.h"
#include "role/authority/session_end.h"
#include "sys/fd.h"
#include "sys/log.h"

enum { SIGN_FRAMES = 256, SIGN_BEFORE_S = 20 /* an assertion is used no longer than to then */ };

static void sign_answer(struct authority *a, const struct question *q,
			const struct authority_grant *grant)
{
	uint8_t body[FRAME_BODY_MAX];
	struct wbuf w = wbuf_of(body, sizeof body);

	if (authority_grant_put(&w, grant) != E_OK)
		w.bad = true;
	cell_answer(a, q, AUTHORITY_GRANT, &w);
}

/* ---- assertions that are good for a while ---- */

static struct assertion *sign_set(struct authority *a, uint32_t session, uint64_t app)
{
	uint64_t h = hash_mix(app ^ hash_mix(session));

	return &a->assertions[h % (AUTHORITY_ASSERTIONS / AUTHORITY_ASSERTION_WAYS) *
			      AUTHORITY_ASSERTION_WAYS];
}

static const struct assertion *sign_kept(struct authority *a, const struct session *s, uint64_t app)
{
	const struct assertion *set = sign_set(a, s->id, app);

	for (unsigned i = 0; i < AUTHORITY_ASSERTION_WAYS; i++)
		if (set[i].session == s->id && set[i].app == app &&
		    set[i].session_generation == s->generation && set[i].factors == s->factors &&
		    set[i].until_s > authority_wall_s(a))
			return &set[i];
	return NULL;
}

static void sign_keep(struct authority *a, const struct token_wait *t, const struct session *s,
		      struct view text)
{
	struct assertion *set = sign_set(a, t->session, t->app), *to = &set[0];

	for (unsigned i = 0; i < AUTHORITY_ASSERTION_WAYS; i++) {
		if (set[i].session == t->session && set[i].app == t->app) {
			to = &set[i];
			break;
		}
		if (set[i].until_s < to->until_s)
			to = &set[i];
	}
	to->session = t->session;
	to->app = t->app;
	to->session_generation = s->generation;
	to->factors = s->factors;
	to->until_s = t->grant.fresh_s;
	to->n = (uint16_t)user_copy(to->text, sizeof to->text, text);
}

/* ---- asking ---- */

/* The session as applications may tell it from others, and nobody find it by. */
static struct hash32 sign_name(struct authority *a, const struct session *s)
{
	uint8_t text[32];
	struct wbuf w = wbuf_of(text, sizeof text);
	struct hash32 h = { 0 };

	WBUF_LIT(&w, "session ");
	wbuf_u64(&w, s->id);
	wbuf_u64(&w, s->began_s);
	vault_hash(&a->vault, wbuf_view(&w), &h);
	return h;
}

static enum err sign_send(struct authority *a, const struct token_wait *t)
{
	uint8_t body[FRAME_BODY_MAX], groups_at[GATE_GROUPS_MAX];
	struct wbuf w = wbuf_of(body, sizeof body), groups = wbuf_of(groups_at, sizeof groups_at);
	struct session s = { 0 };
	struct authority_token ask = { .app = t->app };

	if (a->signer.fd < 0 || session_by_id(a, t->session, &s) != E_OK)
		return E_CLOSED;
	TRY(user_groups(a, s.user.id, &groups));
	ask.factors = s.factors;
	ask.auth_s = s.factor_s;
	ask.session = sign_name(a, &s);
	ask.user = user_name(&s.user);
	ask.title = user_title(&s.user);
	ask.groups = wbuf_view(&groups);
	TRY(authority_token_put(&w, &ask));
	return frame_send(a->signer.fd, AUTHORITY_TOKEN, t->seq, wbuf_view(&w), NULL, 0);
}

static void sign_refuse(struct authority *a, struct token_wait *t)
{
	t->until_ms = 0;
	cell_refuse(a, &t->who, GATE_WHY_BUSY, 0);
}

static struct token_wait *sign_take(struct authority *a)
{
	for (uint32_t i = 0; i < AUTHORITY_TOKENS; i++) {
		struct token_wait *t = &a->tokens[a->token_count++ % AUTHORITY_TOKENS];

		if (!t->until_ms) {
			*t = (struct token_wait){ .until_ms = a->now_ms + AUTHORITY_TOKEN_MS };
			t->seq = ++a->token_count;
			return t;
		}
	}
	return NULL;
}

void sign_grant(struct authority *a, const struct question *q, const struct session *s,
		const struct image_app *app, const struct authority_grant *grant)
{
	const struct assertion *kept = sign_kept(a, s, app->id);
	struct authority_grant g = *grant;
	struct token_wait *t = NULL;

	g.user = user_name(&s->user);
	if (!app->wants_jwt || kept) {
		if (kept && kept->until_s < g.fresh_s)
			g.fresh_s = kept->until_s;
		g.assertion = kept ? view_of(kept->text, kept->n) : (struct view){ 0 };
		sign_answer(a, q, &g);
		return;
	}
	if (g.fresh_s > authority_wall_s(a) + TOKEN_LIFETIME_S - SIGN_BEFORE_S)
		g.fresh_s = authority_wall_s(a) + TOKEN_LIFETIME_S - SIGN_BEFORE_S;
	t = sign_take(a);
	if (!t) {
		cell_refuse(a, q, GATE_WHY_BUSY, 0);
		return;
	}
	t->who = *q;
	t->app = app->id;
	t->session = s->id;
	t->grant = g;
	t->user_n = (uint8_t)user_copy(t->user, sizeof t->user, g.user);
	t->grant.user = (struct view){ 0 };
	if (sign_send(a, t) != E_OK)
		sign_refuse(a, t);
}

/* ---- answers ---- */

static struct token_wait *sign_find(struct authority *a, uint32_t seq)
{
	for (uint32_t i = 0; seq && i < AUTHORITY_TOKENS; i++)
		if (a->tokens[i].until_ms && a->tokens[i].seq == seq)
			return &a->tokens[i];
	return NULL; /* late: who asked was refused long ago */
}

/* The session may have ended while the signer worked. */
static enum err on_token(void *role, struct frame *f)
{
	struct authority *a = role;
	struct token_wait *t = sign_find(a, f->seq);
	struct signer_token got = { 0 };
	struct session s = { 0 };
	struct authority_grant g = { 0 };

	TRY(signer_token_get(f->body, &got));
	if (!t)
		return E_OK;
	if (session_by_id(a, t->session, &s) != E_OK || s.ended_s || !got.token.n) {
		sign_refuse(a, t);
		return E_OK;
	}
	sign_keep(a, t, &s, got.token);
	g = t->grant;
	g.user = view_of(t->user, t->user_n);
	g.assertion = got.token;
	t->until_ms = 0;
	sign_answer(a, &t->who, &g);
	return E_OK;
}

static enum err on_refused(void *role, struct frame *f)
{
	struct authority *a = role;
	struct token_wait *t = sign_find(a, f->seq);

	if (t)
		sign_refuse(a, t);
	return E_OK;
}

/* Other keys: whoever has the old ones could speak for sessions that stand; all of them end. */
static void sign_compare(struct authority *a, const struct hash32 *now)
{
	const struct tell t = { .action = "session.revoked",
				.result = "ended",
				.detail = VIEW_INIT("the key of assertions has changed") };
	struct store_ask q = store_ask(&a->store, Q_META_GET);
	struct hash32 was = { 0 };
	enum err e = E_OK;

	store_put_text(&q, VIEW("token_key"));
	e = store_next(&q);
	if (e == E_OK) {
		store_hash(&q, 0, &was);
		store_end(&q);
	}
	if (e == E_SYS || hash32_eq(&was, now))
		return;
	if (e == E_OK && session_end_all(a, 0, 0, &t, NULL) != E_OK)
		return;
	q = store_ask(&a->store, Q_META_SET);
	store_put_text(&q, VIEW("token_key"));
	store_put_hash(&q, now);
	if (store_run(&q) == E_OK)
		a->token_key = *now;
}

static enum err on_keys(void *role, struct frame *f)
{
	struct authority *a = role;
	struct signer_token_keys got = { 0 };
	struct hash32 now = { 0 };

	TRY(signer_token_keys_get(f->body, &got));
	if (!got.json.n)
		return E_OK; /* no application has assertions now; who comes back is the same */
	a->keys_n = (uint16_t)user_copy(a->keys, sizeof a->keys, got.json);
	vault_hash(&a->vault, got.json, &now);
	recover_key_note(a, &now);
	sign_compare(a, &now);
	return E_OK;
}

static const struct frame_def sign_defs[] = {
	{ SIGNER_TOKEN, 0, FRAME_RUN, 2, 2 + GATE_JWT_MAX, on_token },
	{ SIGNER_TOKEN_REFUSED, 0, FRAME_RUN, 0, 0, on_refused },
	{ SIGNER_TOKEN_KEYS, 0, FRAME_RUN, 2, 2 + 2048, on_keys },
};

static const struct frame_table sign_table = { sign_defs, sizeof sign_defs / sizeof sign_defs[0] };

enum err sign_set_channel(struct authority *a, int fd)
{
	loop_close(&a->signer);
	a->signer = (struct loop_source){ .fd = fd, .kind = SOURCE_SIGNER };
	if (fd_set_nonblocking(fd) != E_OK || loop_add(&a->loop, &a->signer, EPOLLIN) != E_OK ||
	    frame_send(fd, AUTHORITY_TOKEN_KEYS, 0, (struct view){ 0 }, NULL, 0) != E_OK) {
		loop_close(&a->signer);
		return E_SYS;
	}
	for (uint32_t i = 0; i < AUTHORITY_TOKENS; i++)
		if (a->tokens[i].until_ms && sign_send(a, &a->tokens[i]) != E_OK)
			sign_refuse(a, &a->tokens[i]);
	return E_OK;
}

void sign_on_event(void *owner, struct loop_source *source, uint32_t events)
{
	struct authority *a = owner;
	enum err e = frame_pump(source->fd, &sign_table, FRAME_RUN, a, SIGN_FRAMES);

	(void)events;
	if (e == E_OK || e == E_AGAIN)
		return;
	if (e != E_CLOSED)
		log_line(LOG_ERROR, "the signer's answer is refused (%s): its channel ends",
			 err_name(e));
	loop_close(source); /* the keeper starts another one; who waits is asked for again there */
}

void sign_tick(struct authority *a)
{
	for (uint32_t i = 0; i < AUTHORITY_TOKENS; i++)
		if (a->tokens[i].until_ms && a->tokens[i].until_ms <= a->now_ms)
			sign_refuse(a, &a->tokens[i]);
}
