/*
 * What joins two options, or an option and the world: named functions over the whole model, run
 * one after another, each telling every problem it finds. They also fill in what the compiler
 * needs: which index a name stands for, which path is meant.
 */
#ifndef CONF_CHECK_H
#define CONF_CHECK_H

#include "conf/model.h"
#include "conf/names.h"
#include "conf/source.h"

struct check {
	struct arena *region;
	struct diag *diag;
	struct source *source;
	struct model *model;
	struct chain_reader reader;
	struct names listeners, certificates, backends, zones, apps; /* names to indices */
	struct names
		anchors; /* paths of files of issuers to index + 1 in anchor_sets; 0: unusable */
	const struct chain_set **anchor_sets;
	uint32_t anchor_n;
	uint32_t guesses;
	struct check_gate *gate; /* what check_gateway.c keeps; NULL: there is no gateway */
};

/* check_run - every check there is */
void check_run(struct check *c);

/* check_where - "file:line" for a second place in a message */
const char *check_where(const struct check *c, struct place at);

/*
 * check_resolve - the index that text stands for in names
 *   what   "backend"
 * IMAGE_NONE: unknown (told, with the nearest name)
 */
uint32_t check_resolve(struct check *c, const struct names *names, const char *what,
		       struct view text, struct place at);

/* check_read - the bytes of a file that an option names; false: told */
bool check_read(struct check *c, struct place at, struct view name, size_t max, struct view *ret);

/* check_anchors_init - before any of the other */
void check_anchors_init(struct check *c);

/* check_anchors_read - the set of issuers in a file, which is read once; NULL: none (told) */
const struct chain_set *check_anchors_read(struct check *c, struct view path, struct place at);

/* check_lower - text in lower case */
struct view check_lower(const struct check *c, struct view text);

/*
 * check_persistence_id - what stands for a pool (name empty) or one of its servers in cookies and
 * tables: the same in every process, over reloads, restarts and changes of address
 */
uint64_t check_persistence_id(struct view pool, struct view name);

/* check_route_path - is *path, at a place, a path as rules compare and servers are sent it?
 * False: told */
bool check_route_path(struct check *c, struct place at, struct view *path);

/* check_route_prefix - the same of a prefix, which then has no '/' at its end unless it is "/": as
 * it is compared. False: told */
bool check_route_prefix(struct check *c, struct place at, struct view *path);

/* The parts, in the order in which check_run calls them; a file each. */
void check_names_run(struct check *c);
void check_certificate_run(struct check *c);
void check_listener_run(struct check *c);
void check_backend_run(struct check *c);
void check_persistence_run(struct check *c);
void check_route_run(struct check *c);
void check_delivery_run(struct check *c);
/* check_ship_run - before all others: receivers of the log become backends */
void check_ship_run(struct check *c);

void check_tracing_run(struct check *c);
void check_stream_run(struct check *c);
void check_gateway_run(struct check *c);
void check_app_run(struct check *c);
void check_incident_run(struct check *c);

/* check_gateway_host - *host in lower case, and its origin on the first listener of cells; empty:
 * it is no name that a certificate can have (told) */
struct view check_gateway_host(struct check *c, const struct node *of, struct view *host);

/*
 * check_gateway_route - host leads to one rule, on all listeners of cells
 *   of     where "host" is given
 *   name   of route and rule: "portal"
 */
void check_gateway_route(struct check *c, const struct node *of, struct view host, struct view name,
			 struct model_rule rule);

/* check_gateway_open - the rule by which a backend is reached without a log-in; NULL: none */
const struct node *check_gateway_open(const struct check *c, uint32_t backend);

/* check_condition - the tree of an access rule in preorder; empty when it is not given, or wrong
 * (told) */
struct model_tree check_condition(struct check *c, const struct model_condition *from);

/*
 * check_condition_name - can a user, or a group, have this name?
 *   what   "user", "group"
 * False: told
 */
bool check_condition_name(struct check *c, struct place at, const char *what, struct view text);

/* check_datagram_rule - a rule that a listener of datagrams has; check_datagram_run - these
 * listeners and their backends, when all rules are known */
void check_datagram_rule(struct check *c, const struct model_rule *rule);
void check_datagram_run(struct check *c);

/* check_stream_hosts_default - a route that names no host and is for tcp and udp listeners alone is
 * for any */
void check_stream_hosts_default(struct check *c, struct model_route *r);

#endif
