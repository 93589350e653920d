/*
 * What the outcome rests on, in order: the recipient's key opened it and its tag was right; the
 * signature is over the manifest; the manifest is over every file; the audit log in it is a chain
 * under the same key. The log of the machine, when it is at hand, says when that was.
 */
#include "tool/evidence_verify.h"

#include "base/date.h"
#include "sys/fd.h"
#include "tool/evidence_in.h"
#include "tool/evidence_log.h"
#include "tool/manifest_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

struct verify {
	const struct evidence_verify *options;
	struct evidence_read read;
	struct evidence_check check;
	struct evidence_in in;
	struct evidence_log log;
	struct audit_verify_result chain; /* of the segments in the bundle */
	struct evidence_named named;
	json_t *findings;
	unsigned count;
	bool has_chain, has_log, is_log_whole, is_covered;
};

enum { VERIFY_SHOWN = 1000, VERIFY_TEXT = 300 };

/* name and what: from a log or a bundle. */
static void verify_found(struct verify *v, struct view name, struct view what)
{
	char left[6 * VERIFY_TEXT + 16], right[6 * VERIFY_TEXT + 16];
	struct wbuf a = wbuf_of(left, sizeof left), b = wbuf_of(right, sizeof right);

	if (v->count++ >= VERIFY_SHOWN)
		return;
	audit_line_put_printable(&a, view_slice(name, 0, VERIFY_TEXT));
	audit_line_put_printable(&b, view_slice(what, 0, VERIFY_TEXT));
	if (v->options->is_json)
		(void)json_array_append_new(v->findings, json_pack("{s:s%, s:s%}", "file", left,
								   a.n, "what", right, b.n));
	else
		(void)printf("%.*s: %.*s\n", (int)a.n, left, (int)b.n, right);
}

static void verify_on_finding(void *arg, const char *name, const char *what)
{
	verify_found(arg, view_str(name), view_str(what));
}

static void verify_on_chain(void *arg, const struct audit_verify_finding *f)
{
	char name[120], line[24];
	struct wbuf w = wbuf_of(name, sizeof name);

	WBUF_LIT(&w, "audit/");
	wbuf_view_put(&w, view_slice(f->file, 0, 64));
	if (f->line) {
		(void)snprintf(line, sizeof line, ":%llu", (unsigned long long)f->line);
		wbuf_str(&w, line);
	}
	verify_found(arg, wbuf_view(&w), f->what);
}

static enum err verify_on_file(void *arg, const struct evidence_tar *t, uint64_t at, struct view v)
{
	struct verify *x = arg;

	if (x->options->is_list) {
		if (at == 0 && v.n == 0 && !x->options->is_json)
			(void)printf("%12llu  %s\n", (unsigned long long)t->bytes, t->name);
		return E_OK;
	}
	return evidence_log_keep(&x->log, t, v);
}

static enum err verify_on_bytes(void *arg, struct view v)
{
	struct verify *x = arg;

	return evidence_read_push(&x->read, v);
}

/* ---- keys and logs that were named ---- */

static enum err verify_key(struct evidence_check *c, const char *path)
{
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t pem[AUDIT_KEY_PEM_MAX];
	struct wbuf w = wbuf_of(pem, sizeof pem);

	if (fd < 0 || fd_read_all(fd, &w) != E_OK ||
	    audit_key_get_pem(wbuf_view(&w), &c->key[c->key_n]) != E_OK) {
		(void)fprintf(stderr,
			      "sluis evidence: %s: no Ed25519 public key in PEM form (DIR/keys/"
			      "audit.pub)\n",
			      path);
		return E_SYS;
	}
	c->key_n++;
	return E_OK;
}

/* Under the key that signed the bundle, or those that were named. */
static void verify_keys(const struct verify *v, struct audit_verify_options *o)
{
	o->key_n = v->check.key_n;
	for (size_t i = 0; i < o->key_n; i++)
		o->key[i] = v->check.key[i];
	if (o->key_n == 0 && v->check.has_signature)
		o->key[o->key_n++] = v->check.signature.key;
}

static enum err verify_chain(struct verify *v)
{
	struct audit_verify_options o = { .is_live = true,
					  .on_finding = verify_on_chain,
					  .arg = v };
	enum err e = E_OK;

	verify_keys(v, &o);
	if (v->log.segments == 0 || o.key_n == 0)
		return E_OK;
	e = evidence_log_check(&v->log, &o, &v->chain);
	v->has_chain = e == E_OK;
	if (e == E_CLOSED)
		verify_found(v, VIEW("audit"), VIEW("has no segment that can be read"));
	return e == E_CLOSED ? E_OK : e;
}

/* What decryption does not look at, names of recipients for instance, is still in the file's hash.
 */
static bool verify_is_file(const struct verify *v)
{
	AUTO_FD fd = open(v->options->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char hash[MANIFEST_HEX + 1] = "";
	uint64_t bytes = 0;

	return v->named.file_sha256[0] == '\0' ||
	       (fd >= 0 && manifest_file_hash(fd, hash, &bytes) == E_OK &&
		view_eq(view_str(hash), view_str(v->named.file_sha256)));
}

/* What is wrong with the log in full, `sluis audit verify` says. */
static void verify_on_log(void *arg, const struct audit_verify_finding *f)
{
	(void)arg;
	(void)f;
}

static int verify_log(struct verify *v)
{
	AUTO_FD dir = open(v->options->log, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct audit_verify_options o = { .dir_fd = dir,
					  .is_live = true,
					  .on_finding = verify_on_log };
	struct audit_verify_result r = { 0 };

	verify_keys(v, &o);
	if (dir < 0 || audit_verify_run(&o, &r) != E_OK ||
	    evidence_log_find(dir, v->check.sha256, &v->named) != E_OK) {
		(void)fprintf(stderr, "sluis evidence: %s: no audit log that can be read\n",
			      v->options->log);
		return 2;
	}
	v->has_log = true;
	v->is_log_whole = r.findings == 0;
	v->is_covered = v->named.seq && r.covered >= v->named.seq;
	if (v->named.seq == 0)
		verify_found(v, VIEW("log"), VIEW("does not name this bundle"));
	else if (r.findings)
		verify_found(v, VIEW("log"), VIEW("names this bundle, and is not whole"));
	else if (!verify_is_file(v))
		verify_found(v, VIEW("log"), VIEW("names this bundle in a file with another hash"));
	return 0;
}

/* ---- the outcome ---- */

static void verify_time(const struct verify *v, char ret[40])
{
	struct wbuf w = wbuf_of(ret, 39);

	if (v->check.has_signature)
		date_put_utc(&w, (int64_t)v->check.signature.wall_us);
	ret[w.n] = '\0';
}

static void verify_print(const struct verify *v)
{
	char when[40];
	uint8_t key[AUDIT_KEY_ID];
	struct wbuf w = wbuf_of(key, sizeof key);
	const json_t *missing = json_object_get(v->check.manifest, "missing");

	verify_time(v, when);
	audit_key_put_id(&w, &v->check.signature.key);
	(void)printf("%s: %llu files, signed %s by key %.*s%s\n", v->count ? "NOT WHOLE" : "whole",
		     (unsigned long long)v->read.file_n, when, (int)w.n, (const char *)key,
		     v->check.is_key_known ? "" : " (which nobody named)");
	if (v->has_chain)
		(void)printf("audit log: records %llu to %llu, signed up to %llu\n",
			     (unsigned long long)v->chain.first_seq,
			     (unsigned long long)v->chain.last_seq,
			     (unsigned long long)v->chain.covered);
	if (v->named.seq)
		(void)printf("named in the log: record %llu, %s%s\n",
			     (unsigned long long)v->named.seq, v->named.time,
			     v->is_covered ? "" : ", which no checkpoint covers yet");
	(void)printf("missing: %zu pieces, which the manifest explains\n",
		     json_array_size(missing));
	if (!v->check.is_key_known)
		(void)printf("note: name the machine's key with --public-key to know who signed\n");
}

static json_t *verify_member(const struct verify *v, const char *name)
{
	json_t *m = json_object_get(v->check.manifest, name);

	return m ? json_incref(m) : json_null();
}

static int verify_json(const struct verify *v)
{
	char when[40], hash[2 * EVIDENCE_HASH];
	struct wbuf w = wbuf_of(hash, sizeof hash), k = { 0 };
	uint8_t key[AUDIT_KEY_ID];
	json_t *doc = NULL;
	int status = 1;

	k = wbuf_of(key, sizeof key);
	verify_time(v, when);
	wbuf_hex(&w, view_of(v->check.sha256, sizeof v->check.sha256));
	audit_key_put_id(&k, &v->check.signature.key);
	doc = json_pack("{s:i, s:b, s:I, s:O, s:s%, s:s, s:s%, s:b, s:b, s:I}", "format", 1,
			"is_whole", (int)(v->count == 0), "findings_total", (json_int_t)v->count,
			"findings", v->findings, "manifest_sha256", hash, w.n, "signed", when,
			"key", key, k.n, "is_key_known", (int)v->check.is_key_known,
			"was_encrypted", (int)v->in.was_encrypted, "files",
			(json_int_t)v->read.file_n);
	if (!doc)
		return 1;
	(void)json_object_set_new(doc, "bundle", verify_member(v, "bundle"));
	(void)json_object_set_new(doc, "missing", verify_member(v, "missing"));
	if (v->options->is_list)
		(void)json_object_set_new(doc, "contents", verify_member(v, "files"));
	(void)json_object_set_new(doc, "audit",
				  v->has_chain
					  ? json_pack("{s:I, s:I, s:I}", "first_seq",
						      (json_int_t)v->chain.first_seq, "last_seq",
						      (json_int_t)v->chain.last_seq, "signed_seq",
						      (json_int_t)v->chain.covered)
					  : json_null());
	(void)json_object_set_new(
		doc, "log",
		v->has_log ? json_pack("{s:I, s:s, s:b, s:b}", "seq", (json_int_t)v->named.seq,
				       "time", v->named.time, "is_whole", (int)v->is_log_whole,
				       "is_signed", (int)v->is_covered)
			   : json_null());
	status = json_dumpf(doc, stdout, JSON_INDENT(2)) == 0 ? 0 : 1;
	(void)putchar('\n');
	json_decref(doc);
	return status;
}

static int verify_unreadable(const struct verify *v, const char *why)
{
	(void)fprintf(stderr, "sluis evidence: %s: %s\n", v->options->path, why);
	return EVIDENCE_VERIFY_UNREADABLE;
}

/* Read to its end and authentic, whatever it says. */
static int verify_read(struct verify *v)
{
	const char *why = "";

	v->read.on_bytes = verify_on_file;
	v->read.arg = v;
	v->in = (struct evidence_in){ .path = v->options->path,
				      .key_path = v->options->key_path,
				      .on_bytes = verify_on_bytes,
				      .arg = v };
	if (evidence_in_run(&v->in, &why) != E_OK)
		return verify_unreadable(v, why);
	if (evidence_read_end(&v->read) != E_OK)
		return verify_unreadable(v, "it is cut off");
	return 0;
}

static int verify_all(struct verify *v)
{
	int status = 0;

	for (size_t i = 0; i < v->options->public_key_n; i++)
		if (verify_key(&v->check, v->options->public_key[i]) != E_OK)
			return 2;
	status = verify_read(v);
	if (status != 0)
		return status;
	v->check.on_finding = verify_on_finding;
	v->check.arg = v;
	if (evidence_check_run(&v->check, &v->read) != E_OK ||
	    (!v->options->is_list && verify_chain(v) != E_OK))
		return verify_unreadable(v, "it can't be checked");
	if (v->options->log)
		status = verify_log(v);
	if (status != 0)
		return status;
	if (v->options->is_json && verify_json(v) != 0)
		return 1;
	if (!v->options->is_json)
		verify_print(v);
	return v->count ? 1 : 0;
}

int evidence_verify_run(const struct evidence_verify *o)
{
	struct verify v = { .options = o, .findings = json_array() };
	int status = 1;

	evidence_log_init(&v.log);
	if (v.findings && evidence_read_init(&v.read) == E_OK)
		status = verify_all(&v);
	evidence_log_done(&v.log);
	evidence_check_done(&v.check);
	evidence_read_done(&v.read);
	json_decref(v.findings);
	return status;
}
