/* The old private key is never opened. */
#include "tool/rotate_certificate.h"

#include "sys/fd.h"
#include "tool/edit.h"
#include "tool/rotate_key.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	CERT_PATH = 4096,
	CERT_CHAIN = 64 * 1024,
	CERT_REQUEST = 32 * 1024,
	CERT_PRINT = 16,
	CERT_NAME = 200
};

/* One certificate's turn. */
struct turn {
	struct rotate *r;
	struct rotate_item *i;
	const struct image_certificate *c;
	int dir; /* of the key file */
	char path[CERT_PATH];
	const char *name; /* in path: of the key file in dir */
	char key_name[256], csr_name[256], pem_name[256];
	struct rotate_file_owner owner; /* as the old key has it */
	X509 *leaf;
	EVP_PKEY *key;
	char print[ROTATE_PRINT + 1]; /* of the new key */
	uint8_t room[CERT_CHAIN];     /* of a request, then of a chain */
};

/* One text behind the other, in C's way; false: it does not fit. */
static bool rotate_certificate_join(char *to, size_t cap, struct view a, struct view b,
				    struct view c)
{
	struct wbuf w = wbuf_of(to, cap - 1);

	wbuf_view_put(&w, a);
	wbuf_view_put(&w, b);
	wbuf_view_put(&w, c);
	to[w.n] = '\0';
	return !w.bad;
}

static enum err rotate_certificate_refuse(const struct turn *t, const char *why)
{
	(void)fprintf(stderr, "sluis: %s: %s\n", t->i->name, why);
	return E_DENIED;
}

static enum err rotate_certificate_names(struct turn *t)
{
	struct wbuf w = wbuf_of(t->path, sizeof t->path - 1);
	struct view name = { 0 };

	wbuf_view_put(&w, image_view(&t->r->now->image, t->c->key_path));
	if (w.bad || t->path[0] != '/')
		return rotate_certificate_refuse(
			t, "its key is no file: make a new one where it is kept, put both into "
			   "the configuration, and say `sluis rotate done`");
	TRY(rotate_file_dir(t->path, &t->dir, &t->name));
	name = view_str(t->name);
	if (!rotate_certificate_join(t->key_name, sizeof t->key_name, name, VIEW(".new"),
				     (struct view){ 0 }) ||
	    !rotate_certificate_join(t->csr_name, sizeof t->csr_name, name, VIEW(".new"),
				     VIEW(".csr")) ||
	    !rotate_certificate_join(t->pem_name, sizeof t->pem_name, name, VIEW(".new"),
				     VIEW(".pem")) ||
	    name.n > CERT_NAME)
		return rotate_certificate_refuse(t, "the name of its key file is too long");
	return E_OK;
}

static enum err rotate_certificate_open(struct turn *t)
{
	const struct image *im = &t->r->now->image;
	struct view der = { 0 };
	const uint8_t *at = NULL;
	struct stat st = { 0 };

	TRY(rotate_certificate_names(t));
	if (fstatat(t->dir, t->name, &st, 0) < 0)
		return rotate_file_failed(t->path);
	t->owner = (struct rotate_file_owner){ .uid = st.st_uid,
					       .gid = st.st_gid,
					       .mode = 0600 | (st.st_mode & S_IRGRP) };
	der = image_view(im, *image_der_at(im, t->c->chain.first));
	at = der.p;
	t->leaf = d2i_X509(NULL, &at, (long)der.n);
	return t->leaf ? E_OK : rotate_certificate_refuse(t, "its certificate can't be read");
}

/* ---- key and request ---- */

/* One that lies there is taken only when it is of this rotation. */
static bool rotate_certificate_is_ours(const struct turn *t)
{
	struct stat st = { 0 };

	if (t->i->now[0])
		return view_eq(view_str(t->i->now), view_str(t->print));
	return fstatat(t->dir, t->key_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       st.st_mtim.tv_sec >= t->r->list.begun_s && st.st_uid == t->owner.uid;
}

static enum err rotate_certificate_key(struct turn *t)
{
	TRY(rotate_key_read(t->dir, t->key_name, &t->key));
	if (t->key) {
		rotate_key_print(t->key, t->print);
		return rotate_certificate_is_ours(t)
			       ? E_OK
			       : rotate_certificate_refuse(
					 t, "beside its key there is a .new that this rotation "
					    "has not made: look at it, and move it away");
	}
	t->key = rotate_key_like(X509_get0_pubkey(t->leaf));
	if (!t->key)
		return E_SYS;
	rotate_key_print(t->key, t->print);
	return rotate_key_put(t->key, t->dir, t->key_name, &t->owner);
}

static enum err rotate_certificate_request(struct turn *t)
{
	const struct rotate_file_owner owner = { .uid = geteuid(), .gid = getegid(), .mode = 0644 };
	struct wbuf w = wbuf_of(t->room, CERT_REQUEST);
	struct stat st = { 0 };

	if (t->i->now[0] && fstatat(t->dir, t->csr_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return E_OK;
	TRY(rotate_key_request(t->key, t->leaf, &w));
	TRY(rotate_file_put(t->dir, t->csr_name, &owner, wbuf_view(&w)));
	rotate_state_text(t->i->now, sizeof t->i->now, view_str(t->print));
	return E_OK;
}

static enum err rotate_certificate_wait(struct turn *t)
{
	char text[ROTATE_TEXT * 2];
	struct wbuf w = wbuf_of(text, sizeof text - 1);
	struct view key = view_slice(view_str(t->path), 0, 200);

	wbuf_view_put(&w, key);
	WBUF_LIT(&w, ".new.csr is for a certificate authority; its chain goes to ");
	wbuf_view_put(&w, key);
	WBUF_LIT(&w, ".new.pem, then: sluis rotate ");
	wbuf_str(&w, t->i->name);
	text[w.n] = '\0';
	TRY(rotate_item_note(t->r, t->i, text));
	return E_AGAIN;
}

/* ---- the new pair ---- */

static enum err rotate_certificate_chain(const struct turn *t, struct wbuf *w)
{
	const char *name = t->pem_name;
	AUTO_FD dir = -1;
	enum err e = E_OK;

	if (!t->r->chain)
		return rotate_file_read(t->dir, name, w);
	dir = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	e = dir < 0 ? rotate_file_failed(".") : rotate_file_read(dir, t->r->chain, w);
	if (e == E_CLOSED)
		return rotate_certificate_refuse(t, "--chain: there is no such file");
	return e;
}

/* Names that no other pair has: the fingerprint of the key is in them. */
static enum err rotate_certificate_keep(const struct turn *t, struct view chain,
					const char *key_name, const char *pem_name)
{
	const struct rotate_file_owner owner = { .uid = geteuid(), .gid = getegid(), .mode = 0644 };
	struct stat a = { 0 }, b = { 0 };

	TRY(rotate_file_put(t->dir, pem_name, &owner, chain));
	if (linkat(t->dir, t->key_name, t->dir, key_name, 0) < 0 && errno != EEXIST)
		return rotate_file_failed(key_name);
	if (fstatat(t->dir, t->key_name, &a, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fstatat(t->dir, key_name, &b, AT_SYMLINK_NOFOLLOW) < 0 || a.st_ino != b.st_ino ||
	    a.st_dev != b.st_dev)
		return rotate_certificate_refuse(t, "the new key's own name is taken");
	return fsync(t->dir) == 0 ? E_OK : rotate_file_failed(t->path);
}

/* The way of `sluis certificate replace`. */
static int rotate_certificate_apply(const struct turn *t, const char *key_name,
				    const char *pem_name)
{
	char key[CERT_PATH + 300], chain[CERT_PATH + 300], name[ROTATE_NAME + 1], reason[64];
	char command[] = "certificate", replace[] = "replace", why[] = "--reason",
	     where[] = "--state";
	char *argv[] = { command, replace, name, chain, key, why, reason, NULL, NULL, NULL };
	struct view folder = view_of(t->path, (size_t)(t->name - t->path));
	int argc = 7;

	if (!rotate_certificate_join(name, sizeof name, image_view(&t->r->now->image, t->c->name),
				     (struct view){ 0 }, (struct view){ 0 }) ||
	    !rotate_certificate_join(key, sizeof key, VIEW("key="), folder, view_str(key_name)) ||
	    !rotate_certificate_join(chain, sizeof chain, VIEW("chain="), folder,
				     view_str(pem_name)))
		return 1;
	(void)snprintf(reason, sizeof reason, "sluis rotate");
	if (t->r->state) {
		argv[argc++] = where;
		argv[argc++] = (char *)(uintptr_t)t->r->state;
	}
	optind = 0; /* the options are another command's now */
	return edit_certificate(argc, argv);
}

static bool rotate_certificate_is_new(struct turn *t, char *ret_print)
{
	t->c = rotate_item_certificate(t->r, t->i);
	if (!t->c)
		return false;
	rotate_file_sha256(image_view(&t->r->now->image, t->c->spki), ret_print);
	return !view_eq(view_str(ret_print), view_str(t->i->was));
}

/* The name without the fingerprint that an earlier rotation has put behind it. */
static size_t rotate_certificate_stem(const char *name)
{
	size_t n = strlen(name);

	if (n > CERT_PRINT + 1 && name[n - CERT_PRINT - 1] == '.' &&
	    strspn(name + n - CERT_PRINT, "0123456789abcdef") == CERT_PRINT)
		n -= CERT_PRINT + 1;
	return n;
}

static bool rotate_certificate_own_name(const struct turn *t, char *to, size_t cap)
{
	return rotate_certificate_join(to, cap, view_of(t->name, rotate_certificate_stem(t->name)),
				       VIEW("."), view_slice(view_str(t->print), 0, CERT_PRINT));
}

static enum err rotate_certificate_swap(struct turn *t, struct view chain)
{
	char key_name[300], pem_name[300], print[ROTATE_PRINT + 1];

	TRY(rotate_key_check_chain(chain, t->leaf, t->key, time(NULL)));
	if (!rotate_certificate_own_name(t, key_name, sizeof key_name) ||
	    !rotate_certificate_join(pem_name, sizeof pem_name, view_str(key_name), VIEW(".pem"),
				     (struct view){ 0 }))
		return rotate_certificate_refuse(t, "the name of its key file is too long");
	TRY(rotate_certificate_keep(t, chain, key_name, pem_name));
	if (rotate_certificate_apply(t, key_name, pem_name) != 0 || rotate_ask_now(t->r) != 0)
		return E_SYS;
	if (!rotate_certificate_is_new(t, print) || !view_eq(view_str(print), view_str(t->print)))
		return rotate_certificate_refuse(t, "the new key is not in force");
	return E_OK;
}

static void rotate_certificate_sweep(const struct turn *t)
{
	(void)unlinkat(t->dir, t->key_name, 0);
	(void)unlinkat(t->dir, t->csr_name, 0);
	(void)unlinkat(t->dir, t->pem_name, 0);
}

static enum err rotate_certificate_step(struct turn *t)
{
	struct wbuf chain = wbuf_of(t->room, sizeof t->room);
	char text[ROTATE_TEXT];
	enum err e = E_OK;

	TRY(rotate_certificate_key(t));
	TRY(rotate_certificate_request(t));
	e = rotate_certificate_chain(t, &chain);
	if (e == E_CLOSED)
		return rotate_certificate_wait(t);
	TRY(e);
	TRY(rotate_certificate_swap(t, wbuf_view(&chain)));
	rotate_certificate_sweep(t);
	(void)snprintf(text, sizeof text,
		       "in force as a run-time change; `sluis changes save` writes it into the "
		       "files; then remove %.200s",
		       t->path);
	return rotate_item_close(t->r, t->i, ROTATE_IS_DONE, text);
}

static enum err rotate_certificate_go(struct turn *t)
{
	char print[ROTATE_PRINT + 1] = "";

	if (rotate_certificate_is_new(t, print)) {
		rotate_state_text(t->i->now, sizeof t->i->now, view_str(print));
		return rotate_item_close(t->r, t->i, ROTATE_IS_DONE, "another key is in force");
	}
	if (!t->c)
		return rotate_item_close(t->r, t->i, ROTATE_IS_DONE,
					 "it is no longer in the configuration");
	TRY(rotate_certificate_open(t));
	return rotate_certificate_step(t);
}

enum err rotate_certificate_do(struct rotate *r, struct rotate_item *i)
{
	struct turn *t = calloc(1, sizeof *t);
	enum err e = E_NOMEM;

	if (!t)
		return e;
	t->r = r;
	t->i = i;
	t->dir = -1;
	e = rotate_certificate_go(t);
	X509_free(t->leaf);
	EVP_PKEY_free(t->key);
	(void)fd_close(t->dir);
	free(t);
	return e;
}
