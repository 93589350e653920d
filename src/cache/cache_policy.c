/* RFC 9111, in the order of its sections. */
#include "cache/cache_policy.h"

#include "base/date.h"

#include <stddef.h>

/* Fields by which servers are known to be made to answer another question than the one in the key
 * (THREATS A26; "Practical Web Cache Poisoning", Kettle, 2018). */
static const struct view cache_policy_odd[] = {
	VIEW_INIT("x-http-method-override"), VIEW_INIT("x-http-method"),
	VIEW_INIT("x-method-override"),	     VIEW_INIT("x-original-url"),
	VIEW_INIT("x-rewrite-url"),	     VIEW_INIT("x-host"),
	VIEW_INIT("x-original-host"),	     VIEW_INIT("x-forwarded-prefix"),
};

static const struct view cache_policy_partial[] = {
	VIEW_INIT("range"),
	VIEW_INIT("if-range"),
	VIEW_INIT("if-match"),
	VIEW_INIT("if-unmodified-since"),
};

static bool cache_policy_is_one(struct view name, const struct view *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (view_ieq(name, list[i]))
			return true;
	return false;
}

struct view cache_policy_field(struct view head, const struct http1_head *h, struct view name)
{
	for (size_t i = 0; i < h->field_n; i++)
		if (view_ieq(field_name_view(head, &h->fields[i]), name))
			return field_value_view(head, &h->fields[i]);
	return (struct view){ 0 };
}

static void cache_policy_read_field(struct cache_request *q, struct view name, struct view value,
				    bool *has_control)
{
	if (view_ieq(name, VIEW("cache-control"))) {
		cache_control_add(&q->control, value);
		*has_control = true;
	} else if (view_ieq(name, VIEW("if-none-match"))) {
		q->is_partial |= q->none_match.p != NULL; /* twice: for the server to judge */
		q->none_match = value;
	} else if (view_ieq(name, VIEW("if-modified-since"))) {
		q->modified_since = value;
	} else {
		q->is_odd |= cache_policy_is_one(
			name, cache_policy_odd, sizeof cache_policy_odd / sizeof *cache_policy_odd);
		q->is_partial |= cache_policy_is_one(name, cache_policy_partial,
						     sizeof cache_policy_partial /
							     sizeof *cache_policy_partial);
	}
}

void cache_policy_read(struct view head, const struct http1_head *h, struct cache_request *ret)
{
	bool has_control = false;

	*ret = (struct cache_request){ 0 };
	for (size_t i = 0; i < h->field_n; i++) {
		const struct field *f = &h->fields[i];

		ret->has_authorization |= f->id == FIELD_AUTHORIZATION;
		ret->has_cookie |= f->id == FIELD_COOKIE;
		cache_policy_read_field(ret, field_name_view(head, f), field_value_view(head, f),
					&has_control);
	}
	/* §5.4: Pragma counts where there is no Cache-Control */
	if (!has_control && view_ieq(cache_policy_field(head, h, VIEW("pragma")), VIEW("no-cache")))
		ret->control.flags |= CACHE_NO_CACHE;
}

/* ---- storing ---- */

/* Final statuses whose meaning is understood (§3): what they say does not depend on the method's
 * effect, and they have no parts. */
static bool cache_policy_knows(unsigned status)
{
	static const uint16_t known[] = {
		200, 203, 204, 300, 301, 302, 307, 308, 404, 405, 410, 414
	};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (known[i] == status)
			return true;
	return false;
}

/* What the fields of an answer say. */
struct cache_answer {
	struct cache_control control;
	int64_t date_s, expires_s;
	uint32_t age_s;
	bool has_date, has_expires, has_validator, is_forbidden;
};

static void cache_policy_answer_field(struct cache_answer *a, const struct field *f,
				      struct view name, struct view value)
{
	if (f->id == FIELD_SET_COOKIE || f->id == FIELD_CONTENT_RANGE || f->id == FIELD_TRAILER)
		a->is_forbidden = true;
	else if (f->id == FIELD_CACHE_CONTROL)
		cache_control_add(&a->control, value);
	else if (f->id == FIELD_DATE)
		a->has_date = date_parse_http(value, &a->date_s) == E_OK;
	else if (view_ieq(name, VIEW("etag")) || view_ieq(name, VIEW("last-modified")))
		a->has_validator = true;
	else if (view_ieq(name, VIEW("age")) && cache_control_delta(value, &a->age_s) != E_OK)
		a->age_s = 0; /* §5.1: a bad one is no age */
	else if (view_ieq(name, VIEW("expires")) && !a->has_expires) {
		a->has_expires = true; /* §5.3: what is no date has passed */
		if (date_parse_http(value, &a->expires_s) != E_OK)
			a->expires_s = INT64_MIN;
	}
}

static uint32_t cache_policy_cap(int64_t s)
{
	return s < 0 ? 0 : s > CACHE_DELTA_MAX ? CACHE_DELTA_MAX : (uint32_t)s;
}

/* §4.2.1; false: nothing explicit was said */
static bool cache_policy_lifetime(const struct cache_answer *a, int64_t now_s, uint32_t *ret)
{
	if (a->control.flags & CACHE_S_MAXAGE) {
		*ret = a->control.s_maxage;
	} else if (a->control.flags & CACHE_MAX_AGE) {
		*ret = a->control.max_age;
	} else if (a->has_expires) {
		int64_t from = a->has_date ? a->date_s : now_s;

		*ret = a->expires_s <= from ? 0 : cache_policy_cap(a->expires_s - from);
	} else {
		return false;
	}
	return true;
}

/* §4.2.3: the age that it had when it came */
static uint32_t cache_policy_age(const struct cache_answer *a, const struct cache_times *t)
{
	int64_t apparent = a->has_date && t->now_s > a->date_s ? t->now_s - a->date_s : 0;
	int64_t delay = t->now_s > t->asked_s ? t->now_s - t->asked_s : 0;
	int64_t corrected = (int64_t)a->age_s + delay;

	return cache_policy_cap(apparent > corrected ? apparent : corrected);
}

static uint32_t cache_policy_life_flags(const struct cache_answer *a)
{
	uint32_t flags = a->control.flags, life = 0;

	if (flags & CACHE_NO_CACHE)
		life |= CACHE_LIFE_VALIDATE;
	if (flags & (CACHE_MUST_REVALIDATE | CACHE_PROXY_REVALIDATE | CACHE_S_MAXAGE))
		life |= CACHE_LIFE_NO_STALE;
	if (flags & (CACHE_PUBLIC | CACHE_S_MAXAGE | CACHE_MUST_REVALIDATE))
		life |= CACHE_LIFE_CONSENT;
	if (flags & (CACHE_PUBLIC | CACHE_S_MAXAGE))
		life |= CACHE_LIFE_PUBLIC;
	if (a->has_validator)
		life |= CACHE_LIFE_VALIDATOR;
	return life;
}

/* §3, §3.5, and the rule about cookies */
static bool cache_policy_is_allowed(const struct cache_request *q, const struct cache_answer *a,
				    uint32_t life, bool even_with_cookies)
{
	if (a->is_forbidden || (a->control.flags & (CACHE_NO_STORE | CACHE_PRIVATE)) ||
	    (q->control.flags & CACHE_NO_STORE))
		return false;
	if (q->has_authorization && !(life & CACHE_LIFE_CONSENT))
		return false;
	return !q->has_cookie || even_with_cookies || (life & CACHE_LIFE_PUBLIC);
}

enum err cache_policy_judge(const struct cache_request *q, struct view head,
			    const struct http1_head *h, const struct cache_times *t,
			    struct cache_life *ret)
{
	struct cache_answer a = { 0 };
	struct cache_life l = { 0 };

	for (size_t i = 0; i < h->field_n; i++)
		cache_policy_answer_field(&a, &h->fields[i], field_name_view(head, &h->fields[i]),
					  field_value_view(head, &h->fields[i]));
	l.flags = cache_policy_life_flags(&a);
	if (!cache_policy_knows(h->status) ||
	    !cache_policy_is_allowed(q, &a, l.flags, t->even_with_cookies) ||
	    (!cache_policy_lifetime(&a, t->now_s, &l.lifetime_s) &&
	     !(l.flags & CACHE_LIFE_VALIDATE)))
		return E_DENIED;
	l.age_s = cache_policy_age(&a, t);
	l.while_revalidate_s = a.control.stale_while_revalidate;
	l.if_error_s = a.control.stale_if_error;
	/* one that can't be used without asking and that nothing can be asked about is no use */
	if (!(l.flags & CACHE_LIFE_VALIDATOR) &&
	    (l.lifetime_s <= l.age_s || (l.flags & CACHE_LIFE_VALIDATE)))
		return E_DENIED;
	*ret = l;
	return E_OK;
}

/* ---- using ---- */

static uint64_t cache_policy_age_now(const struct cache_life *l, uint32_t held_s)
{
	return (uint64_t)l->age_s + held_s;
}

uint32_t cache_policy_stale_s(const struct cache_life *l, uint32_t held_s)
{
	uint64_t age = cache_policy_age_now(l, held_s);

	if (age < l->lifetime_s)
		return 0;
	return cache_policy_cap((int64_t)(age - l->lifetime_s + 1));
}

enum cache_use cache_policy_use(const struct cache_request *q, const struct cache_life *l,
				uint32_t held_s)
{
	const struct cache_control *c = &q->control;
	uint64_t age = cache_policy_age_now(l, held_s);
	uint32_t stale_s = cache_policy_stale_s(l, held_s);

	if (q->has_authorization && !(l->flags & CACHE_LIFE_CONSENT))
		return CACHE_USE_NEVER;
	if ((l->flags & CACHE_LIFE_VALIDATE) || (c->flags & CACHE_NO_CACHE) ||
	    ((c->flags & CACHE_MAX_AGE) && age > c->max_age))
		return CACHE_USE_VALIDATE;
	if (stale_s)
		return (c->flags & CACHE_MAX_STALE) && stale_s <= c->max_stale &&
				       !(l->flags & CACHE_LIFE_NO_STALE)
			       ? CACHE_USE_STALE
			       : CACHE_USE_VALIDATE;
	if ((c->flags & CACHE_MIN_FRESH) && l->lifetime_s - age < c->min_fresh)
		return CACHE_USE_VALIDATE;
	return CACHE_USE_FRESH;
}

bool cache_policy_same_tag(struct view a, struct view b)
{
	if (view_starts(a, VIEW("W/")))
		a = view_slice(a, 2, a.n);
	if (view_starts(b, VIEW("W/")))
		b = view_slice(b, 2, b.n);
	return a.n && view_eq(a, b);
}

bool cache_policy_matches(const struct cache_request *q, struct view head,
			  const struct http1_head *h)
{
	struct view tag = cache_policy_field(head, h, VIEW("etag")), element = { 0 };
	struct view list = q->none_match;
	int64_t asked = 0, modified = 0;

	if (h->status != 200)
		return false;
	if (list.p) { /* then If-Modified-Since is not looked at (RFC 9110 §13.1.3) */
		if (view_eq(list, VIEW("*")))
			return true;
		while (field_list_next(&list, &element))
			if (cache_policy_same_tag(element, tag))
				return true;
		return false;
	}
	return q->modified_since.p && date_parse_http(q->modified_since, &asked) == E_OK &&
	       date_parse_http(cache_policy_field(head, h, VIEW("last-modified")), &modified) ==
		       E_OK &&
	       modified <= asked;
}
