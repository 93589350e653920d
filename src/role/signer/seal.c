/* The audit key, from its making to its signatures. Files only while the role boots. */
#include "role/signer/seal.h"

#include "sys/fd.h"
#include "sys/log.h"
#include "sys/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SEAL_FILE_BYTES = 4096 };

static const char seal_key_name[] = "audit.key";
static const char seal_pub_name[] = "audit.pub";
static const char seal_new_name[] = "audit.new";

/* A file that appears whole or not at all, even when the machine stops in between. */
static enum err seal_write(int dir_fd, const char *name, mode_t mode, struct view text)
{
	AUTO_FD fd = -1;

	if (unlinkat(dir_fd, seal_new_name, 0) < 0 && errno != ENOENT)
		return log_errno("unlink of audit.new in the key directory");
	fd = openat(dir_fd, seal_new_name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		    mode);
	if (fd < 0)
		return log_errno("making audit.new in the key directory");
	if (fchmod(fd, mode) < 0 || fd_write_all(fd, text) != E_OK || fsync(fd) < 0)
		return log_errno("writing audit.new in the key directory");
	if (renameat(dir_fd, seal_new_name, dir_fd, name) < 0 || fsync(dir_fd) < 0)
		return log_errno("renaming audit.new in the key directory");
	return E_OK;
}

static enum err seal_make(OSSL_LIB_CTX *libctx, int dir_fd)
{
	EVP_PKEY *pkey = EVP_PKEY_Q_keygen(libctx, NULL, "ED25519");
	BIO *bio = pkey ? BIO_new(BIO_s_secmem()) : NULL;
	char *text = NULL;
	long n = 0;
	enum err e = E_NOMEM;

	if (bio && PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL) == 1)
		n = BIO_get_mem_data(bio, &text);
	if (n > 0)
		e = seal_write(dir_fd, seal_key_name, S_IRUSR | S_IWUSR, view_of(text, (size_t)n));
	BIO_free(bio);
	EVP_PKEY_free(pkey);
	return e;
}

static enum err seal_parse(struct seal *s, OSSL_LIB_CTX *libctx, struct view pem)
{
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	size_t n = sizeof s->public_half.b;
	char no_pass_phrase[] = "";

	s->pkey = bio ? PEM_read_bio_PrivateKey_ex(bio, NULL, NULL, no_pass_phrase, libctx, NULL)
		      : NULL;
	s->ctx = EVP_MD_CTX_new();
	BIO_free(bio);
	if (!s->pkey || !s->ctx || !EVP_PKEY_is_a(s->pkey, "ED25519") ||
	    EVP_PKEY_get_raw_public_key(s->pkey, s->public_half.b, &n) != 1 ||
	    EVP_DigestSignInit_ex(s->ctx, NULL, NULL, libctx, NULL, s->pkey, NULL) != 1) {
		ERR_clear_error();
		return E_DENIED;
	}
	return E_OK;
}

/* E_AGAIN: there is none yet. */
static enum err seal_read(struct seal *s, OSSL_LIB_CTX *libctx, int dir_fd, const char **ret_why)
{
	AUTO_FD fd = openat(dir_fd, seal_key_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct secret file = { 0 };
	struct wbuf w = { 0 };
	struct stat st = { 0 };
	enum err e = E_OK;

	*ret_why = "audit.key in the key directory can't be read";
	if (fd < 0)
		return errno == ENOENT ? E_AGAIN : log_errno("opening audit.key");
	if (fstat(fd, &st) < 0)
		return log_errno("fstat of audit.key");
	*ret_why = "audit.key in the key directory is open to other users: chmod 0600";
	if (!S_ISREG(st.st_mode) || (st.st_mode & (S_IRWXG | S_IRWXO)))
		return E_DENIED;
	*ret_why = "audit.key in the key directory is not an Ed25519 key in PEM form";
	TRY(secret_new(SEAL_FILE_BYTES, &file));
	w = wbuf_of(file.p, file.n);
	e = fd_read_all(fd, &w);
	if (e == E_OK)
		e = seal_parse(s, libctx, wbuf_view(&w));
	secret_done(&file);
	return e;
}

/* audit.pub is for people and for `sluis audit verify`; written when it does not say this key. */
static enum err seal_publish(const struct seal *s, int dir_fd)
{
	AUTO_FD fd = openat(dir_fd, seal_pub_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	uint8_t pem[AUDIT_KEY_PEM_MAX], have[AUDIT_KEY_PEM_MAX];
	struct wbuf w = wbuf_of(pem, sizeof pem), old = wbuf_of(have, sizeof have);

	audit_key_put_pem(&w, &s->public_half);
	TRY(wbuf_check(&w));
	if (fd >= 0 && fd_read_all(fd, &old) == E_OK && view_eq(wbuf_view(&old), wbuf_view(&w)))
		return E_OK;
	return seal_write(dir_fd, seal_pub_name, S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH,
			  wbuf_view(&w));
}

enum err seal_open(struct seal *s, OSSL_LIB_CTX *libctx, int dir_fd, const char **ret_why)
{
	enum err e = seal_read(s, libctx, dir_fd, ret_why);

	if (e == E_AGAIN) {
		*ret_why = "audit.key can't be made in the key directory";
		TRY(seal_make(libctx, dir_fd));
		e = seal_read(s, libctx, dir_fd, ret_why);
	}
	if (e != E_OK)
		return e == E_AGAIN ? E_SYS : e;
	*ret_why = "audit.pub can't be written in the key directory";
	return seal_publish(s, dir_fd);
}

void seal_done(struct seal *s)
{
	EVP_MD_CTX_free(s->ctx);
	EVP_PKEY_free(s->pkey);
	*s = (struct seal){ 0 };
}

enum err seal_sign(struct seal *s, const struct audit_checkpoint *c,
		   struct audit_key_signature *ret)
{
	uint8_t text[AUDIT_CHECKPOINT_TEXT_MAX];
	struct wbuf w = wbuf_of(text, sizeof text);
	size_t n = sizeof ret->b;

	audit_checkpoint_put(&w, c);
	TRY(wbuf_check(&w));
	if (EVP_DigestSign(s->ctx, ret->b, &n, w.p, w.n) != 1 || n != sizeof ret->b) {
		ERR_clear_error();
		return E_SYS;
	}
	return E_OK;
}
