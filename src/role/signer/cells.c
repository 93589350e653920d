/* Small channels: no answer is kept for a cell that does not read. */
#include "role/signer/cells.h"

#include "ipc/record.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/log.h"

enum { CELLS_FRAMES = 4, CELLS_TELL_MS = 1000 };

/* One event per second of all cells together: a thousand that lie don't fill the log. */
static void cells_record(struct signer_cell *c, const char *action, const char *detail)
{
	struct signer *s = c->signer;
	uint8_t who[64], body[512];
	struct wbuf origin = wbuf_of(who, sizeof who), w = wbuf_of(body, sizeof body);
	struct record_event e = { .kind = RECORD_ALARM,
				  .wall_us = clock_wall_us(),
				  .action = view_str(action),
				  .object = VIEW("signer"),
				  .result = VIEW("refused"),
				  .detail = view_str(detail) };

	if (s->cells_told_ms && s->loop.now_ms - s->cells_told_ms < CELLS_TELL_MS)
		return;
	s->cells_told_ms = s->loop.now_ms;
	ip_put_endpoint(&origin, &c->ip, c->port);
	e.origin = wbuf_view(&origin);
	record_put_event(&w, &e);
	if (!s->ring.data || ring_put(&s->ring, RING_EVENT, wbuf_view(&w)) != E_OK)
		log_line(LOG_WARNING, "%s: a cell: %s", action, detail);
}

/* ---- which certificates ---- */

static size_t cells_words(const struct image *im)
{
	return (image_count(im, IMAGE_CERTIFICATE) + 63) / 64 + 1;
}

size_t cells_memory(const struct image *im)
{
	return image_count(im, IMAGE_LISTENER) * 2 * cells_words(im) * sizeof(uint64_t) +
	       _Alignof(uint64_t);
}

static void cells_may(const struct image *im, uint64_t *bits, uint32_t certificate)
{
	if (certificate < image_count(im, IMAGE_CERTIFICATE))
		bits[certificate / 64] |= UINT64_C(1) << (certificate % 64);
}

static void cells_pool(const struct image *im, uint64_t *bits, uint32_t pool)
{
	if (pool < image_count(im, IMAGE_POOL))
		cells_may(im, bits, image_pool_at(im, pool)->tls_client_certificate);
}

static void cells_rule(const struct image *im, uint64_t *bits, const struct image_rule *r)
{
	if (r->action != IMAGE_ACTION_BACKEND)
		return;
	for (uint32_t i = 0; i < r->backends.n; i++)
		cells_pool(im, bits, image_split_at(im, r->backends.first + i)->pool);
	if (r->mirror_percent)
		cells_pool(im, bits, r->mirror);
}

static void cells_as_client(const struct image *im, const struct image_listener *l, uint64_t *bits)
{
	for (uint32_t i = 0; i < l->hosts.n; i++) {
		const struct image_host *h = image_host_at(im, l->hosts.first + i);

		for (uint32_t k = 0; k < h->rules.n; k++)
			cells_rule(im, bits,
				   image_rule_at(im, *image_rule_index_at(im, h->rules.first + k)));
	}
	for (uint32_t i = 0; i < image_count(im, IMAGE_APP); i++)
		cells_pool(im, bits, image_app_at(im, i)->pool);
}

static void cells_as_server(const struct image *im, const struct image_listener *l, uint64_t *bits)
{
	cells_may(im, bits, l->default_certificate);
	for (uint32_t i = 0; i < l->sni.n; i++) {
		const struct image_sni *sni = image_sni_at(im, l->sni.first + i);

		if (sni->name.n)
			cells_may(im, bits, sni->certificate);
	}
}

enum err cells_scope(struct signer *s, const struct image *im, struct arena *a)
{
	for (uint32_t i = 0; i < image_count(im, IMAGE_LISTENER); i++) {
		const struct image_listener *l = image_listener_at(im, i);
		uint64_t *server = NULL, *client = NULL;

		if (!(l->flags & IMAGE_CELL))
			continue;
		server = ARENA_NEW(a, uint64_t, cells_words(im));
		client = ARENA_NEW(a, uint64_t, cells_words(im));
		if (!server || !client)
			return E_NOMEM;
		cells_as_server(im, l, server);
		cells_as_client(im, l, client);
		s->cell_scope[l->slot] = (struct keys_scope){ server, client };
	}
	return E_OK;
}

/* ---- what they ask ---- */

static bool cells_may_ask(struct signer_cell *c)
{
	uint64_t more = (c->signer->loop.now_ms - c->filled_ms) / CELLS_PER_TOKEN_MS;

	if (more) {
		c->tokens =
			(uint16_t)(more > (uint64_t)CELLS_BURST - c->tokens ? (uint64_t)CELLS_BURST
									    : c->tokens + more);
		c->filled_ms = c->signer->loop.now_ms;
	}
	if (c->tokens == 0)
		return false;
	c->tokens--;
	return true;
}

static enum err cells_on_sign(void *cell, struct frame *f)
{
	struct signer_cell *c = cell;
	uint8_t body[2 + SIGNER_SIGNATURE_MAX], raw[SIGNER_SIGNATURE_MAX];
	struct wbuf w = wbuf_of(body, sizeof body), signature = wbuf_of(raw, sizeof raw);
	struct keys_ask ask = { .scope = &c->signer->cell_scope[c->listener] };
	struct view in = f->body;
	const char *why = "more signatures than a connection needs";

	TRY(view_u32(&in, &ask.certificate));
	TRY(view_u16(&in, &ask.scheme));
	TRY(view_str16(&in, &ask.message));
	TRY(view_end(&in));
	if (!cells_may_ask(c) || keys_sign(&c->signer->keys, &ask, &signature, &why) != E_OK) {
		cells_record(c, "sign.refused", why);
		return frame_send(c->source.fd, SIGNER_REFUSED, f->seq, (struct view){ 0 }, NULL,
				  0);
	}
	wbuf_str16(&w, wbuf_view(&signature));
	return frame_send(c->source.fd, SIGNER_SIGNED, f->seq, wbuf_view(&w), NULL, 0);
}

/* docs/ipc: what a cell may ask. */
static const struct frame_def cells_defs[] = {
	{ EDGE_SIGN, 0, FRAME_RUN, 4 + 2 + 2, 4 + 2 + 2 + EDGE_SIGN_MESSAGE_MAX, cells_on_sign },
};

static const struct frame_table cells_table = { cells_defs,
						sizeof cells_defs / sizeof cells_defs[0] };

/* A place whose last channel was closed in this turn may be named by an event of it. */
static struct signer_cell *cells_place(struct signer *s)
{
	for (uint32_t n = 0; n < SIGNER_CELLS; n++) {
		struct signer_cell *c = &s->cells[s->next_cell++ % SIGNER_CELLS];

		if (!c->is_used && (!c->closed_turn || c->closed_turn != s->loop.turn))
			return c;
	}
	return NULL;
}

enum err cells_add(struct signer *s, const struct spawner_cell *who, int fd)
{
	AUTO_FD owned = fd;
	struct signer_cell *c = cells_place(s);

	if (!c)
		return E_LIMIT;
	if (who->listener >= IMAGE_LISTENER_SLOTS)
		return E_PROTO;
	TRY(fd_set_nonblocking(owned));
	*c = (struct signer_cell){ .source = { .fd = owned, .kind = SIGNER_CELL },
				   .signer = s,
				   .tokens = CELLS_BURST,
				   .filled_ms = s->loop.now_ms,
				   .ip = who->ip,
				   .port = who->port,
				   .listener = who->listener };
	TRY(loop_add(&s->loop, &c->source, EPOLLIN));
	(void)fd_steal(&owned);
	c->is_used = true;
	s->peer_n++;
	s->had_peer = true;
	return E_OK;
}

void cells_on_event(void *owner, struct loop_source *source, uint32_t events)
{
	struct signer *s = owner;
	struct signer_cell *c = LIST_OWNER(source, struct signer_cell, source);
	enum err e = frame_pump(source->fd, &cells_table, FRAME_RUN, c, CELLS_FRAMES);

	(void)events;
	if (e == E_OK)
		return;
	/* E_AGAIN of an answer that does not fit is seen as an end the next time: nothing is kept
	 */
	if (e == E_AGAIN)
		return;
	if (e != E_CLOSED)
		cells_record(c, "ipc.violation", err_name(e));
	loop_close(source);
	c->is_used = false;
	c->closed_turn = s->loop.turn;
	s->peer_n--;
}
