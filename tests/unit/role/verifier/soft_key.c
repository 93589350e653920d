/* A software authenticator for the tests. */
#include "tests/unit/role/verifier/soft_key.h"

#include "base/base64url.h"

#include <openssl/core_names.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

static const int soft_algorithms[SOFT_KINDS] = { -7, -35, -257, -8 };

static void soft_must(bool is_good)
{
	if (!is_good)
		abort();
}

/* The head of a CBOR item: RFC 8949 §3. */
static void soft_head(struct wbuf *w, unsigned major, size_t n)
{
	if (n < 24) {
		wbuf_u8(w, (uint8_t)(major << 5 | n));
	} else if (n < 256) {
		wbuf_u8(w, (uint8_t)(major << 5 | 24));
		wbuf_u8(w, (uint8_t)n);
	} else {
		wbuf_u8(w, (uint8_t)(major << 5 | 25));
		wbuf_u16(w, (uint16_t)n);
	}
}

static void soft_int(struct wbuf *w, int x)
{
	soft_head(w, x < 0, (size_t)(x < 0 ? -1 - x : x));
}

static void soft_text(struct wbuf *w, const char *text)
{
	soft_head(w, 3, view_str(text).n);
	wbuf_str(w, text);
}

static void soft_bytes(struct wbuf *w, struct view v)
{
	soft_head(w, 2, v.n);
	wbuf_view_put(w, v);
}

static void soft_number(struct wbuf *w, const EVP_PKEY *pkey, const char *name, int n)
{
	uint8_t raw[256];
	BIGNUM *x = NULL;

	soft_must(EVP_PKEY_get_bn_param(pkey, name, &x) == 1 && BN_bn2binpad(x, raw, n) == n);
	soft_bytes(w, view_of(raw, (size_t)n));
	BN_free(x);
}

static void soft_point(struct wbuf *w, const struct soft_key *k, int curve, int bytes)
{
	soft_int(w, -1);
	soft_int(w, curve);
	soft_int(w, -2);
	soft_number(w, k->pkey, OSSL_PKEY_PARAM_EC_PUB_X, bytes);
	soft_int(w, -3);
	soft_number(w, k->pkey, OSSL_PKEY_PARAM_EC_PUB_Y, bytes);
}

static void soft_octets(struct wbuf *w, const struct soft_key *k)
{
	uint8_t raw[32];
	size_t n = sizeof raw;

	soft_must(EVP_PKEY_get_raw_public_key(k->pkey, raw, &n) == 1);
	soft_int(w, -1);
	soft_int(w, 6);
	soft_int(w, -2);
	soft_bytes(w, view_of(raw, n));
}

/* COSE_Key: RFC 9052 §7.1 (member 3 is the algorithm), RFC 9053 §7 */
static void soft_cose(struct wbuf *w, const struct soft_key *k, int algorithm)
{
	static const uint8_t members[SOFT_KINDS] = { 5, 5, 4, 4 };
	static const uint8_t types[SOFT_KINDS] = { 2, 2, 3, 1 };

	soft_head(w, 5, members[k->kind]);
	soft_int(w, 1);
	soft_int(w, types[k->kind]);
	soft_int(w, 3);
	soft_int(w, algorithm);
	switch (k->kind) {
	case SOFT_ES256:
		soft_point(w, k, 1, 32);
		return;
	case SOFT_ES384:
		soft_point(w, k, 2, 48);
		return;
	case SOFT_RS256:
		soft_int(w, -1);
		soft_number(w, k->pkey, OSSL_PKEY_PARAM_RSA_N, 256);
		soft_int(w, -2);
		soft_number(w, k->pkey, OSSL_PKEY_PARAM_RSA_E, 3);
		return;
	case SOFT_EDDSA:
	case SOFT_KINDS:
	default:
		soft_octets(w, k);
	}
}

void soft_key_open(struct soft_key *k, enum soft_kind kind)
{
	*k = (struct soft_key){ .kind = kind, .algorithm = soft_algorithms[kind], .count = 41 };
	k->pkey = kind == SOFT_ES256   ? EVP_EC_gen("P-256")
		  : kind == SOFT_ES384 ? EVP_EC_gen("P-384")
		  : kind == SOFT_RS256 ? EVP_RSA_gen(2048)
				       : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	k->maker = EVP_EC_gen("P-256");
	soft_must(k->pkey && k->maker);
	for (size_t i = 0; i < sizeof k->id; i++)
		k->id[i] = (uint8_t)(i * 3 + 1);
	for (size_t i = 0; i < sizeof k->aaguid; i++)
		k->aaguid[i] = (uint8_t)(0xa0 + i);
}

void soft_key_close(struct soft_key *k)
{
	EVP_PKEY_free(k->pkey);
	EVP_PKEY_free(k->maker);
	*k = (struct soft_key){ 0 };
}

static const char *soft_or(const char *given, const char *usual)
{
	return given ? given : usual;
}

static void soft_client_data(const struct soft_how *how, const char *type, struct soft_out *o)
{
	struct wbuf w = wbuf_of(o->client_data, sizeof o->client_data);
	struct view challenge = how->challenge;

	for (size_t i = 0; i < sizeof o->challenge.b; i++)
		o->challenge.b[i] = (uint8_t)(200 + i);
	if (!challenge.n)
		challenge = view_of(o->challenge.b, sizeof o->challenge.b);
	if (how->json) {
		wbuf_str(&w, how->json);
	} else {
		WBUF_LIT(&w, "{\"type\":\"");
		wbuf_str(&w, soft_or(how->type, type));
		WBUF_LIT(&w, "\",\"challenge\":\"");
		base64url_put(&w, challenge);
		WBUF_LIT(&w, "\",\"origin\":\"");
		wbuf_str(&w, soft_or(how->origin, SOFT_ORIGIN));
		WBUF_LIT(&w, "\",\"crossOrigin\":false}");
	}
	o->client_data_v = wbuf_view(&w);
}

static void soft_auth_data(struct soft_key *k, const struct soft_how *how, bool is_new,
			   struct soft_out *o)
{
	struct wbuf w = wbuf_of(o->auth_data, sizeof o->auth_data);
	struct view host = view_str(soft_or(how->host, SOFT_HOST));
	uint8_t hash[32];
	unsigned flags = 0x01 | 0x04 | (is_new ? 0x40 : 0) | (how->extension_n ? 0x80 : 0);

	flags = (flags & ~(unsigned)how->flags_off) | how->flags_on;
	soft_must(EVP_Digest(host.p, host.n, hash, NULL, EVP_sha256(), NULL) == 1);
	wbuf_put(&w, hash, sizeof hash);
	wbuf_u8(&w, (uint8_t)flags);
	wbuf_u32(&w, ++k->count);
	if (is_new) {
		wbuf_put(&w, k->aaguid, sizeof k->aaguid);
		wbuf_str16(&w, view_of(k->id, sizeof k->id));
		soft_cose(&w, k, how->algorithm ? how->algorithm : k->algorithm);
	}
	wbuf_put(&w, how->extensions, how->extension_n);
	wbuf_put(&w, how->key_tail, how->key_tail_n);
	soft_must(!w.bad);
	o->auth_data_v = wbuf_view(&w);
}

/* Over authenticator data and the hash of client data: WebAuthn §6.3.3 */
static void soft_sign(EVP_PKEY *pkey, const char *digest, bool is_broken, struct soft_out *o)
{
	static uint8_t message[SOFT_MAX + 32];
	struct wbuf w = wbuf_of(message, sizeof message);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t n = sizeof o->signature;
	uint8_t hash[32];

	soft_must(EVP_Digest(o->client_data_v.p, o->client_data_v.n, hash, NULL, EVP_sha256(),
			     NULL) == 1);
	wbuf_view_put(&w, o->auth_data_v);
	wbuf_put(&w, hash, sizeof hash);
	soft_must(!w.bad && EVP_DigestSignInit_ex(ctx, NULL, digest, NULL, NULL, pkey, NULL) == 1 &&
		  EVP_DigestSign(ctx, o->signature, &n, w.p, w.n) == 1);
	if (is_broken)
		o->signature[n - 1] ^= 1;
	o->signature_v = view_of(o->signature, n);
	EVP_MD_CTX_free(ctx);
}

static const char *soft_digest(enum soft_kind kind)
{
	return kind == SOFT_EDDSA ? NULL : kind == SOFT_ES384 ? "SHA384" : "SHA256";
}

static void soft_name(X509 *x, const char *field, const char *text)
{
	soft_must(X509_NAME_add_entry_by_txt(X509_get_subject_name(x), field, MBSTRING_ASC,
					     (const unsigned char *)text, -1, -1, 0) == 1);
}

static void soft_extend(X509 *x, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	soft_must(e && X509_add_ext(x, e, -1) == 1);
	X509_EXTENSION_free(e);
}

static void soft_model(X509 *x, const struct soft_key *k, bool is_other)
{
	uint8_t value[18] = { 4, 16 };
	ASN1_OBJECT *id = OBJ_txt2obj("1.3.6.1.4.1.45724.1.1.4", 1);
	ASN1_OCTET_STRING *s = ASN1_OCTET_STRING_new();
	X509_EXTENSION *e = NULL;

	for (size_t i = 0; i < sizeof k->aaguid; i++)
		value[2 + i] = (uint8_t)(k->aaguid[i] ^ is_other);
	soft_must(ASN1_OCTET_STRING_set(s, value, sizeof value) == 1);
	e = X509_EXTENSION_create_by_OBJ(NULL, id, 0, s);
	soft_must(e && X509_add_ext(x, e, -1) == 1);
	X509_EXTENSION_free(e);
	ASN1_OCTET_STRING_free(s);
	ASN1_OBJECT_free(id);
}

/* The maker's certificate: WebAuthn §8.2.1 */
static struct view soft_cert(const struct soft_key *k, const struct soft_how *how)
{
	static uint8_t der[SOFT_MAX];
	uint8_t *p = der;
	X509 *x = X509_new();
	int n = 0;

	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), 0);
	X509_gmtime_adj(X509_getm_notAfter(x), 86400);
	soft_name(x, "C", "NL");
	soft_name(x, "O", "Maker");
	soft_name(x, "OU", soft_or(how->cert_unit, "Authenticator Attestation"));
	soft_name(x, "CN", "Batch 1");
	soft_extend(x, NID_basic_constraints, how->cert_is_ca ? "CA:TRUE" : "CA:FALSE");
	soft_model(x, k, how->cert_is_other_model);
	soft_must(X509_set_pubkey(x, k->maker) == 1 && X509_sign(x, k->maker, EVP_sha256()) > 0);
	n = i2d_X509(x, &p);
	soft_must(n > 0);
	X509_free(x);
	return view_of(der, (size_t)n);
}

static void soft_statement(struct soft_key *k, const struct soft_how *how, struct wbuf *w,
			   struct soft_out *o)
{
	if (how->format == SOFT_NONE) {
		soft_head(w, 5, 0);
		return;
	}
	if (how->format == SOFT_SELF)
		soft_sign(k->pkey, soft_digest(k->kind), how->breaks_signature, o);
	else
		soft_sign(k->maker, "SHA256", how->breaks_signature, o);
	soft_head(w, 5, how->format == SOFT_SELF ? 2 : 3);
	soft_text(w, "alg");
	soft_int(w, how->format == SOFT_SELF ? k->algorithm : -7);
	soft_text(w, "sig");
	soft_bytes(w, o->signature_v);
	if (how->format == SOFT_X5C) {
		soft_text(w, "x5c");
		soft_head(w, 4, 1);
		soft_bytes(w, soft_cert(k, how));
	}
}

void soft_key_make(struct soft_key *k, const struct soft_how *how, struct soft_out *o)
{
	struct wbuf w = wbuf_of(o->object, sizeof o->object);

	soft_client_data(how, "webauthn.create", o);
	soft_auth_data(k, how, true, o);
	soft_head(&w, 5, 3);
	soft_text(&w, "fmt");
	soft_text(&w, soft_or(how->fmt, how->format == SOFT_NONE ? "none" : "packed"));
	soft_text(&w, "attStmt");
	soft_statement(k, how, &w, o);
	soft_text(&w, "authData");
	soft_bytes(&w, o->auth_data_v);
	wbuf_put(&w, how->tail, how->tail_n);
	soft_must(!w.bad);
	o->object_v = wbuf_view(&w);
	o->attestation = (struct verify_attestation){ .challenge = o->challenge,
						      .host = VIEW(SOFT_HOST),
						      .origin = VIEW(SOFT_ORIGIN),
						      .client_data = o->client_data_v,
						      .attestation = o->object_v };
}

void soft_key_show(struct soft_key *k, const struct soft_how *how, struct view key,
		   struct soft_out *o)
{
	soft_client_data(how, "webauthn.get", o);
	soft_auth_data(k, how, false, o);
	soft_sign(k->pkey, soft_digest(k->kind), how->breaks_signature, o);
	o->assertion = (struct verify_assertion){ .challenge = o->challenge,
						  .host = VIEW(SOFT_HOST),
						  .origin = VIEW(SOFT_ORIGIN),
						  .algorithm = (uint32_t)k->algorithm,
						  .key = key,
						  .client_data = o->client_data_v,
						  .auth_data = o->auth_data_v,
						  .signature = o->signature_v };
}
