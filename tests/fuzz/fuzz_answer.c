/*
 * What others answer to us: a collector of spans, a witness of the log, a webhook (THREATS A18; RFC
 * 9112 §6.3). Any bytes, in any pieces: what is made of an answer does not depend on how it was
 * cut, it is judged at its end at the latest, and only a good countersignature moves what a witness
 * has seen.
 *
 * Input: WHO, how it is cut, then pieces until the end: a number below PIECES stands for one of the
 * texts below, 0xff LEN BYTES for bytes as they are.
 */
#include "proto/http1.h"
#include "role/exporter/exporter.h"
#include "role/shipper/shipper.h"
#include "sys/fd.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_folder.h"

#include <openssl/evp.h>
#include <sys/socket.h>

enum { COLLECTOR, WITNESS, WEBHOOK, WHO, RAW = 0xff, ANSWER = 32 * 1024, LEAVES = 7 };

static const struct view texts[] = {
	VIEW_INIT("HTTP/1.1 200 OK\r\n"),
	VIEW_INIT("HTTP/1.1 100 Continue\r\n\r\n"),
	VIEW_INIT("HTTP/1.1 409 Conflict\r\n"),
	VIEW_INIT("HTTP/1.1 422 Unprocessable\r\n"),
	VIEW_INIT("HTTP/1.1 404 Not Found\r\n"),
	VIEW_INIT("HTTP/1.1 429 Too Many\r\n"),
	VIEW_INIT("HTTP/1.1 503 Busy\r\n"),
	VIEW_INIT("HTTP/1.0 204 None\r\n"),
	VIEW_INIT("HTTP/1.1 400 Bad\r\n"),
	VIEW_INIT("Content-Length: 0\r\n"),
	VIEW_INIT("Content-Length: 3\r\n"),
	VIEW_INIT("Content-Length: 105\r\n"),
	VIEW_INIT("Content-Length: 99999999\r\n"),
	VIEW_INIT("Transfer-Encoding: chunked\r\n"),
	VIEW_INIT("Connection: close\r\n"),
	VIEW_INIT("Content-Type: text/x.tlog.size\r\n"),
	VIEW_INIT("\r\n"),
	VIEW_INIT("12\n"),
	VIEW_INIT("7\n"),
	VIEW_INIT("5\n"),
	VIEW_INIT("0\r\n\r\n"),
	VIEW_INIT("\xe2\x80\x94 w.example/1 "),
};

enum { TEXTS = sizeof texts / sizeof texts[0], SIGNATURE = TEXTS, PIECES = TEXTS + 1 };

struct bed {
	struct exporter *x;
	struct shipper *s;
	struct image_pool pool;
	uint8_t log[AUDIT_FILE_BUFFER];
	uint8_t plain[1 << 16];
	uint8_t note[NOTE_MAX], signature[256];
	size_t note_n, signature_n;
	struct note_key witness;
};

static struct bed bed;

/* ---- the log's checkpoint, and a witness's countersignature ---- */

static void sign(EVP_PKEY *key, struct view text, uint8_t ret[64])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t n = 64;

	INVARIANT(EVP_DigestSignInit(ctx, NULL, NULL, NULL, key) == 1);
	INVARIANT(EVP_DigestSign(ctx, ret, &n, text.p, text.n) == 1);
	EVP_MD_CTX_free(ctx);
}

static EVP_PKEY *key_of(uint8_t seed, struct audit_key *ret)
{
	uint8_t bytes[32] = { seed };
	size_t n = sizeof ret->b;
	EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, bytes, sizeof bytes);

	INVARIANT(key && EVP_PKEY_get_raw_public_key(key, ret->b, &n) == 1);
	return key;
}

static void make_note(struct bed *b)
{
	struct note_checkpoint c = { .origin = VIEW("log.example/1"), .head = { .size = LEAVES } };
	struct wbuf note = wbuf_of(b->note, sizeof b->note);
	struct wbuf line = wbuf_of(b->signature, sizeof b->signature);
	uint8_t text[NOTE_TEXT_MAX], bytes[NOTE_COSIGNATURE_BYTES];
	struct wbuf cosigned = wbuf_of(text, sizeof text), sig = wbuf_of(bytes, 8);
	struct note_key log = { 0 };
	struct audit_key key = { 0 };
	EVP_PKEY *signing = key_of(1, &key);
	size_t text_n = 0;

	INVARIANT(note_key_make(&b->s->digest, c.origin, NOTE_ED25519, &key, &log) == E_OK);
	note_put_checkpoint(&note, &c);
	text_n = note.n;
	sign(signing, wbuf_view(&note), bytes);
	WBUF_LIT(&note, "\n");
	note_put_signature(&note, &log, view_of(bytes, 64));
	b->note_n = note.n;
	EVP_PKEY_free(signing);
	signing = key_of(2, &key);
	INVARIANT(note_key_make(&b->s->digest, VIEW("w.example/1"), NOTE_COSIGNATURE, &key,
				&b->witness) == E_OK);
	note_put_cosigned(&cosigned, 1800000000, view_of(b->note, text_n));
	wbuf_u64(&sig, 1800000000);
	sign(signing, wbuf_view(&cosigned), bytes + 8);
	note_put_signature(&line, &b->witness, view_of(bytes, sizeof bytes));
	b->signature_n = line.n;
	EVP_PKEY_free(signing);
	INVARIANT(!note.bad && !line.bad && !cosigned.bad);
}

static void make_bed(struct bed *b)
{
	b->x = calloc(1, sizeof *b->x);
	b->s = calloc(1, sizeof *b->s);
	INVARIANT(b->x && b->s);
	b->s->log_fd = b->s->own_fd = fuzz_folder();
	INVARIANT(audit_hash_init(&b->s->digest) == E_OK);
	make_note(b);
}

/* ---- what is made of an answer ---- */

struct verdict {
	enum err e; /* of the last piece */
	uint64_t a, b, c;
};

static struct verdict of_collector(struct bed *b, struct view answer, size_t piece)
{
	static struct page_exporter_page page;
	static uint8_t batch[2][EXPORTER_BATCH];
	struct exporter *x = b->x;
	int ends[2] = { -1, -1 };

	page = (struct page_exporter_page){ 0 };
	*x = (struct exporter){ .page = &page, .state = EXPORTER_READING, .loop.now_ms = 1000 };
	INVARIANT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
	for (unsigned i = 0; i < 2; i++)
		x->batch[i].json = wbuf_of(batch[i], sizeof batch[i]);
	x->batch[1].spans = 3;
	x->answer = wbuf_of(x->answer_bytes, sizeof x->answer_bytes);
	x->collector = (struct loop_source){ .fd = ends[0], .kind = EXPORTER_COLLECTOR };
	for (size_t at = 0; at < answer.n && x->state == EXPORTER_READING; at += piece) {
		struct view part = view_slice(answer, at, piece);

		INVARIANT(send(ends[1], part.p, part.n, MSG_NOSIGNAL) == (ssize_t)part.n);
		for (unsigned i = 0; i < 3 && x->state == EXPORTER_READING; i++)
			post_on_collector(x, &x->collector, EPOLLIN);
	}
	(void)fd_close(ends[1]);
	if (x->state == EXPORTER_READING)
		post_on_collector(x, &x->collector, EPOLLIN);
	INVARIANT(x->state == EXPORTER_IDLE || x->state == EXPORTER_WAITING);
	INVARIANT(PAGE_GET(page.exported) == 0 || PAGE_GET(page.exported) == 3);
	loop_close(&x->collector);
	return (struct verdict){ .a = PAGE_GET(page.exported),
				 .b = PAGE_GET(page.dropped),
				 .c = x->state };
}

static struct sink *fresh_sink(struct bed *b)
{
	struct sink *s = &b->s->sink[0];

	b->s->loop.now_ms = 100000;
	*s = (struct sink){ .x = b->s, .pool = &b->pool, .name = "w.example", .cursor = "c" };
	s->plain = wbuf_of(b->plain, sizeof b->plain);
	s->log.file = (struct audit_file_reader){ .fd = -1, .buf = b->log };
	return s;
}

static struct verdict of_witness(struct bed *b, struct view answer, size_t piece)
{
	struct sink *s = fresh_sink(b);
	struct observer *w = &b->s->observer[0];
	struct note n = { 0 };
	enum err e = E_AGAIN;

	*w = (struct observer){ .key = b->witness, .is_ready = true, .size = 3 };
	s->observer = w;
	INVARIANT(note_get(view_of(b->note, b->note_n), &n) == E_OK);
	w->note = view_of(b->note, b->note_n);
	w->text = n.text;
	w->next.size = LEAVES;
	w->proof = (struct note_proof){ .place = 3, .note = w->note };
	INVARIANT(observer_put(s) && s->plain.n);
	for (size_t at = 0; at < answer.n && e == E_AGAIN; at += piece)
		e = observer_take(s, view_slice(answer, at, piece), false);
	if (e == E_AGAIN)
		e = observer_take(s, (struct view){ 0 }, true);
	INVARIANT(e == E_OK || e == E_PROTO || e == E_LIMIT);
	INVARIANT(!w->has_signed || memmem(answer.p, answer.n, b->signature, b->signature_n - 1));
	INVARIANT(w->has_signed ? w->size == LEAVES && w->head.size == LEAVES : w->head.size == 0);
	return (struct verdict){ e == E_OK ? E_OK : E_PROTO, w->size, w->conflicts, w->has_signed };
}

static struct verdict of_webhook(struct bed *b, struct view answer, size_t piece)
{
	struct sink *s = fresh_sink(b);
	struct hook *h = &b->s->hook[0];
	enum err e = E_AGAIN;
	bool is_taken = false;

	*h = (struct hook){ .path = VIEW("/a"), .refusals = HOOK_TRIES - 1, .is_new = true };
	h->body = wbuf_of(h->body_room, sizeof h->body_room);
	WBUF_LIT(&h->body, "{}");
	s->hook = h;
	INVARIANT(hook_put_request(s) && s->plain.n);
	for (size_t at = 0; at < answer.n && e == E_AGAIN; at += piece)
		e = hook_take(s, view_slice(answer, at, piece), false, &is_taken);
	if (e == E_AGAIN)
		e = hook_take(s, (struct view){ 0 }, true, &is_taken);
	INVARIANT(e == E_OK || e == E_PROTO || e == E_DENIED);
	INVARIANT(!is_taken || e == E_OK);
	return (struct verdict){ e, is_taken, e == E_DENIED ? h->status : 0, h->body.n };
}

/* ---- the answer, and its pieces ---- */

static struct view put_answer(struct bed *b, struct view *in, uint8_t room[ANSWER])
{
	struct wbuf w = wbuf_of(room, ANSWER);

	while (in->n && !w.bad) {
		uint8_t which = fuzz_u8(in);

		if (which == RAW)
			wbuf_view_put(&w, fuzz_some(in, 2000));
		else if (which % PIECES == SIGNATURE)
			wbuf_put(&w, b->signature, b->signature_n);
		else
			wbuf_view_put(&w, texts[which % PIECES]);
	}
	return wbuf_view(&w);
}

/* The head that counts, behind those of interim answers, is there whole, or is none. */
static bool has_head(struct view answer)
{
	struct field fields[64];

	for (;;) {
		struct http1_head h = { .fields = fields, .field_cap = 64 };
		struct http1_error why = { 0 };
		size_t progress = 0;
		enum err e = http1_parse_response(answer, EXPORTER_ANSWER, METHOD_POST, &progress,
						  &h, &why);

		if (e != E_OK || h.status >= 200)
			return e == E_OK;
		answer = view_slice(answer, h.n, answer.n);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct verdict (*const judges[WHO])(
		struct bed *, struct view, size_t) = { of_collector, of_witness, of_webhook };
	static uint8_t room[ANSWER];
	struct view in = view_of(data, size), answer = { 0 };
	unsigned who = fuzz_u8(&in) % WHO;
	size_t piece = 1u + fuzz_u8(&in);
	struct verdict whole = { 0 }, cut = { 0 };

	if (!bed.x)
		make_bed(&bed);
	answer = put_answer(&bed, &in, room);
	whole = judges[who](&bed, answer, sizeof room);
	cut = judges[who](&bed, answer, piece);
	/* A head that never ends may be refused early or late; but it is taken never. */
	if (has_head(answer))
		INVARIANT(whole.a == cut.a && whole.b == cut.b && whole.c == cut.c &&
			  whole.e == cut.e);
	else if (who != WITNESS)
		INVARIANT(whole.a == 0 && cut.a == 0);
	return 0;
}
