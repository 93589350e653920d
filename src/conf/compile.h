/* The model, checked, to the bytes of an image (image.h). */
#ifndef CONF_COMPILE_H
#define CONF_COMPILE_H

#include "conf/build.h"
#include "conf/hosts.h"
#include "conf/slots.h"

/* One compilation. */
struct compile {
	struct check *check; /* its model has no error */
	const struct hosts *hosts;
	const struct image *previous; /* NULL: none; slots stay, generations count on */
	struct build build;
	uint32_t path_rules;	     /* that IMAGE_PATHS hold so far */
	struct image_range *anchors; /* of each set of issuers; behind them an empty one */
};

/*
 * compile_run - fills c->build
 *   generation   the image gets a higher one than this and than the previous image
 * False: something is too large (told).
 */
bool compile_run(struct compile *c, uint32_t generation);

/* The parts, in the order in which compile_run calls them; a file each. */
void compile_certificate_run(struct compile *c);
bool compile_pool_run(struct compile *c);
void compile_gateway_run(struct compile *c);
void compile_incident_run(struct compile *c);
bool compile_route_run(struct compile *c);
void compile_listener_run(struct compile *c);

/* compile_pool_anchor - the issuers of a set, which is in the image once; NULL: none */
struct image_range compile_pool_anchor(const struct compile *c, const struct chain_set *set);

/* What keeps its slot over reloads: a section whose elements have slot and slot_gen. */
struct compile_slots {
	struct slots slots;
	uint32_t *gens;	  /* per slot: the generation that gave it */
	const char *what; /* "backends": where too many are told of */
	enum image_section section;
	uint32_t slot_at, gen_at; /* offsets in an element */
};

/* compile_slots_init, compile_slots_had - cap slots, and those that the previous image gave */
void compile_slots_init(struct compile *c, struct compile_slots *s, uint32_t cap);
void compile_slots_had(struct compile_slots *s, struct view key, uint32_t slot, uint32_t gen);

/* compile_slots_keep - gives element `to` the slot that key had, or marks it as new */
void compile_slots_keep(struct compile_slots *s, struct view key, void *to);

/* compile_slots_new - slots for those that are new, when all others have kept theirs. False: too
 * many (told) */
bool compile_slots_new(struct compile *c, struct compile_slots *s);
/* compile_filter_rule - what the route's and the rule's filters come to; empty when there are none
 */
struct image_range compile_filter_rule(struct compile *c, const struct model_route *route,
				       const struct model_rule *rule,
				       struct image_range route_limits);

/* compile_filter_template - a text with placeholders to IMAGE_SEGMENT */
struct image_range compile_filter_template(struct compile *c, struct view text);

/* compile_cors - IMAGE_CORS of a filter that has it */
struct image_range compile_cors(struct compile *c, const struct model_cors *from);

/* compile_limit_list - the limits among filters
 *   owner   what they belong to: "route", or "route/rule"
 */
struct image_range compile_limit_list(struct compile *c, struct model_list filters,
				      struct view owner);

/* compile_delivery_compress - its index; IMAGE_NONE: it is not given, or switched off */
uint32_t compile_delivery_compress(struct compile *c, const struct model_compress *from);

/* compile_delivery_cache - likewise; an element for each rule: rule_name and backends make its
 * scope */
uint32_t compile_delivery_cache(struct compile *c, const struct model_cache *from,
				struct view rule_name, const struct model_rule *rule);

/* compile_gateway_titles - a name for people to IMAGE_TITLE; empty: there is none */
struct image_range compile_gateway_titles(struct compile *c, const struct model_title *from);

/* compile_incident_app - what an application says about its return, and about read_only */
void compile_incident_app(struct compile *c, const struct model_app *from, struct image_app *to);

/* compile_listener_slots - of a table with n names: twice as many, a power of two; none for no name
 */
uint32_t compile_listener_slots(uint32_t n);

/*
 * compile_path_list - IMAGE_PATHS for a list of rules
 *   rules   IMAGE_RULE_INDEX, ascending
 * One, or none: the list is short, few of its rules have a path, or the image has enough of them.
 */
struct image_range compile_path_list(struct compile *c, struct image_range rules);

/* compile_text - text into the image */
struct image_str compile_text(struct compile *c, struct view text);

/* compile_address - an address into the image */
struct image_address compile_address(struct compile *c, const struct value_address *a);

/* compile_networks - networks into the image */
struct image_range compile_networks(struct compile *c, struct model_networks list);

/*
 * compile_key - what makes two servers, or two listeners, the same over reloads
 *   pool   empty for a listener
 *   host   name or path of the address, empty for an IP address
 */
struct view compile_key(struct compile *c, struct view pool, struct view name,
			const struct image_address *a, struct view host);

#endif
