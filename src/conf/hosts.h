/*
 * Which rules a host of a listener has: routes in the order of the files, each with its rules in
 * theirs. Lists that are the same are made once, so that a route with a thousand hosts on many
 * listeners costs one list.
 */
#ifndef CONF_HOSTS_H
#define CONF_HOSTS_H

#include "conf/check.h"

enum {
	HOSTS_PAIRS_MAX = 4000000, /* hosts times listeners, over all routes */
	HOSTS_RULES_MAX = 16000000 /* entries of all lists together */
};

/* The routes of one or more hosts, in order. */
struct hosts_list {
	struct view routes; /* uint32_t each: indices in model.routes */
	uint32_t n;
};

struct hosts_entry {
	struct view name; /* as in struct image_host */
	uint32_t list;
};

struct hosts_table {
	struct hosts_entry *p;
	uint32_t n, wildcard_labels;
};

struct hosts {
	struct hosts_table *tables; /* one per listener */
	struct hosts_list *lists;
	uint32_t list_n;
};

/* hosts_build - the tables of all listeners; false: too many combinations (told) */
bool hosts_build(struct check *c, struct hosts *ret);

/* hosts_route - route i of a list */
uint32_t hosts_route(const struct hosts_list *l, uint32_t i);

/* hosts_stored - the form in which a name is stored: "*.example.nl" without its star */
struct view hosts_stored(struct view name);

/* hosts_check - rules that no request can reach, listeners that no route serves */
void hosts_check(struct check *c, const struct hosts *h);

#endif
