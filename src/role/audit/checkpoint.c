/*
 * Checkpoints: the signer's word for how far the chain had come (promise P9). A checkpoint names a
 * record S and its hash; the line that carries the signature comes when the signer has answered,
 * any number of records later. Records never wait for it.
 */
#include "role/audit/audit.h"

#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/log.h"

#include <stdio.h>

enum {
	CHECKPOINT_EVERY_MS = 5000,
	CHECKPOINT_TIMEOUT_MS = 10 * 1000, /* then the question is asked again, of a later record */
	CHECKPOINT_ALARM_MS = 15 * 1000,
	CHECKPOINT_FRAMES = 8 /* per wake-up */
};

static struct audit_note checkpoint_alarm(struct view action, struct view result,
					  struct view detail)
{
	return (struct audit_note){ .kind = VIEW("alarm"),
				    .action = action,
				    .object = VIEW("audit log"),
				    .result = result,
				    .detail = detail };
}

static void checkpoint_detach(struct audit *a)
{
	loop_close(&a->checkpoints.signer);
	a->checkpoints.is_asked = a->checkpoints.has_chain = false;
}

enum err checkpoint_attach(struct audit *a, int fd)
{
	struct audit_checkpoints *k = &a->checkpoints;
	enum err e = fd_set_nonblocking(fd);

	checkpoint_detach(a);
	k->signer = (struct loop_source){ .fd = fd, .kind = AUDIT_SIGNER };
	if (e == E_OK)
		e = loop_add(&a->loop, &k->signer, EPOLLIN);
	if (e == E_OK)
		e = frame_send(fd, AUDIT_PUBLIC_KEY, ++k->ask_seq, (struct view){ 0 }, NULL, 0);
	if (e == E_OK)
		return E_OK;
	checkpoint_detach(a);
	return e == E_CLOSED ? E_OK
			     : e; /* a signer that is gone already: the keeper sends the next */
}

/* The line that carries the signatures, and the head file, which is a copy of it. */
static enum err checkpoint_put(struct audit *a, const struct audit_key_signature *tree)
{
	const struct audit_checkpoint *c = &a->checkpoints.ask;
	const struct merkle_head *h = &a->checkpoints.head;
	uint8_t id[AUDIT_KEY_ID], signature[96];
	struct wbuf key = wbuf_of(id, sizeof id), sig = wbuf_of(signature, sizeof signature);
	uint8_t hex[2 * AUDIT_LINE_HASH], root_hex[2 * AUDIT_LINE_HASH], note_text[96];
	struct wbuf hash = wbuf_of(hex, sizeof hex), root = wbuf_of(root_hex, sizeof root_hex);
	struct wbuf note = wbuf_of(note_text, sizeof note_text);
	struct chain_line line = { .wall_us = clock_wall_us(),
				   .kind = VIEW("checkpoint"),
				   .action = VIEW("audit.checkpoint"),
				   .object = VIEW("audit log"),
				   .result = VIEW("signed"),
				   .origin = VIEW("audit[0]") };

	audit_key_put_id(&key, &a->checkpoints.key);
	audit_key_put_signature(&sig, &a->checkpoints.signature);
	audit_key_put_signature(&note, tree);
	wbuf_hex(&hash, view_of(c->hash, sizeof c->hash));
	wbuf_hex(&root, view_of(h->root.b, sizeof h->root.b));
	chain_begin(&a->chain, &line);
	chain_number(&a->chain, CHAIN_KEY("covers"), c->seq);
	chain_text(&a->chain, CHAIN_KEY("hash"), wbuf_view(&hash));
	chain_number(&a->chain, CHAIN_KEY("signed_us"), c->wall_us);
	chain_bool(&a->chain, CHAIN_KEY("is_stop"), c->is_stop);
	chain_text(&a->chain, CHAIN_KEY("key"), wbuf_view(&key));
	chain_text(&a->chain, CHAIN_KEY("signature"), wbuf_view(&sig));
	chain_number(&a->chain, CHAIN_KEY("tree_size"), h->size);
	chain_text(&a->chain, CHAIN_KEY("root"), wbuf_view(&root));
	chain_text(&a->chain, CHAIN_KEY("tree_signature"), wbuf_view(&note));
	return chain_end(&a->chain);
}

static void checkpoint_put_head(struct audit *a, struct view line)
{
	if (segment_put_file(&a->segment, "head", line) != E_OK)
		(void)log_errno("the audit log's head file");
}

static void checkpoint_put_text(const struct audit_checkpoints *k, struct wbuf *w)
{
	struct note_checkpoint c = { .origin = view_of(k->note_key.name, k->note_key.name_n),
				     .head = k->head };

	note_put_checkpoint(w, &c);
}

/* The tree's checkpoint as a file: a signed note, for other people's tools and for witnesses. */
static void checkpoint_put_note(struct audit *a, const struct audit_key_signature *tree)
{
	uint8_t text[NOTE_BODY_MAX + NOTE_VKEY_MAX + 128];
	struct wbuf w = wbuf_of(text, sizeof text);

	checkpoint_put_text(&a->checkpoints, &w);
	WBUF_LIT(&w, "\n");
	note_put_signature(&w, &a->checkpoints.note_key, view_of(tree->b, sizeof tree->b));
	INVARIANT(!w.bad);
	if (segment_put_file(&a->segment, "checkpoint", wbuf_view(&w)) != E_OK)
		(void)log_errno("the audit log's checkpoint file");
}

static enum err checkpoint_store(struct audit *a, const struct audit_key_signature *tree)
{
	struct audit_checkpoints *k = &a->checkpoints;
	uint8_t head[4096];
	struct wbuf copy = wbuf_of(head, sizeof head);
	size_t from = 0;
	enum err e = E_OK;

	if (k->is_told && !k->ask.is_stop)
		TRY(journal_note(a, &(struct audit_note){ .kind = VIEW("event"),
							  .action = VIEW("checkpoint.resumed"),
							  .object = VIEW("audit log"),
							  .result = VIEW("ok") }));
	from = a->chain.out.n;
	TRY(checkpoint_put(a, tree));
	wbuf_view_put(&copy, view_slice(wbuf_view(&a->chain.out), from, a->chain.out.n));
	tell_signed(a);
	k->covered = k->ask.seq;
	k->due_ms = a->loop.now_ms + CHECKPOINT_EVERY_MS;
	k->wanted_ms = 0;
	k->is_told = false;
	k->is_final = k->ask.is_stop;
	e = journal_flush(a);
	if (e == E_OK) {
		checkpoint_put_head(a, wbuf_view(&copy));
		checkpoint_put_note(a, tree);
	}
	return e;
}

/* An answer that is no signature over what was asked: said, and the channel ends. */
static enum err checkpoint_refuse(struct audit *a)
{
	struct audit_note n = checkpoint_alarm(
		VIEW("checkpoint.bad"), VIEW("refused"),
		VIEW("the signer's answer is no signature over the record that was asked"));

	log_line(LOG_ERROR, "the signer's checkpoint is not a valid signature");
	a->checkpoints.is_asked = false;
	return journal_note(a, &n) == E_OK ? E_DENIED : E_SYS;
}

/* The first of two: over the chain. */
static enum err checkpoint_on_signature(void *role, struct frame *f)
{
	struct audit *a = role;
	struct audit_checkpoints *k = &a->checkpoints;
	struct audit_key_signature s = { 0 };
	struct wbuf w = wbuf_of(s.b, sizeof s.b);

	if (!k->is_asked || k->has_chain || f->seq != k->ask_seq)
		return E_OK; /* late: the question was given up */
	wbuf_view_put(&w, f->body);
	if (!k->has_key || audit_key_check(&k->key, &k->ask, &s) != E_OK)
		return checkpoint_refuse(a);
	k->signature = s;
	k->has_chain = true;
	return E_OK;
}

/* The second: over the tree. */
static enum err checkpoint_on_tree(void *role, struct frame *f)
{
	struct audit *a = role;
	struct audit_checkpoints *k = &a->checkpoints;
	struct audit_key_signature s = { 0 };
	uint8_t text[NOTE_BODY_MAX];
	struct wbuf w = wbuf_of(s.b, sizeof s.b), t = wbuf_of(text, sizeof text);
	enum err e = E_OK;

	if (!k->is_asked || !k->has_chain || f->seq != k->ask_seq)
		return E_OK;
	wbuf_view_put(&w, f->body);
	checkpoint_put_text(k, &t);
	if (audit_key_verify(&k->key, wbuf_view(&t), view_of(s.b, sizeof s.b)) != E_OK)
		return checkpoint_refuse(a);
	k->is_asked = k->has_chain = false;
	if (k->ask.is_stop && k->ask.seq != a->chain.seq)
		return E_OK; /* an alarm came in between: the last word has to be asked again */
	e = checkpoint_store(a, &s);
	return e == E_AGAIN ? E_OK : e; /* a disk that refuses: signed again later */
}

/* The key as the directory knows it: a change is an alarm, because it hides a rewritten log. */
static enum err checkpoint_compare_key(struct audit *a, const struct audit_key *fresh)
{
	uint8_t buf[AUDIT_KEY_PEM_MAX], pem[AUDIT_KEY_PEM_MAX];
	struct wbuf r = wbuf_of(buf, sizeof buf), w = wbuf_of(pem, sizeof pem);
	struct audit_key stored = { 0 };
	enum err e = segment_get_file(a->segment.dir_fd, "audit.pub", &r);

	if (e == E_OK && audit_key_get_pem(wbuf_view(&r), &stored) == E_OK &&
	    audit_key_eq(&stored, fresh))
		return E_OK;
	if (e != E_CLOSED) {
		struct audit_note n =
			checkpoint_alarm(VIEW("audit.key_changed"), VIEW("found"),
					 VIEW("the signer's key is not the one in audit.pub; the "
					      "old one is kept as audit-old.pub"));

		log_line(LOG_WARNING, "the audit key has changed");
		TRY(journal_note(a, &n));
		if (renameat(a->segment.dir_fd, "audit.pub", a->segment.dir_fd, "audit-old.pub") <
		    0)
			(void)log_errno("keeping the old audit.pub");
	}
	audit_key_put_pem(&w, fresh);
	if (segment_put_file(&a->segment, "audit.pub", wbuf_view(&w)) != E_OK)
		(void)log_errno("audit.pub");
	return E_OK;
}

/* The same key as verifiers of notes want it. What is in that file is not believed by anybody here:
 * it is for people to take elsewhere. */
static enum err checkpoint_put_vkey(struct audit *a)
{
	struct audit_checkpoints *k = &a->checkpoints;
	uint8_t name[NOTE_NAME_MAX], text[NOTE_VKEY_MAX + 1], old[NOTE_VKEY_MAX + 1];
	struct wbuf origin = wbuf_of(name, sizeof name), w = wbuf_of(text, sizeof text),
		    r = wbuf_of(old, sizeof old);

	note_put_origin(&origin, &k->key);
	TRY(note_key_make(&a->chain.digest, wbuf_view(&origin), NOTE_ED25519, &k->key,
			  &k->note_key));
	note_key_put(&w, &k->note_key);
	WBUF_LIT(&w, "\n");
	if (segment_get_file(a->segment.dir_fd, "audit.vkey", &r) == E_OK &&
	    view_eq(wbuf_view(&r), wbuf_view(&w)))
		return E_OK;
	if (segment_put_file(&a->segment, "audit.vkey", wbuf_view(&w)) != E_OK)
		(void)log_errno("audit.vkey");
	return E_OK;
}

static enum err checkpoint_on_key(void *role, struct frame *f)
{
	struct audit *a = role;
	struct audit_key key = { 0 };
	struct wbuf w = wbuf_of(key.b, sizeof key.b);

	wbuf_view_put(&w, f->body);
	if (a->checkpoints.has_key && audit_key_eq(&a->checkpoints.key, &key))
		return E_OK;
	a->checkpoints.key = key;
	TRY(checkpoint_put_vkey(a));
	a->checkpoints.has_key = true;
	return checkpoint_compare_key(a, &key);
}

static const struct frame_def checkpoint_defs[] = {
	{ SIGNER_CHECKPOINT, 0, FRAME_RUN, AUDIT_SIGNATURE, AUDIT_SIGNATURE,
	  checkpoint_on_signature },
	{ SIGNER_PUBLIC_KEY, 0, FRAME_RUN, AUDIT_KEY, AUDIT_KEY, checkpoint_on_key },
	{ SIGNER_TREE, 0, FRAME_RUN, AUDIT_SIGNATURE, AUDIT_SIGNATURE, checkpoint_on_tree },
};

static const struct frame_table checkpoint_table = {
	checkpoint_defs, sizeof checkpoint_defs / sizeof checkpoint_defs[0]
};

void checkpoint_on_signer(void *owner, struct loop_source *source, uint32_t events)
{
	struct audit *a = owner;
	enum err e = frame_pump(source->fd, &checkpoint_table, FRAME_RUN, a, CHECKPOINT_FRAMES);

	(void)events;
	if (e == E_OK || e == E_AGAIN)
		return;
	if (e != E_CLOSED)
		log_line(LOG_ERROR, "the signer broke the protocol (%s); its channel is closed",
			 err_name(e));
	checkpoint_detach(a);
}

/* Somebody else wrote to the open segment: say so, and leave that file alone. */
static enum err checkpoint_look(struct audit *a)
{
	struct audit_note n =
		checkpoint_alarm(VIEW("audit.touched"), VIEW("found"),
				 VIEW("the open segment was cut, lengthened or removed"));

	if (!segment_is_touched(&a->segment))
		return E_OK;
	log_line(LOG_ERROR, "the audit log was changed by somebody else");
	if (segment_begin(&a->segment, &a->chain, SEGMENT_ROTATED, clock_wall_us(), NULL) != E_OK)
		return E_AGAIN;
	TRY(journal_note(a, &n));
	return journal_flush(a);
}

/* Both questions, under one number. */
static enum err checkpoint_send(struct audit_checkpoints *k)
{
	uint8_t body[AUDIT_CHECKPOINT_ASK], tree[AUDIT_TREE_ASK];
	struct wbuf w = wbuf_of(body, sizeof body), t = wbuf_of(tree, sizeof tree);

	audit_checkpoint_put_ask(&w, &k->ask);
	note_put_ask(&t, &k->head);
	TRY(frame_send(k->signer.fd, AUDIT_CHECKPOINT, ++k->ask_seq, wbuf_view(&w), NULL, 0));
	return frame_send(k->signer.fd, AUDIT_TREE, k->ask_seq, wbuf_view(&t), NULL, 0);
}

static enum err checkpoint_ask(struct audit *a)
{
	struct audit_checkpoints *k = &a->checkpoints;
	struct wbuf hash = wbuf_of(k->ask.hash, sizeof k->ask.hash);
	enum err e = E_OK;

	TRY(journal_flush(a));
	TRY(checkpoint_look(a));
	if (segment_sync(&a->segment) != E_OK)
		return log_errno("syncing the audit log");
	k->ask.seq = a->chain.seq;
	k->ask.wall_us = (uint64_t)clock_wall_us();
	k->ask.is_stop = a->state == AUDIT_STOPPING;
	wbuf_put(&hash, a->chain.hash.b, sizeof a->chain.hash.b);
	k->head.size = a->chain.tree.size;
	TRY(merkle_root(&a->chain.digest, &a->chain.tree, &k->head.root));
	e = checkpoint_send(k);
	k->is_asked = e == E_OK;
	k->has_chain = false;
	k->asked_ms = a->loop.now_ms;
	if (e == E_CLOSED)
		checkpoint_detach(a);
	return e == E_SYS ? E_SYS : E_OK;
}

/* A signature is overdue: said once per outage. */
static enum err checkpoint_complain(struct audit *a)
{
	struct audit_checkpoints *k = &a->checkpoints;
	struct audit_note n = checkpoint_alarm(VIEW("checkpoint.waits"), VIEW("unsigned"),
					       VIEW("the signer does not answer"));

	if (k->wanted_ms == 0)
		k->wanted_ms = a->loop.now_ms;
	if (k->is_told || a->loop.now_ms - k->wanted_ms < CHECKPOINT_ALARM_MS)
		return E_OK;
	k->is_told = true;
	log_line(LOG_WARNING, "the audit log is not signed: the signer does not answer");
	return journal_note(a, &n);
}

enum err checkpoint_turn(struct audit *a)
{
	struct audit_checkpoints *k = &a->checkpoints;
	enum err e = E_OK;
	bool is_stopping = a->state == AUDIT_STOPPING;
	bool is_due = is_stopping || (k->worth > k->covered && a->loop.now_ms >= k->due_ms);

	if (!is_due || k->is_final || a->trouble.since_ms)
		return E_OK;
	TRY(checkpoint_complain(a));
	/* At stop, an answer that is still awaited would be about too little. */
	if (k->is_asked && k->ask.is_stop == is_stopping &&
	    a->loop.now_ms - k->asked_ms < CHECKPOINT_TIMEOUT_MS)
		return E_OK;
	k->is_asked = k->has_chain = false;
	if (k->signer.fd < 0 || !k->has_key)
		return E_OK;
	e = checkpoint_ask(a);
	return e == E_AGAIN ? E_OK : e;
}
