/*
 * Pending signatures. Runs in the edge; the signer is trusted to sign, not to behave: an answer
 * nobody asked for, or of the wrong shape, ends its channel (A20).
 *
 * The hard part is order: a slot is freed only by the job that took it, when it runs again; whoever
 * settles a slot (answer, deadline, lost channel, a connection given up) just says how it ended.
 */
#include "tls/tls_signer_client.h"

#include "ipc/edge_signer.h"
#include "sys/clock.h"
#include "tls/tls_internal.h"

#include <openssl/async.h>
#include <openssl/crypto.h>

enum tls_slot_state {
	TLS_SLOT_FREE,
	TLS_SLOT_UNSENT, /* the channel's queue was full */
	TLS_SLOT_ASKED,
	TLS_SLOT_SETTLED
};

struct tls_slot {
	struct tls_conn *conn;
	struct view message;
	struct wbuf *signature;
	struct tls_signer_key key;
	uint64_t due_ms;
	uint32_t seq;
	uint16_t scheme;
	uint8_t state; /* enum tls_slot_state */
	uint8_t channel;
	enum err result;
};

struct tls_channel {
	int fd; /* -1: unused */
	uint32_t generation;
	unsigned pending; /* slots that wait for an answer */
	unsigned owed;	  /* answers that will still come, those for slots given up included */
	bool is_old;	  /* nothing new is asked here */
};

struct tls_signer_client {
	const struct tls_hooks *hooks;
	struct tls_channel channels[TLS_SIGNER_CHANNELS];
	struct tls_slot slots[TLS_SIGNER_SLOTS];
	struct list waiting; /* connections without an async job */
	uint32_t asked;	     /* makes sequence numbers */
	unsigned pending, unsent;
};

/* seq: slot number below, a count above, so that a late answer finds another question there. */
#define SLOT_OF(seq) ((seq) % TLS_SIGNER_SLOTS)

enum err tls_signer_client_new(const struct tls_hooks *hooks, struct tls_signer_client **ret)
{
	struct tls_signer_client *s = OPENSSL_zalloc(sizeof *s);

	if (!s || ASYNC_init_thread(TLS_SIGNER_SLOTS, 0) != 1) {
		OPENSSL_free(s);
		return E_NOMEM;
	}
	s->hooks = hooks;
	list_init(&s->waiting);
	for (size_t i = 0; i < TLS_SIGNER_CHANNELS; i++)
		s->channels[i].fd = -1;
	*ret = s;
	return E_OK;
}

struct tls_signer_client *tls_signer_client_free(struct tls_signer_client *s)
{
	if (s) {
		INVARIANT(s->pending == 0);
		ASYNC_cleanup_thread();
		OPENSSL_free(s);
	}
	return NULL;
}

/* How a question ended; its job goes on when on_ready's receiver lets it. */
static void tls_slot_settle(struct tls_signer_client *s, struct tls_slot *slot, enum err result)
{
	s->unsent -= slot->state == TLS_SLOT_UNSENT;
	s->channels[slot->channel].pending--;
	s->pending--;
	slot->state = TLS_SLOT_SETTLED;
	slot->result = result;
}

static bool tls_slot_is_open(const struct tls_slot *slot)
{
	return slot->state == TLS_SLOT_UNSENT || slot->state == TLS_SLOT_ASKED;
}

static void tls_slot_fail(struct tls_signer_client *s, struct tls_slot *slot, enum err result)
{
	struct tls_conn *conn = slot->conn;

	tls_slot_settle(s, slot, result);
	s->hooks->on_ready(conn->owner, conn);
}

enum err tls_signer_client_add(struct tls_signer_client *s, uint32_t generation, int fd)
{
	struct tls_channel *c = NULL;

	for (size_t i = 0; i < TLS_SIGNER_CHANNELS; i++) {
		if (s->channels[i].fd >= 0 && s->channels[i].generation == generation)
			s->channels[i].is_old = true;
		if (s->channels[i].fd < 0 && !c)
			c = &s->channels[i];
	}
	if (!c)
		return E_LIMIT;
	*c = (struct tls_channel){ .fd = fd, .generation = generation };
	return E_OK;
}

void tls_signer_client_retire(struct tls_signer_client *s, uint32_t generation)
{
	for (size_t i = 0; i < TLS_SIGNER_CHANNELS; i++)
		if (s->channels[i].fd >= 0 && s->channels[i].generation < generation)
			s->channels[i].is_old = true;
}

int tls_signer_client_idle(struct tls_signer_client *s)
{
	for (size_t i = 0; i < TLS_SIGNER_CHANNELS; i++) {
		struct tls_channel *c = &s->channels[i];
		int fd = c->fd;

		if (fd >= 0 && c->is_old && c->pending == 0) {
			c->fd = -1;
			return fd;
		}
	}
	return -1;
}

unsigned tls_signer_client_pending(const struct tls_signer_client *s)
{
	return s->pending;
}

/* Forgets a channel; everything asked on it fails. */
static void tls_channel_lost(struct tls_signer_client *s, size_t channel)
{
	s->channels[channel].fd = -1;
	for (size_t i = 0; i < TLS_SIGNER_SLOTS; i++)
		if (tls_slot_is_open(&s->slots[i]) && s->slots[i].channel == channel)
			tls_slot_fail(s, &s->slots[i], E_CLOSED);
}

static enum err tls_slot_send(struct tls_signer_client *s, struct tls_slot *slot)
{
	uint8_t body[4 + 2 + 2 + EDGE_SIGN_MESSAGE_MAX];
	struct wbuf w = wbuf_of(body, sizeof body);

	wbuf_u32(&w, slot->key.certificate);
	wbuf_u16(&w, slot->scheme);
	wbuf_str16(&w, slot->message);
	TRY(wbuf_check(&w));
	TRY(frame_send(s->channels[slot->channel].fd, EDGE_SIGN, slot->seq, wbuf_view(&w), NULL,
		       0));
	s->channels[slot->channel].owed++;
	return E_OK;
}

/* What an answer is for: the pump's channel and the slot that its seq names. */
struct tls_answer {
	struct tls_signer_client *s;
	size_t channel;
};

/* E_PROTO: nothing was asked. E_OK and NULL: it comes too late, the slot was given up */
static enum err tls_answer_slot(const struct tls_answer *a, const struct frame *f,
				struct tls_slot **ret)
{
	struct tls_slot *slot = &a->s->slots[SLOT_OF(f->seq)];

	if (a->s->channels[a->channel].owed == 0)
		return E_PROTO;
	a->s->channels[a->channel].owed--;
	if (slot->seq == f->seq && slot->state == TLS_SLOT_ASKED && slot->channel == a->channel)
		*ret = slot;
	return E_OK;
}

static enum err on_signed(void *answer, struct frame *f)
{
	struct tls_answer *a = answer;
	struct tls_slot *slot = NULL;
	struct tls_conn *conn = NULL;
	struct view in = f->body, signature = { 0 };
	enum err e = E_OK;

	TRY(tls_answer_slot(a, f, &slot));
	TRY(view_str16(&in, &signature));
	TRY(view_end(&in));
	if (!slot)
		return E_OK;
	wbuf_view_put(slot->signature, signature);
	if (signature.n == 0 || slot->signature->bad)
		e = E_PROTO;
	conn = slot->conn;
	tls_slot_settle(a->s, slot, e);
	a->s->hooks->on_ready(conn->owner, conn);
	return e;
}

static enum err on_refused(void *answer, struct frame *f)
{
	struct tls_answer *a = answer;
	struct tls_slot *slot = NULL;

	TRY(tls_answer_slot(a, f, &slot));
	if (slot)
		tls_slot_fail(a->s, slot, E_DENIED);
	return E_OK;
}

static enum err tls_channel_pump(struct tls_signer_client *s, size_t channel)
{
	static const struct frame_def defs[] = {
		{ SIGNER_SIGNED, 0, FRAME_RUN, 3, 2 + SIGNER_SIGNATURE_MAX, on_signed },
		{ SIGNER_REFUSED, 0, FRAME_RUN, 0, 0, on_refused },
	};
	static const struct frame_table table = { defs, sizeof defs / sizeof defs[0] };
	struct tls_answer answer = { s, channel };
	uint8_t buf[FRAME_MAX];

	/* Reads no further than what is owed: the read that would say E_AGAIN is saved. With
	 * nothing owed there is an end of conversation to be seen, or a violation. */
	do {
		struct frame f = { 0 };

		TRY(frame_receive(s->channels[channel].fd, buf, &f));
		TRY(frame_dispatch(&table, FRAME_RUN, &answer, &f));
	} while (s->channels[channel].owed > 0);
	return E_OK;
}

/* Hands the async jobs that became free to those who wait for one. */
static void tls_signer_client_wake(struct tls_signer_client *s)
{
	for (unsigned n = TLS_SIGNER_SLOTS; n > s->pending && !list_is_empty(&s->waiting); n--) {
		struct tls_conn *conn = LIST_OWNER(s->waiting.next, struct tls_conn, node);

		list_remove(&conn->node);
		conn->is_queued = false;
		s->hooks->on_ready(conn->owner, conn);
	}
}

enum err tls_signer_client_pump(struct tls_signer_client *s, int fd)
{
	for (size_t i = 0; i < TLS_SIGNER_CHANNELS; i++) {
		enum err e = E_OK;

		if (s->channels[i].fd != fd)
			continue;
		e = tls_channel_pump(s, i);
		if (e != E_OK && e != E_AGAIN)
			tls_channel_lost(s, i);
		tls_signer_client_wake(s);
		return e;
	}
	return E_CLOSED;
}

void tls_signer_client_tick(struct tls_signer_client *s, uint64_t now_ms)
{
	for (size_t i = 0; s->pending && i < TLS_SIGNER_SLOTS; i++) {
		struct tls_slot *slot = &s->slots[i];
		enum err e = E_OK;

		if (!tls_slot_is_open(slot))
			continue;
		if (slot->due_ms <= now_ms) {
			tls_slot_fail(s, slot, E_LIMIT);
			continue;
		}
		if (slot->state != TLS_SLOT_UNSENT)
			continue;
		e = tls_slot_send(s, slot);
		if (e == E_OK) {
			slot->state = TLS_SLOT_ASKED;
			s->unsent--;
		} else if (e != E_AGAIN) {
			tls_channel_lost(s, slot->channel);
		}
	}
	tls_signer_client_wake(s);
}

bool tls_signer_client_is_waiting(const struct tls_signer_client *s, uint32_t slot)
{
	return tls_slot_is_open(&s->slots[slot]);
}

void tls_signer_client_give_up(struct tls_signer_client *s, uint32_t slot)
{
	if (tls_slot_is_open(&s->slots[slot]))
		tls_slot_settle(s, &s->slots[slot], E_LIMIT);
}

void tls_signer_client_queue(struct tls_signer_client *s, struct tls_conn *conn)
{
	conn->is_queued = true;
	list_append(&s->waiting, &conn->node);
}

static struct tls_slot *tls_slot_take(struct tls_signer_client *s)
{
	for (unsigned i = 0; i < TLS_SIGNER_SLOTS; i++) {
		uint32_t seq = ++s->asked;

		if (s->slots[SLOT_OF(seq)].state == TLS_SLOT_FREE) {
			s->slots[SLOT_OF(seq)].seq = seq;
			return &s->slots[SLOT_OF(seq)];
		}
	}
	return NULL;
}

static struct tls_channel *tls_channel_for(struct tls_signer_client *s, uint32_t generation)
{
	struct tls_channel *found = NULL;

	for (size_t i = 0; i < TLS_SIGNER_CHANNELS; i++) {
		struct tls_channel *c = &s->channels[i];

		/* an old channel still serves handshakes of its own generation */
		if (c->fd >= 0 && c->generation == generation && (!found || !c->is_old))
			found = c;
	}
	return found;
}

enum err tls_signer_client_ask(struct tls_signer_client *s, struct tls_conn *conn,
			       const struct tls_signer_key *key, uint16_t scheme,
			       struct view message, struct wbuf *signature)
{
	struct tls_channel *channel = tls_channel_for(s, key->generation);
	struct tls_slot *slot = channel ? tls_slot_take(s) : NULL;
	enum err e = E_OK;

	if (!slot)
		return channel ? E_NOMEM : E_CLOSED;
	slot->channel = (uint8_t)(channel - s->channels);
	slot->conn = conn;
	slot->key = *key;
	slot->scheme = scheme;
	slot->message = message;
	slot->signature = signature;
	slot->due_ms = clock_mono_ms() + TLS_SIGNER_WAIT_MS;
	e = tls_slot_send(s, slot);
	if (e != E_OK && e != E_AGAIN)
		return e; /* the loop finds the lost channel itself, when it reads from it */
	slot->state = e == E_OK ? TLS_SLOT_ASKED : TLS_SLOT_UNSENT;
	s->unsent += e == E_AGAIN;
	channel->pending++;
	s->pending++;
	conn->slot = SLOT_OF(slot->seq);
	while (tls_slot_is_open(slot))
		if (ASYNC_pause_job() != 1)
			tls_slot_settle(s, slot, E_SYS);
	conn->slot = TLS_NO_SLOT;
	conn->has_signed = true;
	slot->state = TLS_SLOT_FREE;
	slot->conn = NULL;
	return slot->result;
}
