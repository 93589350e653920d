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

static void ship_check(struct check *c, const struct model_ship *s)
{
	bool is_witness = node_get(s->at, "witness");

	if (is_witness == (node_get(s->at, "syslog_tls") != NULL))
		diag_error(c->diag, s->at->at,
			   "a receiver is one of syslog_tls and witness: syslog_tls: "
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
