/*
 * Questions of the authority. What they carry is wiped as soon as they are answered: the frame
 * here, what the libraries made of it in their heap (library_heap.c), the stack they left behind.
 */
#include "ipc/record.h"
#include "role/verifier/assertion.h"
#include "role/verifier/attestation.h"
#include "role/verifier/verifier.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/secret.h"

enum { ASK_STACK = 12 * 1024 };

static void ask_record(struct verifier *v, const char *action, const char *detail)
{
	uint8_t body[512];
	struct wbuf w = wbuf_of(body, sizeof body);
	struct record_event e = { .kind = RECORD_ALARM,
				  .wall_us = clock_wall_us(),
				  .action = view_str(action),
				  .object = VIEW("verifier"),
				  .result = VIEW("refused"),
				  .origin = VIEW("authority"),
				  .detail = view_str(detail) };

	record_put_event(&w, &e);
	if (!v->ring.data || ring_put(&v->ring, RING_EVENT, wbuf_view(&w)) != E_OK)
		log_line(LOG_WARNING, "%s: authority: %s", action, detail);
}

/* E_AGAIN: the answer waits until the authority has read others. */
static enum err ask_answer(struct verifier_channel *c, uint8_t type, uint32_t seq,
			   const struct wbuf *w)
{
	enum err e = wbuf_check(w);

	if (e == E_OK)
		e = frame_send(c->source.fd, type, seq, wbuf_view(w), NULL, 0);
	if (e != E_AGAIN)
		return e;
	c->stuck = wbuf_of(c->room, sizeof c->room);
	wbuf_view_put(&c->stuck, wbuf_view(w));
	c->stuck_type = type;
	c->stuck_seq = seq;
	c->is_stuck = true;
	return E_AGAIN;
}

/* The machine failed, not the question. */
static enum err ask_failed(struct verifier_channel *c, uint32_t seq, const char *why)
{
	struct verified_not a = { .why = view_str(why) };
	uint8_t room[256];
	struct wbuf w = wbuf_of(room, sizeof room);

	ask_record(c->verifier, "verify.failed", why);
	TRY(verified_not_put(&w, &a));
	return ask_answer(c, VERIFIED_NOT, seq, &w);
}

static enum err on_hash(void *channel, struct frame *f)
{
	struct verifier_channel *c = channel;
	uint8_t encoded[VERIFIER_ENCODED_MAX], room[VERIFIER_ENCODED_MAX + 2];
	struct wbuf text = wbuf_of(encoded, sizeof encoded), w = wbuf_of(room, sizeof room);
	struct verify_hash q = { 0 };
	struct verified_hash a = { 0 };

	TRY(verify_hash_get(f->body, &q));
	if (password_hash(&c->verifier->password, q.password, &text) != E_OK)
		return ask_failed(c, f->seq, "a password could not be hashed");
	a.encoded = wbuf_view(&text);
	TRY(verified_hash_put(&w, &a));
	return ask_answer(c, VERIFIED_HASH, f->seq, &w);
}

static enum err on_password(void *channel, struct frame *f)
{
	struct verifier_channel *c = channel;
	uint8_t room[2];
	struct wbuf w = wbuf_of(room, sizeof room);
	struct verify_password q = { 0 };
	struct password_verdict v = { 0 };
	struct verified_password a = { 0 };
	enum err e = E_OK;

	TRY(verify_password_get(f->body, &q));
	e = password_check(&c->verifier->password, q.encoded, q.password, &v);
	if (e == E_PROTO)
		return ask_failed(c, f->seq, "a stored hash can't be read, or is too expensive");
	if (e != E_OK)
		return ask_failed(c, f->seq, "a password could not be compared");
	a = (struct verified_password){ v.is_right, v.is_old };
	TRY(verified_password_put(&w, &a));
	return ask_answer(c, VERIFIED_PASSWORD, f->seq, &w);
}

static enum err on_attestation(void *channel, struct frame *f)
{
	struct verifier_channel *c = channel;
	struct attestation_room views = { 0 };
	uint8_t room[FRAME_BODY_MAX];
	struct wbuf w = wbuf_of(room, sizeof room);
	struct verify_attestation q = { 0 };
	struct verified_credential a = { 0 };

	TRY(verify_attestation_get(f->body, &q));
	if (attestation_verify(&q, &views, &a) != E_OK)
		return ask_failed(c, f->seq, "an attestation could not be worked on");
	TRY(verified_credential_put(&w, &a));
	return ask_answer(c, VERIFIED_CREDENTIAL, f->seq, &w);
}

static enum err on_assertion(void *channel, struct frame *f)
{
	struct verifier_channel *c = channel;
	uint8_t room[256];
	struct wbuf w = wbuf_of(room, sizeof room);
	struct verify_assertion q = { 0 };
	struct verified_assertion a = { 0 };

	TRY(verify_assertion_get(f->body, &q));
	if (assertion_verify(&q, &a) != E_OK)
		return ask_failed(c, f->seq, "an assertion could not be worked on");
	TRY(verified_assertion_put(&w, &a));
	return ask_answer(c, VERIFIED_ASSERTION, f->seq, &w);
}

enum {
	ASK_HASH_MAX = 2 + GATE_PASSWORD_MAX,
	ASK_PASSWORD_MAX = 2 + VERIFIER_ENCODED_MAX + ASK_HASH_MAX,
	ASK_ATTESTATION_MIN = sizeof(struct hash32) + 4 * 2,
	ASK_ASSERTION_MIN = sizeof(struct hash32) + 4 + 6 * 2
};

/* docs/ipc: what the authority may ask. */
static const struct frame_def ask_defs[] = {
	{ VERIFY_HASH, 0, FRAME_RUN, 2, ASK_HASH_MAX, on_hash },
	{ VERIFY_PASSWORD, 0, FRAME_RUN, 4, ASK_PASSWORD_MAX, on_password },
	{ VERIFY_ATTESTATION, 0, FRAME_RUN, ASK_ATTESTATION_MIN, FRAME_BODY_MAX, on_attestation },
	{ VERIFY_ASSERTION, 0, FRAME_RUN, ASK_ASSERTION_MIN, FRAME_BODY_MAX, on_assertion },
};
static const struct frame_table ask_table = { ask_defs, sizeof ask_defs / sizeof ask_defs[0] };

/* What calls before this one left on the stack. */
static __attribute__((noinline)) void ask_wipe_stack(void)
{
	uint8_t below[ASK_STACK];

	secret_wipe(below, sizeof below);
}

/* One question, answered. E_AGAIN: the answer waits in the channel */
static enum err ask_handle(struct verifier_channel *c, struct frame *f)
{
	enum err e = frame_dispatch(&ask_table, FRAME_RUN, c, f);

	ask_wipe_stack();
	return e;
}

enum err ask_add(struct verifier *v, int fd)
{
	struct verifier_channel *c = NULL;
	enum err e = E_LIMIT;

	for (unsigned i = 0; i < VERIFIER_CHANNELS && !c; i++)
		if (v->channels[i].source.fd < 0)
			c = &v->channels[i];
	if (c) {
		c->source = (struct loop_source){ .fd = fd, .kind = VERIFIER_AUTHORITY };
		c->verifier = v;
		c->is_stuck = false;
		e = fd_set_nonblocking(fd);
		if (e == E_OK)
			e = loop_add(&v->loop, &c->source, EPOLLIN);
		if (e != E_OK)
			c->source.fd = -1;
	}
	if (e != E_OK)
		(void)fd_close(fd);
	return e;
}

static void ask_end(struct verifier_channel *c, enum err why)
{
	if (why != E_CLOSED)
		ask_record(c->verifier, "ipc.violation", err_name(why));
	secret_wipe(c->room, sizeof c->room);
	c->is_stuck = false;
	loop_close(&c->source);
}

/* The answer that waited. E_AGAIN: it still does */
static enum err ask_unstick(struct verifier_channel *c)
{
	TRY(frame_send(c->source.fd, c->stuck_type, c->stuck_seq, wbuf_view(&c->stuck), NULL, 0));
	secret_wipe(c->room, sizeof c->room);
	c->is_stuck = false;
	return loop_change(&c->verifier->loop, &c->source, EPOLLIN);
}

/* One question per event: the keeper is heard in between. */
static enum err ask_next(struct verifier_channel *c)
{
	uint8_t buf[FRAME_MAX];
	struct frame f = { 0 };
	enum err e = E_OK;

	if (c->is_stuck)
		TRY(ask_unstick(c));
	e = frame_receive(c->source.fd, buf, &f);
	if (e == E_OK)
		e = ask_handle(c, &f);
	secret_wipe(buf, sizeof buf);
	return e;
}

void ask_on_event(void *owner, struct loop_source *source, uint32_t events)
{
	struct verifier_channel *c = LIST_OWNER(source, struct verifier_channel, source);
	bool was_stuck = c->is_stuck;
	enum err e = ask_next(c);

	(void)owner;
	if (was_stuck && c->is_stuck && (events & (EPOLLHUP | EPOLLERR)))
		e = E_CLOSED;
	if (e == E_AGAIN && c->is_stuck && !was_stuck)
		e = loop_change(&c->verifier->loop, &c->source, EPOLLOUT);
	if (e != E_OK && e != E_AGAIN)
		ask_end(c, e);
}
