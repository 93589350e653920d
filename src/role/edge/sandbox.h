/* What an edge may do: docs/sandbox.md is printed from this table. */
#ifndef ROLE_EDGE_SANDBOX_H
#define ROLE_EDGE_SANDBOX_H

#include "sys/sandbox.h"

extern const struct sandbox_spec edge_sandbox;

#endif
