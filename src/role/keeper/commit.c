/* The decision of a change, and the way back is closed: what fails from here on is restarted. */
#include "role/keeper/commit.h"

#include "ipc/keeper_role.h"
#include "role/keeper/boot.h"
#include "role/keeper/child.h"
#include "role/keeper/control.h"
#include "role/keeper/events.h"
#include "role/keeper/history.h"
#include "role/keeper/listener.h"
#include "role/keeper/notify.h"
#include "role/keeper/page.h"
#include "role/keeper/post.h"
#include "role/keeper/say.h"
#include "role/keeper/seat.h"
#include "role/keeper/spawners.h"
#include "sys/fd.h"
#include "sys/log.h"
#include "sys/shm.h"

#include <unistd.h>

/* From the decision to the moment when a change is called done without the last role. */
enum { COMMIT_WAIT_MS = 20000 };

void commit_close_image(struct keeper_image *im)
{
	shm_unmap(im->map, im->bytes);
	fd_close(im->fd);
	*im = (struct keeper_image){ .fd = -1 };
}

unsigned commit_edge_count(const struct image *image)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned n = image->header->edges;

	if (n == 0)
		n = cores > 0 ? (unsigned)cores : 1;
	return n > ROLE_EDGES_MAX ? ROLE_EDGES_MAX : n;
}

/* The one that runs serves the new image too; it would be born with it now. */
static void commit_keep(struct keeper *k, enum role role)
{
	struct keeper_child *c = seat_of(k, role, 0)->child;

	if (c)
		c->generation = k->image.generation;
}

static void commit_provider(struct keeper *k, struct keeper_child **candidate)
{
	struct keeper_child *c = *candidate, *old = NULL;

	if (!c)
		return;
	old = seat_give(seat_of(k, (enum role)c->role, 0), c);
	c->is_candidate = false;
	*candidate = NULL;
	if (!old)
		return;
	/* An old one ends when its last channel closes; only the dialer has something to stop
	 * before: writing the health page, which has one writer */
	if (old->role == ROLE_DIALER) {
		child_retire(old, KEEPER_RETIRE_MS);
	} else {
		old->state = CHILD_RETIRED;
		old->deadline_ms = k->loop.now_ms + KEEPER_RETIRE_MS;
	}
}

/* A channel of the new generation; one that was kept and has just ended is linked when the next one
 * runs. */
static enum err commit_link(struct keeper *k, enum role provider, struct keeper_child *user)
{
	struct keeper_child *c = seat_of(k, provider, 0)->child;

	return c && c->state == CHILD_RUNNING ? boot_link(c, user) : E_OK;
}

static enum err commit_swap_edge(struct keeper_child *c)
{
	struct keeper *k = c->k;
	uint8_t body[4];
	struct wbuf w = wbuf_of(body, sizeof body);

	TRY(boot_post_image(c, &k->image));
	TRY(commit_link(k, ROLE_SIGNER, c));
	TRY(commit_link(k, ROLE_DIALER, c));
	TRY(page_post_loads(c, true));
	TRY(listener_post(c, true));
	wbuf_u32(&w, k->image.generation);
	TRY(post_simple(c, KEEPER_SWAP, wbuf_view(&w)));
	c->swap = k->image.generation;
	c->deadline_ms = k->loop.now_ms + KEEPER_SWAP_MS;
	return E_OK;
}

/* Sessions outlive the change: the relay swaps as an edge does. */
static enum err commit_swap_relay(struct keeper_child *c)
{
	struct keeper *k = c->k;
	uint8_t body[4];
	struct wbuf w = wbuf_of(body, sizeof body);

	TRY(boot_post_image(c, &k->image));
	TRY(commit_link(k, ROLE_DIALER, c));
	TRY(listener_post(c, true));
	wbuf_u32(&w, k->image.generation);
	TRY(post_simple(c, KEEPER_SWAP, wbuf_view(&w)));
	c->swap = k->image.generation;
	c->deadline_ms = k->loop.now_ms + KEEPER_SWAP_MS;
	return E_OK;
}

static bool commit_wants_relay(const struct image *im)
{
	for (uint32_t i = 0; i < image_count(im, IMAGE_LISTENER); i++)
		if (image_listener_at(im, i)->protocol == IMAGE_UDP)
			return true;
	return false;
}

static void commit_relay(struct keeper *k)
{
	struct keeper_child *c = seat_of(k, ROLE_RELAY, 0)->child;

	/* One that is no longer wanted drains instead */
	if (c && commit_wants_relay(&k->image.image) && commit_swap_relay(c) != E_OK)
		child_kill(c);
}

static void commit_swap_edges(struct keeper *k)
{
	for (unsigned i = 0; i < ROLE_EDGES_MAX; i++) {
		struct keeper_child *c = seat_of(k, ROLE_EDGE, i)->child;

		if (c && commit_swap_edge(c) != E_OK)
			child_kill(c); /* the next one is born with the new image */
	}
}

/* Upgrade: the new edges accept already; the old ones finish what they have. */
static void commit_renew_edges(struct keeper *k)
{
	for (unsigned i = 0; i < ROLE_EDGES_MAX; i++) {
		struct keeper_child *c = k->change.edge[i], *old = NULL;

		if (!c)
			continue;
		c->is_candidate = false;
		k->change.edge[i] = NULL;
		old = seat_give(seat_of(k, ROLE_EDGE, i), c);
		if (old)
			child_retire(old, KEEPER_RETIRE_MS);
	}
}

/* Audit, console, exporter, herald and relay may not run twice: the next one starts when this one
 * has ended. */
static void commit_renew_single(struct keeper *k, enum role role)
{
	struct keeper_child *c = seat_of(k, role, 0)->child;

	if (c)
		child_drain(c, KEEPER_END_MS);
}

static void commit_audit(struct keeper *k)
{
	struct keeper_child *c = seat_of(k, ROLE_AUDIT, 0)->child;
	enum err e = E_OK;

	if (!c)
		return;
	c->generation = k->image.generation;
	e = boot_post_image(c, &k->image);
	if (e == E_OK)
		e = commit_link(k, ROLE_SIGNER, c);
	if (e != E_OK && e != E_CLOSED)
		child_kill(c);
}

static void commit_herald(struct keeper *k)
{
	struct keeper_child *c = seat_of(k, ROLE_HERALD, 0)->child;
	enum err e = E_OK;

	if (!c || !k->image.image.header->status_page.address.kind)
		return;
	c->generation = k->image.generation;
	e = boot_post_image(c, &k->image);
	if (e == E_OK)
		e = listener_post(c, true);
	if (e != E_OK && e != E_CLOSED)
		child_kill(c);
}

static void commit_console(struct keeper *k)
{
	struct keeper_child *c = seat_of(k, ROLE_CONSOLE, 0)->child;
	enum err e = E_OK;

	if (!c || !k->image.image.header->metrics.kind)
		return;
	c->generation = k->image.generation;
	e = boot_post_image(c, &k->image);
	if (e == E_OK)
		e = page_post_loads(c, true);
	if (e == E_OK)
		e = listener_post(c, true);
	if (e != E_OK && e != E_CLOSED)
		child_kill(c);
}

/* The authority decides by the newest image; what it has published stays. */
static void commit_authority(struct keeper *k)
{
	struct keeper_child *c = seat_of(k, ROLE_AUTHORITY, 0)->child;
	enum err e = E_OK;

	if (!c)
		return;
	c->generation = k->image.generation;
	e = boot_post_image(c, &k->image);
	if (e == E_OK)
		e = commit_link(k, ROLE_SIGNER, c);
	if (e == E_OK)
		e = commit_link(k, ROLE_DIALER, c);
	if (e != E_OK && e != E_CLOSED)
		child_kill(c);
}

/* What a password costs is fixed at the verifier's birth. */
static bool commit_hashing_differs(const struct image *was, const struct image *is)
{
	const struct image_header *a = was->header, *b = is->header;

	return a && (a->gateway.argon2_kib != b->gateway.argon2_kib ||
		     a->gateway.argon2_passes != b->gateway.argon2_passes);
}

static bool commit_text_differs(const struct image *a, struct image_str x, const struct image *b,
				struct image_str y)
{
	return !view_eq(image_view(a, x), image_view(b, y));
}

/* Another collector means another exporter: its reach is fixed at birth. */
static bool commit_tracing_differs(const struct image *was, const struct image *is)
{
	const struct image_header *a = was->header, *b = is->header;

	if (!a || !a->tracing.kind || !b->tracing.kind)
		return false; /* it comes or goes with its seat */
	return !ip_eq(&a->tracing.ip, &b->tracing.ip) || a->tracing.port != b->tracing.port ||
	       commit_text_differs(was, a->tracing_path, is, b->tracing_path) ||
	       commit_text_differs(was, a->tracing_service, is, b->tracing_service);
}

static void commit_seat(struct keeper *k, enum role role, bool is_wanted)
{
	struct keeper_seat *s = seat_of(k, role, 0);

	if (is_wanted)
		seat_want(s, k->loop.now_ms);
	else
		seat_unwant(s);
}

/* Its image is fixed at its birth: another one takes over when it is ready. */
static void commit_spawner(struct keeper *k)
{
	struct keeper_seat *s = seat_of(k, ROLE_SPAWNER, 0);

	if (spawners_are_wanted(&k->image.image)) {
		spawners_renew(k);
		seat_want(s, k->loop.now_ms);
		return;
	}
	seat_unwant(s);
	spawners_retire(k);
}

static void commit_seats(struct keeper *k)
{
	unsigned edges = commit_edge_count(&k->image.image);
	const struct image_header *h = k->image.image.header;
	struct keeper_seat *console = seat_of(k, ROLE_CONSOLE, 0),
			   *exporter = seat_of(k, ROLE_EXPORTER, 0),
			   *relay = seat_of(k, ROLE_RELAY, 0);
	seat_want(seat_of(k, ROLE_AUDIT, 0), k->loop.now_ms);
	seat_want(seat_of(k, ROLE_AUTHORITY, 0),
		  k->loop.now_ms); /* levels hold without a gateway */
	for (unsigned i = 0; i < ROLE_EDGES_MAX; i++) {
		if (i >= edges)
			seat_unwant(seat_of(k, ROLE_EDGE, i));
		else
			seat_want(seat_of(k, ROLE_EDGE, i), k->loop.now_ms);
	}
	if (h->metrics.kind)
		seat_want(console, k->loop.now_ms);
	else
		seat_unwant(console);
	if (h->tracing.kind)
		seat_want(exporter, k->loop.now_ms);
	else
		seat_unwant(exporter);
	commit_seat(k, ROLE_SHIPPER, h->ships.n != 0);
	commit_seat(k, ROLE_VERIFIER, h->gateway.host.n != 0);
	commit_seat(k, ROLE_HERALD, h->status_page.address.kind != 0);
	commit_spawner(k);
	if (commit_wants_relay(&k->image.image))
		seat_want(relay, k->loop.now_ms);
	else
		seat_unwant(relay);
}

void commit_change(struct keeper *k)
{
	struct keeper_change *ch = &k->change;
	bool is_other_collector = commit_tracing_differs(&k->image.image, &ch->image.image),
	     is_other_hashing = commit_hashing_differs(&k->image.image, &ch->image.image);

	commit_close_image(&k->image); /* messages that wait have a descriptor of their own */
	k->image = ch->image;
	ch->image = (struct keeper_image){ .fd = -1 };
	history_commit(k);
	ch->state = CHANGE_SWAP;
	ch->deadline_ms = k->loop.now_ms + COMMIT_WAIT_MS;
	listener_commit(k);
	if (ch->is_renewal)
		page_renew_commit(k);
	if (page_loads(k, commit_edge_count(&k->image.image)) != E_OK)
		log_line(LOG_ERROR, "some edges have no stripe and will not start");
	if (ch->keeps_signer)
		commit_keep(k, ROLE_SIGNER);
	if (ch->keeps_dialer)
		commit_keep(k, ROLE_DIALER);
	commit_provider(k, &ch->signer);
	commit_provider(k, &ch->dialer);
	if (ch->is_renewal) {
		commit_renew_edges(k);
		commit_renew_single(k, ROLE_AUDIT);
		commit_renew_single(k, ROLE_CONSOLE);
		commit_renew_single(k, ROLE_EXPORTER);
		commit_renew_single(k, ROLE_HERALD);
		commit_renew_single(k, ROLE_RELAY);
		k->ends_sessions |= !ch->is_rekey;
		commit_renew_single(k, ROLE_AUTHORITY);
		commit_renew_single(k, ROLE_VERIFIER);
	} else {
		commit_swap_edges(k);
		commit_relay(k);
		commit_audit(k);
		commit_console(k);
		commit_herald(k);
		commit_authority(k);
		if (is_other_hashing)
			commit_renew_single(k, ROLE_VERIFIER);
		if (is_other_collector)
			commit_renew_single(k, ROLE_EXPORTER);
	}
	/* Its receivers are of one image, and what it has not sent lies on the disk */
	commit_renew_single(k, ROLE_SHIPPER);
	commit_seats(k);
}

void commit_tell(struct keeper *k)
{
	char text[64];
	struct wbuf w = wbuf_of(text, sizeof text);

	WBUF_LIT(&w, "generation ");
	wbuf_dec(&w, k->image.generation);
	events_put_change(k, "config.applied", "ok", wbuf_view(&w));
	if (k->is_ready) {
		control_tell_applied(k, k->image.generation, k->change.number);
		say_format(k, SAY_PROGRESS, "generation %u is in use",
			   (unsigned)k->image.generation);
		if (k->change.number)
			say_format(k, SAY_PROGRESS, "entry %u of the history",
				   (unsigned)k->change.number);
		return;
	}
	k->is_ready = true;
	if (fd_write_all(STDOUT_FILENO, VIEW("ready\n")) != E_OK)
		log_line(LOG_WARNING, "nobody reads standard output");
	notify_send(k, VIEW("READY=1\nSTATUS=ready\n"));
}
