/* Answers find their question by number and kind; a late one finds nothing. */
#include "role/authority/verify.h"

#include "role/authority/factor_verified.h"
#include "role/authority/login_verified.h"
#include "role/authority/recover_approve.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/secret.h"

enum { VERIFY_FRAMES = 64 };

/* One cell, or all cells of one network, leave room for the others, logged in or not. */
static bool verify_is_greedy(struct authority *a, const struct question *q)
{
	const struct authority_cell *c = cell_of(a, q), *other = NULL;
	unsigned own = 0, near = 0;

	for (unsigned i = 0; c && i < VERIFIER_QUEUE; i++) {
		other = a->verifies[i].until_ms ? cell_of(a, &a->verifies[i].who) : NULL;
		own += other == c;
		near += other && ip_eq(&other->network, &c->network);
	}
	return own >= AUTHORITY_VERIFIES_OF_CELL || near >= AUTHORITY_VERIFIES_OF_NETWORK;
}

struct verify *verify_take(struct authority *a, enum verify_kind kind, const struct question *q,
			   bool is_stranger)
{
	if (a->verifier.fd < 0 || (is_stranger && a->verify_strangers >= AUTHORITY_STRANGERS) ||
	    verify_is_greedy(a, q))
		return NULL;
	for (unsigned i = 0; i < VERIFIER_QUEUE; i++) {
		struct verify *v = &a->verifies[i];

		if (v->until_ms)
			continue;
		*v = (struct verify){ .until_ms = a->now_ms + AUTHORITY_VERIFY_MS,
				      .who = *q,
				      .seq = ++a->verify_count,
				      .kind = (uint8_t)kind,
				      .is_stranger = is_stranger };
		if (!v->seq)
			v->seq = ++a->verify_count;
		a->verify_n++;
		a->verify_strangers += is_stranger;
		return v;
	}
	return NULL;
}

void verify_free(struct authority *a, struct verify *v)
{
	a->verify_n--;
	a->verify_strangers -= v->is_stranger;
	secret_wipe(v, sizeof *v);
}

enum err verify_send(struct authority *a, struct verify *v, uint8_t type, const struct wbuf *w)
{
	enum err e = wbuf_check(w);

	if (e == E_OK)
		e = a->verifier.fd < 0
			    ? E_CLOSED
			    : frame_send(a->verifier.fd, type, v->seq, wbuf_view(w), NULL, 0);
	if (e != E_OK)
		verify_free(a, v);
	return e;
}

enum err verify_password(struct authority *a, struct verify *v, struct view encoded,
			 struct view password)
{
	const struct verify_password ask = { .encoded = encoded, .password = password };
	uint8_t body[FRAME_BODY_MAX];
	struct wbuf w = wbuf_of(body, sizeof body);
	enum err e = verify_password_put(&w, &ask);

	if (e == E_OK)
		e = verify_send(a, v, VERIFY_PASSWORD, &w);
	else
		verify_free(a, v);
	secret_wipe(body, sizeof body);
	return e;
}

enum err verify_hash(struct authority *a, struct verify *v, struct view password)
{
	const struct verify_hash ask = { .password = password };
	uint8_t body[FRAME_BODY_MAX];
	struct wbuf w = wbuf_of(body, sizeof body);
	enum err e = verify_hash_put(&w, &ask);

	if (e == E_OK)
		e = verify_send(a, v, VERIFY_HASH, &w);
	else
		verify_free(a, v);
	secret_wipe(body, sizeof body);
	return e;
}

/* ---- answers ---- */

static struct verify *verify_find(struct authority *a, uint32_t seq)
{
	for (unsigned i = 0; seq && i < VERIFIER_QUEUE; i++)
		if (a->verifies[i].until_ms && a->verifies[i].seq == seq)
			return &a->verifies[i];
	return NULL;
}

/* Nothing came of it: nobody's password was wrong, and nobody's right. */
static void verify_refuse(struct authority *a, struct verify *v)
{
	login_verified_release(a, v);
	if (v->kind == VERIFY_FOR_APPROVAL)
		recover_approve_release(a, v);
	cell_refuse(a, &v->who, GATE_WHY_BUSY, 0);
	verify_free(a, v);
}

static enum err on_password(void *role, struct frame *f)
{
	struct authority *a = role;
	struct verify *v = verify_find(a, f->seq);
	struct verified_password got = { 0 };

	TRY(verified_password_get(f->body, &got));
	if (!v)
		return E_OK;
	if (v->kind == VERIFY_FOR_LOGIN)
		login_verified_password(a, v, got.is_right == 1, got.is_old == 1);
	else if (v->kind == VERIFY_FOR_OLD)
		factor_verified_old(a, v, got.is_right == 1);
	else if (v->kind == VERIFY_FOR_APPROVAL)
		recover_approve_verified(a, v, got.is_right == 1);
	else
		return E_DENIED; /* the answer to another question */
	return E_OK;
}

static enum err on_hash(void *role, struct frame *f)
{
	struct authority *a = role;
	struct verify *v = verify_find(a, f->seq);
	struct verified_hash got = { 0 };

	TRY(verified_hash_get(f->body, &got));
	if (!v)
		return E_OK;
	if ((v->kind != VERIFY_FOR_NEW && v->kind != VERIFY_FOR_AGAIN) ||
	    !view_starts(got.encoded, VIEW("$argon2id$")))
		return E_DENIED;
	factor_verified_hash(a, v, got.encoded);
	return E_OK;
}

static enum err on_credential(void *role, struct frame *f)
{
	struct authority *a = role;
	struct verify *v = verify_find(a, f->seq);
	struct verified_credential got = { 0 };

	TRY(verified_credential_get(f->body, &got));
	if (!v)
		return E_OK;
	if (v->kind != VERIFY_FOR_ENROL)
		return E_DENIED;
	factor_verified_credential(a, v, &got);
	return E_OK;
}

static enum err on_assertion(void *role, struct frame *f)
{
	struct authority *a = role;
	struct verify *v = verify_find(a, f->seq);
	struct verified_assertion got = { 0 };

	TRY(verified_assertion_get(f->body, &got));
	if (!v)
		return E_OK;
	if (v->kind != VERIFY_FOR_PASSKEY)
		return E_DENIED;
	login_verified_passkey(a, v, &got);
	return E_OK;
}

static enum err on_not(void *role, struct frame *f)
{
	struct authority *a = role;
	struct verify *v = verify_find(a, f->seq);

	if (v)
		verify_refuse(a, v);
	return E_OK;
}

static const struct frame_def verify_defs[] = {
	{ VERIFIED_HASH, 0, FRAME_RUN, 2, 2 + VERIFIER_ENCODED_MAX, on_hash },
	{ VERIFIED_PASSWORD, 0, FRAME_RUN, 2, 2, on_password },
	{ VERIFIED_CREDENTIAL, 0, FRAME_RUN, 18, 18 + 1023 + GATE_KEY_MAX + 16 + 128,
	  on_credential },
	{ VERIFIED_ASSERTION, 0, FRAME_RUN, 8, 8 + 128, on_assertion },
	{ VERIFIED_NOT, 0, FRAME_RUN, 2, 2 + 128, on_not },
};

static const struct frame_table verify_table = { verify_defs,
						 sizeof verify_defs / sizeof verify_defs[0] };

static void verify_lose(struct authority *a)
{
	loop_close(&a->verifier);
	for (unsigned i = 0; i < VERIFIER_QUEUE; i++)
		if (a->verifies[i].until_ms)
			verify_refuse(a, &a->verifies[i]);
}

enum err verify_set_channel(struct authority *a, int fd)
{
	verify_lose(a);
	a->verifier = (struct loop_source){ .fd = fd, .kind = SOURCE_VERIFIER };
	if (fd_set_nonblocking(fd) == E_OK && loop_add(&a->loop, &a->verifier, EPOLLIN) == E_OK)
		return E_OK;
	loop_close(&a->verifier);
	return E_SYS;
}

void verify_on_event(void *owner, struct loop_source *source, uint32_t events)
{
	struct authority *a = owner;
	enum err e = frame_pump(source->fd, &verify_table, FRAME_RUN, a, VERIFY_FRAMES);

	(void)events;
	if (e == E_OK || e == E_AGAIN)
		return;
	if (e != E_CLOSED)
		log_line(LOG_ERROR, "the verifier's answer is refused (%s): its channel ends",
			 err_name(e));
	verify_lose(a);
}

void verify_tick(struct authority *a)
{
	for (unsigned i = 0; i < VERIFIER_QUEUE; i++)
		if (a->verifies[i].until_ms && a->verifies[i].until_ms <= a->now_ms)
			verify_refuse(a, &a->verifies[i]);
}
