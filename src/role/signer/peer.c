/*
 * Questions and answers. A question is answered before the next one of that peer is read, so a
 * peer can't make this process hold more than one answer for it, and a peer that does not read
 * its answers waits alone.
 */
#include "role/signer/peer.h"

#include "ipc/record.h"
#include "role/signer/cells.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/log.h"

enum { PEER_FRAMES = 64 /* per event: the others' turn comes */, PEER_TELL_MS = 1000 };

/* Questions that a channel may ask: an authority's logs people in, or asks for their next minute.
 */
static const struct {
	uint32_t per_s, burst;
} peer_limits[ROLE_N] = {
	[ROLE_EDGE] = { SIGNER_PER_S, SIGNER_BURST },
	[ROLE_AUTHORITY] = { SIGNER_PER_S / 4, SIGNER_BURST },
	[SIGNER_COMMAND] = { 1, 4 },
};

/* An event about a peer. A full ring can't stop a refusal: it is said on standard error then. */
static void peer_record(struct signer_peer *p, enum record_kind kind, const char *action,
			const char *detail)
{
	uint8_t who[32], body[512];
	struct wbuf origin = wbuf_of(who, sizeof who), w = wbuf_of(body, sizeof body);
	struct record_event e = { .kind = kind,
				  .wall_us = clock_wall_us(),
				  .action = view_str(action),
				  .object = VIEW("signer"),
				  .result = VIEW("refused"),
				  .detail = view_str(detail) };

	wbuf_str(&origin, role_name((enum role)p->role));
	WBUF_LIT(&origin, "[");
	wbuf_dec(&origin, p->index);
	WBUF_LIT(&origin, "]");
	e.origin = wbuf_view(&origin);
	record_put_event(&w, &e);
	if (!p->signer->ring.data || ring_put(&p->signer->ring, RING_EVENT, wbuf_view(&w)) != E_OK)
		log_line(LOG_WARNING, "%s: %s[%u]: %s", action, role_name((enum role)p->role),
			 p->index, detail);
}

/* One event per second and peer, however often it asks for what it may not have. */
static void peer_refused(struct signer_peer *p, const char *why)
{
	p->refused++;
	if (p->signer->loop.now_ms - p->told_ms < PEER_TELL_MS && p->told_ms)
		return;
	p->told_ms = p->signer->loop.now_ms;
	p->refused = 0;
	peer_record(p, RECORD_ALARM, "sign.refused", why);
}

/* A token bucket: so many a second, at most a burst at once. */
static bool peer_may_ask(struct signer_peer *p)
{
	uint64_t now = p->signer->loop.now_ms, ms = now > p->filled_ms ? now - p->filled_ms : 0;
	uint64_t more = ms * peer_limits[p->role].per_s / 1000;
	uint32_t burst = peer_limits[p->role].burst;

	if (more) {
		p->tokens = more > burst - p->tokens ? burst : p->tokens + (uint32_t)more;
		p->filled_ms = now;
	}
	if (p->tokens == 0)
		return false;
	p->tokens--;
	return true;
}

/* E_AGAIN: the answer waits in p->stuck until the peer has read others. */
static enum err peer_answer(struct signer_peer *p, uint8_t type, uint32_t seq, struct view body)
{
	enum err e = frame_send(p->source.fd, type, seq, body, NULL, 0);

	if (e != E_AGAIN)
		return e;
	p->stuck =
		p->large ? wbuf_of(p->large, SIGNER_ANSWER_MAX) : wbuf_of(p->room, sizeof p->room);
	wbuf_view_put(&p->stuck, body);
	p->stuck_type = type;
	p->stuck_seq = seq;
	p->is_stuck = true;
	return E_AGAIN;
}

static enum err on_sign(void *peer, struct frame *f)
{
	struct signer_peer *p = peer;
	uint8_t body[2 + SIGNER_SIGNATURE_MAX], raw[SIGNER_SIGNATURE_MAX];
	struct wbuf w = wbuf_of(body, sizeof body), signature = wbuf_of(raw, sizeof raw);
	struct keys_ask ask = { 0 };
	struct view in = f->body;
	const char *why = "too many signatures a second";

	TRY(view_u32(&in, &ask.certificate));
	TRY(view_u16(&in, &ask.scheme));
	TRY(view_str16(&in, &ask.message));
	TRY(view_end(&in));
	if (!peer_may_ask(p) || keys_sign(&p->signer->keys, &ask, &signature, &why) != E_OK) {
		peer_refused(p, why);
		return peer_answer(p, SIGNER_REFUSED, f->seq, (struct view){ 0 });
	}
	wbuf_str16(&w, wbuf_view(&signature));
	return peer_answer(p, SIGNER_SIGNED, f->seq, wbuf_view(&w));
}

static enum err on_checkpoint(void *peer, struct frame *f)
{
	struct signer_peer *p = peer;
	struct audit_checkpoint c = { 0 };
	struct audit_key_signature signature = { 0 };

	TRY(audit_checkpoint_get_ask(f->body, &c));
	TRY(seal_sign(&p->signer->seal, &c, &signature));
	return peer_answer(p, SIGNER_CHECKPOINT, f->seq, view_of(signature.b, sizeof signature.b));
}

static enum err on_tree(void *peer, struct frame *f)
{
	struct signer_peer *p = peer;
	struct merkle_head head = { 0 };
	struct audit_key_signature signature = { 0 };

	TRY(note_get_ask(f->body, &head));
	TRY(seal_sign_tree(&p->signer->seal, &head, &signature));
	return peer_answer(p, SIGNER_TREE, f->seq, view_of(signature.b, sizeof signature.b));
}

static enum err on_public_key(void *peer, struct frame *f)
{
	struct signer_peer *p = peer;

	return peer_answer(p, SIGNER_PUBLIC_KEY, f->seq,
			   view_of(p->signer->seal.public_half.b, AUDIT_KEY));
}

static enum err on_evidence(void *peer, struct frame *f)
{
	struct signer_peer *p = peer;
	struct evidence_signature s = { .wall_us = (uint64_t)clock_wall_us() };
	struct wbuf hash = wbuf_of(s.hash, sizeof s.hash);
	uint8_t body[EVIDENCE_ANSWER];
	struct wbuf w = wbuf_of(body, sizeof body);

	wbuf_view_put(&hash, f->body);
	if (!peer_may_ask(p)) {
		peer_refused(p, "evidence is signed once per bundle");
		return peer_answer(p, SIGNER_EVIDENCE_REFUSED, f->seq, (struct view){ 0 });
	}
	TRY(seal_sign_evidence(&p->signer->seal, &s));
	evidence_signer_put(&w, &s);
	return peer_answer(p, SIGNER_EVIDENCE, f->seq, wbuf_view(&w));
}

static uint64_t peer_wall_s(void)
{
	return (uint64_t)clock_wall_us() / 1000000;
}

static enum err on_token(void *peer, struct frame *f)
{
	struct signer_peer *p = peer;
	uint8_t jwt[GATE_JWT_MAX], body[SIGNER_ANSWER_MAX];
	struct wbuf text = wbuf_of(jwt, sizeof jwt), w = wbuf_of(body, sizeof body);
	struct authority_token ask = { 0 };
	struct signer_token answer = { 0 };
	const char *why = "too many assertions a second";

	TRY(authority_token_get(f->body, &ask));
	if (!peer_may_ask(p) ||
	    token_make(&p->signer->token, &ask, peer_wall_s(), &text, &why) != E_OK) {
		peer_refused(p, why);
		return peer_answer(p, SIGNER_TOKEN_REFUSED, f->seq, (struct view){ 0 });
	}
	answer.token = wbuf_view(&text);
	TRY(signer_token_put(&w, &answer));
	return peer_answer(p, SIGNER_TOKEN, f->seq, wbuf_view(&w));
}

static enum err on_token_keys(void *peer, struct frame *f)
{
	struct signer_peer *p = peer;
	uint8_t json[SIGNER_ANSWER_MAX - 2], body[SIGNER_ANSWER_MAX];
	struct wbuf text = wbuf_of(json, sizeof json), w = wbuf_of(body, sizeof body);
	struct signer_token_keys answer = { 0 };

	if (!peer_may_ask(p)) {
		peer_refused(p, "keys for assertions are asked for too often");
		return peer_answer(p, SIGNER_TOKEN_REFUSED, f->seq, (struct view){ 0 });
	}
	/* Without a gateway there are none: an authority that asks does nothing wrong */
	if (token_keys(&p->signer->token, peer_wall_s(), &text) != E_OK)
		return peer_answer(p, SIGNER_TOKEN_REFUSED, f->seq, (struct view){ 0 });
	answer.json = wbuf_view(&text);
	TRY(signer_token_keys_put(&w, &answer));
	return peer_answer(p, SIGNER_TOKEN_KEYS, f->seq, wbuf_view(&w));
}

enum {
	PEER_TOKEN_MIN = 8 + 1 + 8 + sizeof(struct hash32) + 3 * 2,
	PEER_TOKEN_MAX = PEER_TOKEN_MIN + GATE_USER_MAX + GATE_TITLE_MAX + GATE_GROUPS_MAX
};

/* docs/ipc: what the authority may ask. */
static const struct frame_def peer_authority_defs[] = {
	{ AUTHORITY_TOKEN, 0, FRAME_RUN, PEER_TOKEN_MIN, PEER_TOKEN_MAX, on_token },
	{ AUTHORITY_TOKEN_KEYS, 0, FRAME_RUN, 0, 0, on_token_keys },
};

/* docs/ipc: what an edge may ask. */
static const struct frame_def peer_edge_defs[] = {
	{ EDGE_SIGN, 0, FRAME_RUN, 4 + 2 + 2, 4 + 2 + 2 + EDGE_SIGN_MESSAGE_MAX, on_sign },
};

static enum err on_cell(void *peer, struct frame *f)
{
	struct signer_peer *p = peer;
	struct spawner_cell who = { 0 };

	TRY(spawner_cell_get(f->body, &who));
	if (f->is_short)
		return E_OK; /* lost; the cell sees the end of it */
	return cells_add(p->signer, &who, frame_take_fd(f, 0));
}

/* docs/ipc: what a spawner may say. */
static const struct frame_def peer_spawner_defs[] = {
	{ SPAWNER_CELL, 1, FRAME_RUN | FRAME_SHORT, 32, 32, on_cell },
};

/* docs/ipc: what audit may ask. */
static const struct frame_def peer_audit_defs[] = {
	{ AUDIT_CHECKPOINT, 0, FRAME_RUN, AUDIT_CHECKPOINT_ASK, AUDIT_CHECKPOINT_ASK,
	  on_checkpoint },
	{ AUDIT_PUBLIC_KEY, 0, FRAME_RUN, 0, 0, on_public_key },
	{ AUDIT_TREE, 0, FRAME_RUN, AUDIT_TREE_ASK, AUDIT_TREE_ASK, on_tree },
};

/* docs/ipc: what `sluis evidence` may ask. */
static const struct frame_def peer_command_defs[] = {
	{ EVIDENCE_SIGN, 0, FRAME_RUN, EVIDENCE_HASH, EVIDENCE_HASH, on_evidence },
};

static const struct frame_table peer_tables[ROLE_N] = {
	[SIGNER_COMMAND] = { peer_command_defs,
			     sizeof peer_command_defs / sizeof peer_command_defs[0] },
	[ROLE_EDGE] = { peer_edge_defs, sizeof peer_edge_defs / sizeof peer_edge_defs[0] },
	[ROLE_SPAWNER] = { peer_spawner_defs,
			   sizeof peer_spawner_defs / sizeof peer_spawner_defs[0] },
	[ROLE_AUDIT] = { peer_audit_defs, sizeof peer_audit_defs / sizeof peer_audit_defs[0] },
	[ROLE_AUTHORITY] = { peer_authority_defs,
			     sizeof peer_authority_defs / sizeof peer_authority_defs[0] },
};

enum err peer_handle(struct signer_peer *p, struct frame *f)
{
	return frame_dispatch(&peer_tables[p->role], FRAME_RUN, p, f);
}

/* People are fewer than edges, whose places they may not take. */
static bool peer_is_crowded(const struct signer *s, enum role role)
{
	unsigned n = 0;

	for (size_t i = 0; i < SIGNER_PEERS && role == SIGNER_COMMAND; i++)
		n += s->peers[i].source.fd >= 0 && s->peers[i].role == SIGNER_COMMAND;
	return n >= SIGNER_COMMANDS;
}

static struct signer_peer *peer_slot(struct signer *s)
{
	for (size_t i = 0; i < SIGNER_PEERS; i++)
		if (s->peers[i].source.fd < 0)
			return &s->peers[i];
	return NULL;
}

/* The authority's answers don't fit a peer's own room: one of a few; NULL: all are used. */
static uint8_t *peer_large(struct signer *s)
{
	for (size_t i = 0; i < SIGNER_AUTHORITIES; i++) {
		bool is_used = false;

		for (size_t j = 0; j < SIGNER_PEERS; j++)
			is_used |= s->peers[j].source.fd >= 0 && s->peers[j].large == s->answers[i];
		if (!is_used)
			return s->answers[i];
	}
	return NULL;
}

enum err peer_add(struct signer *s, enum role role, uint16_t index, int fd)
{
	struct signer_peer *p = peer_is_crowded(s, role) ? NULL : peer_slot(s);
	bool may_ask = (unsigned)role < ROLE_N && peer_tables[role].n != 0;
	enum err e = may_ask ? E_LIMIT : E_DENIED;

	if (p && may_ask) {
		*p = (struct signer_peer){ .source = { .fd = fd, .kind = SIGNER_PEER },
					   .signer = s,
					   .tokens = peer_limits[role].burst,
					   .filled_ms = s->loop.now_ms,
					   .role = (uint8_t)role,
					   .index = index };
		p->large = role == ROLE_AUTHORITY ? peer_large(s) : NULL;
		e = role == ROLE_AUTHORITY && !p->large ? E_LIMIT : fd_set_nonblocking(fd);
		if (e == E_OK)
			e = loop_add(&s->loop, &p->source, EPOLLIN);
		if (e != E_OK)
			p->source.fd = -1;
	}
	if (e != E_OK) {
		(void)fd_close(fd);
		return e;
	}
	s->peer_n++;
	s->had_peer = true;
	return E_OK;
}

static void peer_end(struct signer_peer *p, enum err why)
{
	if (why != E_CLOSED)
		peer_record(p, RECORD_ALARM, "ipc.violation", err_name(why));
	loop_close(&p->source);
	p->signer->peer_n--;
}

/* The answer that waited. E_AGAIN: it still does */
static enum err peer_unstick(struct signer_peer *p)
{
	TRY(frame_send(p->source.fd, p->stuck_type, p->stuck_seq, wbuf_view(&p->stuck), NULL, 0));
	p->is_stuck = false;
	return loop_change(&p->signer->loop, &p->source, EPOLLIN);
}

static enum err peer_pump(struct signer_peer *p)
{
	uint8_t buf[FRAME_MAX];

	if (p->is_stuck)
		TRY(peer_unstick(p));
	for (unsigned i = 0; i < PEER_FRAMES; i++) {
		struct frame f = { 0 };

		TRY(frame_receive_short(p->source.fd, buf, &f));
		TRY(peer_handle(p, &f));
	}
	return E_OK;
}

void peer_on_event(void *owner, struct loop_source *source, uint32_t events)
{
	struct signer_peer *p = LIST_OWNER(source, struct signer_peer, source);
	bool was_stuck = p->is_stuck;
	enum err e = peer_pump(p);

	(void)owner;
	if (was_stuck && p->is_stuck && (events & (EPOLLHUP | EPOLLERR)))
		e = E_CLOSED;
	if (e == E_AGAIN && p->is_stuck && !was_stuck)
		e = loop_change(&p->signer->loop, &p->source, EPOLLOUT);
	if (e != E_OK && e != E_AGAIN)
		peer_end(p, e);
}
