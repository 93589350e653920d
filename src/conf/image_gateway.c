/* The gateway's part of image_check: what src/access and the cells may rely on. */
#include "conf/image_gateway.h"

#include "conf/image_row.h"
#include "ipc/gate_words.h"

enum {
	IMAGE_HOST_MAX = 253,
	IMAGE_ORIGIN_MAX = IMAGE_HOST_MAX + 14, /* https://HOST:65535 */
	IMAGE_FIELD_MAX = 64,
	IMAGE_GATE_FACTORS = GATE_PASSWORD | GATE_TOTP | GATE_PASSKEY,
	IMAGE_DAYS = 0xfe,
	IMAGE_SESSION_MAX_S = 30 * 24 * 3600
};

static const struct image_row gateway_rows[] = {
	ROW(IMAGE_APP, ROW_TEXT, image_app, name, 1, IMAGE_NAME_MAX),
	ROW(IMAGE_APP, ROW_TEXT, image_app, host, 1, IMAGE_HOST_MAX),
	ROW(IMAGE_APP, ROW_TEXT, image_app, origin, 1, IMAGE_ORIGIN_MAX),
	ROW(IMAGE_APP, ROW_TEXT, image_app, audience, 1, IMAGE_NAME_MAX),
	ROW(IMAGE_APP, ROW_TEXT, image_app, header, 0, IMAGE_FIELD_MAX),
	ROW(IMAGE_APP, ROW_RANGE, image_app, titles, IMAGE_TITLE, 0),
	ROW(IMAGE_APP, ROW_RANGE, image_app, allow, IMAGE_CONDITION, 0),
	ROW(IMAGE_APP, ROW_RANGE, image_app, deny, IMAGE_CONDITION, 0),
	ROW(IMAGE_APP, ROW_INDEX, image_app, pool, IMAGE_POOL, 0),
	ROW(IMAGE_APP, ROW_U8, image_app, wants_jwt, 0, 1),
	ROW(IMAGE_TITLE, ROW_TEXT, image_title, language, 0, 8),
	ROW(IMAGE_TITLE, ROW_TEXT, image_title, text, 1, GATE_TITLE_MAX),
	ROW(IMAGE_CONDITION, ROW_TEXT, image_condition, text, 0, GATE_USER_MAX),
	ROW(IMAGE_CONDITION, ROW_U16, image_condition, from, 0, IMAGE_DAY_MINUTES - 1),
	ROW(IMAGE_CONDITION, ROW_U16, image_condition, to, 0, IMAGE_DAY_MINUTES),
	ROW(IMAGE_CONDITION, ROW_U8, image_condition, days, 0, IMAGE_DAYS),
	ROW(IMAGE_CONDITION, ROW_U8, image_condition, kind, IMAGE_IF_ALL, IMAGE_IF_KINDS - 1),
	ROW(IMAGE_ZONE, ROW_TEXT, image_zone, name, 1, IMAGE_NAME_MAX),
	ROW(IMAGE_ZONE, ROW_RANGE, image_zone, networks, IMAGE_NETWORK, 0),
	{ IMAGE_FACTORS, ROW_U32, 0, 1, IMAGE_GATE_FACTORS },
};

/* When there is a portal. */
static const struct image_row portal_rows[] = {
	ROW(0, ROW_TEXT, image_header, gateway.host, 1, IMAGE_HOST_MAX),
	ROW(0, ROW_TEXT, image_header, gateway.origin, 1, IMAGE_ORIGIN_MAX),
	ROW(0, ROW_TEXT, image_header, gateway.title, 1, IMAGE_NAME_MAX),
	ROW(0, ROW_RANGE, image_header, gateway.factors, IMAGE_FACTORS, 1),
	ROW(0, ROW_U32, image_header, gateway.idle_s, 1, IMAGE_SESSION_MAX_S),
	ROW(0, ROW_U32, image_header, gateway.lifetime_s, 1, IMAGE_SESSION_MAX_S),
	ROW(0, ROW_U32, image_header, gateway.rotate_s, 1, IMAGE_SESSION_MAX_S),
	ROW(0, ROW_U32, image_header, gateway.step_up_s, 1, IMAGE_SESSION_MAX_S),
	ROW(0, ROW_U32, image_header, gateway.argon2_kib, 0, 4 << 20),
	ROW(0, ROW_U32, image_header, gateway.argon2_passes, 0, 1000),
	ROW(0, ROW_U32, image_header, gateway.cells, 1, IMAGE_CELLS_MAX),
	ROW(0, ROW_U32, image_header, gateway.cells_per_address, 1, IMAGE_CELLS_MAX),
	ROW(0, ROW_U32, image_header, gateway.cells_before_login, 1, IMAGE_CELLS_MAX),
	ROW(0, ROW_U32, image_header, gateway.spawner_s, 1, IMAGE_SESSION_MAX_S),
	ROW(0, ROW_U8, image_header, gateway.binding, IMAGE_BINDING_OFF, IMAGE_BINDING_STRICT),
	ROW(0, ROW_U8, image_header, gateway.on_mismatch, IMAGE_MISMATCH_STEP_UP,
	    IMAGE_MISMATCH_END),
};

bool image_gateway_rows_are_good(const struct image *im)
{
	return image_rows_are_good(im, gateway_rows, sizeof gateway_rows / sizeof *gateway_rows);
}

static const char *condition_why(const struct image *im, const struct image_condition *c)
{
	bool is_list = c->kind <= IMAGE_IF_NONE;

	if (!is_list && c->n)
		return "a condition that is no list holds others";
	if ((c->kind == IMAGE_IF_GROUP || c->kind == IMAGE_IF_USER) != (c->text.n != 0))
		return "a condition and its text differ";
	if (c->kind == IMAGE_IF_ZONE && c->index >= image_count(im, IMAGE_ZONE))
		return "a condition's zone is none";
	if (c->kind == IMAGE_IF_FACTOR &&
	    (c->index == 0 || c->index & ~(uint32_t)IMAGE_GATE_FACTORS ||
	     c->index & (c->index - 1)))
		return "a condition's factor is none";
	if (c->kind == IMAGE_IF_TIME && (c->from == c->to || c->days == 0 || c->days & 1))
		return "a condition's time is none";
	return NULL;
}

/* One tree, every subtree inside of its parent's, at most IMAGE_CONDITION_DEPTH deep. */
static const char *tree_why(const struct image *im, struct image_range tree)
{
	uint32_t ends[IMAGE_CONDITION_DEPTH] = { 0 }, depth = 0;

	if (tree.n > IMAGE_CONDITIONS_MAX)
		return "an access rule has too many conditions";
	for (uint32_t i = 0; i < tree.n; i++) {
		const struct image_condition *c = image_condition_at(im, tree.first + i);
		const char *why = condition_why(im, c);

		while (depth && ends[depth - 1] == i)
			depth--;
		if (why)
			return why;
		if (c->n > tree.n - i - 1 ||
		    (i ? !depth || i + 1 + c->n > ends[depth - 1] : c->n != tree.n - 1))
			return "an access rule is no tree";
		if (c->n == 0)
			continue;
		if (depth + 1 == IMAGE_CONDITION_DEPTH)
			return "an access rule is too deep";
		ends[depth++] = i + 1 + c->n;
	}
	return NULL;
}

static const char *apps_why(const struct image *im)
{
	uint32_t n = image_count(im, IMAGE_APP), conditions = 0, titles = 0;

	if (n > IMAGE_APPS_MAX)
		return "too many applications";
	for (uint32_t i = 0; i < n; i++) {
		const struct image_app *a = image_app_at(im, i);
		const char *why = NULL;

		if (!image_row_follows(a->allow, &conditions) ||
		    !image_row_follows(a->deny, &conditions) ||
		    !image_row_follows(a->titles, &titles))
			return "two applications share a range";
		why = tree_why(im, a->allow);
		why = why ? why : tree_why(im, a->deny);
		if (why)
			return why;
		if (a->id == 0)
			return "an application has no id";
		for (uint32_t k = 0; k < i; k++)
			if (image_app_at(im, k)->id == a->id)
				return "two applications have one id";
	}
	return NULL;
}

static bool rule_is_gate(const struct image_rule *r)
{
	return r->action == IMAGE_ACTION_PORTAL || r->action == IMAGE_ACTION_APP;
}

static const char *gate_rules_why(const struct image *im)
{
	for (uint32_t i = 0; i < image_count(im, IMAGE_RULE); i++) {
		const struct image_rule *r = image_rule_at(im, i);

		if ((r->action == IMAGE_ACTION_APP) != (r->app != IMAGE_NONE))
			return "a rule and its application differ";
		if (rule_is_gate(r) && im->header->gateway.host.n == 0)
			return "a rule leads to a portal that is not there";
		if (r->app != IMAGE_NONE &&
		    (r->backends.n != 1 ||
		     image_split_at(im, r->backends.first)->pool != image_app_at(im, r->app)->pool))
			return "an application's rule leads to another backend";
	}
	return NULL;
}

/* Where in IMAGE_RULE_INDEX the rules of the gateway begin; everything behind is theirs. */
static const char *gate_border(const struct image *im, uint32_t *ret)
{
	uint32_t n = image_count(im, IMAGE_RULE_INDEX), border = 0;

	while (border < n && !rule_is_gate(image_rule_at(im, *image_rule_index_at(im, border))))
		border++;
	for (uint32_t i = border; i < n; i++)
		if (!rule_is_gate(image_rule_at(im, *image_rule_index_at(im, i))))
			return "rules of the gateway stand among others";
	for (uint32_t i = 0; i < image_count(im, IMAGE_PATH); i++) {
		const struct image_path *p = image_path_at(im, i);

		if ((p->exact.n && p->exact.first + p->exact.n > border) ||
		    (p->prefix.n && p->prefix.first + p->prefix.n > border))
			return "a path leads past the gateway";
	}
	for (uint32_t i = 0; i < image_count(im, IMAGE_PATHS); i++) {
		const struct image_paths *p = image_paths_at(im, i);

		if (p->others.n && p->others.first + p->others.n > border)
			return "a path leads past the gateway";
	}
	*ret = border;
	return NULL;
}

/* Hosts of a listener: none of the gateway's, or one rule of it on a listener of cells. */
static const char *gate_hosts_why(const struct image *im, const struct image_listener *l,
				  uint32_t border)
{
	bool is_cell = l->flags & IMAGE_CELL;

	if (is_cell && l->protocol != IMAGE_HTTPS)
		return "a listener of cells is not https";
	for (uint32_t i = 0; i < l->hosts.n; i++) {
		struct image_range rules = image_host_at(im, l->hosts.first + i)->rules;

		if (rules.first + rules.n <= border || rules.n == 0)
			continue;
		if (!is_cell)
			return "a listener leads past the gateway";
		if (rules.n != 1 || rules.first < border)
			return "a host of the gateway has other rules";
	}
	return NULL;
}

static const char *gate_why(const struct image *im)
{
	uint32_t border = 0;
	const char *why = gate_rules_why(im);

	why = why ? why : gate_border(im, &border);
	for (uint32_t i = 0; !why && i < image_count(im, IMAGE_LISTENER); i++)
		why = gate_hosts_why(im, image_listener_at(im, i), border);
	return why;
}

static const char *zones_why(const struct image *im)
{
	uint32_t end = 0;

	for (uint32_t i = 0; i < image_count(im, IMAGE_ZONE); i++)
		if (!image_row_follows(image_zone_at(im, i)->networks, &end))
			return "two zones share their networks";
	return NULL;
}

const char *image_gateway_why(const struct image *im)
{
	static const char *(*const checks[])(const struct image *) = { zones_why, apps_why,
								       gate_why };
	const struct image_gateway *g = &im->header->gateway;

	if (g->host.n &&
	    !image_row_header_is_good(im, portal_rows, sizeof portal_rows / sizeof *portal_rows))
		return "the portal is out of its bounds";
	if (g->factors.n > IMAGE_FACTORS_MAX)
		return "too many combinations of factors";
	if (!g->host.n && image_count(im, IMAGE_APP))
		return "there are applications without a portal";
	for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
		const char *why = checks[i](im);

		if (why)
			return why;
	}
	return NULL;
}
