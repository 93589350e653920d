/* Tables for people: one per kind of thing, each printed by a function that gives its rows. */
#include "tool/status_table.h"

#include "tool/columns.h"

#include <stdio.h>

typedef void status_table_rows(struct columns *c, const struct snapshot *s);

static void status_table_put(const char *title, status_table_rows *rows, const struct snapshot *s)
{
	struct columns c = { 0 };

	rows(&c, s);
	c.is_printing = true;
	(void)printf("%s\n", title);
	rows(&c, s);
	(void)putchar('\n');
}

static void status_table_heads(struct columns *c, const char *const *heads)
{
	for (; *heads; heads++)
		columns_text(c, *heads);
	columns_end(c);
}

/* "3d 4h", "4h 12m", "12m 5s" */
static void status_table_age(struct columns *c, int64_t seconds)
{
	char text[48];
	unsigned long s = seconds > 0 ? (unsigned long)seconds : 0;

	if (s >= 86400)
		(void)snprintf(text, sizeof text, "%lud %luh", s / 86400, s % 86400 / 3600);
	else if (s >= 3600)
		(void)snprintf(text, sizeof text, "%luh %lum", s / 3600, s % 3600 / 60);
	else
		(void)snprintf(text, sizeof text, "%lum %lus", s / 60, s % 60);
	columns_text(c, text);
}

static void status_table_roles(struct columns *c, const struct snapshot *s)
{
	static const char *const heads[] = { "role", "pid",   "uid",	 "state",  "up",
					     "ends", "image", "sandbox", "weaker", NULL };

	status_table_heads(c, heads);
	for (size_t i = 0; i < s->role_n; i++) {
		const struct snapshot_role *r = &s->roles[i];
		char name[48];

		(void)snprintf(name, sizeof name, "%s[%u]", role_name((enum role)r->role),
			       (unsigned)r->index);
		columns_text(c, name);
		columns_number(c, r->pid);
		columns_number(c, r->uid);
		columns_text(c, snapshot_role_state(r->state));
		status_table_age(c, r->started_s ? s->now_s - r->started_s : 0);
		columns_number(c, r->restarts);
		columns_number(c, r->generation);
		columns_text(c, *r->sandbox ? r->sandbox : "-");
		columns_text(c, *r->weaker ? r->weaker : "-");
		columns_end(c);
	}
}

static void status_table_address(struct columns *c, const struct snapshot *s,
				 const struct image_address *a)
{
	char text[300];
	struct wbuf w = wbuf_of(text, sizeof text);

	snapshot_address(s, a, &w);
	columns_cell(c, wbuf_view(&w));
}

static void status_table_listeners(struct columns *c, const struct snapshot *s)
{
	static const char *const heads[] = { "listener",    "address",	"protocol", "open",
					     "connections", "accepted", "requests", "bad",
					     "TLS",	    "resumed",	"failed",   NULL };

	status_table_heads(c, heads);
	for (uint32_t i = 0; i < image_count(&s->image, IMAGE_LISTENER); i++) {
		const struct image_listener *l = image_listener_at(&s->image, i);
		struct snapshot_listener sum = snapshot_listener(s, l->slot);

		columns_cell(c, image_view(&s->image, l->name));
		status_table_address(c, s, &l->address);
		columns_text(c, snapshot_protocol_name(l->protocol));
		columns_text(c, s->listener_open[l->slot] ? "yes" : "no");
		columns_number(c, sum.connections);
		columns_number(c, sum.accepted);
		columns_number(c, sum.requests);
		columns_number(c, sum.bad_requests);
		columns_number(c, sum.handshakes);
		columns_number(c, sum.handshakes_resumed);
		columns_number(c, sum.handshakes_failed);
		columns_end(c);
	}
}

/* "up, ok 200 (3 s ago)" */
static void status_table_health(struct columns *c, const struct snapshot *s,
				const struct image_server *server)
{
	const struct page_health_entry *e = snapshot_health(s, server);
	char text[160];
	int n = snprintf(text, sizeof text, "%s", snapshot_health_name(s, server));
	size_t at = n > 0 ? (size_t)n : 0;
	unsigned check = e ? PAGE_GET(e->last_check) : PAGE_CHECK_NONE;
	long ago = e ? (long)(s->now_s - (int64_t)PAGE_GET(e->checked_wall_s)) : 0;

	if (check != PAGE_CHECK_NONE && PAGE_GET(e->last_status))
		(void)snprintf(text + at, sizeof text - at, ", %s %u (%ld s ago)",
			       snapshot_check_name(check), (unsigned)PAGE_GET(e->last_status), ago);
	else if (check != PAGE_CHECK_NONE)
		(void)snprintf(text + at, sizeof text - at, ", %s (%ld s ago)",
			       snapshot_check_name(check), ago);
	columns_text(c, text);
}

/* Milliseconds with one digit behind the point. */
static void status_table_mean(struct columns *c, uint64_t sum_us, uint64_t n)
{
	unsigned long tenths = n ? (unsigned long)(sum_us / n / 100) : 0;
	char text[64];

	(void)snprintf(text, sizeof text, "%lu.%lu ms", tenths / 10, tenths % 10);
	columns_text(c, text);
}

static void status_table_server(struct columns *c, const struct snapshot *s, struct view pool,
				const struct image_server *server)
{
	struct snapshot_server sum = snapshot_server(s, server);
	uint64_t asked = sum.connects + sum.reuses;
	char text[64];

	columns_cell(c, pool);
	columns_cell(c, image_view(&s->image, server->name));
	status_table_address(c, s, &server->address);
	columns_number(c, server->weight);
	columns_text(c, snapshot_state_name(s, server));
	status_table_health(c, s, server);
	columns_number(c, sum.in_flight);
	columns_number(c, sum.requests);
	columns_number(c, sum.failures);
	columns_number(c, sum.retries);
	status_table_mean(c, sum.latency_us, sum.requests);
	(void)snprintf(text, sizeof text, "%u%%",
		       asked ? (unsigned)(100 * sum.reuses / asked) : 0u);
	columns_text(c, text);
	columns_end(c);
}

static void status_table_pools(struct columns *c, const struct snapshot *s)
{
	static const char *const heads[] = { "pool",	"server", "address",  "weight", "state",
					     "health",	"now",	  "requests", "failed", "retried",
					     "latency", "reuse",  NULL };

	status_table_heads(c, heads);
	for (uint32_t i = 0; i < image_count(&s->image, IMAGE_POOL); i++) {
		const struct image_pool *p = image_pool_at(&s->image, i);

		for (uint32_t n = 0; n < p->servers.n; n++)
			status_table_server(c, s, image_view(&s->image, p->name),
					    image_server_at(&s->image, p->servers.first + n));
	}
}

static void status_table_certificates(struct columns *c, const struct snapshot *s)
{
	static const char *const heads[] = { "certificate", "key", "bits", "expires in", NULL };

	status_table_heads(c, heads);
	for (uint32_t i = 0; i < image_count(&s->image, IMAGE_CERTIFICATE); i++) {
		const struct image_certificate *x = image_certificate_at(&s->image, i);
		long days = (long)((x->not_after_s - s->now_s) / 86400);
		char text[48];

		columns_cell(c, image_view(&s->image, x->name));
		columns_text(c, snapshot_key_name(x->key_type));
		columns_number(c, x->key_bits);
		(void)snprintf(text, sizeof text,
			       x->not_after_s < s->now_s ? "EXPIRED" : "%ld days", days);
		columns_text(c, text);
		columns_end(c);
	}
}

static const char *status_table_reach(const struct snapshot *s)
{
	switch (s->health ? PAGE_GET(s->health->reach) : PAGE_REACH_NONE) {
	case PAGE_REACH_ADDRESSES:
		return "the kernel holds the dialer to its servers' addresses and ports "
		       "(cgroup BPF and Landlock)";
	case PAGE_REACH_PORTS:
		return "the kernel holds the dialer to its servers' ports, on any address "
		       "(Landlock)";
	default:
		return "nothing holds the dialer to its servers' addresses";
	}
}

int status_table_print(const struct snapshot *s)
{
	status_table_put("roles", status_table_roles, s);
	if (!s->image.header) {
		(void)puts("no configuration is in use yet");
		return 0;
	}
	status_table_put("listeners", status_table_listeners, s);
	status_table_put("pools", status_table_pools, s);
	if (image_count(&s->image, IMAGE_CERTIFICATE))
		status_table_put("certificates", status_table_certificates, s);
	(void)printf("generation %u, %u reloads, %u refused; %s\n", (unsigned)s->generation,
		     (unsigned)s->reloads, (unsigned)s->failed_reloads, status_table_reach(s));
	return 0;
}
