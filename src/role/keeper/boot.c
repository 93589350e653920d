/*
 * The messages of a role's birth, per role. Boot messages are gone for ever after GO; channels and
 * a few others may also come later (ipc/keeper_role.h).
 */
#include "role/keeper/boot.h"

#include "ipc/keeper_role.h"
#include "role/keeper/listener.h"
#include "role/keeper/page.h"
#include "role/keeper/post.h"
#include "role/keeper/ring_table.h"
#include "role/keeper/roles.h"
#include "sys/log.h"

#include <sys/socket.h>

static enum err boot_post_identity(struct keeper_child *c)
{
	uint8_t body[16];
	struct wbuf w = wbuf_of(body, sizeof body);

	wbuf_u8(&w, c->role);
	wbuf_u16(&w, c->index);
	wbuf_u32(&w, c->k->boot_id);
	wbuf_u32(&w, c->k->options.weaker);
	return post_simple(c, KEEPER_IDENTITY, wbuf_view(&w));
}

enum err boot_post_image(struct keeper_child *c, const struct keeper_image *image)
{
	uint8_t body[4];
	struct wbuf w = wbuf_of(body, sizeof body);
	struct post p = { .type = KEEPER_IMAGE, .fd_n = 1, .fds = { image->fd } };

	wbuf_u32(&w, image->generation);
	p.body = wbuf_view(&w);
	return post_send(c, &p);
}

static enum err boot_post_ring(struct keeper_child *c)
{
	uint8_t body[8];
	struct wbuf w = wbuf_of(body, sizeof body);
	struct post p = { .type = KEEPER_RING, .fd_n = 2, .takes = true };

	TRY(ring_table_new(c->k, (enum role)c->role, c->index, &c->ring, p.fds));
	wbuf_u32(&w, c->ring);
	wbuf_u8(&w, c->role);
	wbuf_u16(&w, c->index);
	p.body = wbuf_view(&w);
	return post_send(c, &p);
}

static enum err boot_post_path(struct keeper_child *c, int fd)
{
	struct post p = { .type = KEEPER_PATH, .fd_n = 1, .fds = { fd } };

	return post_send(c, &p);
}

enum err boot_link(struct keeper_child *provider, struct keeper_child *user)
{
	int pair[2] = { -1, -1 };
	uint8_t body[4];
	struct keeper_child *end[2] = { provider, user };
	enum err e[2] = { E_OK, E_OK };

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0)
		return log_errno("socketpair");
	for (unsigned i = 0; i < 2; i++) {
		const struct keeper_child *peer = end[1 - i];
		struct wbuf w = wbuf_of(body, sizeof body);
		struct post p = {
			.type = KEEPER_CHANNEL, .fd_n = 1, .takes = true, .fds = { pair[i] }
		};

		wbuf_u8(&w, peer->role);
		wbuf_u16(&w, peer->index);
		p.body = wbuf_view(&w);
		e[i] = post_send(end[i], &p);
	}
	/* That a provider has just ended is no failure of its user: the next one is linked when it
	 * is ready */
	return e[0] == E_OK || e[0] == E_CLOSED ? e[1] : e[0];
}

static void boot_link_if(struct keeper_child *provider, struct keeper_child *user)
{
	enum err e = E_OK;

	if (!user || user->state == CHILD_FREE || user->state == CHILD_RETIRED)
		return;
	e = boot_link(provider, user);
	if (e != E_OK && e != E_CLOSED)
		log_line(LOG_ERROR, "no channel between %s and %s[%u]: %s",
			 role_name((enum role)provider->role), role_name((enum role)user->role),
			 (unsigned)user->index, err_name(e));
}

/* Who else than edges gets a channel to a provider that has just become ready. */
static const struct boot_user {
	uint8_t provider, user; /* enum role */
} boot_users[] = {
	{ ROLE_SIGNER, ROLE_AUDIT },	   { ROLE_DIALER, ROLE_RELAY },
	{ ROLE_SIGNER, ROLE_AUTHORITY },   { ROLE_DIALER, ROLE_AUTHORITY },
	{ ROLE_SIGNER, ROLE_SPAWNER },	   { ROLE_DIALER, ROLE_SPAWNER },
	{ ROLE_AUDIT, ROLE_SPAWNER },	   { ROLE_AUTHORITY, ROLE_SPAWNER },
	{ ROLE_VERIFIER, ROLE_AUTHORITY }, { ROLE_DIALER, ROLE_SHIPPER },
	{ ROLE_AUDIT, ROLE_AUTHORITY },
};

static bool boot_serves_edges(const struct keeper_child *c)
{
	return c->role == ROLE_SIGNER || c->role == ROLE_DIALER || c->role == ROLE_EXPORTER;
}

void boot_link_provider(struct keeper_child *provider)
{
	struct keeper *k = provider->k;

	for (size_t i = 0; i < sizeof boot_users / sizeof boot_users[0]; i++)
		if (boot_users[i].provider == provider->role)
			boot_link_if(provider, k->seats[boot_users[i].user].child);
	if (!boot_serves_edges(provider))
		return;
	for (unsigned i = 0; i < ROLE_EDGES_MAX; i++)
		boot_link_if(provider, k->seats[ROLE_N + i].child);
}

/* The signer or dialer that a new edge or audit shall use: the candidate while a change prepares
 * edges of its own. One that does not run yet is linked when it is ready. */
static struct keeper_child *boot_provider(const struct keeper_child *c, enum role role)
{
	struct keeper *k = c->k;
	struct keeper_child *p = k->seats[role].child;

	if (c->is_candidate && (role == ROLE_SIGNER || role == ROLE_DIALER))
		p = role == ROLE_SIGNER ? k->change.signer : k->change.dialer;
	return p && p->state == CHILD_RUNNING ? p : NULL;
}

static enum err boot_link_to(struct keeper_child *c, enum role role)
{
	struct keeper_child *p = boot_provider(c, role);

	return p ? boot_link(p, c) : E_OK;
}

static enum err boot_post_document(struct keeper_child *c, enum document_kind kind, int fd)
{
	uint8_t body = (uint8_t)kind;
	struct post p = {
		.type = KEEPER_DOCUMENT, .fd_n = 1, .fds = { fd }, .body = view_of(&body, 1)
	};

	return fd >= 0 ? post_send(c, &p) : E_OK;
}

static enum err boot_config(struct keeper_child *c, const struct keeper_image *image)
{
	struct keeper *k = c->k;

	if (image->fd >= 0)
		TRY(boot_post_image(c, image));
	TRY(boot_post_document(c, DOCUMENT_RUNNING, k->document.fd));
	TRY(boot_post_document(c, k->change.is_edit ? DOCUMENT_EDIT : DOCUMENT_TARGET,
			       k->change.text_fd));
	return post_simple(c, KEEPER_PATH, view_of(k->path_body, k->path_body_n));
}

static enum err boot_edge(struct keeper_child *c, const struct keeper_image *image)
{
	struct keeper *k = c->k;

	TRY(boot_post_image(c, image));
	TRY(page_post(c, PAGE_HEALTH, 0, false));
	TRY(page_post(c, PAGE_GATE, 0, false));
	TRY(page_post_loads(c, false));
	TRY(boot_post_ring(c));
	TRY(listener_post(c, false));
	TRY(post_simple(c, KEEPER_SECRET, view_of(k->ticket_keys.p, k->ticket_keys.n)));
	TRY(post_simple(c, KEEPER_PERSIST, view_of(k->persist_keys.p, PERSIST_KEYS_BYTES)));
	TRY(post_simple(c, KEEPER_HASH_KEY, view_of(k->hash_key.p, KEEPER_HASH_KEY_BYTES)));
	TRY(boot_link_to(c, ROLE_SIGNER));
	TRY(boot_link_to(c, ROLE_EXPORTER));
	return boot_link_to(c, ROLE_DIALER);
}

static enum err boot_console(struct keeper_child *c, const struct keeper_image *image)
{
	TRY(boot_post_image(c, image));
	TRY(page_post(c, PAGE_HEALTH, 0, false));
	TRY(page_post(c, PAGE_KEEPER, 0, false));
	TRY(page_post(c, PAGE_AUDIT, 0, false));
	TRY(page_post(c, PAGE_EXPORTER, 0, false));
	TRY(page_post(c, PAGE_SHIPPER, 0, false));
	TRY(page_post_loads(c, false));
	TRY(page_post(c, PAGE_LOAD, PAGE_LOAD_RELAY, false));
	TRY(page_post(c, PAGE_LOAD, PAGE_LOAD_CELLS, false));
	TRY(page_post(c, PAGE_GATE, 0, false));
	TRY(page_post(c, PAGE_CELLS, 0, false));
	return listener_post(c, false);
}

static enum err boot_herald(struct keeper_child *c, const struct keeper_image *image)
{
	TRY(boot_post_image(c, image));
	TRY(page_post(c, PAGE_GATE, 0, false));
	return listener_post(c, false);
}

static enum err boot_relay(struct keeper_child *c, const struct keeper_image *image)
{
	TRY(boot_post_image(c, image));
	TRY(page_post(c, PAGE_HEALTH, 0, false));
	TRY(page_post(c, PAGE_LOAD, PAGE_LOAD_RELAY, true));
	TRY(page_post(c, PAGE_GATE, 0, false));
	TRY(boot_post_ring(c));
	TRY(listener_post(c, false));
	TRY(post_simple(c, KEEPER_HASH_KEY, view_of(c->k->hash_key.p, KEEPER_HASH_KEY_BYTES)));
	return boot_link_to(c, ROLE_DIALER);
}

static enum err boot_exporter(struct keeper_child *c, const struct keeper_image *image)
{
	TRY(boot_post_image(c, image));
	/* bit 0 of the index: cgroup rules hold it to its collector */
	return page_post(c, PAGE_EXPORTER, c->fence.cgroup_fd >= 0, true);
}

static enum err boot_shipper(struct keeper_child *c, const struct keeper_image *image)
{
	TRY(boot_post_image(c, image));
	TRY(boot_post_path(c, c->k->dirs.audit));
	TRY(boot_post_path(c, c->k->dirs.ship));
	TRY(page_post(c, PAGE_SHIPPER, 0, true));
	TRY(boot_post_ring(c));
	return boot_link_to(c, ROLE_DIALER);
}

static enum err boot_audit(struct keeper_child *c, const struct keeper_image *image)
{
	TRY(boot_post_image(c, image));
	TRY(boot_post_path(c, c->k->dirs.audit));
	TRY(page_post(c, PAGE_AUDIT, 0, true));
	TRY(ring_table_post_all(c));
	return boot_link_to(c, ROLE_SIGNER);
}

static enum err boot_signer(struct keeper_child *c, const struct keeper_image *image)
{
	TRY(boot_post_image(c, image));
	TRY(boot_post_path(c, c->k->dirs.keys));
	return boot_post_ring(c);
}

static enum err boot_dialer(struct keeper_child *c, const struct keeper_image *image)
{
	TRY(boot_post_image(c, image));
	/* bit 0 of the index: cgroup rules hold it to its addresses */
	TRY(page_post(c, PAGE_HEALTH, c->fence.cgroup_fd >= 0, true));
	return boot_post_ring(c);
}

static enum err boot_authority(struct keeper_child *c, const struct keeper_image *image)
{
	struct keeper *k = c->k;

	TRY(boot_post_image(c, image));
	TRY(boot_post_path(c, k->dirs.authority));
	TRY(post_simple(c, KEEPER_SECRET, view_of(k->store_key.p, KEEPER_STORE_KEY_BYTES)));
	if (k->store_key_next.p)
		TRY(post_simple(c, KEEPER_SECRET,
				view_of(k->store_key_next.p, KEEPER_STORE_KEY_BYTES)));
	/* bit 0 of the index: after an upgrade no session goes on */
	TRY(page_post(c, PAGE_GATE, k->ends_sessions, true));
	TRY(page_post(c, PAGE_HEALTH, 0, false));
	TRY(boot_post_ring(c));
	TRY(boot_link_to(c, ROLE_SIGNER));
	TRY(boot_link_to(c, ROLE_DIALER));
	TRY(boot_link_to(c, ROLE_AUDIT));
	return boot_link_to(c, ROLE_VERIFIER);
}

static enum err boot_spawner(struct keeper_child *c, const struct keeper_image *image)
{
	c->k->has_had_spawner = true;
	TRY(boot_post_image(c, image));
	TRY(page_post(c, PAGE_HEALTH, 0, false));
	TRY(page_post(c, PAGE_GATE, 0, false));
	TRY(page_post(c, PAGE_CELLS, 0, true));
	TRY(page_post(c, PAGE_LOAD, PAGE_LOAD_CELLS, true));
	TRY(boot_post_ring(c));
	TRY(listener_post(c, false));
	TRY(boot_link_to(c, ROLE_SIGNER));
	TRY(boot_link_to(c, ROLE_DIALER));
	TRY(boot_link_to(c, ROLE_AUTHORITY));
	return boot_link_to(c, ROLE_AUDIT);
}

static enum err boot_verifier(struct keeper_child *c, const struct keeper_image *image)
{
	TRY(boot_post_image(c, image));
	return boot_post_ring(c);
}

static enum err boot_post_role(struct keeper_child *c, const struct keeper_image *image)
{
	switch ((enum role)c->role) {
	case ROLE_CONFIG:
		return boot_config(c, image);
	case ROLE_SIGNER:
		return boot_signer(c, image);
	case ROLE_EDGE:
		return boot_edge(c, image);
	case ROLE_DIALER:
		return boot_dialer(c, image);
	case ROLE_AUDIT:
		return boot_audit(c, image);
	case ROLE_CONSOLE:
		return boot_console(c, image);
	case ROLE_EXPORTER:
		return boot_exporter(c, image);
	case ROLE_HERALD:
		return boot_herald(c, image);
	case ROLE_RELAY:
		return boot_relay(c, image);
	case ROLE_AUTHORITY:
		return boot_authority(c, image);
	case ROLE_VERIFIER:
		return boot_verifier(c, image);
	case ROLE_SPAWNER:
		return boot_spawner(c, image);
	case ROLE_SHIPPER:
		return boot_shipper(c, image);
	case ROLE_KEEPER:
	case ROLE_CELL:
	case ROLE_N:
	default:
		return E_DENIED;
	}
}

enum err boot_post(struct keeper_child *c, const struct keeper_image *image)
{
	TRY(boot_post_identity(c));
	TRY(boot_post_role(c, image));
	TRY(post_simple(c, KEEPER_GO, (struct view){ 0 }));
	return c->role == ROLE_AUDIT ? ring_table_post_ends(c) : E_OK;
}
