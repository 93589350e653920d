/* Rules against one request; no allocation, no system call. */
#include "route/route.h"

#include "route/route_path.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>

enum { ROUTE_MATCH_LIMIT = 10000, ROUTE_HEAP_KIB = 64 };

struct route_regexes {
	pcre2_match_context *limits;
	pcre2_match_data *data;
	uint32_t n;	    /* rules of the image */
	pcre2_code *code[]; /* by rule index; NULL for a rule without one */
};

static enum err route_regex_compile(const struct image *im, const struct image_rule *rule,
				    pcre2_code **ret)
{
	struct view path = image_view(im, rule->path);
	int error = 0;
	PCRE2_SIZE at = 0;

	if (rule->path_kind != IMAGE_PATH_REGEX)
		return E_OK;
	*ret = pcre2_compile(path.p, path.n, PCRE2_NEVER_UTF | PCRE2_NEVER_BACKSLASH_C, &error, &at,
			     NULL);
	return *ret ? E_OK : E_PROTO;
}

static bool route_has_regex(const struct image *im)
{
	for (uint32_t i = 0; i < image_count(im, IMAGE_RULE); i++)
		if (image_rule_at(im, i)->path_kind == IMAGE_PATH_REGEX)
			return true;
	return false;
}

enum err route_regexes_new(const struct image *im, struct route_regexes **ret)
{
	uint32_t n = image_count(im, IMAGE_RULE);
	struct route_regexes *r = NULL;
	enum err e = E_OK;

	*ret = NULL;
	if (!route_has_regex(im))
		return E_OK;
	r = calloc(1, sizeof *r + n * sizeof r->code[0]);
	if (!r)
		return E_NOMEM;
	r->n = n;
	r->limits = pcre2_match_context_create(NULL);
	r->data = pcre2_match_data_create(1, NULL);
	if (!r->limits || !r->data)
		e = E_NOMEM;
	for (uint32_t i = 0; i < n && e == E_OK; i++)
		e = route_regex_compile(im, image_rule_at(im, i), &r->code[i]);
	if (e != E_OK) {
		(void)route_regexes_free(r);
		return e;
	}
	(void)pcre2_set_match_limit(r->limits, ROUTE_MATCH_LIMIT);
	(void)pcre2_set_heap_limit(r->limits, ROUTE_HEAP_KIB);
	*ret = r;
	return E_OK;
}

struct route_regexes *route_regexes_free(struct route_regexes *r)
{
	if (!r)
		return NULL;
	for (uint32_t i = 0; i < r->n; i++)
		pcre2_code_free(r->code[i]);
	pcre2_match_context_free(r->limits);
	pcre2_match_data_free(r->data);
	free(r);
	return NULL;
}

/* A prefix ends on a segment border: /api takes /api and /api/x, not /apis. */
static bool route_prefix_is(struct view path, struct view prefix)
{
	if (prefix.n <= 1)
		return path.n && path.p[0] == '/';
	return view_starts(path, prefix) && (path.n == prefix.n || path.p[prefix.n] == '/');
}

static bool route_path_is(const struct image *im, const struct image_rule *rule, size_t index,
			  struct view path, const struct route_regexes *regexes)
{
	struct view want = image_view(im, rule->path);

	switch ((enum image_path_kind)rule->path_kind) {
	case IMAGE_PATH_ANY:
		return true;
	case IMAGE_PATH_EXACT:
		return view_eq(path, want);
	case IMAGE_PATH_PREFIX:
		return route_prefix_is(path, want);
	case IMAGE_PATH_REGEX:
		return regexes && pcre2_match(regexes->code[index], path.p, path.n, 0, 0,
					      regexes->data, regexes->limits) >= 0;
	}
	return false;
}

static bool route_method_is(const struct image *im, const struct image_rule *rule,
			    const struct route_request *q)
{
	if (rule->method_bits == 0 && rule->methods.n == 0)
		return true;
	if (q->method != METHOD_OTHER)
		return rule->method_bits & (1u << (unsigned)q->method);
	for (uint32_t i = 0; i < rule->methods.n; i++)
		if (view_eq(q->method_name,
			    image_view(im, *image_method_at(im, rule->methods.first + i))))
			return true;
	return false;
}

static bool route_header_is(const struct route_request *q, struct view name, struct view value)
{
	for (size_t i = 0; i < q->fields->field_n; i++) {
		const struct field *f = &q->fields->fields[i];

		if (view_ieq(field_name_view(q->head, f), name) &&
		    view_eq(field_value_view(q->head, f), value))
			return true;
	}
	return false;
}

/* name=value among the parameters, byte for byte: what is encoded differently is not the same. */
static bool route_query_is(struct view query, struct view name, struct view value)
{
	while (query.n) {
		size_t end = view_find(query, '&');
		struct view pair = view_slice(query, 0, end);
		size_t eq = view_find(pair, '=');

		if (view_eq(view_slice(pair, 0, eq), name) &&
		    view_eq(view_slice(pair, eq + 1, pair.n), value))
			return true;
		query = view_slice(query, end + 1, query.n);
	}
	return false;
}

static bool route_field_is(const struct image *im, const struct image_field_match *m,
			   const struct route_request *q)
{
	struct view name = image_view(im, m->name), value = image_view(im, m->value);

	return m->kind == IMAGE_FIELD_HEADER ? route_header_is(q, name, value)
					     : route_query_is(q->target.query, name, value);
}

/* The first of the rule's fields that the request does not have; rule->fields.n: none. */
static uint32_t route_fields_miss(const struct image *im, const struct image_rule *rule,
				  const struct route_request *q)
{
	uint32_t i = 0;

	while (i < rule->fields.n &&
	       route_field_is(im, image_field_match_at(im, rule->fields.first + i), q))
		i++;
	return i;
}

static bool route_source_is(const struct image *im, const struct image_rule *rule,
			    const struct ip *source)
{
	for (uint32_t i = 0; i < rule->sources.n; i++)
		if (ip_net_has(image_network_at(im, rule->sources.first + i), source))
			return true;
	return rule->sources.n == 0;
}

/* Every condition in the order in which people are told of them; both ways to ask share it. */
static inline enum route_verdict route_judge_one(const struct image *im, uint32_t index,
						 const struct route_request *q,
						 const struct route_regexes *regexes,
						 uint32_t *ret_field)
{
	const struct image_rule *rule = image_rule_at(im, index);

	if (!route_path_is(im, rule, index, q->target.path, regexes))
		return ROUTE_OTHER_PATH;
	if (!route_method_is(im, rule, q))
		return ROUTE_OTHER_METHOD;
	*ret_field = route_fields_miss(im, rule, q);
	if (*ret_field < rule->fields.n)
		return ROUTE_OTHER_FIELD;
	return route_source_is(im, rule, q->source) ? ROUTE_TAKES : ROUTE_OTHER_SOURCE;
}

enum route_verdict route_judge(const struct image *im, uint32_t rule, const struct route_request *q,
			       const struct route_regexes *regexes, uint32_t *ret_field)
{
	return route_judge_one(im, rule, q, regexes, ret_field);
}

/* The first of those that the path may lead to. */
static const struct image_rule *route_find_path(const struct image *im, struct route_path *path,
						const struct route_request *q,
						const struct route_regexes *regexes)
{
	uint32_t index = 0, field = 0;

	while ((index = route_path_next(im, path)) != IMAGE_NONE)
		if (route_judge_one(im, index, q, regexes, &field) == ROUTE_TAKES)
			return image_rule_at(im, index);
	return NULL;
}

const struct image_rule *route_find(const struct image *im, const struct image_listener *l,
				    const struct route_request *q,
				    const struct route_regexes *regexes)
{
	const struct image_host *h = image_find_host(im, l, q->host);
	struct route_path path;
	uint32_t field = 0;

	if (h && h->paths.n &&
	    route_path_begin(im, image_paths_at(im, h->paths.first), q->target.path, &path))
		return route_find_path(im, &path, q, regexes);
	for (uint32_t i = 0; h && i < h->rules.n; i++) {
		uint32_t index = *image_rule_index_at(im, h->rules.first + i);

		if (route_judge_one(im, index, q, regexes, &field) == ROUTE_TAKES)
			return image_rule_at(im, index);
	}
	return NULL;
}

const struct image_rule *route_find_stream(const struct image *im, const struct image_listener *l,
					   struct view name, const struct ip *source)
{
	const struct image_host *h = image_find_host(im, l, name);

	for (uint32_t i = 0; h && i < h->rules.n; i++) {
		const struct image_rule *rule =
			image_rule_at(im, *image_rule_index_at(im, h->rules.first + i));

		if (rule->action == IMAGE_ACTION_BACKEND && route_source_is(im, rule, source))
			return rule;
	}
	return NULL;
}

uint32_t route_split(const struct image *im, const struct image_rule *rule, uint32_t r)
{
	for (uint32_t i = 0; i < rule->backends.n; i++) {
		const struct image_split *s = image_split_at(im, rule->backends.first + i);

		if (s->upto > r)
			return s->pool;
	}
	return IMAGE_NONE;
}
