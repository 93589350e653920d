/*
 * A planted bug, for tests and exercises only: an edge (or a cell) that trusts a length its client
 * sends, as Heartbleed (CVE-2014-0160) and Citrix Bleed (CVE-2023-4966) did. It is no part of any
 * program that is installed: the linker puts these functions in front of the real ones
 * (--wrap) in sluis-edge-leaky and sluis-spawner-leaky, from this one object.
 *
 *      X-Planted-Echo: 5000
 *
 * With this request header the answer is followed by that many bytes of the connection's buffer,
 * from the header's own value on: what comes behind it was never this client's. X-Planted-Fill does
 * the same in front of what is compressed.
 */
#include "base/view.h"
#include "role/edge/compress.h"
#include "role/edge/conn.h"

enum { LEAK_MAX = 1 << 20 };

/* Of the same type, so that a change of theirs is seen here. */
__typeof__(conn_send) __real_conn_send, __wrap_conn_send;
__typeof__(conn_send_last) __real_conn_send_last, __wrap_conn_send_last;
__typeof__(compress_take) __real_compress_take, __wrap_compress_take;

static size_t leak_find(struct view head, struct view name)
{
	for (size_t i = 0; i + name.n <= head.n; i++)
		if (view_ieq(view_slice(head, i, name.n), name))
			return i + name.n;
	return head.n;
}

/* What x's client wants to have; n 0: nothing. */
static struct view leak_of(const struct exchange *x, struct view name)
{
	struct view head = { 0 }, text = { 0 };
	uint64_t n = 0;
	size_t at = 0;

	if (!x || !x->head)
		return head;
	head = view_of(x->head->p, x->head->n);
	at = leak_find(head, name);
	text = view_slice(head, at, head.n);
	text = view_slice(text, 0, view_find(text, '\r'));
	if (!text.n || view_dec(text, &n) != E_OK || n > LEAK_MAX)
		return (struct view){ 0 };
	return view_of(text.p, (size_t)n); /* the bug: n is the client's word */
}

static struct view leak_asked(struct conn *k)
{
	const struct client *c = OWNER_OF(k, struct client, conn);

	return k->source.kind == SOURCE_CLIENT ? leak_of(c->x, VIEW("\r\nx-planted-echo: "))
					       : (struct view){ 0 };
}

enum err __wrap_compress_take(struct edge *e, struct exchange *x, struct view content,
			      struct wbuf *w)
{
	struct view more = leak_of(x, VIEW("\r\nx-planted-fill: "));

	if (more.n)
		TRY(__real_compress_take(e, x, more, w));
	return __real_compress_take(e, x, content, w);
}

enum err __wrap_conn_send(struct edge *e, struct conn *k, struct view v)
{
	struct view more = leak_asked(k);

	TRY(__real_conn_send(e, k, v));
	return more.n ? __real_conn_send(e, k, more) : E_OK;
}

enum err __wrap_conn_send_last(struct edge *e, struct conn *k, struct view v)
{
	struct view more = leak_asked(k);

	if (more.n)
		TRY(__real_conn_send(e, k, more));
	return __real_conn_send_last(e, k, v);
}
