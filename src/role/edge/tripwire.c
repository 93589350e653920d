/*
 * Who has leaked can't be trusted to go on, and what it remembers is evidence: so it touches as
 * little as it can, says so, and stands still. Its connections are cut at once and not when its
 * successor is ready: no further request is served by it, and who connects meanwhile waits in the
 * listener's queue, which is the kernel's.
 */
#include "role/edge/tripwire.h"

#include "base/base64url.h"
#include "ipc/cell_spawner.h"
#include "role/edge/accept.h"
#include "role/edge/access.h"
#include "role/edge/h2.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/secret.h"
#include "tls/tls_digest.h"
#include "tls/tls_heap.h"

#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	TRIPWIRE_PAGE = 4096,
	TRIPWIRE_WAIT_MS = 10000, /* to be frozen; then it ends */
	TRIPWIRE_POLL_MS = 200
};

/* Blocks among those that a connection's TLS state, its records and its handshake have. */
static const uint32_t tripwire_heap_bytes[TRIPWIRE_HEAP] = { 448,  448,	 768,  1024,
							     2048, 4096, 9216, 17408 };

/* ---- where they lie ---- */

static void tripwire_put(const struct edge *e, uint8_t *at, size_t n)
{
	struct wbuf w = wbuf_of(at, n);

	wbuf_put(&w, e->tripwire.canary.text, CANARY_TEXT);
}

static void tripwire_put_gaps(struct edge *e)
{
	uint8_t *const gaps[] = { e->gap_fields, e->gap_in,   e->gap_plain, e->gap_piece,
				  e->gap_frame,	 e->gap_wire, e->gap_path };

	for (size_t i = 0; i < sizeof gaps / sizeof gaps[0]; i++)
		tripwire_put(e, gaps[i], CANARY_TEXT);
	e->tripwire.is_out = false;
}

/* The page is full of them: they follow each other. */
static void tripwire_put_page(struct edge *e)
{
	struct wbuf w = wbuf_of(e->tripwire.page, TRIPWIRE_PAGE);

	while (wbuf_room(&w) >= CANARY_TEXT)
		wbuf_put(&w, e->tripwire.canary.text, CANARY_TEXT);
}

void tripwire_renew(struct edge *e)
{
	uint8_t random[CANARY_RANDOM];

	secret_random(random, sizeof random);
	canary_make(&e->tripwire.canary, random);
	secret_wipe(random, sizeof random);
	tripwire_put_page(e);
	for (unsigned i = 0; i < TRIPWIRE_HEAP; i++)
		if (e->tripwire.heap[i])
			tripwire_put(e, e->tripwire.heap[i], CANARY_TEXT);
	e->tripwire.is_out = true;
}

enum err tripwire_init(struct edge *e)
{
	void *page = mmap(NULL, 2 * TRIPWIRE_PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return log_errno("a page for canaries");
	e->tripwire.page = page;
	if (mprotect(e->tripwire.page + TRIPWIRE_PAGE, TRIPWIRE_PAGE, PROT_NONE) < 0)
		return log_errno("a guard behind the canaries");
	/* In the spawner blocks would be written anew by every cell, and cost it pages */
	for (unsigned i = 0; i < TRIPWIRE_HEAP && !e->serves_cells; i++)
		e->tripwire.heap[i] = tls_heap_get(tripwire_heap_bytes[i]);
	tripwire_renew(e);
	e->buffers.canary = &e->tripwire.canary;
	return E_OK;
}

void tripwire_forget(struct edge *e)
{
	e->tripwire.is_out = true;
}

void tripwire_behind(struct edge *e, const struct wbuf *w)
{
	struct wbuf rest = wbuf_of(w->p + w->n, wbuf_room(w));

	if (__builtin_expect(e->tripwire.is_out, 0))
		tripwire_put_gaps(e);
	wbuf_put(&rest, e->tripwire.canary.text,
		 wbuf_room(&rest) < CANARY_TOKEN ? wbuf_room(&rest) : (size_t)CANARY_TOKEN);
}

/* ---- when one is about to leave ---- */

static const struct exchange *tripwire_exchange(struct conn *k)
{
	if (k->source.kind == SOURCE_UPSTREAM)
		return OWNER_OF(k, struct upstream, conn)->x;
	return k->source.kind == SOURCE_CLIENT ? OWNER_OF(k, struct client, conn)->x : NULL;
}

/* Which canary, to whom, in which request; none of its bytes. */
static void tripwire_tell(struct edge *e, struct conn *k, enum canary_kind kind)
{
	char text[96];
	struct wbuf w = wbuf_of(text, sizeof text);

	WBUF_LIT(&w, "a canary (");
	wbuf_str(&w, canary_kind_name(kind));
	WBUF_LIT(&w, ") was on its way to a ");
	wbuf_str(&w, k->source.kind == SOURCE_UPSTREAM ? "server" : "client");
	if (access_alarm(e, tripwire_exchange(k), VIEW("canary.leaked"), wbuf_view(&w)) != E_OK)
		log_line(LOG_ERROR, "canary.leaked: %.*s", (int)w.n, text);
}

static void tripwire_cut(int fd)
{
	if (fd >= 0)
		(void)shutdown(fd, SHUT_RDWR);
}

/* The one that the leak was for is reset: nothing that still waits for its client arrives. */
static void tripwire_reset(struct conn *k)
{
	struct linger l = { .l_onoff = 1 };

	if (k->source.fd < 0)
		return;
	(void)setsockopt(k->source.fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
	loop_close(&k->source);
}

static void tripwire_cut_all(struct edge *e)
{
	for (uint16_t slot = 0; slot < IMAGE_LISTENER_SLOTS; slot++)
		accept_close(e, slot);
	for (uint32_t i = 0; i < e->client_high; i++)
		if (e->clients[i].state != CLIENT_FREE)
			tripwire_cut(e->clients[i].conn.source.fd);
	for (uint32_t i = 0; i < e->upstream_high; i++)
		if (!e->upstreams[i].is_dead)
			tripwire_cut(e->upstreams[i].conn.source.fd);
	/* Others wait for the end of these, and a frozen process ends nothing */
	for (unsigned i = 0; i < TLS_SIGNER_CHANNELS; i++)
		loop_close(&e->signers[i]);
	loop_close(&e->dialer);
	loop_close(&e->authority);
	e->exporter_fd = fd_close(e->exporter_fd);
}

/* Until the keeper, or a cell's spawner, has stopped it: what still comes is not looked at. */
static _Noreturn void tripwire_wait(struct edge *e, enum canary_kind kind)
{
	uint64_t until = clock_mono_ms() + TRIPWIRE_WAIT_MS;
	uint8_t body = (uint8_t)kind, type = e->serves_cells ? CELL_LEAKS : ROLE_LEAKS;
	enum err sent = E_AGAIN;
	int fd = e->keeper.fd >= 0 ? loop_remove(&e->loop, &e->keeper) : -1;

	while (fd >= 0 && clock_mono_ms() < until) {
		struct epoll_event event = { 0 };

		if (sent == E_AGAIN)
			sent = frame_send(fd, type, 0, view_of(&body, 1), NULL, 0);
		if (sent != E_OK && sent != E_AGAIN)
			break;
		(void)epoll_wait(e->loop.epoll_fd, &event, 1, TRIPWIRE_POLL_MS);
	}
	_exit(1); /* nobody keeps it: better gone than going on */
}

static _Noreturn void tripwire_sprung(struct edge *e, struct conn *k, struct view v)
{
	const struct canary *c = &e->tripwire.canary;
	enum canary_kind kind = canary_which(c, view_slice(v, canary_find(c, v), v.n));

	tripwire_reset(k->stream ? k->stream->session->conn : k);
	tripwire_cut_all(e);
	tripwire_tell(e, k, kind);
	tripwire_wait(e, kind);
}

void tripwire_check(struct edge *e, struct conn *k, struct view v, uint8_t *at)
{
	if (__builtin_expect(canary_scan(&e->tripwire.canary, v, at), 0))
		tripwire_sprung(e, k, v);
}

/* ---- when one comes back ---- */

void tripwire_token_hash(const struct edge *e, enum canary_kind kind, uint8_t ret[32])
{
	struct view text = view_of(e->tripwire.canary.token[kind], CANARY_TOKEN);
	uint8_t raw[32], digest[TLS_DIGEST_BYTES] = { 0 };
	struct wbuf w = wbuf_of(raw, sizeof raw), to = wbuf_of(ret, sizeof digest);

	if (kind == CANARY_PASSWORD)
		(void)!(tls_digest_sha256(text, digest) == E_OK);
	else if (base64url_get(text, &w) == E_OK)
		(void)!(tls_digest_sha256(wbuf_view(&w), digest) == E_OK);
	wbuf_put(&to, digest, sizeof digest);
}

static void tripwire_put_hash(struct wbuf *w, const struct edge *e, const char *name,
			      enum canary_kind kind)
{
	uint8_t hash[32];

	tripwire_token_hash(e, kind, hash);
	wbuf_str(w, name);
	wbuf_hex(w, view_of(hash, sizeof hash));
}

void tripwire_announce(struct edge *e)
{
	uint8_t text[320];
	struct wbuf w = wbuf_of(text, sizeof text);

	tripwire_put_hash(&w, e, "session=", CANARY_SESSION);
	tripwire_put_hash(&w, e, " bearer=", CANARY_BEARER);
	tripwire_put_hash(&w, e, " password=", CANARY_PASSWORD);
	if (access_event(e, VIEW("canary.made"), VIEW("hashes"), VIEW("ok"), wbuf_view(&w)) != E_OK)
		log_line(LOG_WARNING, "no room to tell of this process's canaries");
}
