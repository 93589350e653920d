/* What the config role may do. */
#ifndef ROLE_CONFIG_SANDBOX_H
#define ROLE_CONFIG_SANDBOX_H

#include "sys/sandbox.h"

extern const struct sandbox_spec config_sandbox;

#endif
