/* The compiler's frame: header, and what its parts share; config role and `sluis check`. */
#include "conf/compile.h"

#include "conf/region.h"

struct image_str compile_text(struct compile *c, struct view text)
{
	return build_str(&c->build, text);
}

struct image_address compile_address(struct compile *c, const struct value_address *a)
{
	struct view name = a->kind == IMAGE_ADDRESS_NAME ? check_lower(c->check, a->name) : a->name;

	return (struct image_address){
		.ip = a->ip,
		.name = compile_text(c, name),
		.port = a->port,
		.kind = a->kind,
	};
}

struct image_range compile_networks(struct compile *c, struct model_networks list)
{
	struct image_range r = { .first = build_n(&c->build, IMAGE_NETWORK), .n = list.n };
	struct ip_net *at = build_many(&c->build, IMAGE_NETWORK, list.n);

	for (uint32_t i = 0; i < list.n; i++)
		at[i] = list.p[i];
	return r;
}

struct view compile_key(struct compile *c, struct view pool, struct view name,
			const struct image_address *a, struct view host)
{
	size_t cap = pool.n + name.n + host.n + 40;
	struct wbuf w = wbuf_of(region_alloc(c->check->region, cap, 1, 1), cap);

	wbuf_view_put(&w, pool);
	wbuf_u8(&w, 0);
	wbuf_view_put(&w, name);
	wbuf_u8(&w, 0);
	wbuf_u8(&w, a->kind);
	wbuf_put(&w, a->ip.b, sizeof a->ip.b);
	wbuf_u16(&w, a->port);
	wbuf_view_put(&w, host);
	INVARIANT(!w.bad);
	return wbuf_view(&w);
}

bool compile_run(struct compile *c, uint32_t generation)
{
	const struct model *m = c->check->model;
	struct image_header *h = &c->build.header;
	bool is_good = true;

	build_init(&c->build, c->check->region);
	if (c->previous && c->previous->header->generation > generation)
		generation = c->previous->header->generation;
	h->generation = generation + 1;
	h->edges = (uint32_t)m->edges;
	h->audit_retention_s = (uint32_t)(m->log.audit_retention_ms / 1000);
	h->log_access = m->log.access;
	h->log_percent = (uint8_t)m->log.sample_percent;
	h->ships = (struct image_range){ .first = m->log.ship_first, .n = m->log.ship.n };
	for (uint32_t i = 0; i < m->log.ship.n; i++) {
		const struct model_ship *s = MODEL_AT(struct model_ship, m->log.ship, i);

		h->ship_key[i] = compile_text(c, s->key);
		h->ship_path[i] = compile_text(c, s->path);
	}
	h->metrics = compile_address(c, &m->metrics.address);
	h->tracing = compile_address(c, &m->tracing.address);
	h->tracing_percent = (uint8_t)m->tracing.sample_percent;
	h->tracing_path = compile_text(c, m->tracing.path);
	h->tracing_service = compile_text(c, m->tracing.service_name);
	h->trust_forwarded_from = compile_networks(c, m->trust_forwarded_from);
	compile_certificate_run(c);
	is_good = compile_pool_run(c);
	compile_gateway_run(c);
	compile_incident_run(c);
	is_good = compile_route_run(c) && is_good;
	compile_listener_run(c);
	if (is_good && build_bytes(&c->build) > IMAGE_BYTES_MAX / 2) {
		diag_error(c->check->diag, (struct place){ 0 }, "the configuration is too large");
		is_good = false;
	}
	return is_good;
}
