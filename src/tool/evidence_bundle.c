/* MANIFEST.json comes last, because hashes are known last: a bundle is written once, front to end.
 */
#include "tool/evidence_bundle.h"

#include "base/date.h"
#include "sys/clock.h"

#include <stdio.h>
#include <stdlib.h>

enum { BUNDLE_ZEROS = 4096 };

static const uint8_t bundle_zeros[BUNDLE_ZEROS];

enum err evidence_bundle_open(struct evidence_bundle *b, int fd,
			      const struct evidence_recipients *to)
{
	TRY(evidence_out_open(&b->out, fd, to));
	b->digest = EVP_MD_CTX_new();
	b->doc = json_object();
	b->files = json_array();
	b->missing = json_array();
	return b->digest && b->doc && b->files && b->missing ? E_OK : E_NOMEM;
}

void evidence_bundle_done(struct evidence_bundle *b)
{
	evidence_out_done(&b->out);
	EVP_MD_CTX_free(b->digest);
	json_decref(b->doc);
	json_decref(b->files);
	json_decref(b->missing);
	b->digest = NULL;
	b->doc = b->files = b->missing = NULL;
}

static void bundle_time(char ret[40], int64_t wall_us)
{
	struct wbuf w = wbuf_of(ret, 39);

	date_put_utc(&w, wall_us);
	ret[w.n] = '\0';
}

void evidence_bundle_miss(struct evidence_bundle *b, const char *what, const char *why)
{
	b->missing_n++;
	(void)json_array_append_new(b->missing, json_pack("{s:s, s:s}", "what", what, "why", why));
}

static enum err bundle_head(struct evidence_bundle *b, const struct evidence_tar *t)
{
	uint8_t block[EVIDENCE_TAR_BLOCK];

	TRY(evidence_tar_put(t, block));
	return evidence_out_write(&b->out, view_of(block, sizeof block));
}

enum err evidence_bundle_begin(struct evidence_bundle *b, const char *name, const char *how,
			       uint64_t bytes)
{
	struct evidence_tar t = { .bytes = bytes };
	int64_t now = clock_wall_us();

	(void)snprintf(t.name, sizeof t.name, "%s", name);
	t.mtime_s = (uint64_t)now / 1000000;
	if (bytes > b->bytes_max - b->bytes || b->file_n == EVIDENCE_FILES_MAX) {
		evidence_bundle_miss(b, name, "the bundle would be larger than it may be");
		return E_LIMIT;
	}
	TRY(bundle_head(b, &t));
	if (EVP_DigestInit_ex(b->digest, EVP_sha256(), NULL) != 1)
		return E_SYS;
	(void)snprintf(b->how, sizeof b->how, "%s", how);
	b->now = t;
	b->left = bytes;
	b->taken_us = now;
	b->bytes += bytes;
	b->file_n++;
	return E_OK;
}

enum err evidence_bundle_write(struct evidence_bundle *b, struct view v)
{
	v = view_slice(v, 0, b->left);
	if (EVP_DigestUpdate(b->digest, v.p, v.n) != 1)
		return E_SYS;
	TRY(evidence_out_write(&b->out, v));
	b->left -= v.n;
	return E_OK;
}

static enum err bundle_fill(struct evidence_bundle *b)
{
	if (b->left)
		evidence_bundle_miss(b, b->now.name,
				     "it became shorter while it was read: the end is zeros");
	while (b->left)
		TRY(evidence_bundle_write(b, view_of(bundle_zeros, sizeof bundle_zeros)));
	return evidence_out_write(&b->out,
				  view_of(bundle_zeros, evidence_tar_padding(b->now.bytes)));
}

enum err evidence_bundle_end(struct evidence_bundle *b)
{
	uint8_t hash[EVIDENCE_HASH];
	char hex[2 * EVIDENCE_HASH + 1], taken[40];
	struct wbuf w = wbuf_of(hex, sizeof hex - 1);
	json_t *row = NULL;

	TRY(bundle_fill(b));
	if (EVP_DigestFinal_ex(b->digest, hash, NULL) != 1)
		return E_SYS;
	wbuf_hex(&w, view_of(hash, sizeof hash));
	hex[w.n] = '\0';
	bundle_time(taken, b->taken_us);
	row = json_pack("{s:s, s:I, s:s, s:s, s:s}", "name", b->now.name, "bytes",
			(json_int_t)b->now.bytes, "sha256", hex, "taken", taken, "how", b->how);
	return row && json_array_append_new(b->files, row) == 0 ? E_OK : E_NOMEM;
}

enum err evidence_bundle_put(struct evidence_bundle *b, const char *name, const char *how,
			     struct view v)
{
	enum err e = evidence_bundle_begin(b, name, how, v.n);

	if (e != E_OK)
		return e == E_LIMIT ? E_OK : e;
	TRY(evidence_bundle_write(b, v));
	return evidence_bundle_end(b);
}

enum err evidence_bundle_put_json(struct evidence_bundle *b, const char *name, const char *how,
				  json_t *doc)
{
	char *text = doc ? json_dumps(doc, JSON_INDENT(1)) : NULL;
	enum err e = text ? evidence_bundle_put(b, name, how, view_str(text)) : E_NOMEM;

	free(text);
	json_decref(doc);
	return e;
}

/* A file that the list can't name, because it is the list or comes behind it. */
static enum err bundle_tail(struct evidence_bundle *b, const char *name, struct view v)
{
	struct evidence_tar t = { .bytes = v.n, .mtime_s = (uint64_t)clock_wall_us() / 1000000 };

	(void)snprintf(t.name, sizeof t.name, "%s", name);
	TRY(bundle_head(b, &t));
	TRY(evidence_out_write(&b->out, v));
	return evidence_out_write(&b->out, view_of(bundle_zeros, evidence_tar_padding(v.n)));
}

enum err evidence_bundle_seal(struct evidence_bundle *b, uint8_t ret_sha256[EVIDENCE_HASH])
{
	char ended[40];
	char *text = NULL;
	struct view v = { 0 };
	enum err e = E_NOMEM;

	bundle_time(ended, clock_wall_us());
	if (json_object_set_new(b->doc, "ended", json_string(ended)) == 0 &&
	    json_object_set(b->doc, "missing", b->missing) == 0 &&
	    json_object_set(b->doc, "files", b->files) == 0)
		text = json_dumps(b->doc, JSON_INDENT(1));
	if (text) {
		v = view_str(text);
		e = v.n > EVIDENCE_MANIFEST_MAX ? E_LIMIT
						: bundle_tail(b, EVIDENCE_MANIFEST_NAME, v);
	}
	if (e == E_OK && EVP_Digest(v.p, v.n, ret_sha256, NULL, EVP_sha256(), NULL) != 1)
		e = E_SYS;
	free(text);
	return e;
}

void evidence_bundle_put_signature(struct wbuf *w, const struct evidence_signature *s)
{
	evidence_signer_put_text(w, s);
	WBUF_LIT(w, "\n");
	audit_key_put_signature(w, &s->signature);
	WBUF_LIT(w, "\n");
	audit_key_put_pem(w, &s->key);
}

static struct view bundle_line(struct view *text)
{
	struct view line = view_slice(*text, 0, view_find(*text, '\n'));

	*text = view_slice(*text, line.n + 1, text->n);
	return line;
}

/* As with the tar: what is not what we would write is not ours. */
enum err evidence_bundle_get_signature(struct view text, struct evidence_signature *ret)
{
	struct evidence_signature s = { 0 };
	uint8_t again[EVIDENCE_SIGNATURE_MAX];
	struct wbuf w = wbuf_of(again, sizeof again);
	struct view rest = text, hash = { 0 }, when = { 0 };
	int64_t wall_us = 0;

	(void)bundle_line(&rest);
	hash = bundle_line(&rest);
	when = bundle_line(&rest);
	(void)bundle_line(&rest);
	if (hash.n != 2 * EVIDENCE_HASH || date_parse_utc(when, &wall_us) != E_OK || wall_us < 0 ||
	    (uint64_t)wall_us > AUDIT_WALL_US_MAX ||
	    audit_line_get_hex(hash, s.hash, sizeof s.hash) != E_OK ||
	    audit_key_get_signature(bundle_line(&rest), &s.signature) != E_OK ||
	    audit_key_get_pem(rest, &s.key) != E_OK)
		return E_PROTO;
	s.wall_us = (uint64_t)wall_us;
	evidence_bundle_put_signature(&w, &s);
	if (w.bad || !view_eq(wbuf_view(&w), text))
		return E_PROTO;
	*ret = s;
	return E_OK;
}

enum err evidence_bundle_sign(struct evidence_bundle *b, const struct evidence_signature *s)
{
	uint8_t text[EVIDENCE_SIGNATURE_MAX];
	struct wbuf w = wbuf_of(text, sizeof text);

	evidence_bundle_put_signature(&w, s);
	TRY(wbuf_check(&w));
	TRY(bundle_tail(b, EVIDENCE_SIGNATURE_NAME, wbuf_view(&w)));
	return evidence_out_write(&b->out, view_of(bundle_zeros, 2 * (size_t)EVIDENCE_TAR_BLOCK));
}
