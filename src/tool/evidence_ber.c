/* Only tags that must come next are taken; lengths are at most four bytes. */
#include "tool/evidence_ber.h"

enum { BER_SEQUENCE = 0x30, BER_SET = 0x31, BER_INTEGER = 2, BER_OCTETS = 4, BER_OID = 6 };
enum { BER_CONTEXT_0 = 0xa0, BER_INDEFINITE = 0x80 };

/* 1.2.840.113549.1.9.16.1.23 and 1.2.840.113549.1.7.1 */
static const uint8_t ber_auth_enveloped[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d,
					      0x01, 0x09, 0x10, 0x01, 0x17 };
static const uint8_t ber_data[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01 };

static enum err ber_length(struct view *in, size_t *ret)
{
	uint8_t first = 0, b = 0;
	size_t n = 0;

	TRY(view_u8(in, &first));
	n = first;
	if (first & 0x80) {
		if (first == BER_INDEFINITE || first > 0x84)
			return E_PROTO;
		n = 0;
		for (unsigned i = 0; i < (first & 0x7fU); i++) {
			TRY(view_u8(in, &b));
			n = n << 8 | b;
		}
	}
	*ret = n;
	return E_OK;
}

static enum err ber_open(struct view *in, uint8_t tag)
{
	uint8_t got = 0, length = 0;

	TRY(view_u8(in, &got));
	TRY(view_u8(in, &length));
	return got == tag && length == BER_INDEFINITE ? E_OK : E_PROTO;
}

static enum err ber_take(struct view *in, uint8_t tag, struct view *ret)
{
	uint8_t got = 0;
	size_t n = 0;

	TRY(view_u8(in, &got));
	if (got != tag)
		return E_PROTO;
	TRY(ber_length(in, &n));
	return view_take(in, n, ret);
}

static enum err ber_oid(struct view *in, struct view oid)
{
	struct view v = { 0 };

	TRY(ber_take(in, BER_OID, &v));
	return view_eq(v, oid) ? E_OK : E_PROTO;
}

enum err evidence_ber_front(struct view bytes, size_t *ret_at)
{
	struct view in = bytes, v = { 0 };
	size_t at = 0;

	TRY(ber_open(&in, BER_SEQUENCE));
	TRY(ber_oid(&in, view_of(ber_auth_enveloped, sizeof ber_auth_enveloped)));
	TRY(ber_open(&in, BER_CONTEXT_0));
	TRY(ber_open(&in, BER_SEQUENCE));
	TRY(ber_take(&in, BER_INTEGER, &v));
	if (v.n != 1 || v.p[0] != 0)
		return E_PROTO;
	TRY(ber_take(&in, BER_SET, &v));
	TRY(ber_open(&in, BER_SEQUENCE));
	TRY(ber_oid(&in, view_of(ber_data, sizeof ber_data)));
	TRY(ber_take(&in, BER_SEQUENCE, &v));
	at = bytes.n - in.n;
	TRY(ber_open(&in, BER_CONTEXT_0));
	*ret_at = at;
	return E_OK;
}

enum err evidence_ber_piece(struct view bytes, size_t *ret_head, size_t *ret_n)
{
	struct view in = bytes;
	uint8_t tag = 0, zero = 0;
	size_t n = 0;

	TRY(view_u8(&in, &tag));
	if (tag == 0) {
		TRY(view_u8(&in, &zero));
		return zero == 0 ? E_CLOSED : E_PROTO;
	}
	if (tag != BER_OCTETS)
		return E_PROTO;
	TRY(ber_length(&in, &n));
	if (n > EVIDENCE_BER_PIECE)
		return E_PROTO;
	*ret_head = bytes.n - in.n;
	*ret_n = n;
	return E_OK;
}

enum err evidence_ber_tail(struct view bytes)
{
	struct view v = { 0 };

	if (bytes.n < 2 || !view_eq(view_slice(bytes, 0, 2), VIEW("\0\0")))
		return E_PROTO;
	bytes = view_slice(bytes, 2, bytes.n);
	if (ber_take(&bytes, BER_OCTETS, &v) != E_OK || v.n != 16)
		return E_PROTO;
	return view_eq(bytes, VIEW("\0\0\0\0\0\0")) ? E_OK : E_PROTO;
}
