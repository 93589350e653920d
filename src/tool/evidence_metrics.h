/* What the metrics said at that moment, as Prometheus would have read them. */
#ifndef TOOL_EVIDENCE_METRICS_H
#define TOOL_EVIDENCE_METRICS_H

#include "conf/image.h"
#include "tool/evidence_bundle.h"

/* evidence_metrics_put - metrics.txt, from the address that the configuration gives them; nothing
 * when it gives none. E_NOMEM, E_SYS: the bundle can't be written on */
enum err evidence_metrics_put(struct evidence_bundle *b, const struct image_address *at);

#endif
