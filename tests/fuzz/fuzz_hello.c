/*
 * ClientHellos made field by field (RFC 8446 §4.1.2, RFC 6066 §3, RFC 7301 §3.1), in records of any
 * size: one without a lie in it is taken, and gives the name and the protocols that were put in;
 * one with a wrong length somewhere is refused or waited for, never read past.
 *
 * Input: how large records are, where the lie is (0: nowhere), then version, session, suites,
 * compression and extensions: kind, contents.
 */
#include "proto/tls_class.h"
#include "proto/tls_hello.h"
#include "tests/fuzz/fuzz.h"

enum { ROOM = 32 * 1024, PARTS = 24, NAMES = 4, SNI = 0, ALPN = 16 };

static const uint16_t kinds[] = {
	SNI, ALPN, 5, 10, 13, 21, 27, 41, 42, 43, 45, 51, 0x0a0a, 0xff01
};

struct made {
	struct wbuf w;
	unsigned at, lie; /* lengths written so far; which of them is wrong */
	uint8_t more;
	bool is_good;
	struct view sni, alpn;
	bool has_sni, has_alpn;
	unsigned seen; /* bits of kinds: each may come once */
};

/* A length before n bytes that were written behind it, in so many bytes. */
static void put_length(struct made *m, struct wbuf *w, size_t n, unsigned bytes)
{
	if (++m->at == m->lie) {
		n += m->more;
		m->is_good &= m->more == 0;
	}
	for (unsigned i = bytes; i-- > 0;)
		wbuf_u8(w, (uint8_t)(n >> 8 * i));
}

static void put_list(struct made *m, struct wbuf *w, struct view list, unsigned bytes)
{
	put_length(m, w, list.n, bytes);
	wbuf_view_put(w, list);
}

static bool is_host(struct view v)
{
	for (size_t i = 0; i < v.n; i++)
		if (!((v.p[i] >= 'a' && v.p[i] <= 'z') || v.p[i] == '-'))
			return false;
	return v.n > 0 && v.n <= 63 && v.p[0] != '-' && v.p[v.n - 1] != '-';
}

/* One name: sent as host_name. */
static void put_sni(struct made *m, struct view *in, struct wbuf *w)
{
	static uint8_t room[512];
	struct wbuf list = wbuf_of(room, sizeof room);
	struct view name = fuzz_some(in, 80);

	wbuf_u8(&list, 0);
	put_list(m, &list, name, 2);
	put_list(m, w, wbuf_view(&list), 2);
	m->is_good &= is_host(name);
	m->sni = name;
	m->has_sni = true;
}

static void put_alpn(struct made *m, struct view *in, struct wbuf *w)
{
	static uint8_t room[1024];
	struct wbuf list = wbuf_of(room, sizeof room);
	unsigned n = 1u + fuzz_u8(in) % NAMES;

	for (unsigned i = 0; i < n; i++) {
		struct view name = fuzz_some(in, 40);

		put_list(m, &list, name, 1);
		m->is_good &= name.n > 0;
	}
	put_list(m, w, wbuf_view(&list), 2);
	m->alpn = wbuf_view(&list);
	m->has_alpn = true;
}

/* Numbers of two bytes each: an odd list is none. */
static void put_numbers(struct made *m, struct view *in, struct wbuf *w, unsigned bytes)
{
	struct view list = fuzz_some(in, 200);

	m->is_good &= list.n > 0 && list.n % 2 == 0;
	put_list(m, w, list, bytes);
}

static void put_extension(struct made *m, struct view *in, struct wbuf *w)
{
	static uint8_t room[2048];
	struct wbuf body = wbuf_of(room, sizeof room);
	unsigned k = fuzz_u8(in) % (sizeof kinds / sizeof kinds[0]);

	m->is_good &= !(m->seen >> k & 1);
	m->seen |= 1u << k;
	wbuf_u16(w, kinds[k]);
	if (kinds[k] == SNI)
		put_sni(m, in, &body);
	else if (kinds[k] == ALPN)
		put_alpn(m, in, &body);
	else if (kinds[k] == 13 || kinds[k] == 10)
		put_numbers(m, in, &body, 2);
	else if (kinds[k] == 43)
		put_numbers(m, in, &body, 1);
	else
		wbuf_view_put(&body, fuzz_some(in, 200));
	put_list(m, w, wbuf_view(&body), 2);
}

/* The whole handshake message, behind four bytes of head. */
static struct view put_hello(struct made *m, struct view *in)
{
	static uint8_t body_room[ROOM], list_room[ROOM];
	struct wbuf body = wbuf_of(body_room, sizeof body_room);
	struct wbuf list = wbuf_of(list_room, sizeof list_room);
	struct view suites = { 0 };
	unsigned n = 0;

	wbuf_u16(&body, 0x0303);
	for (unsigned i = 0; i < 32; i++)
		wbuf_u8(&body, (uint8_t)i);
	put_list(m, &body, fuzz_some(in, 32), 1);
	suites = fuzz_some(in, 600);
	suites.n &= ~(size_t)1;
	m->is_good &= suites.n > 0;
	put_list(m, &body, suites, 2);
	put_list(m, &body, VIEW("\0"), 1);
	n = fuzz_u8(in) % PARTS;
	for (unsigned i = 0; i < n; i++)
		put_extension(m, in, &list);
	put_list(m, &body, wbuf_view(&list), 2);
	wbuf_u8(&m->w, 1);
	put_list(m, &m->w, wbuf_view(&body), 3);
	INVARIANT(!body.bad && !list.bad && !m->w.bad);
	return wbuf_view(&m->w);
}

static struct view put_records(struct made *m, struct view message, size_t each)
{
	static uint8_t room[4 * ROOM];
	struct wbuf w = wbuf_of(room, sizeof room);

	while (message.n) {
		struct view part = view_slice(message, 0, each);

		wbuf_u8(&w, 22);
		wbuf_u16(&w, 0x0301);
		put_list(m, &w, part, 2);
		message = view_slice(message, part.n, message.n);
	}
	return view_slice(wbuf_view(&w), 0, TLS_HELLO_WIRE_MAX);
}

static void check_class(struct view message, bool is_good)
{
	static uint8_t room[TLS_CLASS_MAX];
	struct wbuf w = wbuf_of(room, sizeof room);
	uint8_t *copy = fuzz_copy(message);
	enum err e = tls_class_put(&w, view_of(copy, message.n));

	INVARIANT(e == E_OK || e == E_PROTO || e == E_LIMIT);
	INVARIANT(!is_good || e != E_PROTO || message.n < 42);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t message_room[ROOM], scratch_room[TLS_HELLO_MAX];
	struct view in = view_of(data, size), message = { 0 }, wire = { 0 };
	struct wbuf scratch = wbuf_of(scratch_room, sizeof scratch_room);
	struct made m = { .w = wbuf_of(message_room, sizeof message_room), .is_good = true };
	size_t each = 1u + fuzz_u16(&in), progress = 0;
	struct tls_hello h = { 0 };
	uint8_t *copy = NULL;
	enum err e = E_OK;

	m.lie = fuzz_u8(&in);
	m.more = fuzz_u8(&in);
	message = put_hello(&m, &in);
	wire = put_records(&m, message, each < 16384 ? each : 16384);
	check_class(message, m.is_good && m.at < m.lie);
	copy = fuzz_copy(wire);
	e = tls_hello_parse(view_of(copy, wire.n), &progress, &scratch, &h);
	INVARIANT(e == E_OK || e == E_AGAIN || e == E_PROTO || e == E_LIMIT);
	if (m.is_good && wire.n < TLS_HELLO_WIRE_MAX) {
		INVARIANT(e == E_OK);
		INVARIANT(m.has_sni ? view_eq(h.sni, m.sni) : h.sni.n == 0);
		INVARIANT(m.has_alpn ? view_eq(h.alpn, m.alpn) : h.alpn.n == 0);
	}
	free(copy);
	return 0;
}
