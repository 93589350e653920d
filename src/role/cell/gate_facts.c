/* Heads read for what browsers say about a request: Fetch Metadata, Origin. */
#include "role/cell/gate_facts.h"

#include "route/cors.h"

static struct view facts_field(const struct gate_request *q, struct view name)
{
	return cors_field(q->head, q->h, name); /* nothing when there are two */
}

static bool facts_has(const struct gate_request *q, struct view name)
{
	for (size_t i = 0; i < q->h->field_n; i++)
		if (view_ieq(field_name_view(q->head, &q->h->fields[i]), name))
			return true;
	return false;
}

/* A media type in a list, without a look at its parameters. */
static bool facts_lists(struct view list, struct view type)
{
	while (list.n) {
		size_t end = view_find(list, ',');
		struct view one = view_slice(list, 0, end);

		list = view_slice(list, end + 1, list.n);
		if (view_ieq(view_trim(view_slice(one, 0, view_find(one, ';'))), type))
			return true;
	}
	return false;
}

/*
 * Whether a person sees the answer as a page: only then is a redirect to a form of any use.
 * Browsers say so themselves; others are taken at their Accept.
 */
static bool facts_is_navigation(const struct gate_request *q)
{
	bool is_read = q->h->method_id == METHOD_GET || q->h->method_id == METHOD_HEAD;

	if (!is_read || (q->h->flags & HTTP1_UPGRADE))
		return false;
	if (facts_has(q, VIEW("sec-fetch-mode")))
		return view_eq(facts_field(q, VIEW("sec-fetch-mode")), VIEW("navigate"));
	return facts_lists(facts_field(q, VIEW("accept")), VIEW("text/html")) &&
	       !facts_has(q, VIEW("x-requested-with"));
}

/* What a script of another site can't say: both are set by browsers alone. */
static void facts_origin(const struct gate_request *q, struct view origin, struct gate_facts *ret)
{
	struct view site = facts_field(q, VIEW("sec-fetch-site"));
	struct view from = facts_field(q, VIEW("origin"));
	bool has_site = facts_has(q, VIEW("sec-fetch-site")),
	     has_from = facts_has(q, VIEW("origin"));
	bool is_site = view_eq(site, VIEW("same-origin")) || view_eq(site, VIEW("none"));

	ret->is_other_origin = (has_site && !is_site) || (has_from && !view_ieq(from, origin));
	ret->is_same_origin = (has_site || has_from) && !ret->is_other_origin;
}

struct gate_facts gate_facts_read(const struct gate_request *q, struct view origin,
				  struct view choice)
{
	struct view type = facts_field(q, VIEW("content-type"));
	struct gate_facts f = {
		.is_navigation = facts_is_navigation(q),
		.wants_continue = (q->h->flags & HTTP1_EXPECT_CONTINUE) && q->h->minor,
		.language = portal_language(facts_field(q, VIEW("accept-language")), choice),
	};

	type = view_trim(view_slice(type, 0, view_find(type, ';')));
	f.is_form = view_ieq(type, VIEW("application/x-www-form-urlencoded"));
	facts_origin(q, origin, &f);
	return f;
}

/* Servers that make variables of names (CGI: RFC 3875 §4.1.18) have '_' for whatever is neither
 * letter nor digit. */
static uint8_t facts_fold(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return (uint8_t)(c | 0x20);
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '-';
}

static bool facts_starts(struct view name, struct view stem)
{
	if (name.n < stem.n)
		return false;
	for (size_t i = 0; i < stem.n; i++)
		if (facts_fold(name.p[i]) != facts_fold(stem.p[i]))
			return false;
	return true;
}

void gate_facts_drop(const struct gate_request *q, struct view header)
{
	for (size_t i = 0; i < q->h->field_n; i++) {
		struct view name = field_name_view(q->head, &q->h->fields[i]);

		if (facts_starts(name, VIEW("x-sluis-")) ||
		    (header.n && name.n == header.n && facts_starts(name, header)))
			q->h->fields[i].id = FIELD_TAKEN_OUT;
	}
}

bool gate_facts_is_own(struct view path)
{
	struct view first = { 0 };

	while (view_starts(path, VIEW("/")))
		path = view_slice(path, 1, path.n);
	first = view_slice(path, 0, view_find(path, '/'));
	return view_ieq(view_slice(first, 0, view_find(first, ';')), VIEW(".sluis"));
}

bool gate_facts_back(struct view text)
{
	uint8_t room[3 * PORTER_BACK_MAX];
	struct wbuf scratch = wbuf_of(room, sizeof room);
	struct uri_target t = { 0 };
	const char *why = "";

	if (text.n > PORTER_BACK_MAX || !view_starts(text, VIEW("/")) ||
	    view_starts(text, VIEW("//")))
		return false;
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] <= ' ' || text.p[i] >= 0x7f || text.p[i] == '\\' || text.p[i] == '#')
			return false;
	return uri_target_parse(text, &scratch, &t, &why) == E_OK && !t.is_changed &&
	       !gate_facts_is_own(t.path);
}

struct view gate_facts_param(struct view query, struct view name)
{
	struct view found = { 0 };
	bool is_there = false;

	while (query.n) {
		size_t end = view_find(query, '&'), equals = 0;
		struct view pair = view_slice(query, 0, end);

		query = view_slice(query, end + 1, query.n);
		equals = view_find(pair, '=');
		if (!view_eq(view_slice(pair, 0, equals), name))
			continue;
		if (is_there)
			return (struct view){ 0 };
		is_there = true;
		found = view_slice(pair, equals + 1, pair.n);
	}
	return found;
}
