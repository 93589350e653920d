/* What can't be decrypted later is refused now. */
#include "tool/evidence_recipient.h"

#include "base/wbuf.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

static const char *recipient_problem(X509 *x)
{
	const EVP_PKEY *key = X509_get0_pubkey(x);
	uint32_t usage = X509_get_key_usage(x); /* UINT32_MAX: it says nothing */
	bool is_rsa = key && EVP_PKEY_is_a(key, "RSA"), is_ec = key && EVP_PKEY_is_a(key, "EC");

	if (!is_rsa && !is_ec)
		return "its key is neither RSA nor EC";
	if (is_rsa && EVP_PKEY_get_bits(key) < 2048)
		return "its RSA key has less than 2048 bits";
	if (!(usage & (is_rsa ? KU_KEY_ENCIPHERMENT : KU_KEY_AGREEMENT)))
		return "its key usage does not let it be encrypted to";
	if (X509_cmp_current_time(X509_get0_notAfter(x)) <= 0)
		return "it has expired: ask the recipient for a new one";
	return NULL;
}

static enum err recipient_describe(struct evidence_recipient *r)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	struct wbuf w = wbuf_of(r->sha256, EVIDENCE_HEX);
	BIO *text = BIO_new(BIO_s_mem());
	int got = 0;

	if (text && X509_NAME_print_ex(text, X509_get_subject_name(r->certificate), 0,
				       XN_FLAG_RFC2253) >= 0)
		got = BIO_read(text, r->subject, sizeof r->subject - 1);
	BIO_free(text);
	r->subject[got > 0 ? got : 0] = '\0';
	if (X509_digest(r->certificate, EVP_sha256(), hash, &n) != 1)
		return E_SYS;
	wbuf_hex(&w, view_of(hash, n));
	return wbuf_check(&w);
}

enum err evidence_recipient_add(struct evidence_recipients *r, const char *path,
				const char **ret_why)
{
	struct evidence_recipient *one = &r->one[r->n];
	BIO *file = NULL;

	*ret_why = "more recipients than a bundle takes";
	if (r->n == EVIDENCE_RECIPIENTS)
		return E_LIMIT;
	*ret_why = "can't be read as a certificate in PEM form";
	file = BIO_new_file(path, "r");
	one->certificate = file ? PEM_read_bio_X509(file, NULL, NULL, NULL) : NULL;
	BIO_free(file);
	ERR_clear_error();
	if (!one->certificate)
		return E_PROTO;
	r->n++;
	*ret_why = recipient_problem(one->certificate);
	if (*ret_why)
		return E_DENIED;
	return recipient_describe(one);
}

void evidence_recipient_done(struct evidence_recipients *r)
{
	for (size_t i = 0; i < r->n; i++)
		X509_free(r->one[i].certificate);
	*r = (struct evidence_recipients){ 0 };
}
