/* A text may be anything: what is no pattern is refused, and a pattern never matches half a host.
 */
#include "cache/cache_pattern.h"

/* "https://host/rest" to its parts. */
static enum err cache_pattern_split(struct view url, struct cache_pattern *ret)
{
	size_t colon = view_find(url, ':');
	struct view rest = view_slice(url, colon, url.n);
	size_t slash = 0;

	if (colon == 0 || !view_starts(rest, VIEW("://")))
		return E_PROTO;
	rest = view_slice(rest, 3, rest.n);
	slash = view_find(rest, '/');
	if (slash == 0 || slash == rest.n)
		return E_PROTO;
	ret->scheme = view_slice(url, 0, colon);
	ret->host = view_slice(rest, 0, slash);
	ret->target = view_slice(rest, slash, rest.n);
	return E_OK;
}

enum err cache_pattern_read(uint8_t kind, struct view text, struct cache_pattern *ret)
{
	struct cache_pattern p = { .kind = (enum cache_pattern_kind)kind };

	if (kind < CACHE_PATTERN_ALL || kind >= CACHE_PATTERN_KINDS)
		return E_PROTO;
	if (kind == CACHE_PATTERN_ALL && text.n)
		return E_PROTO;
	if (kind == CACHE_PATTERN_HOST) {
		if (text.n == 0 || view_find(text, '/') != text.n)
			return E_PROTO;
		p.host = text;
	}
	if (kind == CACHE_PATTERN_URL || kind == CACHE_PATTERN_PREFIX)
		TRY(cache_pattern_split(text, &p));
	*ret = p;
	return E_OK;
}

/* How many bytes of "host:port/..." the pattern's host takes; 0: it is another host. */
static size_t cache_pattern_host(struct view host, struct view rest)
{
	size_t n = host.n;

	if (rest.n <= n || !view_ieq(view_slice(rest, 0, n), host))
		return 0;
	if (rest.p[n] == ':')
		n += view_find(view_slice(rest, n, rest.n), '/');
	return n < rest.n && rest.p[n] == '/' ? n : 0;
}

bool cache_pattern_matches(const struct cache_pattern *p, struct view key)
{
	size_t bar = view_find(key, '|'), n = 0;
	struct view rest = view_slice(key, bar + 1, key.n);

	if (p->kind == CACHE_PATTERN_ALL)
		return true;
	n = cache_pattern_host(p->host, rest);
	if (n == 0 || p->kind == CACHE_PATTERN_HOST)
		return n != 0;
	if (!view_ieq(view_slice(key, 0, bar), p->scheme))
		return false;
	rest = view_slice(rest, n, rest.n);
	rest = view_slice(rest, 0, view_find(rest, ' '));
	return p->kind == CACHE_PATTERN_PREFIX ? view_starts(rest, p->target)
					       : view_eq(rest, p->target);
}
