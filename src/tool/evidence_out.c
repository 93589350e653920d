/* OpenSSL's chain of filters: content cipher and BER on top, then SHA-256, a buffer, the file. */
#include "tool/evidence_out.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <unistd.h>

enum { OUT_BUFFER = 1 << 20 };

static enum err out_failed(struct evidence_out *o)
{
	o->reason = errno ? errno : EIO;
	ERR_clear_error();
	return E_SYS;
}

/* RSA keys with OAEP and SHA-256 (RFC 8017 §7.1), EC keys with SHA-256 in their derivation. */
static enum err out_recipient(CMS_ContentInfo *cms, X509 *x)
{
	CMS_RecipientInfo *r = CMS_add1_recipient_cert(cms, x, CMS_KEY_PARAM);
	EVP_PKEY_CTX *key = r ? CMS_RecipientInfo_get0_pkey_ctx(r) : NULL;

	if (!key)
		return E_SYS;
	if (EVP_PKEY_is_a(X509_get0_pubkey(x), "RSA"))
		return EVP_PKEY_CTX_set_rsa_padding(key, RSA_PKCS1_OAEP_PADDING) == 1 &&
				       EVP_PKEY_CTX_set_rsa_oaep_md(key, EVP_sha256()) == 1
			       ? E_OK
			       : E_SYS;
	return EVP_PKEY_CTX_set_ecdh_kdf_md(key, EVP_sha256()) == 1 ? E_OK : E_SYS;
}

static enum err out_encrypt(struct evidence_out *o, const struct evidence_recipients *to)
{
	BIO *top = NULL;

	o->cms = CMS_encrypt(NULL, NULL, EVP_aes_256_gcm(), CMS_BINARY | CMS_STREAM | CMS_PARTIAL);
	if (!o->cms)
		return E_NOMEM;
	for (size_t i = 0; i < to->n; i++)
		TRY(out_recipient(o->cms, to->one[i].certificate));
	top = BIO_new_CMS(o->top, o->cms);
	if (!top)
		return E_SYS;
	o->top = top;
	return E_OK;
}

/* digest -> buffer -> file */
static enum err out_chain(struct evidence_out *o, int fd)
{
	BIO *digest = BIO_new(BIO_f_md()), *buffer = BIO_new(BIO_f_buffer());

	o->file = BIO_new_fd(fd, BIO_NOCLOSE);
	if (!digest || !buffer || !o->file ||
	    BIO_ctrl(digest, BIO_C_SET_MD, 0, (void *)(uintptr_t)EVP_sha256()) != 1 ||
	    BIO_set_write_buffer_size(buffer, OUT_BUFFER) != 1) {
		BIO_free(digest);
		BIO_free(buffer);
		return E_NOMEM;
	}
	o->top = BIO_push(digest, BIO_push(buffer, o->file));
	return E_OK;
}

enum err evidence_out_open(struct evidence_out *o, int fd, const struct evidence_recipients *to)
{
	enum err e = out_chain(o, fd);

	errno = 0;
	if (e == E_OK && to->n)
		e = out_encrypt(o, to);
	if (e == E_OK)
		return E_OK;
	(void)out_failed(o);
	evidence_out_done(o);
	return e;
}

enum err evidence_out_write(struct evidence_out *o, struct view v)
{
	while (v.n) {
		int n = v.n > OUT_BUFFER ? OUT_BUFFER : (int)v.n;

		errno = 0;
		if (BIO_write(o->top, v.p, n) != n)
			return out_failed(o);
		v = view_slice(v, (size_t)n, v.n);
	}
	return E_OK;
}

enum err evidence_out_end(struct evidence_out *o, int fd, uint8_t ret_sha256[32])
{
	BIO *digest = BIO_find_type(o->top, BIO_TYPE_MD);
	uint8_t hash[EVP_MAX_MD_SIZE];
	struct view v = view_of(hash, 32);

	errno = 0;
	if (BIO_flush(o->top) != 1 || fsync(fd) < 0 || !digest ||
	    BIO_gets(digest, (char *)hash, sizeof hash) != 32)
		return out_failed(o);
	for (size_t i = 0; i < v.n; i++)
		ret_sha256[i] = v.p[i];
	return E_OK;
}

void evidence_out_done(struct evidence_out *o)
{
	if (o->top)
		BIO_free_all(o->top);
	else
		BIO_free(o->file);
	CMS_ContentInfo_free(o->cms);
	ERR_clear_error();
	*o = (struct evidence_out){ .reason = o->reason };
}
