/*
 * Any bytes as an image: image_check says no, or everything in it can be walked and looked up. The
 * length that the header states is put right, so that inputs of another length get further.
 */
#include "conf/image.h"
#include "fuzz.h"
#include "ipc/reach_rules.h"
#include "proto/http1.h"

/* Every byte of a view, so that one that is not there is noticed. */
static uint64_t walk_view(struct view v)
{
	return hash_fnv1a(v);
}

static uint64_t walk_str(const struct image *im, struct image_str s)
{
	return walk_view(image_view(im, s));
}

static uint64_t walk_networks(const struct image *im, struct image_range r)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < r.n; i++)
		sum += image_network_at(im, r.first + i)->bits;
	return sum;
}

static uint64_t walk_ders(const struct image *im, struct image_range r)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < r.n && i < 1000; i++)
		sum += walk_str(im, *image_der_at(im, r.first + i));
	return sum;
}

/* Each name that a table holds is found where it lies, when it is one that a client can send. */
static uint64_t walk_listener(const struct image *im, const struct image_listener *l)
{
	uint64_t sum = walk_str(im, l->name) + walk_str(im, l->address.name);

	for (uint32_t i = 0; i < l->hosts.n; i++) {
		const struct image_host *h = image_host_at(im, l->hosts.first + i);
		struct view name = image_view(im, h->name);
		const struct image_host *found = image_find_host(im, l, name);

		if (name.n && name.n <= 253 && name.p[0] != '.' && name.p[0] != '*')
			INVARIANT(found && view_eq(image_view(im, found->name), name));
		for (uint32_t k = 0; k < h->rules.n && k < 1000; k++)
			sum += *image_rule_index_at(im, h->rules.first + k);
	}
	for (uint32_t i = 0; i < l->sni.n; i++) {
		const struct image_sni *s = image_sni_at(im, l->sni.first + i);
		struct view name = image_view(im, s->name);
		uint32_t found = image_find_sni(im, l, name);

		if (name.n && name.n <= 253 && name.p[0] != '.' && name.p[0] != '*')
			INVARIANT(found < image_count(im, IMAGE_CERTIFICATE));
	}
	return sum;
}

static uint64_t walk_segments(const struct image *im, struct image_range r)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < r.n && i < 1000; i++)
		sum += walk_str(im, image_segment_at(im, r.first + i)->text);
	return sum;
}

static uint64_t walk_filter(const struct image *im, const struct image_filter *f)
{
	uint64_t sum = walk_segments(im, f->request_lines) + walk_segments(im, f->answer_lines) +
		       walk_segments(im, f->page_lines) + walk_segments(im, f->path) +
		       walk_str(im, f->host);

	for (uint32_t i = 0; i < f->request_drops.n && i < 1000; i++)
		sum += walk_str(im, *image_drop_at(im, f->request_drops.first + i));
	for (uint32_t i = 0; i < f->cors.n && i < 1000; i++) {
		const struct image_cors *c = image_cors_at(im, f->cors.first + i);

		sum += walk_str(im, c->methods) + walk_str(im, c->headers) +
		       walk_str(im, c->expose);
		for (uint32_t k = 0; k < c->origins.n && k < 1000; k++)
			sum += walk_str(im, *image_origin_at(im, c->origins.first + k));
	}
	for (uint32_t i = 0; i < 2; i++)
		for (uint32_t k = 0; k < f->limits[i].n && k < 1000; k++)
			sum += walk_str(im, image_limit_at(im, f->limits[i].first + k)->key);
	for (uint32_t i = 0; i < f->access.n && i < 1000; i++)
		sum += walk_networks(im, image_access_at(im, f->access.first + i)->networks);
	return sum;
}

static uint64_t walk_rule(const struct image *im, const struct image_rule *r)
{
	uint64_t sum = walk_str(im, r->name) + walk_str(im, r->path) + walk_str(im, r->location) +
		       walk_str(im, r->body) + walk_str(im, r->content_type) +
		       walk_networks(im, r->sources);

	for (uint32_t i = 0; i < r->filter.n && i < 1000; i++)
		sum += walk_filter(im, image_filter_at(im, r->filter.first + i));
	for (uint32_t i = 0; i < r->methods.n; i++)
		sum += walk_str(im, *image_method_at(im, r->methods.first + i));
	for (uint32_t i = 0; i < r->fields.n; i++) {
		const struct image_field_match *f = image_field_match_at(im, r->fields.first + i);

		sum += walk_str(im, f->name) + walk_str(im, f->value);
	}
	for (uint32_t i = 0; i < r->backends.n; i++)
		sum += image_pool_at(im, image_split_at(im, r->backends.first + i)->pool)
			       ->servers.n;
	if (r->action == IMAGE_ACTION_BACKEND)
		INVARIANT(image_split_at(im, r->backends.first + r->backends.n - 1)->upto ==
			  r->weight_total);
	return sum + image_route_at(im, r->route)->rules.n;
}

static uint64_t walk_pool(const struct image *im, const struct image_pool *p)
{
	uint64_t sum = walk_str(im, p->name) + walk_str(im, p->tls_name) +
		       walk_str(im, p->health_path) + walk_str(im, p->health_method) +
		       walk_str(im, p->health_host) + walk_str(im, p->health_body) +
		       walk_ders(im, p->tls_ca) + walk_networks(im, p->resolve_to);

	for (uint32_t i = 0; i < p->servers.n; i++) {
		const struct image_server *s = image_server_at(im, p->servers.first + i);

		INVARIANT(image_pool_at(im, s->pool) == p && s->slot < IMAGE_SERVER_SLOTS);
		sum += walk_str(im, s->name) + walk_str(im, s->address.name);
	}
	for (uint32_t i = 0; i < p->status.n; i++)
		sum += image_status_range_at(im, p->status.first + i)->from;
	if (p->tls_client_certificate != IMAGE_NONE)
		sum += walk_str(im, image_certificate_at(im, p->tls_client_certificate)->name);
	return sum;
}

/* What a path leads to are rules. */
static uint64_t walk_paths(const struct image *im, const struct image_paths *p)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < p->table.n; i++) {
		const struct image_path *e = image_path_at(im, p->table.first + i);

		sum += walk_str(im, e->name);
		for (uint32_t k = 0; k < e->exact.n; k++)
			sum += image_rule_at(im, *image_rule_index_at(im, e->exact.first + k))
				       ->slot;
		for (uint32_t k = 0; k < e->prefix.n; k++)
			sum += image_rule_at(im, *image_rule_index_at(im, e->prefix.first + k))
				       ->slot;
	}
	return sum;
}

/* Trees are trees, and a rule of the gateway stands on listeners of cells alone. */
static uint64_t walk_app(const struct image *im, const struct image_app *a)
{
	const struct image_range trees[] = { a->allow, a->deny };
	uint64_t sum = walk_str(im, a->name) + walk_str(im, a->host) + walk_str(im, a->origin) +
		       walk_str(im, a->audience) + walk_str(im, a->header);

	for (uint32_t i = 0; i < a->titles.n; i++)
		sum += walk_str(im, image_title_at(im, a->titles.first + i)->text);
	sum += walk_str(im, a->owner);
	INVARIANT((a->read_only_methods &
		   (1u << METHOD_OTHER | 1u << METHOD_TRACE | 1u << METHOD_CONNECT)) == 0 &&
		  a->read_only_methods >> METHOD_N == 0);
	for (uint32_t i = 0; i < a->read_only_also.n; i++) {
		const struct image_safe_call *call =
			image_safe_call_at(im, a->read_only_also.first + i);

		INVARIANT(view_starts(image_view(im, call->path_prefix), VIEW("/")));
		INVARIANT(call->method >= METHOD_GET && call->method <= METHOD_PATCH);
	}
	for (size_t t = 0; t < 2; t++)
		for (uint32_t i = 0; i < trees[t].n; i++) {
			const struct image_condition *c =
				image_condition_at(im, trees[t].first + i);

			INVARIANT(c->n < trees[t].n - i);
			sum += walk_str(im, c->text);
			if (c->kind == IMAGE_IF_ZONE)
				sum += walk_networks(im, image_zone_at(im, c->index)->networks);
		}
	return sum + image_pool_at(im, a->pool)->servers.n;
}

/* Bringing back one after the other whose needs are back ends with all of them. */
static void walk_needs(const struct image *im)
{
	static bool is_back[IMAGE_APPS_MAX];
	uint32_t n = image_count(im, IMAGE_APP), back = 0, before = 1;

	for (uint32_t i = 0; i < n; i++)
		is_back[i] = false;
	while (back != before) {
		before = back;
		for (uint32_t i = 0; i < n; i++) {
			struct image_range needs = image_app_at(im, i)->needs;
			uint32_t k = 0;

			while (k < needs.n && is_back[image_need_at(im, needs.first + k)->app])
				k++;
			back += !is_back[i] && k == needs.n;
			is_back[i] |= k == needs.n;
		}
	}
	INVARIANT(back == n);
}

/* Nobody is named without a name; what a page links to is a page. */
static uint64_t walk_isolation(const struct image *im)
{
	const struct image_isolation *s = &im->header->isolation;
	struct view news = image_view(im, s->news);

	INVARIANT(s->to_open && s->to_close && s->pilot.n);
	INVARIANT(s->has_approvers == (s->approvers.n != 0));
	INVARIANT(s->fallback_on < 1u << IMAGE_ALARM_CLASSES);
	INVARIANT(news.n == 0 || view_starts(news, VIEW("http")));
	return walk_str(im, s->approvers) + walk_str(im, s->pilot) + walk_view(news);
}

static void walk_gate(const struct image *im, const struct image_listener *l)
{
	for (uint32_t i = 0; i < l->hosts.n; i++) {
		struct image_range rules = image_host_at(im, l->hosts.first + i)->rules;

		for (uint32_t k = 0; k < rules.n && k < 1000; k++) {
			const struct image_rule *r =
				image_rule_at(im, *image_rule_index_at(im, rules.first + k));

			if (r->action != IMAGE_ACTION_APP && r->action != IMAGE_ACTION_PORTAL)
				continue;
			INVARIANT(l->flags & IMAGE_CELL && rules.n == 1);
			INVARIANT(im->header->gateway.host.n);
		}
	}
}

/* Rules for the kernel: as many as were counted, at most, and of a name never fewer than one. */
static void walk_reach(const struct image *im)
{
	static const struct ip resolvers[2] = { { { 1 } }, { { 2 } } };
	size_t room = reach_rules_count(im, 2), n = 0;
	struct reach_rule *rules = calloc(room ? room : 1, sizeof *rules);

	INVARIANT(rules);
	n = reach_rules_fill(im, resolvers, 2, rules);
	INVARIANT(n <= room);
	free(rules);
}

static uint64_t walk(const struct image *im)
{
	uint64_t sum = walk_networks(im, im->header->trust_forwarded_from) + walk_isolation(im);

	walk_needs(im);
	walk_reach(im);
	for (uint32_t i = 0; i < image_count(im, IMAGE_LISTENER); i++) {
		sum += walk_listener(im, image_listener_at(im, i));
		walk_gate(im, image_listener_at(im, i));
	}
	for (uint32_t i = 0; i < image_count(im, IMAGE_APP); i++)
		sum += walk_app(im, image_app_at(im, i));
	for (uint32_t i = 0; i < image_count(im, IMAGE_CERTIFICATE); i++) {
		const struct image_certificate *c = image_certificate_at(im, i);

		sum += walk_str(im, c->name) + walk_str(im, c->key_path) + walk_str(im, c->spki) +
		       walk_ders(im, c->chain);
	}
	for (uint32_t i = 0; i < image_count(im, IMAGE_RULE); i++)
		sum += walk_rule(im, image_rule_at(im, i));
	for (uint32_t i = 0; i < image_count(im, IMAGE_POOL); i++)
		sum += walk_pool(im, image_pool_at(im, i));
	for (uint32_t i = 0; i < image_count(im, IMAGE_PATHS); i++)
		sum += walk_paths(im, image_paths_at(im, i));
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *p = fuzz_copy(view_of(data, size));
	struct image im = { 0 };
	const char *why = NULL;

	if (size >= sizeof(struct image_header))
		((struct image_header *)(void *)p)->bytes = size;
	if (image_check(view_of(p, size), &im, &why) == E_OK)
		(void)walk(&im);
	else
		INVARIANT(why && !im.header);
	free(p);
	return 0;
}
