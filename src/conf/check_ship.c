/*
 * Receivers of the log: each becomes a backend of one server, so that the dialer resolves and
 * connects, and TLS to it is made and verified, as with any server (P4). No route leads to it.
 */
#include "conf/check.h"
#include "conf/options.h"
#include "conf/region.h"

#include <stdio.h>

static struct node *ship_node(struct check *c, enum node_kind kind, struct place at,
			      struct view text)
{
	struct node *n = REGION_NEW(c->region, struct node, 1);

	*n = (struct node){ .kind = (uint8_t)kind, .at = at, .text = text };
	return n;
}

static void ship_put(struct node *map, const char *key, struct node *value)
{
	value->key = view_str(key);
	value->key_at = value->at;
	node_append(map, value);
}

/* An option of the receiver as one of the backend, at the place where it was written. */
static void ship_move(struct check *c, const struct node *from, const char *key, struct node *to)
{
	const struct node *value = node_get(from, key);

	if (value)
		ship_put(to, key, node_copy(c->region, value));
}

/* The path of "https://host[:port][/path]", and the host and port; NULL, or what to write instead
 */
static const char *ship_parse(struct view url, struct view *ret_host, struct view *ret_path)
{
	struct view rest = { 0 }, scheme = VIEW("https://");
	size_t n = 0;

	if (!view_starts(url, scheme))
		return "write https://host/path: alarms go out encrypted, and to who is verified";
	rest = view_slice(url, scheme.n, url.n);
	while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '?' && rest.p[n] != '#')
		n++;
	*ret_host = view_slice(rest, 0, n);
	*ret_path = view_slice(rest, n, rest.n);
	if (n == 0)
		return "its URL has no host: https://host/path";
	if (view_find(*ret_host, '@') < n)
		return "a user or a password in its URL is not sent: what it needs stands in the "
		       "path";
	for (size_t i = 0; i < rest.n; i++)
		if (rest.p[i] <= ' ' || rest.p[i] >= 0x7f)
			return "its URL has blanks or control characters: write them as %20";
	if (view_find(*ret_path, '#') < ret_path->n)
		return "its URL ends before the #";
	if (ret_path->n == 0)
		*ret_path = VIEW("/");
	return ret_path->p[0] == '/' ? NULL : "its URL has no path before the ?: https://host/?...";
}

/* Where a webhook is, as an address of a server; NULL: told already. What its URL holds may be a
 * secret, and is in no message. */
static const struct node *ship_hook_address(struct check *c, const struct model_ship *s)
{
	struct view host = { 0 }, path = { 0 };
	char text[300] = "";
	size_t colon = 0;

	if (s->path.n == 0 || ship_parse(s->webhook, &host, &path) != NULL)
		return NULL;
	colon = view_find(host, ']');
	colon = colon < host.n ? colon + 1 : view_find(host, ':');
	(void)snprintf(text, sizeof text, "%.*s%s", DIAG_VIEW(host), colon < host.n ? "" : ":443");
	return ship_node(c, NODE_SCALAR, node_place(s->at, "webhook"),
			 region_copy(c->region, view_str(text)));
}

static void ship_backend(struct check *c, const struct model_ship *s, uint32_t index,
			 struct model_backend *ret)
{
	struct option_parse parse = { .region = c->region, .diag = c->diag };
	struct place at = s->at->at;
	struct node *map = ship_node(c, NODE_MAP, at, (struct view){ 0 }),
		    *servers = ship_node(c, NODE_LIST, at, (struct view){ 0 }),
		    *tls = ship_node(c, NODE_MAP, at, (struct view){ 0 });
	const struct node *syslog = node_get(s->at, "syslog_tls"),
			  *address = syslog ? syslog : node_get(s->at, "witness");
	char name[32] = "";

	if (!address)
		address = ship_hook_address(c, s);
	if (!address)
		return; /* told already */
	(void)snprintf(name, sizeof name, "log-ship-%u", index + 1);
	ship_put(map, "name",
		 ship_node(c, NODE_SCALAR, at, region_copy(c->region, view_str(name))));
	ship_put(map, "protocol", ship_node(c, NODE_SCALAR, at, VIEW("https")));
	node_append(servers, ship_node(c, NODE_SCALAR, address->at, address->text));
	ship_put(map, "servers", servers);
	ship_move(c, s->at, "ca", tls);
	ship_move(c, s->at, "name", tls);
	ship_put(map, "tls", tls);
	option_parse(&parse, options_backend(), map, ret);
	ret->is_used = true;
}

/* <name>+<8 digits>+<44 characters>: whether it is a key, the shipper finds out. */
static bool ship_is_key(struct view key)
{
	size_t name = view_find(key, '+');
	struct view rest = view_slice(key, name + 1, key.n);
	size_t id = view_find(rest, '+');

	return name > 0 && name < key.n && id == 8 && rest.n == 8 + 1 + 44;
}

static void ship_check(struct check *c, struct model_ship *s)
{
	bool is_witness = node_get(s->at, "witness"), is_hook = node_get(s->at, "webhook");
	struct view host = { 0 };
	const char *why = is_hook ? ship_parse(s->webhook, &host, &s->path) : NULL;

	if (why) {
		diag_error(c->diag, node_place(s->at, "webhook"), "a webhook: %s", why);
		s->path = (struct view){ 0 };
	}
	if ((node_get(s->at, "syslog_tls") != NULL) + is_witness + is_hook != 1)
		diag_error(c->diag, s->at->at,
			   "a receiver is one of syslog_tls, witness and webhook: syslog_tls: "
			   "\"log.example.nl:6514\"");
	else if (is_witness && s->key.n == 0)
		diag_error(c->diag, s->at->at,
			   "a witness has a key: the line that its witness.vkey holds");
	else if (!is_witness && s->key.n)
		diag_error(c->diag, node_place(s->at, "key"), "key is for a witness");
	else if (s->key.n && !ship_is_key(s->key))
		diag_error(c->diag, node_place(s->at, "key"),
			   "that is no verifier key: copy the line that witness.vkey holds");
}

void check_ship_run(struct check *c)
{
	struct model *m = c->model;
	struct model_list ships = m->log.ship, old = m->backends;
	struct model_backend *all = NULL;

	m->log.ship_first = old.n;
	if (ships.n == 0)
		return;
	all = REGION_NEW(c->region, struct model_backend, old.n + ships.n);
	for (uint32_t i = 0; i < old.n; i++)
		all[i] = *MODEL_AT(struct model_backend, old, i);
	for (uint32_t i = 0; i < ships.n; i++)
		ship_check(c, MODEL_AT(struct model_ship, ships, i));
	for (uint32_t i = 0; i < ships.n; i++)
		ship_backend(c, MODEL_AT(struct model_ship, ships, i), i, &all[old.n + i]);
	m->backends.p = all;
	m->backends.n = old.n + ships.n;
}
