/*
 * A witness in front of strangers (promise P9): requests with proofs made of parts that fit and
 * parts that don't. It countersigns what goes on from what it had, and nothing else: whatever is
 * asked, the size that it has seen of a log is one that the log has signed, and never less than
 * before.
 *
 * Input: requests: how it is asked (bits: as HTTP, byte by byte), then pieces until 0: 1 "old N", 2
 * the hashes of the proof from N to M, 3 the signed checkpoint of size N, 4 LEN BYTES, 5 one hash,
 * 6 an empty line, 7 a checkpoint of another tree.
 */
#include "tool/witness_serve.c"

#include "base/base64.h"
#include "ipc/merkle_plan.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_folder.h"

#include <openssl/evp.h>

enum {
	SIZES = 12,
	REQUESTS = 12,
	PIECES = 24,
	BODY = 64 * 1024,
	NOTE = 512,
	AS_HTTP = 1,
	SLOWLY = 2
};

struct bed {
	struct serve *s;
	EVP_PKEY *log;
	struct note_key key;
	struct audit_line_hash leaf[SIZES + 1];
	struct merkle_frontier tree[SIZES + 1]; /* of so many leaves */
	uint8_t note[2][SIZES + 1][NOTE];	/* of the log, and of a tree that it is not */
	size_t note_n[2][SIZES + 1];
};

static struct bed bed;

static void make_note(struct bed *b, unsigned which, unsigned size)
{
	struct note_checkpoint c = { .origin = VIEW("log.example/1"), .head = { .size = size } };
	struct wbuf w = wbuf_of(b->note[which][size], NOTE);
	uint8_t bytes[64];
	size_t n = sizeof bytes;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	INVARIANT(merkle_root(&b->s->w.digest, &b->tree[size], &c.head.root) == E_OK);
	c.head.root.b[0] ^= (uint8_t)which;
	note_put_checkpoint(&w, &c);
	INVARIANT(EVP_DigestSignInit(ctx, NULL, NULL, NULL, b->log) == 1);
	INVARIANT(EVP_DigestSign(ctx, bytes, &n, w.p, w.n) == 1);
	EVP_MD_CTX_free(ctx);
	WBUF_LIT(&w, "\n");
	note_put_signature(&w, &b->key, view_of(bytes, n));
	INVARIANT(!w.bad);
	b->note_n[which][size] = w.n;
}

static void make_log(struct bed *b)
{
	uint8_t seed[32] = { 5 };
	struct audit_key key = { 0 };
	size_t n = sizeof key.b;
	uint8_t text[NOTE_VKEY_MAX];
	struct wbuf w = wbuf_of(text, sizeof text);
	struct audit_hash *h = &b->s->w.digest;

	b->log = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, sizeof seed);
	INVARIANT(b->log && EVP_PKEY_get_raw_public_key(b->log, key.b, &n) == 1);
	INVARIANT(note_key_make(h, VIEW("log.example/1"), NOTE_ED25519, &key, &b->key) == E_OK);
	note_key_put(&w, &b->key);
	INVARIANT(witness_add_log(&b->s->w, wbuf_view(&w)) == E_OK);
	for (unsigned i = 0; i < SIZES; i++) {
		uint8_t x = (uint8_t)i;

		b->tree[i + 1] = b->tree[i];
		INVARIANT(audit_hash_leaf(h, view_of(&x, 1), &b->leaf[i]) == E_OK);
		INVARIANT(merkle_append(h, &b->tree[i + 1], &b->leaf[i]) == E_OK);
	}
	for (unsigned i = 0; i <= SIZES; i++)
		for (unsigned which = 0; which < 2; which++)
			make_note(b, which, i);
}

static void make_bed(struct bed *b)
{
	b->s = calloc(1, sizeof *b->s);
	INVARIANT(b->s && audit_hash_init(&b->s->w.digest) == E_OK);
	b->s->w.dir_fd = fuzz_folder();
	for (unsigned i = 0; i < SERVE_CLIENTS; i++)
		b->s->client[i].fd = -1;
	make_log(b);
	INVARIANT(witness_open(&b->s->w, "w.example/1") == E_OK);
}

/* ---- one request ---- */

static void put_hash(struct wbuf *w, const struct audit_line_hash *h)
{
	base64_put(w, view_of(h->b, sizeof h->b));
	WBUF_LIT(w, "\n");
}

static void put_proof(struct bed *b, struct wbuf *w, unsigned older, unsigned newer)
{
	struct merkle_plan plan = { 0 };
	struct merkle_frontier f = b->tree[older];
	struct merkle_proof proof = { 0 };
	struct audit_hash *h = &b->s->w.digest;

	if (merkle_plan_consistency(&plan, older, newer) != E_OK)
		return;
	merkle_plan_begin(&plan, &f);
	while (f.size < newer)
		INVARIANT(merkle_plan_append(&plan, h, &f, &b->leaf[f.size]) == E_OK);
	INVARIANT(merkle_plan_end(&plan, h, &f, &proof) == E_OK);
	for (unsigned i = 0; i < proof.n; i++)
		put_hash(w, &proof.node[i]);
}

static struct view put_body(struct bed *b, struct view *in, uint8_t room[BODY])
{
	struct wbuf w = wbuf_of(room, BODY);

	for (unsigned i = 0; i < PIECES && in->n; i++) {
		uint8_t what = fuzz_u8(in) % 8, n = 0;

		if (what == 0)
			break;
		n = what == 4 || what == 6 ? 0 : fuzz_u8(in) % (SIZES + 1);
		if (what == 1) {
			WBUF_LIT(&w, "old ");
			wbuf_dec(&w, n);
			WBUF_LIT(&w, "\n");
		} else if (what == 2) {
			put_proof(b, &w, n, fuzz_u8(in) % (SIZES + 1));
		} else if (what == 4) {
			wbuf_view_put(&w, fuzz_some(in, 1000));
		} else if (what == 5) {
			put_hash(&w, &b->leaf[n]);
		} else if (what == 6) {
			WBUF_LIT(&w, "\n");
		} else {
			wbuf_put(&w, b->note[what == 7][n], b->note_n[what == 7][n]);
		}
	}
	return wbuf_view(&w);
}

static void ask_http(struct bed *b, struct view body, uint8_t how)
{
	struct serve_client *c = &b->s->client[0];
	static uint8_t room[BODY + 512];
	struct wbuf w = wbuf_of(room, sizeof room);

	wbuf_str(&w, how & 4 ? "GET" : "POST");
	wbuf_str(&w, how & 8 ? " /other" : " /add-checkpoint");
	WBUF_LIT(&w, " HTTP/1.1\r\nHost: w\r\nContent-Length: ");
	wbuf_dec(&w, body.n + (how & 16));
	WBUF_LIT(&w, "\r\n\r\n");
	wbuf_view_put(&w, body);
	serve_close(c);
	for (size_t at = 0, step = how & SLOWLY ? 7 : w.n; at < w.n && c->out.n == 0; at += step) {
		struct view part = view_slice(wbuf_view(&w), at, step);
		struct wbuf to = wbuf_of(c->in + c->in_n, sizeof c->in - c->in_n);

		wbuf_view_put(&to, view_slice(part, 0, to.cap));
		c->in_n += to.n;
		serve_parse(b->s, c);
	}
	INVARIANT(c->out.n == 0 || view_starts(wbuf_view(&c->out), VIEW("HTTP/1.1 ")));
	serve_close(c);
}

static void ask(struct bed *b, struct view body, uint64_t now_s)
{
	uint8_t room[WITNESS_ANSWER];
	struct witness_answer a = { .body = wbuf_of(room, sizeof room) };

	witness_take(&b->s->w, body, now_s, &a);
	INVARIANT(a.status >= 200 && a.status < 600 && !a.body.bad);
	witness_tick(&b->s->w, now_s);
}

static void judge(const struct bed *b, uint64_t before)
{
	const struct merkle_head *head = &b->s->w.log[0].head;
	struct audit_line_hash root = { 0 };
	struct audit_hash h = b->s->w.digest;

	INVARIANT(head->size >= before && head->size <= SIZES);
	if (head->size == 0)
		return;
	INVARIANT(merkle_root(&h, &b->tree[head->size], &root) == E_OK);
	if (merkle_eq(&root, &head->root))
		return;
	root.b[0] ^=
		1; /* the other tree: its first word was that one, and nothing goes on from it */
	INVARIANT(merkle_eq(&root, &head->root) && (before == 0 || before == head->size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t room[BODY];
	struct view in = view_of(data, size), body = { 0 };

	if (!bed.s)
		make_bed(&bed);
	bed.s->w.log[0].head = (struct merkle_head){ 0 };
	bed.s->w.log[0].evidence_n = 0;
	for (unsigned i = 0; i < REQUESTS && in.n; i++) {
		uint8_t how = fuzz_u8(&in);
		uint64_t before = bed.s->w.log[0].head.size;

		body = put_body(&bed, &in, room);
		if (how & AS_HTTP)
			ask_http(&bed, body, how);
		else
			ask(&bed, body, 1800000000 + i);
		judge(&bed, before);
	}
	return 0;
}
