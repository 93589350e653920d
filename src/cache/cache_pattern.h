/*
 * Which entries of the cache a person means: all, those of a host, of a URL, or of all URLs that
 * begin like one. Keys begin as cache_look makes them: scheme "|" host path ["?" query] " ".
 */
#ifndef CACHE_CACHE_PATTERN_H
#define CACHE_CACHE_PATTERN_H

#include "base/view.h"

enum cache_pattern_kind {
	CACHE_PATTERN_NONE = 0,
	CACHE_PATTERN_ALL = 1, /* "" */
	CACHE_PATTERN_HOST,    /* "www.example.nl", "www.example.nl:8443" */
	CACHE_PATTERN_URL,     /* "https://www.example.nl/a?b" */
	CACHE_PATTERN_PREFIX,  /* the same: and what begins so */
	CACHE_PATTERN_KINDS
};

struct cache_pattern {
	enum cache_pattern_kind kind;
	struct view scheme, host, target; /* borrowed from the text */
};

/*
 * cache_pattern_read - a pattern from its kind and text; path and query as in the canonical form
 * E_PROTO: there is no such kind, or the text is none of that kind
 */
enum err cache_pattern_read(uint8_t kind, struct view text, struct cache_pattern *ret);

/* cache_pattern_matches - does the pattern mean the entry with this key? A host without a port
 * stands for all its ports */
bool cache_pattern_matches(const struct cache_pattern *p, struct view key);

#endif
