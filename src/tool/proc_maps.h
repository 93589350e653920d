/* The command's own name for what the roles read too. */
#ifndef TOOL_PROC_MAPS_H
#define TOOL_PROC_MAPS_H

#include "base/proc_maps.h"

#endif
