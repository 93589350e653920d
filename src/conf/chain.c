/*
 * X.509 through libcrypto, config role and `sluis check` only.
 *
 * What a listener will show is judged here, once, by DEFAULTS 5a: key types and sizes, signature
 * hashes, order and signatures of the chain, names and dates.
 */
#include "conf/chain.h"

#include "conf/image.h"
#include "conf/names.h"
#include "conf/region.h"
#include "conf/value.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <time.h>

/* The certificates of one file while they are looked at. */
struct chain_certs {
	X509 *p[CHAIN_LENGTH_MAX];
	uint32_t n;
};

static void chain_certs_done(struct chain_certs *c)
{
	for (uint32_t i = 0; i < c->n; i++)
		X509_free(c->p[i]);
	c->n = 0;
}

#define AUTO_CERTS __attribute__((cleanup(chain_certs_done))) struct chain_certs

static void chain_bio_done(BIO **bio)
{
	BIO_free_all(*bio);
}

#define AUTO_BIO __attribute__((cleanup(chain_bio_done))) BIO

/* i2d functions: asked for the length, then given room for exactly that. */
static struct view chain_der(struct arena *region, X509 *x)
{
	int n = i2d_X509(x, NULL);
	uint8_t *p = region_alloc(region, n > 0 ? (size_t)n : 1, 1, 1), *at = p;

	return n > 0 && i2d_X509(x, &at) == n ? view_of(p, (size_t)n) : (struct view){ 0 };
}

static struct view chain_spki(struct arena *region, X509 *x)
{
	int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), NULL);
	uint8_t *p = region_alloc(region, n > 0 ? (size_t)n : 1, 1, 1), *at = p;

	return n > 0 && i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &at) == n ? view_of(p, (size_t)n)
									   : (struct view){ 0 };
}

/* Position of a text in a file, or its length. */
static size_t chain_find(struct view hay, struct view needle)
{
	for (size_t i = 0; i + needle.n <= hay.n; i++) {
		i += view_find(view_slice(hay, i, hay.n), needle.p[0]);
		if (view_starts(view_slice(hay, i, hay.n), needle))
			return i;
	}
	return hay.n;
}

/* The next certificate of a PEM file. NULL: the end, or (told) something else. */
static X509 *chain_next(const struct chain_reader *r, struct place at, BIO *bio, uint32_t before)
{
	X509 *x = NULL;
	unsigned long error = 0;

	ERR_clear_error();
	x = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	if (x)
		return x;
	error = ERR_peek_last_error();
	if (ERR_GET_LIB(error) != ERR_LIB_PEM || ERR_GET_REASON(error) != PEM_R_NO_START_LINE)
		diag_error(r->diag, at, "certificate %u of the file can't be read", before + 1);
	else if (before == 0)
		diag_error(r->diag, at,
			   "the file has no certificate: expected PEM "
			   "(\"-----BEGIN CERTIFICATE-----\")");
	ERR_clear_error();
	return NULL;
}

static bool chain_check_key(const struct chain_reader *r, struct place at, X509 *leaf,
			    struct chain *ret)
{
	EVP_PKEY *key = X509_get0_pubkey(leaf);
	int kind = key ? EVP_PKEY_get_base_id(key) : 0, bits = key ? EVP_PKEY_get_bits(key) : 0;
	char group[64] = "";

	ret->key_bits = (uint16_t)(bits > 0 && bits <= UINT16_MAX ? bits : 0);
	if (kind == EVP_PKEY_RSA) {
		ret->key_type = IMAGE_KEY_RSA;
		if (bits < 2048 || bits > 8192) {
			diag_error(r->diag, at, "an RSA key of %d bits: use 3072", bits);
			return false;
		}
		if (bits < 3072)
			diag_warning(
				r->diag, at,
				"an RSA key of %d bits is being phased out: use 3072, or P-256",
				bits);
		return true;
	}
	if (kind == EVP_PKEY_ED25519) {
		ret->key_type = IMAGE_KEY_ED25519;
		return true;
	}
	if (kind == EVP_PKEY_EC && EVP_PKEY_get_group_name(key, group, sizeof group, NULL) == 1) {
		ret->key_type = view_eq(view_str(group), VIEW("prime256v1"))  ? IMAGE_KEY_P256
				: view_eq(view_str(group), VIEW("secp384r1")) ? IMAGE_KEY_P384
									      : 0;
		if (ret->key_type)
			return true;
	}
	diag_error(r->diag, at,
		   "the certificate's key is of a kind that is not supported: use "
		   "P-256, P-384, Ed25519 or RSA");
	return false;
}

/* DEFAULTS 5a: SHA-1 and MD5 are insufficient; what an unknown algorithm hashes is not judged. */
static bool chain_check_hash(const struct chain_reader *r, struct place at, X509 *x,
			     uint32_t number)
{
	int hash = 0;

	if (X509_get_signature_info(x, &hash, NULL, NULL, NULL) != 1 ||
	    (hash != NID_sha1 && hash != NID_md5))
		return true;
	diag_error(r->diag, at, "certificate %u is signed with %s: clients refuse it", number,
		   hash == NID_md5 ? "MD5" : "SHA-1");
	return false;
}

/* Each certificate is signed by the one behind it. */
static bool chain_check_order(const struct chain_reader *r, struct place at,
			      const struct chain_certs *c)
{
	for (uint32_t i = 0; i + 1 < c->n; i++) {
		if (X509_NAME_cmp(X509_get_issuer_name(c->p[i]),
				  X509_get_subject_name(c->p[i + 1])) != 0) {
			diag_error(r->diag, at,
				   "certificate %u is not the issuer of certificate %u: order them "
				   "leaf, issuer, issuer's issuer",
				   i + 2, i + 1);
			return false;
		}
		if (X509_verify(c->p[i], X509_get0_pubkey(c->p[i + 1])) != 1) {
			ERR_clear_error();
			diag_error(r->diag, at,
				   "certificate %u was not signed by certificate %u, whose name it "
				   "gives",
				   i + 1, i + 2);
			return false;
		}
	}
	return true;
}

static bool chain_time(const ASN1_TIME *t, int64_t *ret_s)
{
	struct tm tm = { 0 };

	if (ASN1_TIME_to_tm(t, &tm) != 1)
		return false;
	*ret_s = (int64_t)timegm(&tm);
	return true;
}

static bool chain_check_dates(const struct chain_reader *r, struct place at, X509 *leaf,
			      struct chain *ret)
{
	if (!chain_time(X509_get0_notBefore(leaf), &ret->not_before_s) ||
	    !chain_time(X509_get0_notAfter(leaf), &ret->not_after_s)) {
		diag_error(r->diag, at, "the certificate's dates can't be read");
		return false;
	}
	if (ret->not_after_s < r->now_s)
		diag_warning(r->diag, at, "the certificate has expired: clients refuse it");
	else if (ret->not_before_s > r->now_s)
		diag_warning(r->diag, at, "the certificate is not valid yet: clients refuse it");
	return true;
}

/* A DNS name or address of the leaf as text; empty: not one that a client can ask for. */
static struct view chain_name(struct arena *region, const GENERAL_NAME *name)
{
	const ASN1_STRING *text = NULL;
	struct view raw = { 0 }, plain = { 0 };
	uint8_t lower[256];
	struct wbuf w = wbuf_of(lower, sizeof lower);
	struct ip ip = { 0 };

	if (name->type != GEN_DNS && name->type != GEN_IPADD)
		return raw;
	text = name->type == GEN_DNS ? name->d.dNSName : name->d.iPAddress;
	raw = view_of(ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text));
	if (name->type == GEN_IPADD) {
		if (raw.n == 4)
			WBUF_LIT(&w, "\0\0\0\0\0\0\0\0\0\0\xff\xff");
		wbuf_view_put(&w, raw);
		if (w.bad || w.n != sizeof ip.b)
			return (struct view){ 0 };
		for (size_t i = 0; i < sizeof ip.b; i++)
			ip.b[i] = lower[i];
		w = wbuf_of(lower, sizeof lower);
		ip_put(&w, &ip);
		return region_copy(region, wbuf_view(&w));
	}
	/* A NUL or any other foreign byte makes it no name at all (THREATS A16). */
	plain = view_starts(raw, VIEW("*.")) ? view_slice(raw, 2, raw.n) : raw;
	if (!value_is_dns_name(plain))
		return (struct view){ 0 };
	for (size_t i = 0; i < raw.n; i++)
		wbuf_u8(&w, raw.p[i] >= 'A' && raw.p[i] <= 'Z' ? raw.p[i] | 0x20 : raw.p[i]);
	return w.bad ? (struct view){ 0 } : region_copy(region, wbuf_view(&w));
}

/* Names come from subjectAltName alone: RFC 9525 §6.3, the common name is not looked at. */
static void chain_read_names(const struct chain_reader *r, X509 *leaf, struct chain *ret)
{
	GENERAL_NAMES *list = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
	int n = list ? sk_GENERAL_NAME_num(list) : 0;

	ret->names = REGION_NEW(r->region, struct view, CHAIN_NAMES_MAX);
	for (int i = 0; i < n && ret->name_n < CHAIN_NAMES_MAX; i++) {
		struct view name = chain_name(r->region, sk_GENERAL_NAME_value(list, i));

		if (name.n)
			ret->names[ret->name_n++] = name;
	}
	GENERAL_NAMES_free(list);
	ERR_clear_error();
}

static bool chain_judge(const struct chain_reader *r, struct place at, const struct chain_certs *c,
			struct chain *ret)
{
	unsigned n = sizeof ret->fingerprint;
	bool is_good = true;

	for (uint32_t i = 0; i < c->n; i++) {
		ret->der[i] = chain_der(r->region, c->p[i]);
		is_good &= ret->der[i].n != 0;
		/* a root's own signature decides nothing */
		if (i == 0 || !(X509_get_extension_flags(c->p[i]) & EXFLAG_SS))
			is_good &= chain_check_hash(r, at, c->p[i], i + 1);
	}
	ret->n = c->n;
	ret->spki = chain_spki(r->region, c->p[0]);
	is_good &= ret->spki.n != 0;
	is_good &= X509_digest(c->p[0], EVP_sha256(), ret->fingerprint, &n) == 1;
	is_good &= chain_check_key(r, at, c->p[0], ret);
	is_good &= chain_check_order(r, at, c);
	is_good &= chain_check_dates(r, at, c->p[0], ret);
	chain_read_names(r, c->p[0], ret);
	return is_good;
}

static BIO *chain_open(const struct chain_reader *r, struct place at, struct view pem)
{
	if (chain_find(pem, VIEW("PRIVATE KEY-----")) != pem.n) {
		/* promise P2: this role reads what everybody may see */
		diag_error(r->diag, at,
			   "the file holds a private key: keep keys in files of their "
			   "own, which only the signer reads");
		return NULL;
	}
	return BIO_new_mem_buf(pem.p, (int)pem.n);
}

const struct chain *chain_read(const struct chain_reader *r, struct place at, struct view pem)
{
	AUTO_BIO *bio = pem.n <= CHAIN_FILE_MAX ? chain_open(r, at, pem) : NULL;
	AUTO_CERTS certs = { 0 };
	struct chain *ret = REGION_NEW(r->region, struct chain, 1);
	uint32_t errors = r->diag->errors;

	if (!bio)
		return NULL;
	ret->der = REGION_NEW(r->region, struct view, CHAIN_LENGTH_MAX);
	while (certs.n < CHAIN_LENGTH_MAX) {
		X509 *x = chain_next(r, at, bio, certs.n);

		if (!x)
			break;
		certs.p[certs.n++] = x;
	}
	if (certs.n == 0 || r->diag->errors != errors)
		return NULL;
	return chain_judge(r, at, &certs, ret) ? ret : NULL;
}

const struct chain_set *chain_read_anchors(const struct chain_reader *r, struct place at,
					   struct view pem)
{
	AUTO_BIO *bio = pem.n <= CHAIN_FILE_MAX ? chain_open(r, at, pem) : NULL;
	struct chain_set *ret = REGION_NEW(r->region, struct chain_set, 1);
	struct names seen = names_of(r->region);
	/* the shortest certificate is longer than this many bytes in PEM */
	size_t cap = pem.n / 100 + 1;
	uint32_t errors = r->diag->errors, read = 0;

	if (!bio)
		return NULL;
	ret->der = REGION_NEW(r->region, struct view, cap);
	while (ret->n < cap) {
		X509 *x = chain_next(r, at, bio, read);
		struct view der = { 0 };

		if (!x)
			break;
		read++;
		der = chain_der(r->region, x);
		X509_free(x);
		if (der.n && names_put(&seen, der, 0) == NAMES_NONE)
			ret->der[ret->n++] = der;
	}
	return ret->n != 0 && r->diag->errors == errors ? ret : NULL;
}
