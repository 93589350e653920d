/* Filters of rules and routes: what may be changed, and by what; and what they come to for one
 * rule. */
#ifndef CONF_CHECK_FILTER_H
#define CONF_CHECK_FILTER_H

#include "conf/check.h"

/* check_filter_list - every filter of a list by itself; paths and hosts in it become canonical */
void check_filter_list(struct check *c, struct model_list filters);

/* check_filter_rule - what the route's and the rule's filters ask of the rule that they are put on
 */
void check_filter_rule(struct check *c, const struct model_route *route,
		       const struct model_rule *rule);

/* check_limit_one - a rate_limit or concurrency; finds out what its key means */
void check_limit_one(struct check *c, struct model_limit *l);

/* check_redirect_filter - a redirect among the filters becomes what the rule does */
void check_redirect_filter(struct check *c, const struct model_route *route,
			   struct model_rule *rule);

/* check_redirect_rule - of a rule that redirects: its location, made of the parts when they are
 * given, can lead to no other place than it says (THREATS A4) */
void check_redirect_rule(struct check *c, struct model_rule *rule);

/* check_cors_one - origins as browsers write them; lists that can be written into a field */
void check_cors_one(struct check *c, const struct model_cors *cors);

/* check_cors_rule - preflight requests must reach a rule with cors of its own */
void check_cors_rule(struct check *c, const struct model_rule *rule);

#endif
