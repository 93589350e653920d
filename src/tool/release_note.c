/* A note that nobody is trusted for proves nothing; one that is false is told in any case. */
#include "tool/release_note.h"

#include "ipc/note.h"
#include "sys/fd.h"
#include "tool/proc_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { RELEASE_KEYS = 16, RELEASE_FILE_MAX = RELEASE_KEYS * (NOTE_VKEY_MAX + 128) };

struct release_note {
	struct audit_hash digest;
	struct note_key key[RELEASE_KEYS];
	size_t n;
	uint8_t keys[RELEASE_FILE_MAX], text[NOTE_MAX];
	struct manifest_result *result;
};

const char *release_note_word(unsigned signature)
{
	static const char *const words[] = { [MANIFEST_UNSIGNED] = "unsigned",
					     [MANIFEST_UNCHECKED] = "unchecked",
					     [MANIFEST_SIGNED] = "good",
					     [MANIFEST_STRANGER] = "stranger",
					     [MANIFEST_FORGED] = "false" };

	return signature < sizeof words / sizeof *words ? words[signature] : "?";
}

static enum err release_fail(struct release_note *r, const char *path, const char *why, enum err e)
{
	(void)snprintf(r->result->path, sizeof r->result->path, "%s", path);
	r->result->why = why;
	return e;
}

/* ---- keys ---- */

/* One of another kind says that a witness saw something, not that we made it. */
static enum err release_key(struct release_note *r, struct view text)
{
	if (r->n == RELEASE_KEYS)
		return E_LIMIT;
	TRY(note_key_get(&r->digest, text, &r->key[r->n]));
	if (r->key[r->n].type != NOTE_ED25519)
		return E_PROTO;
	r->n++;
	return E_OK;
}

/* One key a line; empty lines, and those that begin with "#", are for people. */
static enum err release_keys_file(struct release_note *r, const char *path)
{
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct wbuf w = wbuf_of(r->keys, sizeof r->keys);
	struct view rest = { 0 };
	size_t before = r->n;

	if (fd < 0)
		return proc_file_error(errno);
	TRY(fd_read_all(fd, &w));
	rest = wbuf_view(&w);
	while (rest.n) {
		struct view line = view_slice(rest, 0, view_find(rest, '\n'));

		rest = view_slice(rest, line.n + 1, rest.n);
		if (line.n && line.p[0] != '#')
			TRY(release_key(r, line));
	}
	return r->n > before ? E_OK : E_PROTO;
}

static enum err release_keys(struct release_note *r, const struct manifest_options *o)
{
	enum err e = E_OK;

	for (size_t i = 0; i < o->key_n; i++) {
		if (release_key(r, view_str(o->key[i])) == E_OK)
			continue;
		e = release_keys_file(r, o->key[i]);
		if (e != E_OK)
			return release_fail(r, o->key[i],
					    "neither a verifier key nor a file with them", e);
	}
	if (o->key_n)
		return E_OK;
	e = release_keys_file(r, RELEASE_NOTE_KEYS_FILE);
	if (e == E_OK || e == E_CLOSED)
		return E_OK;
	return release_fail(r, RELEASE_NOTE_KEYS_FILE, "has something that is no verifier key", e);
}

/* ---- the note ---- */

static void release_text(struct wbuf *w, const struct manifest_file *m)
{
	WBUF_LIT(w, "sluis release manifest v1\nversion ");
	wbuf_str(w, m->version);
	WBUF_LIT(w, "\nsha256 ");
	wbuf_str(w, m->sha256);
	WBUF_LIT(w, "\n");
}

static void release_signer(struct release_note *r, struct view name, struct view id)
{
	struct wbuf w = wbuf_of(r->result->signer, sizeof r->result->signer - 1);

	wbuf_view_put(&w, name);
	WBUF_LIT(&w, "+");
	wbuf_hex(&w, id);
	r->result->signer[w.n] = '\0';
}

static enum err release_judge(struct release_note *r, const struct note *n)
{
	struct view rest = n->signatures;
	struct note_signature s = { 0 };
	uint64_t at = 0;

	/* Who claims to have signed: worth nothing until a key says so */
	if (note_next(&rest, &s) == E_OK)
		release_signer(r, s.name, view_of(s.id, sizeof s.id));
	r->result->signature = r->n ? MANIFEST_STRANGER : MANIFEST_UNCHECKED;
	for (size_t i = 0; i < r->n; i++) {
		enum err e = note_find(&r->key[i], n, &s, &at);

		if (e == E_SYS)
			return e;
		if (e == E_CLOSED)
			continue;
		r->result->signature = e == E_OK ? MANIFEST_SIGNED : MANIFEST_FORGED;
		release_signer(r, view_of(r->key[i].name, r->key[i].name_n),
			       view_of(r->key[i].id, sizeof r->key[i].id));
		return E_OK;
	}
	return E_OK;
}

static enum err release_read(struct release_note *r, struct wbuf *ret)
{
	char path[sizeof r->result->path + 16];
	struct view manifest = view_str(r->result->path);
	struct wbuf w = wbuf_of(path, sizeof path - 1);
	size_t dir = manifest.n;
	AUTO_FD fd = -1;

	while (dir && manifest.p[dir - 1] != '/')
		dir--;
	wbuf_view_put(&w, view_slice(manifest, 0, dir));
	WBUF_LIT(&w, "manifest.note");
	path[w.n] = '\0';
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return proc_file_error(errno);
	return fd_read_all(fd, ret);
}

static enum err release_note_run(struct release_note *r, const struct manifest_file *m)
{
	struct manifest_result *result = r->result;
	uint8_t room[256];
	struct wbuf w = wbuf_of(r->text, sizeof r->text), expected = wbuf_of(room, sizeof room);
	struct note n = { 0 };
	enum err e = release_read(r, &w);

	result->signature = e == E_CLOSED ? MANIFEST_UNSIGNED : MANIFEST_FORGED;
	if (e == E_CLOSED || e == E_LIMIT)
		return E_OK;
	TRY(e);
	release_text(&expected, m);
	if (note_get(wbuf_view(&w), &n) != E_OK) {
		result->signature_why = "it is no signed note";
		return E_OK;
	}
	if (expected.bad || !view_eq(n.text, wbuf_view(&expected))) {
		result->signature_why = "it is about another manifest";
		return E_OK;
	}
	TRY(release_judge(r, &n));
	if (result->signature == MANIFEST_FORGED)
		result->signature_why = "the signature is not of that key";
	return E_OK;
}

enum err release_note_check(const struct manifest_options *o, const struct manifest_file *m,
			    struct manifest_result *ret)
{
	static const char *const why[] = { [MANIFEST_UNSIGNED] =
						   "there is no manifest.note beside it",
					   [MANIFEST_UNCHECKED] =
						   "nobody is trusted here: no --key, no "
						   "" RELEASE_NOTE_KEYS_FILE,
					   [MANIFEST_STRANGER] = "no trusted key has signed it",
					   [MANIFEST_FORGED] = "the note is too long",
					   [MANIFEST_SIGNED] = "" };
	struct release_note *r = calloc(1, sizeof *r);
	enum err e = r ? audit_hash_init(&r->digest) : E_NOMEM;

	if (!r)
		return e;
	r->result = ret;
	ret->signature_why = NULL;
	if (e == E_OK)
		e = release_keys(r, o);
	if (e == E_OK)
		e = release_note_run(r, m);
	if (e == E_OK && !ret->signature_why)
		ret->signature_why = why[ret->signature];
	ret->has_keys = r->n > 0;
	audit_hash_done(&r->digest);
	free(r);
	return e;
}
