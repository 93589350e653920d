/* Backends and their servers; servers keep their slots over reloads. */
#include "conf/compile.h"
#include "conf/region.h"

static void compile_pool_previous(struct compile *c, struct compile_slots *pools,
				  struct compile_slots *servers)
{
	const struct image *im = c->previous;

	compile_slots_init(c, pools, IMAGE_POOL_SLOTS);
	compile_slots_init(c, servers, IMAGE_SERVER_SLOTS);
	for (uint32_t i = 0; im && i < image_count(im, IMAGE_POOL); i++) {
		const struct image_pool *x = image_pool_at(im, i);

		compile_slots_had(pools, image_view(im, x->name), x->slot, x->slot_gen);
	}
	for (uint32_t i = 0; im && i < image_count(im, IMAGE_SERVER); i++) {
		const struct image_server *x = image_server_at(im, i);
		struct view key = compile_key(c, image_view(im, image_pool_at(im, x->pool)->name),
					      image_view(im, x->name), &x->address,
					      image_view(im, x->address.name));

		compile_slots_had(servers, key, x->slot, x->slot_gen);
	}
}

static void compile_pool_server(struct compile *c, const struct model_server *from, uint32_t pool,
				struct view pool_name, struct compile_slots *s)
{
	struct image_server *to = build_new(&c->build, IMAGE_SERVER);
	struct view host = from->address.kind == IMAGE_ADDRESS_NAME
				   ? check_lower(c->check, from->address.name)
				   : from->address.name;

	to->name = compile_text(c, from->name);
	to->address = compile_address(c, &from->address);
	to->pool = pool;
	to->weight = (uint16_t)from->weight;
	to->state = from->state;
	to->is_backup = from->is_backup;
	to->persist_id = check_persistence_id(pool_name, from->name);
	compile_slots_keep(s, compile_key(c, pool_name, from->name, &to->address, host), to);
}

static struct image_range compile_pool_statuses(struct compile *c, struct model_statuses list)
{
	struct image_range r = { .first = build_n(&c->build, IMAGE_STATUS_RANGE), .n = list.n };
	struct image_status_range *at = build_many(&c->build, IMAGE_STATUS_RANGE, list.n);

	for (uint32_t i = 0; i < list.n; i++)
		at[i] = list.p[i];
	return r;
}

static void compile_pool_health(struct compile *c, const struct model_health *from,
				struct image_pool *to)
{
	to->health_interval_ms = (uint32_t)from->interval_ms;
	to->health_timeout_ms = (uint32_t)from->timeout_ms;
	to->health_fall = (uint32_t)from->fall;
	to->health_rise = (uint32_t)from->rise;
	if (!from->at)
		return;
	if (from->is_tcp) {
		to->health_kind = IMAGE_HEALTH_TCP;
		return;
	}
	to->health_host = compile_text(c, from->host);
	if (from->is_grpc) {
		to->health_kind = IMAGE_HEALTH_GRPC;
		to->health_path = compile_text(c, from->grpc_service);
		return;
	}
	to->health_kind = IMAGE_HEALTH_HTTP;
	to->health_path = compile_text(c, from->path);
	to->health_method = compile_text(c, from->method);
	to->health_body = compile_text(c, from->expect_body);
	to->status = compile_pool_statuses(c, from->expect_status);
}

static void compile_pool_tls(struct compile *c, const struct model_pool_tls *from,
			     struct image_pool *to)
{
	to->tls_verify = to->protocol == IMAGE_HTTPS && from->verify;
	to->tls_name = compile_text(c, from->name);
	to->tls_client_certificate = to->protocol == IMAGE_HTTPS ? from->client_index : IMAGE_NONE;
	to->tls_ca = compile_pool_anchor(c, from->anchors);
}

static void compile_pool_numbers(const struct model_backend *from, struct image_pool *to)
{
	to->outlier_errors = (uint32_t)from->outlier.consecutive_errors;
	to->outlier_eject_ms = (uint32_t)from->outlier.eject_for_ms;
	to->outlier_max_percent = (uint32_t)from->outlier.max_ejected_percent;
	to->connections_per_server = (uint32_t)from->limits.connections_per_server;
	to->requests = (uint32_t)from->limits.requests;
	to->requests_per_server = (uint32_t)from->limits.requests_per_server;
	to->queue = (uint32_t)from->limits.queue;
	to->queue_timeout_ms = (uint32_t)from->limits.queue_timeout_ms;
	to->retry_attempts = (uint32_t)from->retries.attempts;
	to->retry_budget_percent = (uint32_t)from->retries.budget_percent;
	to->retry_on = from->retries.on;
	to->retry_try_ms = (uint32_t)from->retries.try_timeout_ms;
	to->retry_deadline_ms = (uint32_t)from->retries.deadline_ms;
	to->retry_backoff_ms = (uint32_t)from->retries.backoff_ms;
	to->connect_ms = (uint32_t)from->timeouts.connect_ms;
	to->first_byte_ms = (uint32_t)from->timeouts.first_byte_ms;
	to->idle_connection_ms = (uint32_t)from->timeouts.idle_connection_ms;
}

static void compile_pool_hedge(const struct model_hedge *from, struct image_pool *to)
{
	if (!from->at)
		return;
	to->hedge_ms = (uint32_t)from->after_ms;
	to->hedge_quantile = from->quantile;
	to->hedge_percent = (uint32_t)from->percent;
}

static void compile_pool_persistence(struct compile *c, const struct model_backend *from,
				     struct image_pool *to)
{
	const struct model_persistence *p = &from->persistence;

	to->persist_id = check_persistence_id(from->name, (struct view){ 0 });
	if (p->has_cookie) {
		to->persist = IMAGE_PERSIST_COOKIE;
		to->persist_s = (uint32_t)(p->max_age_ms / 1000);
		to->persist_cookie = compile_text(c, p->name);
	} else if (p->has_source) {
		to->persist = IMAGE_PERSIST_SOURCE;
		to->persist_s = (uint32_t)(p->idle_ms / 1000);
	}
}

static void compile_pool_hash(struct compile *c, const struct model_backend *from,
			      struct image_pool *to)
{
	const struct model_hash *h = &from->hash;
	struct view name = h->cookie.n ? h->cookie : h->query;

	to->hash_kind = h->kind;
	to->hash_load_percent = (uint16_t)from->hash_load_percent;
	if (from->balance == IMAGE_SOURCE_ADDRESS)
		to->hash_load_percent = 0;
	to->slow_start_ms = (uint32_t)from->slow_start_ms;
	if (h->header.n)
		name = check_lower(c->check, h->header);
	to->hash_name = compile_text(c, name);
}

/* Each set of issuers once, however many pools believe it. */
static struct image_range *compile_pool_anchors(struct compile *c)
{
	const struct check *k = c->check;
	struct image_range *ranges = REGION_NEW(k->region, struct image_range, k->anchor_n + 1);

	for (uint32_t i = 0; i < k->anchor_n; i++) {
		const struct chain_set *set = k->anchor_sets[i];
		struct image_str *der = NULL;

		ranges[i] =
			(struct image_range){ .first = build_n(&c->build, IMAGE_DER), .n = set->n };
		der = build_many(&c->build, IMAGE_DER, set->n);
		for (uint32_t d = 0; d < set->n; d++)
			der[d] = compile_text(c, set->der[d]);
	}
	return ranges;
}

struct image_range compile_pool_anchor(const struct compile *c, const struct chain_set *set)
{
	const struct check *k = c->check;
	uint32_t i = 0;

	while (i < k->anchor_n && k->anchor_sets[i] != set)
		i++;
	return c->anchors[i]; /* the last one is empty */
}

bool compile_pool_run(struct compile *c)
{
	const struct model_list list = c->check->model->backends;
	struct compile_slots pools = { .what = "backends",
				       .section = IMAGE_POOL,
				       .slot_at = offsetof(struct image_pool, slot),
				       .gen_at = offsetof(struct image_pool, slot_gen) };
	struct compile_slots servers = { .what = "servers",
					 .section = IMAGE_SERVER,
					 .slot_at = offsetof(struct image_server, slot),
					 .gen_at = offsetof(struct image_server, slot_gen) };

	c->anchors = compile_pool_anchors(c);
	compile_pool_previous(c, &pools, &servers);
	for (uint32_t i = 0; i < list.n; i++) {
		const struct model_backend *from = MODEL_AT(struct model_backend, list, i);
		struct image_pool *to = build_new(&c->build, IMAGE_POOL);

		to->name = compile_text(c, from->name);
		compile_slots_keep(&pools, from->name, to);
		to->protocol = from->protocol;
		to->is_h2 = from->is_h2;
		to->balance = from->balance;
		to->send_proxy = from->send_proxy_protocol;
		to->resolve_to = compile_networks(c, from->resolve_to);
		compile_pool_numbers(from, to);
		compile_pool_persistence(c, from, to);
		compile_pool_hedge(&from->hedge, to);
		compile_pool_hash(c, from, to);
		compile_pool_health(c, &from->health, to);
		to->outlier_status = compile_pool_statuses(c, from->outlier.error_status);
		compile_pool_tls(c, &from->tls, to);
		to->servers = (struct image_range){ .first = build_n(&c->build, IMAGE_SERVER),
						    .n = from->servers.n };
		for (uint32_t k = 0; k < from->servers.n; k++)
			compile_pool_server(c, MODEL_AT(struct model_server, from->servers, k), i,
					    from->name, &servers);
	}
	return compile_slots_new(c, &pools) && compile_slots_new(c, &servers);
}
