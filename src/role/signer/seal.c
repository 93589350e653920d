/* The audit key, from its making to its signatures. Files only while the role boots. */
#include "role/signer/seal.h"

#include "role/signer/key_store.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <openssl/err.h>
#include <sys/stat.h>

static const char seal_pub_name[] = "audit.pub";
static const char seal_new_name[] = "audit.new";

static const struct key_store_kind seal_kind = {
	.name = "audit.key",
	.new_name = seal_new_name,
	.algorithm = "ED25519",
	.why_unread = "audit.key in the key directory can't be read",
	.why_open = "audit.key in the key directory is open to other users: chmod 0600",
	.why_none = "audit.key in the key directory is not an Ed25519 key in PEM form",
	.why_unmade = "audit.key can't be made in the key directory",
};

static enum err seal_prepare(struct seal *s, OSSL_LIB_CTX *libctx)
{
	size_t n = sizeof s->public_half.b;

	s->ctx = EVP_MD_CTX_new();
	if (!s->ctx || EVP_PKEY_get_raw_public_key(s->pkey, s->public_half.b, &n) != 1 ||
	    EVP_DigestSignInit_ex(s->ctx, NULL, NULL, libctx, NULL, s->pkey, NULL) != 1) {
		ERR_clear_error();
		return E_DENIED;
	}
	return E_OK;
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
	return key_store_write(dir_fd, seal_pub_name, seal_new_name,
			       S_IRUSR | S_IWUSR | S_IRGRP | S_IROTH, wbuf_view(&w));
}

enum err seal_open(struct seal *s, OSSL_LIB_CTX *libctx, int dir_fd, const char **ret_why)
{
	TRY(key_store_open(&seal_kind, libctx, dir_fd, &s->pkey, ret_why));
	TRY(seal_prepare(s, libctx));
	*ret_why = "audit.pub can't be written in the key directory";
	return seal_publish(s, dir_fd);
}

void seal_done(struct seal *s)
{
	EVP_MD_CTX_free(s->ctx);
	EVP_PKEY_free(s->pkey);
	*s = (struct seal){ 0 };
}

static enum err seal_sign_text(struct seal *s, const struct wbuf *w,
			       struct audit_key_signature *ret)
{
	size_t n = sizeof ret->b;

	TRY(wbuf_check(w));
	if (EVP_DigestSign(s->ctx, ret->b, &n, w->p, w->n) != 1 || n != sizeof ret->b) {
		ERR_clear_error();
		return E_SYS;
	}
	return E_OK;
}

enum err seal_sign(struct seal *s, const struct audit_checkpoint *c,
		   struct audit_key_signature *ret)
{
	uint8_t text[AUDIT_CHECKPOINT_TEXT_MAX];
	struct wbuf w = wbuf_of(text, sizeof text);

	audit_checkpoint_put(&w, c);
	return seal_sign_text(s, &w, ret);
}

enum err seal_sign_evidence(struct seal *s, struct evidence_signature *evidence)
{
	uint8_t text[EVIDENCE_TEXT_MAX];
	struct wbuf w = wbuf_of(text, sizeof text);

	evidence->key = s->public_half;
	evidence_signer_put_text(&w, evidence);
	return seal_sign_text(s, &w, &evidence->signature);
}

/* Nothing of this text but two numbers is the asker's (promise P3). */
enum err seal_sign_tree(struct seal *s, const struct merkle_head *head,
			struct audit_key_signature *ret)
{
	uint8_t text[NOTE_BODY_MAX], name[NOTE_NAME_MAX];
	struct wbuf w = wbuf_of(text, sizeof text), origin = wbuf_of(name, sizeof name);
	struct note_checkpoint c = { .head = *head };

	note_put_origin(&origin, &s->public_half);
	c.origin = wbuf_view(&origin);
	note_put_checkpoint(&w, &c);
	return seal_sign_text(s, &w, ret);
}
