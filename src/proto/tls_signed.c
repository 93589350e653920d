/*
 * The three messages that a TLS key may sign, byte for byte; pure. Runs in the signer on bytes of
 * edges that may have been taken over (P3), so it accepts shapes, never lengths alone.
 */
#include "proto/tls_signed.h"

enum { TLS_PAD_BYTES = 64, TLS_RANDOM_BYTES = 32, TLS_NAMED_CURVE = 3, TLS_UNCOMPRESSED = 4 };

struct tls_group {
	uint16_t id;   /* IANA TLS Supported Groups */
	uint8_t n;     /* bytes of a public point */
	bool has_form; /* the first one says "uncompressed", RFC 8422 §5.4.1 */
};

static const struct tls_group tls_groups[] = {
	{ 23, 65, true },  /* secp256r1 */
	{ 24, 97, true },  /* secp384r1 */
	{ 25, 133, true }, /* secp521r1 */
	{ 29, 32, false }, /* x25519 */
	{ 30, 56, false }, /* x448 */
};

/* RFC 8446 §4.4.3: pad, context, 0x00, and a hash of 32 or 48 bytes. */
/*@ requires view_ok(m) && view_ok(context) && \valid(ret);
  @ assigns *ret;
  @ ensures \result == E_OK || \result == E_PROTO || \result == E_SHORT;
  @ ensures \result != E_OK ==> *ret == \old(*ret);
  @ ensures \result == E_OK ==> ret->kind == kind;
  @ ensures \result == E_OK ==> ret->hash_bytes == 32 || ret->hash_bytes == 48;
  @ ensures \result == E_OK ==> m.n == 64 + context.n + 1 + ret->hash_bytes;
  @*/
static enum err tls_signed_13(struct view m, struct view context, enum tls_signed_kind kind,
			      struct tls_signed *ret)
{
	struct view pad = { 0 }, text = { 0 };
	uint8_t zero = 0;

	TRY(view_take(&m, TLS_PAD_BYTES, &pad));
	/*@ loop invariant i <= pad.n;
	  @ loop assigns i;
	  @ loop variant pad.n - i;
	  @*/
	for (size_t i = 0; i < pad.n; i++)
		if (pad.p[i] != 0x20)
			return E_PROTO;
	TRY(view_take(&m, context.n, &text));
	TRY(view_u8(&m, &zero));
	if (!view_eq(text, context) || zero != 0 || (m.n != 32 && m.n != 48))
		return E_PROTO;
	*ret = (struct tls_signed){ .kind = kind, .hash_bytes = (uint16_t)m.n };
	return E_OK;
}

/*@ assigns \nothing;
  @ ensures \result == \null || (\valid_read(\result) && \result->n > 0);
  @*/
static const struct tls_group *tls_group_of(uint16_t id)
{
	/*@ loop invariant i <= 5;
	  @ loop assigns i;
	  @ loop variant 5 - i;
	  @*/
	for (size_t i = 0; i < sizeof tls_groups / sizeof tls_groups[0]; i++)
		if (tls_groups[i].id == id)
			return &tls_groups[i];
	return NULL;
}

/* RFC 8422 §5.4: both randoms, then ECParameters and ECPoint. */
/*@ requires view_ok(m) && \valid(ret);
  @ assigns *ret;
  @ ensures \result != E_OK ==> *ret == \old(*ret);
  @ ensures \result == E_OK ==> ret->kind == TLS_SIGNED_12_KEY_EXCHANGE;
  @*/
static enum err tls_signed_12(struct view m, struct tls_signed *ret)
{
	struct view randoms = { 0 }, point = { 0 };
	const struct tls_group *group = NULL;
	uint8_t curve_type = 0, n = 0;
	uint16_t id = 0;

	TRY(view_take(&m, (size_t)2 * TLS_RANDOM_BYTES, &randoms));
	TRY(view_u8(&m, &curve_type));
	TRY(view_u16(&m, &id));
	TRY(view_u8(&m, &n));
	TRY(view_take(&m, n, &point));
	TRY(view_end(&m));
	group = tls_group_of(id);
	if (curve_type != TLS_NAMED_CURVE || !group || group->n != n)
		return E_PROTO;
	if (group->has_form && point.p[0] != TLS_UNCOMPRESSED)
		return E_PROTO;
	*ret = (struct tls_signed){ .kind = TLS_SIGNED_12_KEY_EXCHANGE, .group = id };
	return E_OK;
}

enum err tls_signed_parse(struct view message, struct tls_signed *ret)
{
	/* No message has two of the shapes: after 64 bytes comes 'T' in one and 0x03 in the other.
	 */
	if (tls_signed_13(message, VIEW("TLS 1.3, server CertificateVerify"), TLS_SIGNED_13_SERVER,
			  ret) == E_OK ||
	    tls_signed_13(message, VIEW("TLS 1.3, client CertificateVerify"), TLS_SIGNED_13_CLIENT,
			  ret) == E_OK ||
	    tls_signed_12(message, ret) == E_OK)
		return E_OK;
	return E_PROTO;
}
