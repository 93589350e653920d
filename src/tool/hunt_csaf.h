/*
 * Indicators in a CSAF 2.0 advisory. CSAF has no field for them: advisories name them in notes
 * (§3.1.5), of the document (§3.2.1.7) and of vulnerabilities (§3.2.3.8).
 *
 * Read are: in any note, words that are disguised (203.0.113[.]7, hxxps://...): nobody disguises
 * what is harmless; in notes whose title speaks of indicators, IoC or compromise, addresses,
 * networks and URLs as they are too. A plain host name is never taken for one.
 */
#ifndef TOOL_HUNT_CSAF_H
#define TOOL_HUNT_CSAF_H

#include "tool/hunt_set.h"

#include <jansson.h>

/* hunt_csaf_is - it says that it is one (§3.2.1.4 csaf_version) */
bool hunt_csaf_is(const json_t *doc);

/* hunt_csaf_read - all of them. E_PROTO it is no advisory · E_LIMIT, E_NOMEM of the set */
enum err hunt_csaf_read(struct hunt_set *s, struct view file, const json_t *doc);

#endif
