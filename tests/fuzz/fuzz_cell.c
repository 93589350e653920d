/*
 * A whole cell between a hostile client, hostile servers and an authority (promises P1, P6; THREATS
 * A5, A15, A17): whatever the client sends, in whatever pieces, and whatever verdicts there are, no
 * byte reaches a server but for a request whose token the authority has called good at that
 * application; the identity is the authority's; and no token of ours is ever among what a server
 * gets. Afterwards nothing is left.
 *
 * Input: operations. 0 LEN DATA: the client sends; 1 N: the client sends one of the heads below; 2
 * LEN DATA: the newest server connection sends; 3: the client closes, another one comes; 4 V: the
 * good token's verdict; 5: the authority is lost; 6: a new one comes; 7: its session ends.
 */
#include "role/edge/abuse.h"
#include "sys/fd.h"
#include "tests/fuzz/fuzz.h"
#include "tests/ipc/cell_kit.h"

#include <stdlib.h>
#include <sys/socket.h>

enum { OPS = 8, QUIET = 3 };

/* The good one is known at cases; the other one never. */
#define GOOD  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaA"
#define OTHER "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbA"

static const struct view heads[] = {
	VIEW_INIT("GET /a HTTP/1.1\r\nHost: cases.example.nl\r\n\r\n"),
	VIEW_INIT("GET /a HTTP/1.1\r\nHost: cases.example.nl\r\nCookie: a=1; __Host-sluis-app=" GOOD
		  "; b\r\n\r\n"),
	VIEW_INIT("POST /a HTTP/1.1\r\nHost: cases.example.nl\r\nCookie: __Host-sluis-app=" GOOD
		  "\r\nContent-Length: 4\r\n\r\nbody"),
	VIEW_INIT("GET /a HTTP/1.1\r\nHost: wiki.example.nl\r\nCookie: __Host-sluis-app=" GOOD
		  "\r\n\r\n"),
	VIEW_INIT("GET / HTTP/1.1\r\nHost: cases.example.nl\r\nCookie: __Host-sluis-app=" OTHER
		  "\r\nSec-Fetch-Mode: navigate\r\n\r\n"),
	VIEW_INIT("GET /.sluis/enter?code=" OTHER " HTTP/1.1\r\nHost: cases.example.nl\r\n"
		  "Cookie: __Host-sluis-enter=" GOOD ".L2E\r\n\r\n"),
	VIEW_INIT("GET /w HTTP/1.1\r\nHost: cases.example.nl\r\nCookie: __Host-sluis-app=" GOOD
		  "\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"),
	VIEW_INIT("GET / HTTP/1.1\r\nHost: login.example.nl\r\nCookie: __Host-sluis=" GOOD
		  "\r\n\r\n"),
	VIEW_INIT(
		"POST /login HTTP/1.1\r\nHost: login.example.nl\r\nSec-Fetch-Site: same-origin\r\n"
		"Content-Type: application/x-www-form-urlencoded\r\nCookie: "
		"__Host-sluis-login=" GOOD "\r\nContent-Length: 2\r\n\r\nt="),
	VIEW_INIT("GET /a HTTP/1.1\r\nHost: cases.example.nl\r\nX_Identity: root\r\n"
		  "X-Sluis-Assertion: forged\r\nCookie: __Host-sluis-app=" GOOD "\r\n"),
	VIEW_INIT("Cookie: __Host-sluis-app=" GOOD "\r\n"),
	VIEW_INIT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"),
};

static struct kit *kit;

/* The authority has said OK of the good token since the last verdict but this one. */
static void judge(struct kit *k, bool was_good)
{
	static const struct view never[] = { VIEW_INIT(GOOD), VIEW_INIT(OTHER), VIEW_INIT("forged"),
					     VIEW_INIT("_Identity"),
					     VIEW_INIT("wiki.example.nl\r\n") };

	INVARIANT(was_good || kit_got(k) == 0);
	for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
		INVARIANT(!kit_got_has(k, never[i]));
	for (unsigned i = 0; i < k->server_n; i++) {
		struct view got = view_of(k->servers[i].got, k->servers[i].n);

		INVARIANT(got.n == 0 || !kit_has(got, VIEW("\r\n\r\n")) ||
			  kit_has(got, VIEW("\r\nX-Identity: anna\r\nX-Sluis-Assertion: "
					    "head.payload.signature\r\n")));
	}
}

static bool step(struct kit *k, struct view *in, bool *was_good)
{
	struct view data = { 0 };
	uint8_t op = 0, n = 0;

	if (view_u8(in, &op) != E_OK)
		return false;
	op %= OPS;
	if (op != 3 && op < 5 && view_u8(in, &n) != E_OK)
		return false;
	if (op == 0 || op == 2)
		(void)view_take(in, n < in->n ? n : in->n, &data);
	if (op == 0)
		kit_send(k, data);
	if (op == 1)
		kit_send(k, heads[n % (sizeof heads / sizeof heads[0])]);
	if (op == 2 && k->server_n && k->servers[k->server_n - 1].fd >= 0)
		(void)send(k->servers[k->server_n - 1].fd, data.p, data.n, MSG_NOSIGNAL);
	if (op == 3)
		kit_connect(k);
	if (op == 4)
		k->tokens[0].verdict = n % GATE_VERDICTS;
	if (op == 5)
		kit_lose_authority(k);
	if (op == 6)
		kit_new_authority(k);
	if (op == 7)
		k->page->session[1]++;
	*was_good |= k->tokens[0].verdict == GATE_OK;
	kit_turn(k);
	return true;
}

static void nothing_is_left(struct kit *k)
{
	const struct edge *e = k->edge;
	uint32_t jobs = 0;

	for (unsigned i = 0, quiet = 0; quiet < QUIET && i < 1000; i++) {
		for (unsigned s = 0; s < k->server_n; s++) /* a last try may have got one */
			k->servers[s].fd = fd_close(k->servers[s].fd);
		kit_turn(k);
		quiet = e->client_n + e->stream_client_n ? 0 : quiet + 1;
	}
	for (const struct gate_state *j = e->porter->free; j; j = j->next)
		jobs++;
	INVARIANT(e->client_n == 0 && e->stream_client_n == 0);
	INVARIANT(jobs == e->porter->job_high);
	INVARIANT(e->buffers.free_n == e->buffers.count);
	for (unsigned i = 0; i < PORTER_FORMS; i++)
		INVARIANT(!e->porter->forms[i].is_used);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct view in = view_of(p, n);
	bool was_good = false;

	if (!kit)
		kit = kit_new();
	for (unsigned i = 0; i < ABUSE_SOURCES; i++)
		kit->edge->sources[i] = (struct abuse_source){ 0 };
	kit_forget(kit);
	kit_token(kit, kit_app(kit, "cases"), VIEW(GOOD), GATE_NONE);
	kit_connect(kit);
	while (step(kit, &in, &was_good))
		judge(kit, was_good);
	kit->tokens[0].verdict = GATE_NONE;
	kit_forget(kit);
	nothing_is_left(kit);
	return 0;
}
