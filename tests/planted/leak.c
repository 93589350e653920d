/*
 * A planted bug, for tests and exercises only: an edge (or a cell) that trusts a length its client
 * sends, as Heartbleed (CVE-2014-0160) and Citrix Bleed (CVE-2023-4966) did. It is no part of any
 * program that is installed: the linker puts these two functions in front of the real ones
 * (--wrap) in sluis-edge-leaky and sluis-spawner-leaky, from this one object.
 *
 *      X-Planted-Echo: 5000
 *
 * With this request header the answer is followed by that many bytes of the connection's buffer,
 * from the header's own value on: what comes behind it was never this client's.
 */
#include "base/view.h"
#include "role/edge/conn.h"

enum { LEAK_MAX = 1 << 20 };

enum err __real_conn_send(struct edge *e, struct conn *k, struct view v);
enum err __real_conn_send_last(struct edge *e, struct conn *k, struct view v);
enum err __wrap_conn_send(struct edge *e, struct conn *k, struct view v);
enum err __wrap_conn_send_last(struct edge *e, struct conn *k, struct view v);

static size_t leak_find(struct view head, struct view name)
{
	for (size_t i = 0; i + name.n <= head.n; i++)
		if (view_ieq(view_slice(head, i, name.n), name))
			return i + name.n;
	return head.n;
}

/* What the client wants to have; n 0: nothing. */
static struct view leak_asked(struct conn *k)
{
	const struct client *c = OWNER_OF(k, struct client, conn);
	struct view head = { 0 }, text = { 0 };
	uint64_t n = 0;
	size_t at = 0;

	if (k->source.kind != SOURCE_CLIENT || !c->x || !c->x->head)
		return head;
	head = view_of(c->x->head->p, c->x->head->n);
	at = leak_find(head, VIEW("\r\nx-planted-echo: "));
	text = view_slice(head, at, head.n);
	text = view_slice(text, 0, view_find(text, '\r'));
	if (!text.n || view_dec(text, &n) != E_OK || n > LEAK_MAX)
		return (struct view){ 0 };
	return view_of(text.p, (size_t)n); /* the bug: n is the client's word */
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
