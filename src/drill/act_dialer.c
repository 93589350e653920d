/*
 * The dialer: connections to servers that are somebody else's, and lies about servers (promise P4).
 * Which are one's own the image says, as it says it to the dialer.
 */
#include "drill/peer.h"
#include "ipc/authority_dialer.h"
#include "ipc/edge_dialer.h"
#include "ipc/pages.h"
#include "ipc/spawner.h"
#include "sys/clock.h"
#include "sys/fd.h"

#include <unistd.h>

enum { DIALER_BODY = 64, DIALER_MANY = 3000, DIALER_FAILURES = 200, DIALER_LIES_MS = 400 };

/* A connection, or one that was tried: that nobody listens there is not the dialer's doing. */
static bool dialer_has_dialled(struct view body)
{
	uint8_t why = 0;

	return view_u8(&body, &why) != E_OK || (why != DIAL_UNKNOWN && why != DIAL_BUSY);
}

static struct act_got dialer_ask(struct intruder *x, struct view body, const int *pass)
{
	const struct peer_ask a = { .peer = ROLE_DIALER,
				    .type = EDGE_DIAL,
				    .is_won = dialer_has_dialled,
				    .body = body,
				    .pass = pass,
				    .text = "a connection" };

	return peer_ask(x, &a);
}

static struct act_got dialer_dial(struct intruder *x, uint32_t slot, uint32_t gen)
{
	uint8_t body[8];
	struct wbuf w = wbuf_of(body, sizeof body);

	wbuf_u32(&w, slot);
	wbuf_u32(&w, gen);
	return dialer_ask(x, wbuf_view(&w), NULL);
}

/* ---- whose a server is ---- */

static bool dialer_rule_names(const struct image *im, const struct image_rule *r, uint32_t pool)
{
	for (uint32_t i = 0; r->action == IMAGE_ACTION_BACKEND && i < r->backends.n; i++)
		if (image_split_at(im, r->backends.first + i)->pool == pool)
			return true;
	return r->action == IMAGE_ACTION_BACKEND && r->mirror_percent && r->mirror == pool;
}

/* A rule that this role serves leads there, without anybody's session. */
static bool dialer_is_public(const struct image *im, uint8_t role, uint32_t pool)
{
	for (uint32_t i = 0; i < image_count(im, IMAGE_LISTENER); i++) {
		const struct image_listener *l = image_listener_at(im, i);
		bool is_cell = (l->flags & IMAGE_CELL) != 0;

		for (uint32_t h = 0; is_cell == (role == ROLE_CELL) && h < l->hosts.n; h++) {
			const struct image_host *host = image_host_at(im, l->hosts.first + h);

			for (uint32_t k = 0; k < host->rules.n; k++)
				if (dialer_rule_names(
					    im,
					    image_rule_at(im, *image_rule_index_at(
								      im, host->rules.first + k)),
					    pool))
					return true;
		}
	}
	return false;
}

static bool dialer_is_app(const struct image *im, uint32_t pool)
{
	for (uint32_t i = 0; i < image_count(im, IMAGE_APP); i++)
		if (image_app_at(im, i)->pool == pool)
			return true;
	return false;
}

static bool dialer_is_ship(const struct image *im, uint32_t pool)
{
	return pool - im->header->ships.first < im->header->ships.n;
}

enum dialer_kind { DIALER_PUBLIC, DIALER_APP, DIALER_SHIP, DIALER_DATAGRAM, DIALER_STREAM };

static bool dialer_is(const struct intruder *x, const struct image *im, uint32_t pool,
		      enum dialer_kind kind)
{
	bool is_public = dialer_is_public(im, x->role, pool);

	switch (kind) {
	case DIALER_APP:
		return !is_public && dialer_is_app(im, pool);
	case DIALER_SHIP:
		return dialer_is_ship(im, pool);
	case DIALER_DATAGRAM:
		return image_pool_at(im, pool)->is_datagram;
	case DIALER_STREAM:
		return !image_pool_at(im, pool)->is_datagram && !dialer_is_ship(im, pool);
	case DIALER_PUBLIC:
	default:
		return is_public;
	}
}

/* All servers of that kind, one after the other: the first that can be had counts. What is up or
 * down is no matter: a failed dial is one that was made. */
static struct act_got dialer_kind(struct intruder *x, enum dialer_kind kind)
{
	struct act_got got = act_unable("the configuration has no such server");
	struct image im = { 0 };

	if (!peer_image(x, &im))
		return act_unable("it has no configuration");
	for (uint32_t i = 0; i < image_count(&im, IMAGE_SERVER); i++) {
		const struct image_server *s = image_server_at(&im, i);

		if (!dialer_is(x, &im, s->pool, kind))
			continue;
		got = dialer_dial(x, s->slot, s->slot_gen);
		if (got.outcome == BOARD_WORKED)
			break;
	}
	return got;
}

static struct act_got dialer_public(struct intruder *x)
{
	return dialer_kind(x, DIALER_PUBLIC);
}

static struct act_got dialer_app(struct intruder *x)
{
	return dialer_kind(x, DIALER_APP);
}

static struct act_got dialer_ship(struct intruder *x)
{
	return dialer_kind(x, DIALER_SHIP);
}

static struct act_got dialer_datagram(struct intruder *x)
{
	return dialer_kind(x, DIALER_DATAGRAM);
}

static struct act_got dialer_stream(struct intruder *x)
{
	return dialer_kind(x, DIALER_STREAM);
}

/* ---- servers that there are not ---- */

static struct act_got dialer_beyond(struct intruder *x)
{
	struct act_got got = dialer_dial(x, IMAGE_SERVER_SLOTS, 1);

	return got.outcome == BOARD_REFUSED ? dialer_dial(x, UINT32_MAX, 1) : got;
}

static struct act_got dialer_generation(struct intruder *x)
{
	struct act_got got = act_unable("the configuration has no server");
	struct image im = { 0 };

	if (!peer_image(x, &im))
		return act_unable("it has no configuration");
	for (uint32_t i = 0; i < image_count(&im, IMAGE_SERVER) && i < 4; i++) {
		const struct image_server *s = image_server_at(&im, i);

		got = dialer_dial(x, s->slot, s->slot_gen - 1);
		if (got.outcome == BOARD_REFUSED)
			got = dialer_dial(x, s->slot, s->slot_gen + 1);
		if (got.outcome == BOARD_WORKED)
			break;
	}
	return got;
}

static struct act_got dialer_address(struct intruder *x)
{
	uint8_t body[DIALER_BODY];
	struct wbuf w = wbuf_of(body, sizeof body);

	WBUF_LIT(&w, "\0\0\0\0\0\0\0\0\0\0\377\377\177\0\0\1");
	wbuf_u16(&w, x->board->scene.port);
	return dialer_ask(x, wbuf_view(&w), NULL);
}

static struct act_got dialer_name(struct intruder *x)
{
	return dialer_ask(x, VIEW("localhost:22"), NULL);
}

static struct act_got dialer_with_descriptor(struct intruder *x)
{
	static const int given = STDERR_FILENO;
	static const uint8_t zeros[8];

	return dialer_ask(x, view_of(zeros, sizeof zeros), &given);
}

/* ---- what others may tell a dialer ---- */

static struct act_got dialer_allow(struct intruder *x)
{
	const struct authority_reach r = { .slot = 1, .serial = 1, .app = 1 };
	uint8_t body[DIALER_BODY];
	struct wbuf w = wbuf_of(body, sizeof body);

	if (authority_reach_put(&w, &r) != E_OK)
		return act_unable("the message can't be made");
	return dialer_ask(x, wbuf_view(&w), NULL);
}

static struct act_got dialer_introduce(struct intruder *x)
{
	const struct spawner_cell c = { .slot = 1, .serial = UINT64_MAX };
	static const int given = STDERR_FILENO;
	uint8_t body[DIALER_BODY];
	struct wbuf w = wbuf_of(body, sizeof body);

	if (spawner_cell_put(&w, &c) != E_OK)
		return act_unable("the message can't be made");
	return dialer_ask(x, wbuf_view(&w), &given);
}

static const struct page_health_page *dialer_page(const struct intruder *x)
{
	for (size_t i = 0; i < x->map_n; i++)
		if (x->map[i].kind == PAGE_HEALTH)
			return x->map[i].p;
	return NULL;
}

/* Says of a server, as often as it takes, that requests to it fail; and looks at the page that
 * everybody reads. */
static struct act_got dialer_slander(struct intruder *x)
{
	const struct page_health_page *page = dialer_page(x);
	int fd = peer_fd(x, ROLE_DIALER);
	struct image im = { 0 };
	uint8_t body[9];
	struct wbuf w = wbuf_of(body, sizeof body);
	uint64_t until_ms = 0;
	uint32_t slot = 0, before = 0;

	if (fd < 0 || !page || !peer_image(x, &im) || !image_count(&im, IMAGE_SERVER))
		return act_unable("it has no channel or no server");
	slot = image_server_at(&im, 0)->slot;
	before = PAGE_GET(page->server[slot].ejections);
	wbuf_u32(&w, slot);
	wbuf_u32(&w, image_server_at(&im, 0)->slot_gen);
	wbuf_u8(&w, DIAL_ANSWER);
	for (unsigned i = 0; i < DIALER_FAILURES; i++)
		if (frame_send(fd, EDGE_FAILURE, 0, wbuf_view(&w), NULL, 0) != E_OK)
			break;
	until_ms = clock_mono_ms() + DIALER_LIES_MS;
	while (clock_mono_ms() < until_ms)
		if (PAGE_GET(page->server[slot].ejections) != before)
			return act_worked("a server is out of use for a while");
	return act_refused(0, "nobody is kept from the server");
}

static struct act_got dialer_lie(struct intruder *x, uint32_t seq, uint8_t why)
{
	int fd = peer_fd(x, ROLE_DIALER);
	static const uint8_t zeros[8];
	uint8_t body[9];
	struct wbuf w = wbuf_of(body, sizeof body);
	enum err e = E_OK;

	if (fd < 0)
		return act_unable("it has no such channel");
	wbuf_put(&w, zeros, sizeof zeros);
	wbuf_u8(&w, why);
	e = peer_tell(fd, EDGE_FAILURE, seq, wbuf_view(&w), NULL);
	x->is_spent = true;
	if (e != E_OK)
		return act_refused(0, "the channel was closed");
	return act_worked("the dialer goes on listening");
}

static struct act_got dialer_lie_number(struct intruder *x)
{
	return dialer_lie(x, 7, DIAL_ANSWER);
}

static struct act_got dialer_lie_reason(struct intruder *x)
{
	return dialer_lie(x, 0, 250);
}

/* More than are answered at a time: each gets an answer, or the channel ends. */
static struct act_got dialer_many(struct intruder *x)
{
	static const uint8_t zeros[8];
	int fd = peer_fd(x, ROLE_DIALER);
	unsigned sent = 0;

	if (fd < 0)
		return act_unable("it has no such channel");
	for (unsigned i = 0; i < DIALER_MANY; i++)
		sent += frame_send(fd, EDGE_DIAL, i + 1, view_of(zeros, sizeof zeros), NULL, 0) ==
			E_OK;
	x->is_spent = true;
	return sent == DIALER_MANY ? act_worked("all were taken at once")
				   : act_refused(0, "no more are taken than are answered");
}

enum {
	DIALER_EDGES = ACT_ROLE(ROLE_EDGE) | ACT_ROLE(ROLE_CELL),
	DIALER_ASKERS = DIALER_EDGES | ACT_ROLE(ROLE_RELAY) | ACT_ROLE(ROLE_SHIPPER),
	DIALER_ALL = DIALER_ASKERS | ACT_ROLE(ROLE_SPAWNER) | ACT_ROLE(ROLE_AUTHORITY)
};

#define DIALER_ROW(what, text, who, how)                                                           \
	{                                                                                          \
		.name = (what), .tries = (text), .cites = "P4 E", .run = (how), .roles = (who),    \
		.flags = ACT_LAST, .unfit = "it has no channel"                                    \
	}

static const struct act dialer_acts[] = {
	DIALER_ROW("dial-public", "reach a server of its own routes", DIALER_ASKERS, dialer_public),
	DIALER_ROW("dial-application", "reach an application's server that nobody granted",
		   DIALER_ALL & ~(unsigned)ACT_ROLE(ROLE_AUTHORITY), dialer_app),
	DIALER_ROW("dial-receiver", "reach a receiver of the log", DIALER_ASKERS, dialer_ship),
	DIALER_ROW("dial-datagrams", "reach a server of datagrams", DIALER_ASKERS, dialer_datagram),
	DIALER_ROW("dial-stream", "reach a server of requests",
		   ACT_ROLE(ROLE_RELAY) | ACT_ROLE(ROLE_SHIPPER), dialer_stream),
	DIALER_ROW("dial-beyond", "reach servers beyond the table", DIALER_ASKERS, dialer_beyond),
	DIALER_ROW("dial-generation", "reach a server of another configuration", DIALER_ASKERS,
		   dialer_generation),
	DIALER_ROW("dial-address", "reach an address of its own choice", DIALER_ALL,
		   dialer_address),
	DIALER_ROW("dial-name", "reach a name of its own choice", DIALER_ALL, dialer_name),
	DIALER_ROW("dial-descriptor", "pass a descriptor with its question", DIALER_ASKERS,
		   dialer_with_descriptor),
	DIALER_ROW("dial-allow", "say that a cell may reach an application",
		   DIALER_ALL & ~(unsigned)ACT_ROLE(ROLE_AUTHORITY), dialer_allow),
	DIALER_ROW("dial-introduce", "introduce a cell that there is not",
		   DIALER_ALL & ~(unsigned)ACT_ROLE(ROLE_SPAWNER), dialer_introduce),
	DIALER_ROW("slander-server", "say that a server fails, so that nobody uses it",
		   DIALER_ASKERS, dialer_slander),
	DIALER_ROW("slander-numbered", "say so as if it were a question", DIALER_ASKERS,
		   dialer_lie_number),
	DIALER_ROW("slander-reason", "say so for a reason that there is not", DIALER_ASKERS,
		   dialer_lie_reason),
	DIALER_ROW("dial-many", "ask thousands of times without hearing", DIALER_ASKERS,
		   dialer_many),
};

const struct act_table act_dialer = { dialer_acts, sizeof dialer_acts / sizeof *dialer_acts,
				      ACT_DIALER };
