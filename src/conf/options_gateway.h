/* Options of the gateway: the portal, its log-in, and the applications behind it. */
#ifndef CONF_OPTIONS_GATEWAY_H
#define CONF_OPTIONS_GATEWAY_H

#include "conf/option.h"

extern const struct option_table options_gateway, options_identity, options_factors, options_zone,
	options_app, options_title;

#endif
