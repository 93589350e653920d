/* Assertions: client data and authenticator data by us, the signature over both by libfido2. */
#include "role/verifier/assertion.h"

#include "role/verifier/authdata.h"
#include "role/verifier/ceremony.h"
#include "role/verifier/client_data.h"
#include "role/verifier/cose.h"

static enum err assertion_fill(fido_assert_t *f, const struct verify_assertion *a,
			       const struct ceremony *c)
{
	if (fido_assert_set_count(f, 1) != FIDO_OK ||
	    fido_assert_set_clientdata_hash(f, c->client_hash.b, sizeof c->client_hash.b) !=
		    FIDO_OK ||
	    fido_assert_set_rp(f, c->host) != FIDO_OK ||
	    fido_assert_set_up(f, FIDO_OPT_TRUE) != FIDO_OK ||
	    fido_assert_set_uv(f, FIDO_OPT_TRUE) != FIDO_OK)
		return E_NOMEM;
	if (fido_assert_set_authdata_raw(f, 0, a->auth_data.p, a->auth_data.n) != FIDO_OK ||
	    fido_assert_set_sig(f, 0, a->signature.p, a->signature.n) != FIDO_OK)
		return E_PROTO;
	return E_OK;
}

/* NULL: signed by the key */
static const char *assertion_signed(const fido_assert_t *f, const struct verify_assertion *a)
{
	enum err e = cose_verify(f, (int)(int32_t)a->algorithm, a->key);

	if (e == E_OK)
		return NULL;
	return e == E_DENIED ? "the signature is not the key's" : "the stored key is none";
}

static enum err assertion_signature(const struct verify_assertion *a, const struct ceremony *c,
				    const char **ret_why)
{
	fido_assert_t *f = fido_assert_new();
	enum err e = f ? assertion_fill(f, a, c) : E_NOMEM;

	if (e == E_OK)
		*ret_why = assertion_signed(f, a);
	else if (e == E_PROTO)
		*ret_why = "the key's data can't be read";
	fido_assert_free(&f);
	return e == E_PROTO ? E_OK : e;
}

static const char *assertion_look(const struct verify_assertion *a, struct authdata *ret)
{
	struct client_data_want want = { VIEW("webauthn.get"), &a->challenge, a->origin };
	const char *why = client_data_check(a->client_data, &want);

	if (why)
		return why;
	if (authdata_parse(a->auth_data, ret) != E_OK || (ret->flags & AUTHDATA_CREDENTIAL))
		return "the key's data can't be read";
	return authdata_check(ret, a->host);
}

enum err assertion_verify(const struct verify_assertion *a, struct verified_assertion *ret)
{
	struct authdata data = { 0 };
	struct ceremony c = { 0 };
	const char *why = assertion_look(a, &data);

	if (!why) {
		TRY(ceremony_open(&c, a->host, a->client_data));
		TRY(assertion_signature(a, &c, &why));
	}
	*ret = (struct verified_assertion){ .is_right = !why, .why = view_str(why) };
	if (!why) {
		ret->flags = authdata_verified_flags(&data);
		ret->count = data.count;
	}
	return E_OK;
}
