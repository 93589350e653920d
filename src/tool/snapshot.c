/* Collecting what the keeper sends for `sluis status` and `sluis server`. */
#include "tool/snapshot.h"

#include "ipc/tool_keeper.h"
#include "sys/fd.h"
#include "sys/shm.h"

#include <stdio.h>

static void snapshot_text(struct view in, char *ret, size_t cap)
{
	struct wbuf w = wbuf_of(ret, cap - 1);

	wbuf_view_put(&w, view_slice(in, 0, cap - 1));
	ret[w.n] = '\0';
}

static enum err snapshot_on_role(struct snapshot *s, struct view in)
{
	struct snapshot_role *r = &s->roles[s->role_n];
	struct view have = { 0 }, weaker = { 0 };
	uint64_t started = 0;

	if (s->role_n == SNAPSHOT_ROLES)
		return E_LIMIT;
	TRY(view_u8(&in, &r->role));
	TRY(view_u16(&in, &r->index));
	TRY(view_u32(&in, &r->pid));
	TRY(view_u32(&in, &r->uid));
	TRY(view_u64(&in, &started));
	TRY(view_u32(&in, &r->restarts));
	TRY(view_u32(&in, &r->generation));
	TRY(view_u8(&in, &r->state));
	TRY(view_str16(&in, &have));
	TRY(view_str16(&in, &weaker));
	r->started_s = (int64_t)started;
	snapshot_text(have, r->sandbox, sizeof r->sandbox);
	snapshot_text(weaker, r->weaker, sizeof r->weaker);
	s->role_n++;
	return E_OK;
}

/* Maps what a frame brought; the mapping lives as long as the snapshot. */
static enum err snapshot_map(struct snapshot *s, struct frame *f, void **ret, size_t *ret_bytes)
{
	AUTO_FD fd = -1;

	if (f->fd_n != 1)
		return E_PROTO;
	fd = frame_take_fd(f, 0);
	if (s->map_n == SNAPSHOT_MAPS)
		return E_LIMIT;
	TRY(shm_map(fd, false, ret, ret_bytes));
	s->maps[s->map_n++] = (struct snapshot_map){ *ret, *ret_bytes };
	return E_OK;
}

void snapshot_release(struct snapshot *s)
{
	for (size_t i = 0; i < s->map_n; i++)
		shm_unmap(s->maps[i].p, s->maps[i].n);
	*s = (struct snapshot){ 0 };
}

static enum err snapshot_on_image(struct snapshot *s, struct frame *f)
{
	struct view in = f->body;
	uint64_t started = 0;
	const char *why = "";
	void *p = NULL;
	size_t n = 0;

	TRY(view_u32(&in, &s->generation));
	TRY(view_u64(&in, &started));
	TRY(view_u32(&in, &s->reloads));
	TRY(view_u32(&in, &s->failed_reloads));
	s->started_s = (int64_t)started;
	TRY(snapshot_map(s, f, &p, &n));
	if (image_check(view_of(p, n), &s->image, &why) == E_OK)
		return E_OK;
	(void)fprintf(stderr, "sluis: the running image can't be read: %s\n", why);
	return E_PROTO;
}

static enum err snapshot_on_page(struct snapshot *s, struct frame *f)
{
	struct view in = f->body;
	uint8_t kind = 0;
	uint16_t index = 0;
	void *p = NULL;
	size_t n = 0;

	TRY(view_u8(&in, &kind));
	TRY(view_u16(&in, &index));
	TRY(snapshot_map(s, f, &p, &n));
	if (kind == PAGE_HEALTH && n >= sizeof *s->health)
		s->health = p;
	else if (kind == PAGE_KEEPER && n >= sizeof *s->keeper)
		s->keeper = p;
	else if (kind == PAGE_AUDIT && n >= sizeof *s->audit)
		s->audit = p;
	else if (kind == PAGE_LOAD && index < PAGE_LOADS && n >= sizeof **s->load)
		s->load[index] = p;
	else
		return E_PROTO;
	return E_OK;
}

static enum err snapshot_on_listener(struct snapshot *s, struct view in)
{
	uint16_t slot = 0;
	uint8_t is_open = 0;

	TRY(view_u16(&in, &slot));
	TRY(view_u8(&in, &is_open));
	if (slot == TOOL_SLOT_METRICS)
		s->metrics_open = is_open;
	else if (slot < IMAGE_LISTENER_SLOTS)
		s->listener_open[slot] = is_open;
	else if (slot != TOOL_SLOT_STATUS_PAGE)
		return E_PROTO;
	return E_OK;
}

enum err snapshot_row(void *arg, struct frame *f)
{
	struct snapshot *s = arg;

	switch (f->type) {
	case KEEPER_ROLE_ROW:
		return snapshot_on_role(s, f->body);
	case KEEPER_STATUS_IMAGE:
		return snapshot_on_image(s, f);
	case KEEPER_STATUS_PAGE:
		return snapshot_on_page(s, f);
	case KEEPER_STATUS_LISTENER:
		return snapshot_on_listener(s, f->body);
	default:
		return E_OK; /* a newer keeper says more */
	}
}

struct snapshot_server snapshot_server(const struct snapshot *s, const struct image_server *server)
{
	struct snapshot_server sum = { 0 };

	for (unsigned i = 0; i < PAGE_LOADS; i++) {
		const struct page_load_server *e =
			s->load[i] ? &s->load[i]->server[server->slot] : NULL;

		if (!e || PAGE_GET(e->gen) != server->slot_gen)
			continue;
		sum.in_flight += PAGE_GET(e->in_flight);
		sum.connections += PAGE_GET(e->connections);
		sum.requests += PAGE_GET(e->requests);
		sum.failures += PAGE_GET(e->failures);
		sum.retries += PAGE_GET(e->retries);
		sum.bytes_in += PAGE_GET(e->bytes_in);
		sum.bytes_out += PAGE_GET(e->bytes_out);
		sum.latency_us += PAGE_GET(e->latency_us);
		sum.connects += PAGE_GET(e->connects);
		sum.reuses += PAGE_GET(e->reuses);
		sum.kept += PAGE_GET(e->kept);
		for (unsigned c = 0; c < 6; c++)
			sum.status[c] += PAGE_GET(e->status[c]);
	}
	return sum;
}

struct snapshot_listener snapshot_listener(const struct snapshot *s, uint16_t slot)
{
	struct snapshot_listener sum = { 0 };

	for (unsigned i = 0; i < PAGE_LOADS; i++) {
		const struct page_load_listener *e =
			s->load[i] ? &s->load[i]->listener[slot] : NULL;

		if (!e)
			continue;
		sum.connections += PAGE_GET(e->connections);
		sum.accepted += PAGE_GET(e->accepted);
		sum.refused += PAGE_GET(e->refused);
		sum.requests += PAGE_GET(e->requests);
		sum.bad_requests += PAGE_GET(e->bad_requests);
		sum.handshakes += PAGE_GET(e->handshakes);
		sum.handshakes_resumed += PAGE_GET(e->handshakes_resumed);
		sum.handshakes_failed += PAGE_GET(e->handshakes_failed);
		sum.bytes_in += PAGE_GET(e->bytes_in);
		sum.bytes_out += PAGE_GET(e->bytes_out);
		for (unsigned c = 0; c < 6; c++)
			sum.status[c] += PAGE_GET(e->status[c]);
	}
	return sum;
}

const struct page_health_entry *snapshot_health(const struct snapshot *s,
						const struct image_server *server)
{
	const struct page_health_entry *e = s->health ? &s->health->server[server->slot] : NULL;

	return e && PAGE_GET(e->gen) == server->slot_gen ? e : NULL;
}

const char *snapshot_state_name(const struct snapshot *s, const struct image_server *server)
{
	const struct page_health_entry *e = snapshot_health(s, server);
	unsigned admin = e ? PAGE_GET(e->admin) : PAGE_ADMIN_CONFIGURED, state = server->state;

	if (admin == PAGE_ADMIN_ENABLED)
		state = IMAGE_SERVER_ENABLED;
	else if (admin == PAGE_ADMIN_DRAIN)
		state = IMAGE_SERVER_DRAIN;
	else if (admin == PAGE_ADMIN_DISABLED)
		state = IMAGE_SERVER_DISABLED;
	if (state == IMAGE_SERVER_DRAIN)
		return "drain";
	return state == IMAGE_SERVER_DISABLED ? "disabled" : "enabled";
}

const char *snapshot_health_name(const struct snapshot *s, const struct image_server *server)
{
	const struct page_health_entry *e = snapshot_health(s, server);

	if (e && PAGE_GET(e->is_ejected))
		return "ejected";
	switch (e ? PAGE_GET(e->health) : PAGE_HEALTH_UNKNOWN) {
	case PAGE_HEALTH_UP:
		return "up";
	case PAGE_HEALTH_DOWN:
		return "down";
	default:
		return "unknown";
	}
}

const char *snapshot_check_name(unsigned check)
{
	static const char *const names[PAGE_CHECK_N] = {
		[PAGE_CHECK_NONE] = "none",
		[PAGE_CHECK_OK] = "ok",
		[PAGE_CHECK_REFUSED] = "connection refused",
		[PAGE_CHECK_TIMEOUT] = "timeout",
		[PAGE_CHECK_UNREACHABLE] = "unreachable",
		[PAGE_CHECK_NAME] = "name does not resolve",
		[PAGE_CHECK_STATUS] = "unexpected status",
		[PAGE_CHECK_BODY] = "unexpected body",
		[PAGE_CHECK_PROTOCOL] = "not HTTP",
		[PAGE_CHECK_TLS] = "TLS failed",
		[PAGE_CHECK_SERVING] = "not serving",
	};

	return check < PAGE_CHECK_N && names[check] ? names[check] : "other";
}

const char *snapshot_protocol_name(unsigned protocol)
{
	static const char *const names[] = {
		[IMAGE_HTTP] = "http",
		[IMAGE_HTTPS] = "https",
		[IMAGE_TLS_PASSTHROUGH] = "tls_passthrough",
		[IMAGE_TCP] = "tcp",
		[IMAGE_UDP] = "udp",
	};

	return protocol < sizeof names / sizeof *names && names[protocol] ? names[protocol] : "?";
}

const char *snapshot_pool_protocol(const struct image_pool *pool)
{
	bool is_tls = pool->protocol == IMAGE_HTTPS;

	if (pool->is_h2)
		return is_tls ? "h2" : "h2c";
	return is_tls ? "https" : "http";
}

const char *snapshot_balance_name(const struct image_pool *pool)
{
	static const char *const names[] = {
		[IMAGE_LEAST_REQUESTS] = "least_requests",
		[IMAGE_ROUND_ROBIN] = "round_robin",
		[IMAGE_RANDOM] = "random",
		[IMAGE_PEAK_EWMA] = "peak_ewma",
		[IMAGE_MAGLEV] = "maglev",
		[IMAGE_RING_HASH] = "ring_hash",
		[IMAGE_FIRST] = "first",
		[IMAGE_SOURCE_ADDRESS] = "source_address",
	};
	size_t n = sizeof names / sizeof *names;

	return pool->balance < n && names[pool->balance] ? names[pool->balance] : "?";
}

const char *snapshot_reach_name(const struct snapshot *s)
{
	switch (s->health ? PAGE_GET(s->health->reach) : PAGE_REACH_NONE) {
	case PAGE_REACH_ADDRESSES:
		return "addresses";
	case PAGE_REACH_PORTS:
		return "ports";
	default:
		return "none";
	}
}

const char *snapshot_role_state(unsigned state)
{
	static const char *const names[] = { "?",	 "starting", "running",
					     "draining", "waiting",  "frozen" };

	return names[state < sizeof names / sizeof *names ? state : 0];
}

const char *snapshot_key_name(unsigned key_type)
{
	static const char *const names[] = { "?", "RSA", "P-256", "P-384", "Ed25519" };

	return names[key_type < sizeof names / sizeof *names ? key_type : 0];
}

void snapshot_address(const struct snapshot *s, const struct image_address *a, struct wbuf *w)
{
	if (a->kind == IMAGE_ADDRESS_IP) {
		ip_put_endpoint(w, &a->ip, a->port);
		return;
	}
	if (a->kind == IMAGE_ADDRESS_UNIX)
		WBUF_LIT(w, "unix:");
	wbuf_view_put(w, image_view(&s->image, a->name));
	if (a->kind == IMAGE_ADDRESS_NAME) {
		WBUF_LIT(w, ":");
		wbuf_dec(w, a->port);
	}
}
