/* Listeners and their two name tables: server names to certificates, hosts to rules. */
#include "base/hash.h"
#include "conf/compile.h"
#include "conf/region.h"

/* A list of rules that hosts have, and where its paths are found. */
struct compile_rules {
	struct image_range rules, paths;
};

uint32_t compile_listener_slots(uint32_t n)
{
	uint32_t slots = 2;

	while (slots < 2 * n)
		slots *= 2;
	return n ? slots : 0;
}

/* The free slot where a name belongs. */
static void *compile_listener_slot(struct compile *c, enum image_section s,
				   struct image_range table, uint64_t hash)
{
	for (uint64_t i = hash;; i++) {
		uint32_t at = table.first + (uint32_t)(i & (table.n - 1));

		/* both kinds begin with hash and name */
		if (s == IMAGE_SNI && ((struct image_sni *)build_at(&c->build, s, at))->name.n == 0)
			return build_at(&c->build, s, at);
		if (s == IMAGE_HOST &&
		    ((struct image_host *)build_at(&c->build, s, at))->name.n == 0)
			return build_at(&c->build, s, at);
	}
}

/* Names of the listener's certificates to their numbers; the first certificate with a name wins. */
static struct image_range compile_listener_sni(struct compile *c, const struct model_listener *l)
{
	const struct model_list certificates = c->check->model->certificates;
	struct names seen = names_of(c->check->region);
	struct image_range table = { .first = build_n(&c->build, IMAGE_SNI) };
	struct image_sni *all = NULL;

	for (uint32_t i = 0; i < l->certificates.n; i++) {
		uint32_t index = l->certificates.p[i].index;
		const struct chain *read =
			MODEL_AT(struct model_certificate, certificates, index)->read;

		for (uint32_t k = 0; k < read->name_n; k++)
			(void)names_put(&seen, hosts_stored(read->names[k]), index);
	}
	table.n = compile_listener_slots(seen.n);
	all = build_many(&c->build, IMAGE_SNI, table.n);
	for (uint32_t i = 0; i < table.n; i++)
		all[i].certificate = IMAGE_NONE;
	for (uint32_t i = 0; i < seen.cap; i++) {
		const struct names_slot *from = &seen.slots[i];
		struct image_sni *to = NULL;

		if (!from->key.p)
			continue;
		to = compile_listener_slot(c, IMAGE_SNI, table, from->hash);
		to->hash = from->hash;
		to->name = compile_text(c, from->key);
		to->certificate = from->value;
	}
	return table;
}

static struct image_range compile_listener_hosts(struct compile *c, const struct hosts_table *from,
						 const struct compile_rules *lists)
{
	struct image_range table = { .first = build_n(&c->build, IMAGE_HOST),
				     .n = compile_listener_slots(from->n) };

	(void)build_many(&c->build, IMAGE_HOST, table.n);
	for (uint32_t i = 0; i < from->n; i++) {
		uint64_t hash = hash_fnv1a(from->p[i].name);
		struct image_host *to = compile_listener_slot(c, IMAGE_HOST, table, hash);

		to->hash = hash;
		to->name = compile_text(c, from->p[i].name);
		to->rules = lists[from->p[i].list].rules;
		to->paths = lists[from->p[i].list].paths;
	}
	return table;
}

static struct compile_rules compile_listener_list(struct compile *c, const struct hosts_list *from)
{
	struct compile_rules list = { .rules.first = build_n(&c->build, IMAGE_RULE_INDEX) };

	for (uint32_t k = 0; k < from->n; k++) {
		const struct image_route *route =
			build_at(&c->build, IMAGE_ROUTE, hosts_route(from, k));
		uint32_t *to = build_many(&c->build, IMAGE_RULE_INDEX, route->rules.n);

		for (uint32_t r = 0; r < route->rules.n; r++)
			to[r] = route->rules.first + r;
		list.rules.n += route->rules.n;
	}
	list.paths = compile_path_list(c, list.rules);
	return list;
}

/* The routes of the portal and the applications are alone in their lists: check_gateway_route. */
static bool compile_listener_is_gate(const struct compile *c, const struct hosts_list *l)
{
	const struct model_route *r =
		MODEL_AT(struct model_route, c->check->model->routes, hosts_route(l, 0));

	return r->is_gate;
}

/* Every list of routes as a list of rules; those of the gateway last, see image_gateway.h. */
static struct compile_rules *compile_listener_lists(struct compile *c)
{
	const struct hosts *h = c->hosts;
	struct compile_rules *lists =
		REGION_NEW(c->check->region, struct compile_rules, h->list_n + 1);

	for (uint32_t i = 0; i < h->list_n; i++)
		if (!compile_listener_is_gate(c, &h->lists[i]))
			lists[i] = compile_listener_list(c, &h->lists[i]);
	for (uint32_t i = 0; i < h->list_n; i++)
		if (compile_listener_is_gate(c, &h->lists[i]))
			lists[i] = compile_listener_list(c, &h->lists[i]);
	return lists;
}

static void compile_listener_numbers(const struct model_listener *from, struct image_listener *to)
{
	to->connections = (uint32_t)from->limits.connections;
	to->connections_per_address = (uint32_t)from->limits.connections_per_address;
	to->header_size = (uint32_t)from->limits.header_size;
	to->headers = (uint32_t)from->limits.headers;
	to->streams_per_connection = (uint32_t)from->limits.streams_per_connection;
	to->requests_per_address = (uint32_t)from->limits.requests_per_address;
	to->requests_per_connection = (uint32_t)from->limits.requests_per_connection;
	to->body_size = from->limits.body_size;
	to->handshake_ms = (uint32_t)from->timeouts.handshake_ms;
	to->request_header_ms = (uint32_t)from->timeouts.request_header_ms;
	to->request_body_idle_ms = (uint32_t)from->timeouts.request_body_idle_ms;
	to->request_body_rate = (uint32_t)from->timeouts.request_body_rate;
	to->keep_alive_ms = (uint32_t)from->timeouts.keep_alive_ms;
	to->response_idle_ms = (uint32_t)from->timeouts.response_idle_ms;
	to->tunnel_idle_ms = (uint32_t)from->timeouts.tunnel_idle_ms;
	to->tunnel_lifetime_ms = (uint32_t)from->timeouts.tunnel_lifetime_ms;
	to->datagrams = (struct image_datagrams){
		.size = (uint32_t)from->datagrams.size,
		.waiting = (uint32_t)from->datagrams.waiting,
		.replies = (uint32_t)from->datagrams.replies,
		.reply_ratio = (uint32_t)from->datagrams.reply_ratio,
		.idle_ms = (uint32_t)from->timeouts.datagram_idle_ms,
	};
}

static void compile_listener_previous(struct compile *c, struct slots *s)
{
	const struct image *im = c->previous;

	slots_init(s, c->check->region, IMAGE_LISTENER_SLOTS);
	for (uint32_t i = 0; im && i < image_count(im, IMAGE_LISTENER); i++) {
		const struct image_listener *l = image_listener_at(im, i);

		slots_had(s,
			  compile_key(c, (struct view){ 0 }, image_view(im, l->name), &l->address,
				      image_view(im, l->address.name)),
			  l->slot);
	}
}

static bool compile_listener_has_h2(const struct model_listener *l)
{
	return l->http2 == MODEL_HTTP2_ON || (!l->http2 && l->protocol == IMAGE_HTTPS);
}

static void compile_listener_one(struct compile *c, uint32_t i, const struct compile_rules *lists)
{
	const struct model_listener *from =
		MODEL_AT(struct model_listener, c->check->model->listeners, i);
	const struct hosts_table *hosts = &c->hosts->tables[i];
	struct image_listener *to = build_new(&c->build, IMAGE_LISTENER);

	to->name = compile_text(c, from->name);
	to->address = compile_address(c, &from->address);
	to->protocol = from->protocol;
	to->flags =
		(uint8_t)((from->default_certificate ? IMAGE_DEFAULT_CERTIFICATE : 0) |
			  (from->redirect_to_https ? IMAGE_REDIRECT_TO_HTTPS : 0) |
			  (compile_listener_has_h2(from) ? IMAGE_HTTP2 : 0) |
			  (from->is_cell ? IMAGE_CELL : 0) | (from->is_inside ? IMAGE_INSIDE : 0));
	to->default_certificate = from->certificates.n ? from->certificates.p[0].index : IMAGE_NONE;
	to->sni = compile_listener_sni(c, from);
	to->hosts = compile_listener_hosts(c, hosts, lists);
	to->wildcard_labels = hosts->wildcard_labels;
	to->accept_proxy = compile_networks(c, from->accept_proxy);
	to->titles = compile_gateway_titles(c, &from->title);
	to->client_mode = from->client_certificate.mode;
	to->client_ca = compile_pool_anchor(c, from->client_certificate.anchors);
	compile_listener_numbers(from, to);
}

/* The pools that a list of rules leads to. */
static void compile_listener_mark(struct compile *c, struct image_range rules)
{
	for (uint32_t i = 0; i < rules.n; i++) {
		const uint32_t *index = build_at(&c->build, IMAGE_RULE_INDEX, rules.first + i);
		const struct image_rule *rule = build_at(&c->build, IMAGE_RULE, *index);

		for (uint32_t k = 0; k < rule->backends.n; k++) {
			const struct image_split *s =
				build_at(&c->build, IMAGE_SPLIT, rule->backends.first + k);
			struct image_pool *p = build_at(&c->build, IMAGE_POOL, s->pool);

			p->is_datagram = 1;
		}
	}
}

/* Whose servers are sent datagrams: the dialer's reach is made from it (promise P4). */
static void compile_listener_datagrams(struct compile *c)
{
	for (uint32_t i = 0; i < build_n(&c->build, IMAGE_LISTENER); i++) {
		const struct image_listener *l = build_at(&c->build, IMAGE_LISTENER, i);

		for (uint32_t k = 0; l->protocol == IMAGE_UDP && k < l->hosts.n; k++) {
			const struct image_host *h =
				build_at(&c->build, IMAGE_HOST, l->hosts.first + k);

			compile_listener_mark(c, h->rules);
		}
	}
}

void compile_listener_run(struct compile *c)
{
	const struct model_list list = c->check->model->listeners;
	const struct compile_rules *lists = compile_listener_lists(c);
	uint32_t *kept = REGION_NEW(c->check->region, uint32_t, list.n);
	struct slots slots = { 0 };

	compile_listener_previous(c, &slots);
	for (uint32_t i = 0; i < list.n; i++)
		compile_listener_one(c, i, lists);
	for (uint32_t i = 0; i < list.n; i++) {
		const struct model_listener *from = MODEL_AT(struct model_listener, list, i);
		const struct image_listener *l = build_at(&c->build, IMAGE_LISTENER, i);

		kept[i] = slots_keep(&slots, compile_key(c, (struct view){ 0 }, from->name,
							 &l->address, from->address.name));
	}
	for (uint32_t i = 0; i < list.n; i++) {
		struct image_listener *l = build_at(&c->build, IMAGE_LISTENER, i);

		/* there are as many slots as there may be listeners */
		l->slot = (uint16_t)(kept[i] != NAMES_NONE ? kept[i] : slots_take(&slots));
	}
	compile_listener_datagrams(c);
}
