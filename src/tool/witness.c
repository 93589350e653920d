/*
 * The rules of a witness. What a log says is believed when it is signed with its key, and then only
 * as far as it is proved to go on from what this witness has countersigned before; that is on the
 * disk before the log gets an answer.
 */
#include "tool/witness.h"

#include "base/date.h"
#include "sys/clock.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

enum { WITNESS_FILE = 64 };

struct witness_name {
	char text[WITNESS_FILE];
};

/* ---- alarms: a line on standard output, and to syslog ---- */

static const char *const witness_kinds[WITNESS_ALARMS] = { "fork", "behind", "silent" };

/* The log's name was read strictly, and is made of this machine's own options. */
static void witness_alarm(struct witness_log *l, enum witness_alarm kind, uint64_t now_s,
			  const char *what)
{
	uint8_t text[512], time[40];
	struct wbuf w = wbuf_of(text, sizeof text), t = wbuf_of(time, sizeof time);

	if (l->told_s[kind] && now_s - l->told_s[kind] < WITNESS_ALARM_S)
		return;
	l->told_s[kind] = now_s;
	date_put_utc(&t, (int64_t)now_s * 1000000);
	wbuf_str(&w, witness_kinds[kind]);
	WBUF_LIT(&w, " ");
	audit_line_put_printable(&w, view_of(l->key.name, l->key.name_n));
	WBUF_LIT(&w, ": ");
	wbuf_str(&w, what);
	(void)printf("%.*s alarm %.*s\n", (int)t.n, time, (int)w.n, text);
	(void)fflush(stdout);
	syslog(LOG_ALERT, "alarm %.*s", (int)w.n, text);
}

/* ---- files ---- */

/* Whole or not at all, and on the disk. */
static enum err witness_write(const struct witness *w, const char *name, struct view text,
			      mode_t mode)
{
	AUTO_FD fd = openat(w->dir_fd, "next.tmp",
			    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);

	if (fd < 0 || fd_write_all(fd, text) != E_OK || fsync(fd) < 0 ||
	    renameat(w->dir_fd, "next.tmp", w->dir_fd, name) < 0 || fsync(w->dir_fd) < 0) {
		(void)fprintf(stderr, "sluis witness: %s: %s\n", name, strerror(errno));
		return E_SYS;
	}
	return E_OK;
}

static struct witness_name witness_file(const struct witness_log *l, const char *end)
{
	uint8_t hex[2 * NOTE_ID];
	struct wbuf w = wbuf_of(hex, sizeof hex);
	struct witness_name n = { "" };

	wbuf_hex(&w, view_of(l->key.id, sizeof l->key.id));
	(void)snprintf(n.text, sizeof n.text, "log-%.*s.%s", (int)w.n, hex, end);
	return n;
}

static enum err witness_refuse(const char *file, const char *what)
{
	(void)fprintf(stderr, "sluis witness: %s %s\n", file, what);
	return E_DENIED;
}

/* What this witness has countersigned of a log before: both signatures have to be there. */
static enum err witness_load(struct witness *w, struct witness_log *l)
{
	struct witness_name name = witness_file(l, "checkpoint");
	AUTO_FD fd = openat(w->dir_fd, name.text, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	uint8_t room[NOTE_TEXT_MAX + 2048];
	struct wbuf b = wbuf_of(room, sizeof room);
	struct note n = { 0 };
	struct note_checkpoint c = { 0 };
	struct note_signature s = { 0 };
	uint64_t at = 0;

	if (fd < 0)
		return errno == ENOENT ? E_OK : witness_refuse(name.text, "can't be read");
	if (fd_read_all(fd, &b) != E_OK || note_get(wbuf_view(&b), &n) != E_OK ||
	    note_get_checkpoint(n.text, &c) != E_OK || note_find(&l->key, &n, &s, &at) != E_OK ||
	    note_find(&w->key, &n, &s, &at) != E_OK)
		return witness_refuse(name.text, "is no checkpoint that this witness has "
						 "countersigned: it was changed");
	l->head = c.head;
	l->heard_s = at;
	return E_OK;
}

static enum err witness_make_key(struct witness *w)
{
	EVP_PKEY *made = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	BIO *pem = BIO_new(BIO_s_mem());
	char *text = NULL;
	long n = 0;
	enum err e = E_SYS;

	if (made && pem &&
	    PEM_write_bio_PKCS8PrivateKey(pem, made, NULL, NULL, 0, NULL, NULL) == 1) {
		n = BIO_get_mem_data(pem, &text);
		e = n > 0 ? witness_write(w, "witness.key", view_of(text, (size_t)n), 0600) : E_SYS;
	}
	BIO_free(pem);
	if (e == E_OK)
		w->signing = made;
	else
		EVP_PKEY_free(made);
	return e;
}

static enum err witness_read_key(struct witness *w)
{
	AUTO_FD fd = openat(w->dir_fd, "witness.key", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	uint8_t room[1024];
	struct wbuf b = wbuf_of(room, sizeof room);
	struct stat st = { 0 };
	BIO *pem = NULL;

	if (fd < 0)
		return errno == ENOENT ? witness_make_key(w)
				       : witness_refuse("witness.key", "can't be read");
	if (fstat(fd, &st) < 0 || (st.st_mode & 077))
		return witness_refuse("witness.key", "is open to other users: chmod 0600");
	if (fd_read_all(fd, &b) == E_OK)
		pem = BIO_new_mem_buf(b.p, (int)b.n);
	if (pem)
		w->signing = PEM_read_bio_PrivateKey(pem, NULL, NULL, NULL);
	BIO_free(pem);
	explicit_bzero(room, sizeof room);
	return w->signing && EVP_PKEY_is_a(w->signing, "ED25519")
		       ? E_OK
		       : witness_refuse("witness.key", "holds no Ed25519 key");
}

enum err witness_open(struct witness *w, const char *name)
{
	struct audit_key half = { 0 };
	size_t n = sizeof half.b;
	uint8_t text[NOTE_VKEY_MAX + 1];
	struct wbuf v = wbuf_of(text, sizeof text);

	TRY(witness_read_key(w));
	if (EVP_PKEY_get_raw_public_key(w->signing, half.b, &n) != 1)
		return E_SYS;
	if (note_key_make(&w->digest, view_str(name), NOTE_COSIGNATURE, &half, &w->key) != E_OK)
		return witness_refuse("--name", "has a blank or a plus, or is empty or too long");
	note_key_put(&v, &w->key);
	WBUF_LIT(&v, "\n");
	TRY(witness_write(w, "witness.vkey", wbuf_view(&v), 0644));
	for (unsigned i = 0; i < w->log_n; i++)
		TRY(witness_load(w, &w->log[i]));
	(void)printf("witness %.*s", (int)v.n, text);
	(void)fflush(stdout);
	return E_OK;
}

void witness_done(struct witness *w)
{
	EVP_PKEY_free(w->signing);
	audit_hash_done(&w->digest);
}

enum err witness_add_log(struct witness *w, struct view vkey)
{
	struct note_key key = { 0 };

	TRY(note_key_get(&w->digest, vkey, &key));
	if (key.type != NOTE_ED25519)
		return E_PROTO;
	if (w->log_n == WITNESS_LOGS)
		return E_LIMIT;
	w->log[w->log_n++] = (struct witness_log){ .key = key };
	return E_OK;
}

/* ---- one checkpoint ---- */

/* What one question is about, taken apart. */
struct witness_ask {
	struct note_proof proof;
	struct note note;
	struct note_checkpoint c;
	struct witness_log *log;
	uint64_t now_s;
};

static void witness_say(struct witness_answer *a, unsigned status, const char *what)
{
	a->status = status;
	a->body.n = 0;
	wbuf_str(&a->body, what);
	WBUF_LIT(&a->body, "\n");
}

static void witness_say_size(struct witness_answer *a, uint64_t size)
{
	a->status = 409;
	a->is_size = true;
	a->body.n = 0;
	wbuf_dec(&a->body, size);
	WBUF_LIT(&a->body, "\n");
}

/* Two checkpoints that contradict each other, both signed by the log, are proof against it. */
static void witness_keep(struct witness *w, struct witness_ask *q)
{
	char end[40] = "";
	struct witness_name name = { "" };

	if (q->log->evidence_n == WITNESS_EVIDENCE)
		return;
	(void)snprintf(end, sizeof end, "fork-%llu-%u",
		       (unsigned long long)q->now_s % 1000000000000, q->log->evidence_n++);
	name = witness_file(q->log, end);
	(void)witness_write(w, name.text, q->proof.note, 0644);
}

static enum err witness_sign(const struct witness *w, const struct witness_ask *q,
			     struct wbuf *line)
{
	uint8_t text[NOTE_TEXT_MAX + 64], bytes[NOTE_COSIGNATURE_BYTES];
	struct wbuf t = wbuf_of(text, sizeof text), b = wbuf_of(bytes, sizeof bytes);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t signature[AUDIT_SIGNATURE];
	size_t n = sizeof signature;
	enum err e = E_SYS;

	note_put_cosigned(&t, q->now_s, q->note.text);
	if (ctx && !t.bad && EVP_DigestSignInit(ctx, NULL, NULL, NULL, w->signing) == 1 &&
	    EVP_DigestSign(ctx, signature, &n, t.p, t.n) == 1)
		e = E_OK;
	EVP_MD_CTX_free(ctx);
	if (e != E_OK)
		return e;
	wbuf_u64(&b, q->now_s);
	wbuf_put(&b, signature, sizeof signature);
	note_put_signature(line, &w->key, wbuf_view(&b));
	return wbuf_check(line);
}

/* On the disk first, with the log's own signature and ours; then the answer. */
static void witness_accept(struct witness *w, struct witness_ask *q, struct witness_answer *ret)
{
	uint8_t room[NOTE_TEXT_MAX + 2048];
	struct wbuf note = wbuf_of(room, sizeof room);
	struct witness_name name = witness_file(q->log, "checkpoint");
	struct note_signature own = { 0 };
	uint64_t at = 0;

	ret->body.n = 0;
	if (note_find(&q->log->key, &q->note, &own, &at) != E_OK ||
	    witness_sign(w, q, &ret->body) != E_OK) {
		witness_say(ret, 500, "it can't be countersigned");
		return;
	}
	wbuf_view_put(&note, q->note.text);
	WBUF_LIT(&note, "\n");
	note_put_signature(&note, &q->log->key, view_of(own.bytes, AUDIT_SIGNATURE));
	wbuf_view_put(&note, wbuf_view(&ret->body));
	if (note.bad || witness_write(w, name.text, wbuf_view(&note), 0644) != E_OK) {
		witness_say(ret, 500, "it can't be kept");
		return;
	}
	q->log->head = q->c.head;
	q->log->heard_s = q->now_s;
	q->log->told_s[WITNESS_SILENT] = 0;
	ret->status = 200;
}

/* The checkpoint is signed by a log that is known. */
static void witness_judge(struct witness *w, struct witness_ask *q, struct witness_answer *ret)
{
	struct witness_log *l = q->log;
	const struct merkle_head *now = &q->c.head;
	bool is_other_root = now->size == l->head.size && !merkle_eq(&now->root, &l->head.root);

	if (l->head.size && is_other_root) {
		witness_alarm(l, WITNESS_FORK, q->now_s,
			      "another tree of the same size is signed: the log was rewritten");
		witness_keep(w, q);
		witness_say_size(ret, l->head.size);
	} else if (now->size < l->head.size) {
		witness_alarm(l, WITNESS_BEHIND, q->now_s,
			      "it shows fewer records than it has shown before: put back to an "
			      "earlier state?");
		witness_keep(w, q);
		witness_say_size(ret, l->head.size);
	} else if (q->proof.place != l->head.size) {
		witness_say_size(ret,
				 l->head.size); /* it can't know better: the next try will do */
	} else if (merkle_check_consistency(&w->digest, &l->head, now, &q->proof.path) != E_OK) {
		witness_alarm(l, WITNESS_FORK, q->now_s,
			      "what it shows does not go on from what it has shown before: "
			      "rewritten, or records are missing");
		witness_keep(w, q);
		witness_say(ret, 422, "the proof does not hold");
	} else {
		witness_accept(w, q, ret);
	}
}

void witness_take(struct witness *w, struct view body, uint64_t now_s, struct witness_answer *ret)
{
	struct witness_ask q = { .now_s = now_s };
	struct note_signature s = { 0 };
	uint64_t at = 0;
	enum err e = E_OK;

	if (note_proof_get(body, &q.proof) != E_OK || q.proof.is_inclusion ||
	    note_get(q.proof.note, &q.note) != E_OK ||
	    note_get_checkpoint(q.note.text, &q.c) != E_OK) {
		witness_say(ret, 400, "that is no add-checkpoint request");
		return;
	}
	for (unsigned i = 0; i < w->log_n; i++)
		if (view_eq(view_of(w->log[i].key.name, w->log[i].key.name_n), q.c.origin))
			q.log = &w->log[i];
	if (!q.log) {
		witness_say(ret, 404, "that log is not known here");
		return;
	}
	e = note_find(&q.log->key, &q.note, &s, &at);
	if (e != E_OK)
		witness_say(ret, 403, "the log's key has not signed that");
	else if (q.proof.place > q.c.head.size)
		witness_say(ret, 400, "the old size is more than the new one");
	else
		witness_judge(w, &q, ret);
}

void witness_tick(struct witness *w, uint64_t now_s)
{
	for (unsigned i = 0; w->silence_s && i < w->log_n; i++) {
		struct witness_log *l = &w->log[i];

		if (l->heard_s == 0)
			l->heard_s = now_s; /* it has so long for its first word */
		if (now_s > l->heard_s + w->silence_s)
			witness_alarm(l, WITNESS_SILENT, now_s, "it has said nothing for too long");
	}
}
