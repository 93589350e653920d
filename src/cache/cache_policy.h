/*
 * What HTTP lets a shared cache do (RFC 9111), as pure functions of a request's and an answer's
 * fields and of time. Stricter than it in one direction only: without explicit freshness nothing
 * is stored (no heuristics, §4.2.2), and an answer with Set-Cookie never is.
 */
#ifndef CACHE_CACHE_POLICY_H
#define CACHE_CACHE_POLICY_H

#include "proto/cache_control.h"
#include "proto/http1.h"

/* What a request says; zero is valid. */
struct cache_request {
	struct cache_control control;
	bool has_authorization, has_cookie;
	bool is_odd;	 /* it has a field that may change the answer and is in no key */
	bool is_partial; /* Range, If-Range, If-Match, If-Unmodified-Since: for the server alone */
	struct view none_match, modified_since; /* borrowed; p is NULL: not there */
};

enum cache_life_flag {
	CACHE_LIFE_VALIDATE = 1,  /* no-cache: never without asking the server (§5.2.2.4) */
	CACHE_LIFE_NO_STALE = 2,  /* must-revalidate, proxy-revalidate, s-maxage (§4.2.4) */
	CACHE_LIFE_CONSENT = 4,	  /* public, s-maxage, must-revalidate: Authorization (§3.5) */
	CACHE_LIFE_VALIDATOR = 8, /* it has ETag or Last-Modified */
	CACHE_LIFE_PUBLIC = 16	  /* public or s-maxage: meant for many */
};

/* How long a stored answer lives; seconds. */
struct cache_life {
	uint32_t age_s, lifetime_s; /* when it was stored; in all */
	uint32_t while_revalidate_s, if_error_s;
	uint32_t flags; /* bits of enum cache_life_flag */
};

/* What may be done with a stored answer. */
enum cache_use {
	CACHE_USE_FRESH,
	CACHE_USE_STALE,    /* the request takes it as old as it is (max-stale) */
	CACHE_USE_VALIDATE, /* only after asking the server */
	CACHE_USE_NEVER	    /* not for this request */
};

/* cache_policy_read - a request's fields; views are borrowed from head */
void cache_policy_read(struct view head, const struct http1_head *h, struct cache_request *ret);

/*
 * cache_policy_judge - may this answer be stored, and how long does it live?
 *   even_with_cookies  store answers to requests with cookies that don't say that they are public
 *   asked_s, now_s     wall clock: when the request went, when the answer came
 * E_DENIED: it may not be (§3)
 */
struct cache_times {
	int64_t asked_s, now_s;
	bool even_with_cookies;
};
enum err cache_policy_judge(const struct cache_request *q, struct view head,
			    const struct http1_head *h, const struct cache_times *t,
			    struct cache_life *ret);

/* cache_policy_use - of an answer that was stored held_s ago (§4.2, §5.2.1) */
enum cache_use cache_policy_use(const struct cache_request *q, const struct cache_life *l,
				uint32_t held_s);

/* cache_policy_stale_s - seconds since it became stale; 0: it is fresh */
uint32_t cache_policy_stale_s(const struct cache_life *l, uint32_t held_s);

/*
 * cache_policy_matches - the client has what is stored (§4.3.2): the answer is 304
 *   head, h   the stored answer's head
 */
bool cache_policy_matches(const struct cache_request *q, struct view head,
			  const struct http1_head *h);

/* cache_policy_same_tag - two entity tags, compared weakly (RFC 9110 §8.8.3.2) */
bool cache_policy_same_tag(struct view a, struct view b);

/* cache_policy_field - the value of the first field of that name; p is NULL: there is none */
struct view cache_policy_field(struct view head, const struct http1_head *h, struct view name);

#endif
