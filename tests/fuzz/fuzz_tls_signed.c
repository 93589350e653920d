/* Whatever is recognised can be built anew from what was recognised and its free parts. */
#include "tests/fuzz/fuzz.h"

#include "base/wbuf.h"
#include "proto/tls_signed.h"

/* RFC 8446 §4.4.3 */
static void rebuild_13(struct wbuf *w, const struct tls_signed *t, struct view in)
{
	for (int i = 0; i < 64; i++)
		WBUF_LIT(w, " ");
	if (t->kind == TLS_SIGNED_13_SERVER)
		WBUF_LIT(w, "TLS 1.3, server CertificateVerify");
	else
		WBUF_LIT(w, "TLS 1.3, client CertificateVerify");
	wbuf_u8(w, 0);
	INVARIANT(t->hash_bytes == 32 || t->hash_bytes == 48);
	wbuf_view_put(w, view_slice(in, w->n, t->hash_bytes));
}

/* RFC 8422 §5.4 */
static void rebuild_12(struct wbuf *w, const struct tls_signed *t, struct view in)
{
	static const uint8_t bytes[] = { [23] = 65, [24] = 97, [25] = 133, [29] = 32, [30] = 56 };
	size_t point = 0;

	INVARIANT(t->group < sizeof bytes && bytes[t->group]);
	wbuf_view_put(w, view_slice(in, 0, 64));
	wbuf_u8(w, 3);
	wbuf_u16(w, t->group);
	wbuf_u8(w, bytes[t->group]);
	point = bytes[t->group];
	if (t->group <= 25) {
		wbuf_u8(w, 4);
		point--;
	}
	wbuf_view_put(w, view_slice(in, w->n, point));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view in = view_of(data, size);
	uint8_t room[256];
	struct wbuf w = wbuf_of(room, sizeof room);
	struct tls_signed t = { 0 };
	enum err e = tls_signed_parse(in, &t);

	INVARIANT(e == E_OK || (e == E_PROTO && t.kind == TLS_SIGNED_NONE));
	if (e != E_OK)
		return 0;
	if (t.kind == TLS_SIGNED_12_KEY_EXCHANGE)
		rebuild_12(&w, &t, in);
	else
		rebuild_13(&w, &t, in);
	INVARIANT(view_eq(wbuf_view(&w), in));
	return 0;
}
