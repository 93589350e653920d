/* Maps of CBOR, strictly: definite, exactly the members that have to be there, nothing behind them.
 */
#include "role/verifier/attestation_object.h"

#include "role/verifier/cose.h"

/* One whole item; the rest stays in *rest. NULL: there is none */
static cbor_item_t *attestation_object_item(struct view *rest)
{
	struct cbor_load_result result = { 0 };
	cbor_item_t *item = rest->n ? cbor_load(rest->p, rest->n, &result) : NULL;

	if (item)
		*rest = view_slice(*rest, result.read, rest->n);
	return item;
}

static bool attestation_object_is_text(const cbor_item_t *item, struct view want)
{
	return cbor_isa_string(item) && cbor_string_is_definite(item) &&
	       view_eq(view_of(cbor_string_handle(item), cbor_string_length(item)), want);
}

/* The member of that name; NULL: there is none, or it is no map. */
static const cbor_item_t *attestation_object_member(const cbor_item_t *map, struct view name)
{
	struct cbor_pair *pairs = NULL;

	if (!cbor_isa_map(map) || !cbor_map_is_definite(map))
		return NULL;
	pairs = cbor_map_handle(map);
	for (size_t i = 0; i < cbor_map_size(map); i++)
		if (attestation_object_is_text(pairs[i].key, name))
			return pairs[i].value;
	return NULL;
}

/* A small number of either sign. E_PROTO: it is none */
static enum err attestation_object_int(const cbor_item_t *item, int *ret)
{
	uint64_t x = 0;

	if (!cbor_is_int(item))
		return E_PROTO;
	x = cbor_get_int(item);
	if (x > INT32_MAX)
		return E_PROTO;
	*ret = cbor_isa_uint(item) ? (int)x : -1 - (int)x;
	return E_OK;
}

/* RFC 9052 §7.1: member 3 of a key is its algorithm. */
static enum err attestation_object_algorithm(const cbor_item_t *key, int *ret)
{
	struct cbor_pair *pairs = NULL;
	int label = 0;

	if (!cbor_isa_map(key) || !cbor_map_is_definite(key))
		return E_PROTO;
	pairs = cbor_map_handle(key);
	for (size_t i = 0; i < cbor_map_size(key); i++)
		if (attestation_object_int(pairs[i].key, &label) == E_OK && label == 3)
			return attestation_object_int(pairs[i].value, ret);
	return E_PROTO;
}

static void attestation_object_extension(const cbor_item_t *map, struct attestation_extensions *x)
{
	const cbor_item_t *hmac = attestation_object_member(map, VIEW("hmac-secret"));
	const cbor_item_t *blob = attestation_object_member(map, VIEW("credBlob"));
	const cbor_item_t *protect = attestation_object_member(map, VIEW("credProtect"));
	const cbor_item_t *pin = attestation_object_member(map, VIEW("minPinLength"));
	int n = 0;

	if (hmac && cbor_is_bool(hmac) && cbor_get_bool(hmac))
		x->mask |= FIDO_EXT_HMAC_SECRET;
	if (blob && cbor_is_bool(blob) && cbor_get_bool(blob))
		x->mask |= FIDO_EXT_CRED_BLOB;
	if (protect && attestation_object_int(protect, &n) == E_OK)
		x->protect = n;
	if (pin && attestation_object_int(pin, &n) == E_OK && n > 0)
		x->pin_min = (size_t)n;
}

/* What is behind the fixed part: a key, and extensions when they are announced. */
static enum err attestation_object_rest(struct attestation_object *o)
{
	struct view rest = o->data.rest;
	cbor_item_t *key = attestation_object_item(&rest), *map = NULL;
	enum err e = key ? attestation_object_algorithm(key, &o->algorithm) : E_PROTO;

	if (e == E_OK && (o->data.flags & AUTHDATA_EXTENSIONS)) {
		map = attestation_object_item(&rest);
		e = map && cbor_isa_map(map) ? E_OK : E_PROTO;
		if (e == E_OK)
			attestation_object_extension(map, &o->extensions);
	}
	if (e == E_OK)
		e = view_end(&rest);
	if (map)
		cbor_decref(&map);
	if (key)
		cbor_decref(&key);
	return e;
}

/* WebAuthn §8.2: {alg, sig, x5c}, or {alg, sig} with the key's own algorithm. */
static const char *attestation_object_statement(const struct attestation_object *o)
{
	const cbor_item_t *alg = attestation_object_member(o->statement, VIEW("alg"));
	bool has_certificate = attestation_object_member(o->statement, VIEW("x5c")) != NULL;
	int algorithm = 0;

	if (!alg || !attestation_object_member(o->statement, VIEW("sig")) ||
	    attestation_object_int(alg, &algorithm) != E_OK ||
	    cbor_map_size(o->statement) != (has_certificate ? 3 : 2))
		return "the attestation's statement can't be read";
	return (has_certificate && cose_is_known(algorithm)) || algorithm == o->algorithm
		       ? NULL
		       : "the attestation's signature is of another algorithm";
}

static const char *attestation_object_format(struct attestation_object *o)
{
	const cbor_item_t *format = attestation_object_member(o->root, VIEW("fmt"));

	if (!format)
		return "the attestation has no format";
	if (attestation_object_is_text(format, VIEW("packed"))) {
		o->format = ATTESTATION_PACKED;
		return attestation_object_statement(o);
	}
	if (!attestation_object_is_text(format, VIEW("none")))
		return "the attestation's format is neither none nor packed";
	o->format = ATTESTATION_NONE;
	return cbor_map_size(o->statement) ? "the attestation says none, and yet something" : NULL;
}

static const char *attestation_object_look(struct attestation_object *o)
{
	static const char text[] = "the attestation can't be read";
	const cbor_item_t *data = attestation_object_member(o->root, VIEW("authData"));

	o->statement = attestation_object_member(o->root, VIEW("attStmt"));
	if (!data || !o->statement || cbor_map_size(o->root) != 3 || !cbor_isa_map(o->statement) ||
	    !cbor_map_is_definite(o->statement) || !cbor_isa_bytestring(data) ||
	    !cbor_bytestring_is_definite(data))
		return text;
	o->raw = view_of(cbor_bytestring_handle(data), cbor_bytestring_length(data));
	if (authdata_parse(o->raw, &o->data) != E_OK)
		return text;
	if (!(o->data.flags & AUTHDATA_CREDENTIAL))
		return "the attestation has no key";
	if (attestation_object_rest(o) != E_OK)
		return "the attestation's key can't be read";
	return attestation_object_format(o);
}

const char *attestation_object_open(struct view bytes, struct attestation_object *ret)
{
	struct attestation_object o = { 0 };
	const char *why = "the attestation can't be read";

	o.root = attestation_object_item(&bytes);
	if (o.root && !bytes.n)
		why = attestation_object_look(&o);
	if (why)
		attestation_object_close(&o);
	*ret = o;
	return why;
}

void attestation_object_close(struct attestation_object *o)
{
	if (o->root)
		cbor_decref(&o->root);
	*o = (struct attestation_object){ 0 };
}
