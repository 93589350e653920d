/* The options of filters: what a rule, or all rules of a route, do to requests and answers. */
#ifndef CONF_OPTIONS_FILTER_H
#define CONF_OPTIONS_FILTER_H

#include "conf/option.h"

enum { OPTIONS_FILTERS_MAX = 64 };

/* options_filter - of struct model_filter: one element of "filters" */
extern const struct option_table options_filter;

/* options_filter_redirect - of struct model_redirect */
extern const struct option_table options_filter_redirect;

#endif
