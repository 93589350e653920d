/* Attestations: taken apart by us, signatures by libfido2. */
#include "role/verifier/attestation.h"

#include "role/verifier/attestation_object.h"
#include "role/verifier/ceremony.h"
#include "role/verifier/client_data.h"
#include "role/verifier/cose.h"
#include "role/verifier/packed_cert.h"

#include <openssl/err.h>
#include <stdlib.h>

static enum err attestation_extend(fido_cred_t *f, const struct attestation_extensions *x)
{
	if ((x->mask && fido_cred_set_extensions(f, x->mask) != FIDO_OK) ||
	    (x->protect && fido_cred_set_prot(f, x->protect) != FIDO_OK) ||
	    (x->pin_min && fido_cred_set_pin_minlen(f, x->pin_min) != FIDO_OK))
		return E_PROTO;
	return E_OK;
}

/* The statement as CBOR again, which libfido2 wants alone. */
static enum err attestation_state(fido_cred_t *f, const cbor_item_t *statement)
{
	unsigned char *bytes = NULL;
	size_t room = 0, n = cbor_serialize_alloc(statement, &bytes, &room);
	int r = n ? fido_cred_set_attstmt(f, bytes, n) : FIDO_ERR_INTERNAL;

	free(bytes);
	if (!n)
		return E_NOMEM;
	return r == FIDO_OK ? E_OK : E_PROTO;
}

static enum err attestation_fill(fido_cred_t *f, const struct attestation_object *o,
				 const struct ceremony *c)
{
	const char *format = o->format == ATTESTATION_PACKED ? "packed" : "none";

	if (fido_cred_set_clientdata_hash(f, c->client_hash.b, sizeof c->client_hash.b) !=
		    FIDO_OK ||
	    fido_cred_set_rp(f, c->host, NULL) != FIDO_OK ||
	    fido_cred_set_uv(f, FIDO_OPT_TRUE) != FIDO_OK ||
	    fido_cred_set_fmt(f, format) != FIDO_OK)
		return E_NOMEM;
	if (fido_cred_set_type(f, o->algorithm) != FIDO_OK ||
	    fido_cred_set_authdata_raw(f, o->raw.p, o->raw.n) != FIDO_OK)
		return E_PROTO;
	TRY(attestation_extend(f, &o->extensions));
	return o->format == ATTESTATION_PACKED ? attestation_state(f, o->statement) : E_OK;
}

/* §8.2: by the maker's certificate, or by the key itself. NULL: signed */
static const char *attestation_packed(const fido_cred_t *f, const struct attestation_object *o,
				      uint8_t *flags)
{
	struct view der = view_of(fido_cred_x5c_ptr(f), fido_cred_x5c_len(f));
	const char *why = NULL;

	if (!der.n)
		return fido_cred_verify_self(f) == FIDO_OK ? NULL
							   : "the attestation's signature is wrong";
	why = packed_cert_check(der, o->data.aaguid);
	if (why)
		return why;
	if (fido_cred_verify(f) != FIDO_OK)
		return "the attestation's signature is wrong";
	*flags |= VERIFIED_ATTESTED;
	return NULL;
}

static const char *attestation_judge(const fido_cred_t *f, const struct attestation_object *o,
				     struct attestation_room *room, struct verified_credential *ret)
{
	struct view key = view_of(fido_cred_pubkey_ptr(f), fido_cred_pubkey_len(f));
	struct wbuf id = wbuf_of(room->credential, sizeof room->credential);
	struct wbuf k = wbuf_of(room->key, sizeof room->key);
	struct wbuf model = wbuf_of(room->aaguid, sizeof room->aaguid);
	const char *why = NULL;

	if (!cose_is_sound(o->algorithm, key))
		return "the key is none of its algorithm";
	ret->flags = authdata_verified_flags(&o->data);
	if (o->format == ATTESTATION_PACKED)
		why = attestation_packed(f, o, &ret->flags);
	wbuf_view_put(&id, o->data.id);
	wbuf_view_put(&k, key);
	wbuf_view_put(&model, o->data.aaguid);
	if (!why && (id.bad || k.bad || model.bad))
		why = "the attestation's key is too long";
	ret->count = o->data.count;
	ret->algorithm = (uint32_t)o->algorithm;
	ret->credential = wbuf_view(&id);
	ret->key = wbuf_view(&k);
	ret->aaguid = wbuf_view(&model);
	return why;
}

static enum err attestation_signature(const struct attestation_object *o, const struct ceremony *c,
				      struct attestation_room *room,
				      struct verified_credential *ret, const char **ret_why)
{
	fido_cred_t *f = fido_cred_new();
	enum err e = f ? attestation_fill(f, o, c) : E_NOMEM;

	if (e == E_OK)
		*ret_why = attestation_judge(f, o, room, ret);
	else if (e == E_PROTO)
		*ret_why = "the attestation can't be read";
	fido_cred_free(&f);
	ERR_clear_error();
	return e == E_PROTO ? E_OK : e;
}

static enum err attestation_object_verify(const struct verify_attestation *a,
					  const struct attestation_object *o,
					  struct attestation_room *room,
					  struct verified_credential *ret, const char **ret_why)
{
	struct ceremony c = { 0 };

	*ret_why = authdata_check(&o->data, a->host);
	if (*ret_why)
		return E_OK;
	*ret_why = "the key's algorithm is not known here";
	if (!cose_is_known(o->algorithm))
		return E_OK;
	TRY(ceremony_open(&c, a->host, a->client_data));
	return attestation_signature(o, &c, room, ret, ret_why);
}

enum err attestation_verify(const struct verify_attestation *a, struct attestation_room *room,
			    struct verified_credential *ret)
{
	struct client_data_want want = { VIEW("webauthn.create"), &a->challenge, a->origin };
	struct verified_credential v = { 0 };
	struct attestation_object o = { 0 };
	const char *why = client_data_check(a->client_data, &want);
	enum err e = E_OK;

	if (!why)
		why = attestation_object_open(a->attestation, &o);
	if (!why)
		e = attestation_object_verify(a, &o, room, &v, &why);
	attestation_object_close(&o);
	if (e != E_OK)
		return e;
	if (why)
		v = (struct verified_credential){ .why = view_str(why) };
	v.is_right = !why;
	*ret = v;
	return E_OK;
}
