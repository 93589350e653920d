/*
 * Edges that are starting are asked as well: what they are sent now comes behind GO, so they read
 * it when they run. One whose queue is full is not waited for, but told as silent.
 */
#include "role/keeper/purge.h"

#include "ipc/keeper_role.h"
#include "role/keeper/child.h"
#include "role/keeper/control.h"
#include "role/keeper/events.h"
#include "role/keeper/post.h"

enum { PURGE_OBJECT_MAX = 400 };

static bool purge_is_awaited(const struct keeper_client *c, size_t child)
{
	return c->purge.awaits[child / 64] & (uint64_t)1 << child % 64;
}

static void purge_set(struct keeper_client *c, size_t child, bool is_awaited)
{
	uint64_t bit = (uint64_t)1 << child % 64;

	if (is_awaited)
		c->purge.awaits[child / 64] |= bit;
	else
		c->purge.awaits[child / 64] &= ~bit;
}

static bool purge_waits(const struct keeper_client *c)
{
	uint64_t any = 0;

	for (size_t i = 0; i < KEEPER_CHILDREN / 64; i++)
		any |= c->purge.awaits[i];
	return any != 0;
}

static struct view purge_count(struct wbuf *w, const struct keeper_client *c)
{
	wbuf_dec(w, c->purge.entries);
	WBUF_LIT(w, " entries, ");
	wbuf_dec(w, c->purge.bytes);
	WBUF_LIT(w, " bytes, by ");
	wbuf_dec(w, c->purge.edges);
	WBUF_LIT(w, " edges");
	return wbuf_view(w);
}

static void purge_finish(struct keeper_client *c)
{
	char detail[100];
	struct wbuf w = wbuf_of(detail, sizeof detail);
	bool is_refused = c->purge.silent != 0;

	events_put_actor_detail(c->k, c->uid, "cache.purged", view_str(c->purge.object),
				is_refused ? "failed" : "ok", purge_count(&w, c));
	control_answer(c, is_refused, (struct view){ 0 });
}

static void purge_silent(struct keeper_client *c, const struct keeper_child *edge)
{
	char line[80];
	struct wbuf w = wbuf_of(line, sizeof line);

	WBUF_LIT(&w, "error: edge[");
	wbuf_dec(&w, edge->index);
	WBUF_LIT(&w, "] did not answer: its cache may be as it was");
	c->purge.silent++;
	control_tell(c, 1, wbuf_view(&w));
}

static void purge_ask(struct keeper_client *c, size_t child, struct view body)
{
	uint8_t bytes[TOOL_PATTERN_MAX + 16];
	struct wbuf w = wbuf_of(bytes, sizeof bytes);
	struct keeper_child *edge = &c->k->children[child];
	enum err e = E_OK;

	wbuf_u32(&w, c->purge.number);
	wbuf_view_put(&w, body);
	e = post_now(edge, KEEPER_CACHE_PURGE, wbuf_view(&w));
	if (e == E_OK)
		purge_set(c, child, true);
	else if (e != E_CLOSED)
		purge_silent(c, edge);
}

/* Who asks for what: on record before anything is done. */
static enum err purge_record(struct keeper_client *c, struct view body)
{
	struct view in = body, text = { 0 };
	struct wbuf w = wbuf_of(c->purge.object, sizeof c->purge.object - 1);
	uint8_t kind = 0;

	TRY(view_u8(&in, &kind));
	TRY(view_str16(&in, &text));
	TRY(view_end(&in));
	if (text.n > TOOL_PATTERN_MAX || view_find(text, 0) != text.n)
		return E_PROTO;
	wbuf_view_put(&w, text.n ? view_slice(text, 0, PURGE_OBJECT_MAX) : VIEW("everything"));
	c->purge.object[w.n] = '\0';
	events_put_actor(c->k, c->uid, "cache.purge", wbuf_view(&w), "asked");
	return E_OK;
}

enum err purge_begin(struct keeper_client *c, struct view body)
{
	c->purge = (struct keeper_purge){ .number = ++c->k->purges };
	TRY(purge_record(c, body));
	c->wait = CLIENT_PURGE;
	c->deadline_ms = c->k->loop.now_ms + KEEPER_CLIENT_MS;
	for (size_t i = 0; i < KEEPER_CHILDREN; i++) {
		const struct keeper_child *child = &c->k->children[i];

		if (child->role == ROLE_EDGE && child->channel.fd >= 0 && child_is_alive(child))
			purge_ask(c, i, body);
	}
	if (!purge_waits(c))
		purge_finish(c);
	return E_OK;
}

/* The command that waits for this child's answer; NULL: none, it may have left. */
static struct keeper_client *purge_client(struct keeper *k, uint32_t number, size_t child)
{
	for (unsigned i = 0; i < KEEPER_CLIENTS; i++) {
		struct keeper_client *c = &k->clients[i];

		if (c->source.fd >= 0 && c->wait == CLIENT_PURGE && c->purge.number == number &&
		    purge_is_awaited(c, child))
			return c;
	}
	return NULL;
}

static void purge_tell(struct keeper_client *c, const struct keeper_child *edge, uint32_t entries,
		       uint64_t bytes)
{
	uint8_t body[24];
	struct wbuf w = wbuf_of(body, sizeof body);

	wbuf_u16(&w, edge->index);
	wbuf_u32(&w, (uint32_t)edge->pid);
	wbuf_u32(&w, entries);
	wbuf_u64(&w, bytes);
	if (frame_send(c->source.fd, KEEPER_PURGED, 0, wbuf_view(&w), NULL, 0) != E_OK)
		c->lost_lines++;
}

enum err purge_on_done(struct keeper_child *edge, struct view body)
{
	size_t child = (size_t)(edge - edge->k->children);
	struct keeper_client *c = NULL;
	uint32_t number = 0, entries = 0;
	uint64_t bytes = 0;

	if (edge->role != ROLE_EDGE)
		return E_DENIED;
	TRY(view_u32(&body, &number));
	TRY(view_u32(&body, &entries));
	TRY(view_u64(&body, &bytes));
	c = purge_client(edge->k, number, child);
	if (!c)
		return E_OK;
	purge_set(c, child, false);
	c->purge.edges++;
	c->purge.entries += entries;
	c->purge.bytes += bytes; /* an edge's word: it may be anything, and is only printed */
	purge_tell(c, edge, entries, bytes);
	if (!purge_waits(c))
		purge_finish(c);
	return E_OK;
}

void purge_on_end(struct keeper_child *edge)
{
	size_t child = (size_t)(edge - edge->k->children);

	for (unsigned i = 0; i < KEEPER_CLIENTS; i++) {
		struct keeper_client *c = &edge->k->clients[i];

		if (c->source.fd < 0 || c->wait != CLIENT_PURGE || !purge_is_awaited(c, child))
			continue;
		purge_set(c, child, false);
		if (!purge_waits(c))
			purge_finish(c);
	}
}

void purge_expired(struct keeper_client *c)
{
	for (size_t i = 0; i < KEEPER_CHILDREN; i++)
		if (purge_is_awaited(c, i))
			purge_silent(c, &c->k->children[i]);
	purge_finish(c);
}
