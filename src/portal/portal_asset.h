/* What tools/compile-templates makes of the files in web/portal/assets. */
#ifndef PORTAL_PORTAL_ASSET_H
#define PORTAL_PORTAL_ASSET_H

#include "portal/portal.h"

/* portal_asset_at - the i-th file of the bundle; an empty path behind the last one */
struct portal_asset portal_asset_at(size_t i);

#endif
