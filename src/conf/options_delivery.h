/* The options of how answers are delivered. */
#ifndef CONF_OPTIONS_DELIVERY_H
#define CONF_OPTIONS_DELIVERY_H

#include "conf/option.h"

/* options_compress - of struct model_compress */
extern const struct option_table options_compress;

/* options_cache - of struct model_cache */
extern const struct option_table options_cache;

#endif
