/* Every option there is: the tables that CONFIG describes. */
#ifndef CONF_OPTIONS_H
#define CONF_OPTIONS_H

#include "conf/option.h"

/* options_top - of struct model: the table that reaches all others */
const struct option_table *options_top(void);

/* options_backend - of struct model_backend, for the ones that other options stand for */
const struct option_table *options_backend(void);

#endif
